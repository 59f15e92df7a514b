"""The catalogue of operators: how a fact can be compared, with which facts, and what stands behind the operator.

An operator reads its own operand from the rule file and refuses what makes no sense there.
"""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .moments import CalendarName, Length, Moment
from .patterns import complaint
from .shapes import SCALAR, Line, Many, Number, text_of

if TYPE_CHECKING:
    from .facts import FactType
    from .model import Operator as OperatorName
    from .nodes import Node
    from .shapes import Reader, Schema, Shape


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that runs in linear time; letters match without case."""

    says: str = "a regular expression"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = text_of(node, reader, self.says)
        wrong = None if text is None else complaint(text)
        if wrong:
            reader.error("bad-pattern", node, wrong, "`contains` takes plain words instead")
        return None if wrong else text

    def schema(self) -> Schema:
        return {"type": SCALAR}


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to compare a fact. ``operand`` reads what stands behind it; ``example`` is a condition that uses it."""

    name: OperatorName
    types: tuple[FactType, ...]
    operand: Shape
    doc: str
    example: str


_PLAIN: tuple[FactType, ...] = ("choice", "person", "number", "text", "list", "yes/no", "any")
_TEXTS = Many(Line("a text"))
_VALUES = Many(Line("a value"))
_NUMBER = Number()

_CATALOGUE = (
    Operator(
        "is",
        (*_PLAIN, "share"),
        _VALUES,
        "Is this value, or one of these. Usually left out: `priority: high` says the same. Needed only where a value is "
        "itself called `missing` or `present`. Of a list (tags, cc): holds at least one of them.",
        "field.Delivery: {is: missing}",
    ),
    Operator(
        "not",
        (*_PLAIN, "time", "duration"),
        _VALUES,
        "Is none of these values. A missing value is none of them: `csat: {not: good}` also holds for unrated tickets.",
        "tags: {not: [spam, test]}",
    ),
    Operator(
        "present", (*_PLAIN, "time", "duration"), _VALUES, "Has any value; stands as the value itself.", "due: present"
    ),
    Operator(
        "missing",
        (*_PLAIN, "time", "duration"),
        _VALUES,
        "Has no value; stands as the value itself.",
        "assignee: missing",
    ),
    Operator("all", ("list", "any"), _TEXTS, "Holds every one of these.", "tags: {all: [vip, refund]}"),
    Operator("at_least", ("number", "any"), _NUMBER, "Is this number or more.", "reopens: {at_least: 2}"),
    Operator("at_most", ("number", "any"), _NUMBER, "Is this number or less.", "agent_replies: {at_most: 1}"),
    Operator("more_than", ("number", "any"), _NUMBER, "Is more than this number.", "handoffs: {more_than: 2}"),
    Operator("less_than", ("number", "any"), _NUMBER, "Is less than this number.", "csat_score: {less_than: 3}"),
    Operator(
        "contains",
        ("text", "any"),
        _TEXTS,
        "Holds this text somewhere, or one of these, without regard to case.",
        "subject: {contains: [refund, chargeback]}",
    ),
    Operator(
        "contains_all",
        ("text", "any"),
        _TEXTS,
        "Holds every one of these texts somewhere.",
        "description: {contains_all: [order, late]}",
    ),
    Operator(
        "starts_with", ("text", "any"), _TEXTS, "Begins with this text, or one of these.", "id: {starts_with: HR-}"
    ),
    Operator(
        "ends_with",
        ("text", "any"),
        _TEXTS,
        "Ends with this text, or one of these.",
        'requester.email: {ends_with: "@example.com"}',
    ),
    Operator(
        "matches",
        ("text", "any"),
        Pattern(),
        "Matches this regular expression somewhere, without regard to case. Look-around and backreferences are not "
        "available, so that every pattern runs in linear time.",
        r"subject: {matches: '\border \d{6}\b'}",
    ),
    Operator("older_than", ("time", "any"), Length(), "Lies longer ago than this.", "updated: {older_than: 3 days}"),
    Operator("newer_than", ("time", "any"), Length(), "Lies less long ago than this.", "created: {newer_than: 1 hour}"),
    Operator(
        "in_next", ("time", "any"), Length(), "Comes within this time from now.", "due: {in_next: 4 business hours}"
    ),
    Operator(
        "anniversary_in",
        ("time", "any"),
        Length(),
        "Its yearly return comes within this time from now, or is today. What began on 29 February returns on the 28th in "
        "years without one.",
        "organization.field.Customer since: {anniversary_in: 2 weeks}",
    ),
    Operator(
        "before",
        ("time", "any"),
        Moment(),
        "Lies before this day or instant. A bare date is the whole day of the rule's calendar, not included.",
        "created: {before: 2026-12-24}",
    ),
    Operator(
        "after",
        ("time", "any"),
        Moment(),
        "Lies after this day or instant. A bare date is the whole day of the rule's calendar, not included.",
        "due: {after: 2026-12-28 09:00}",
    ),
    Operator(
        "during", ("time", "any"), CalendarName(), "Lies in the open time of this calendar.", "now: {during: always}"
    ),
    Operator(
        "outside",
        ("time", "any"),
        CalendarName(),
        "Lies outside the open time of this calendar.",
        "created: {outside: office}",
    ),
    Operator("over", ("duration", "any"), Length(), "Lasted longer than this.", "longest_wait: {over: 1 business day}"),
    Operator(
        "under", ("duration", "any"), Length(), "Lasted less long than this.", "first_reply_took: {under: 30 minutes}"
    ),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _CATALOGUE}
"""Every operator by the word that stands in the file."""


def operators_for(kind: FactType) -> tuple[str, ...]:
    """The operators that facts of this type know, in the order of the catalogue."""
    return tuple(name for name, operator in OPERATORS.items() if kind in operator.types)


def operand_of(name: str, node: Node, reader: Reader) -> Any:
    """The typed operand of an operator, ``None`` after reporting what is wrong with it."""
    return OPERATORS[name].operand.read(node, reader)
