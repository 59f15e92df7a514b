"""Reads the tests of a rule file: their keys and the facts they name are checked, values stay as written."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..connectors.ticket import FIELD, Ticket
from .actions import ACTIONS
from .conditions import known_fact, literal
from .facts import derived, fact_named
from .model import RuleTest
from .moments import Moment
from .nodes import Mapping, Scalar, Sequence
from .shapes import SCALAR, Key, Line, Many, Table, Words, YesNo, meant

if TYPE_CHECKING:
    from .nodes import Entry, Node
    from .shapes import Fields, Reader, Schema

EXPECTED = ("promise", "recovery", "customer_sees", "held", "overruled")
"""What ``expect`` may name besides actions and ``deadline.<name>``."""

_FIXED = ("id", "version", "created", "custom", "history_from", "deleted")
HELD = frozenset(each.name for each in fields(Ticket)).difference(_FIXED)
"""What a ticket holds and an event may change."""


def raw(node: Node) -> Any:
    """A node as plain values: text, tuples, dicts by key."""
    if isinstance(node, Mapping):
        return {entry.key.text: raw(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return tuple(raw(item) for item in node.items)
    return node.text if isinstance(node, Scalar) else None


@dataclass(frozen=True, slots=True)
class Raw:
    """Anything, as plain values."""

    says: str = "any value"

    def read(self, node: Node, _reader: Reader) -> Any:
        return raw(node)

    def schema(self) -> Schema:
        return {}


@dataclass(frozen=True, slots=True)
class FactValues:
    """Facts with one value each (a list for facts that are lists), as written; ``missing`` where there is none."""

    says: str = "facts and their values, such as `{subject: Refund please}`"

    def read(self, node: Node, reader: Reader) -> dict[str, Any] | None:
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"expected {self.says}", "write keys and values")
            return None
        for entry in node.entries:
            self._check(entry, reader)
        return {entry.key.text: raw(entry.value) for entry in node.entries}

    def _check(self, entry: Entry, reader: Reader) -> None:
        fact = known_fact(entry.key, reader)
        if fact is None or (isinstance(entry.value, Scalar) and entry.value.text == "missing"):
            return
        if fact.type == "time":
            Moment(with_time=fact.name in ("created", "now")).read(entry.value, reader)
        elif fact.type in ("list", "any") and isinstance(entry.value, Sequence):
            for item in entry.value.items:
                literal(fact, item, reader)
        elif fact.type != "duration":
            literal(fact, entry.value, reader)

    def schema(self) -> Schema:
        values = {"anyOf": [{"type": SCALAR}, {"type": "array", "items": {"type": SCALAR}}]}
        return {"type": "object", "additionalProperties": values}


@dataclass(frozen=True, slots=True)
class Changes(FactValues):
    """Facts that an event changed: what a ticket holds, and the desk's own clocks, not what follows from them."""

    def read(self, node: Node, reader: Reader) -> dict[str, Any] | None:
        for entry in node.entries if isinstance(node, Mapping) else ():
            name = entry.key.text
            if fact_named(name) is not None and name not in HELD and not name.startswith((FIELD, "sla.")):
                message = f"no event sets `{name}`"
                reader.error("not-settable", entry.key, message, "say what happened, or give it under `ticket`")
        return FactValues.read(self, node, reader)  # super() does not know a class that got slots


EVENT = Table(
    "an event",
    (
        Key("at", Moment(with_time=True), "When it happened.", required=True),
        Key("by", Line("who did it"), "`customer`, a person, `automation` or `makegood`."),
        Key("says", Line("a message"), "The text of a message."),
        Key("internal", YesNo(), "Whether the message is an internal note; default no."),
        Key("set", Changes(), "Facts that this event changed."),
        Key("rates", Words(("good", "bad")), "The customer's rating."),
        Key("merged_into", Line("a ticket"), "The ticket that this one was merged into."),
    ),
    lambda fields, _reader: raw(fields.node),
    {"text": "did you mean `says`?", "message": "did you mean `says`?", "public": "write `internal: yes` for a note"},
    "{at: 2026-03-12 10:00, by: customer, says: My parcel is lost}",
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """``nothing``, or what each action and clock is expected to be, as written."""

    says: str = "`nothing`, or actions and their values such as `{assign: billing}`"

    def read(self, node: Node, reader: Reader) -> dict[str, Any] | None:
        if isinstance(node, Scalar) and node.text == "nothing":
            return {}
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"expected {self.says}", "write keys and values")
            return None
        for entry in node.entries:
            self._known(entry.key, reader)
        return {entry.key.text: raw(entry.value) for entry in node.entries}

    def _known(self, key: Scalar, reader: Reader) -> None:
        if key.text.startswith("deadline."):
            known_fact(key, reader)
        elif key.text not in ACTIONS and key.text not in EXPECTED:
            known = (*ACTIONS, *EXPECTED)
            reader.error("unknown-key", key, f"`{key.text}` cannot be expected", meant(key.text, known))

    def schema(self) -> Schema:
        known: Schema = {name: {} for name in (*ACTIONS, *EXPECTED)}
        clocks: Schema = {"^deadline\\..+": {}}
        mapping = {"type": "object", "properties": known, "patternProperties": clocks, "additionalProperties": False}
        return {"anyOf": [{"const": "nothing"}, mapping]}


def _test(fields: Fields, reader: Reader) -> RuleTest:
    if len(fields.written("ticket", "tickets")) == 2:
        reader.error(
            "contradiction", fields.at("tickets"), "a test has `ticket` or `tickets`, not both", "keep one of them"
        )
    _no_derived_beside_events(fields, reader)
    alone = fields.get("ticket")
    return RuleTest(
        name=fields.get("name", ""),
        span=fields.span,
        expect=fields.get("expect", {}),
        at=fields.get("at"),
        tickets=(alone,) if alone is not None else fields.get("tickets", ()),
        events=fields.get("events", ()),
        people=fields.get("people", {}),
    )


def _no_derived_beside_events(fields: Fields, reader: Reader) -> None:
    ticket = fields.nodes.get("ticket")
    if "events" not in fields.nodes or not isinstance(ticket, Mapping):
        return
    for entry in ticket.entries:
        if derived(entry.key.text):
            message = f"`{entry.key.text}` follows from `events`, so it cannot be given beside them"
            reader.error("contradiction", entry.key, message, "leave it out, or leave the events out")


TEST = Table(
    "a test",
    (
        Key("name", Line("a sentence"), "What is tested, as a sentence.", required=True),
        Key("at", Moment(with_time=True), "The instant of the test; left out: the first working minute of 2026."),
        Key("ticket", FactValues(), "The ticket's facts, constant since `created`."),
        Key("tickets", Many(FactValues()), "Several tickets."),
        Key("events", Many(EVENT), "What happened to the ticket, in order."),
        Key("people", Raw(), "Load, absence and time zone of people."),
        Key("expect", Expectation(), "Everything the rules are expected to do, or `nothing`.", required=True),
    ),
    _test,
    {"given": "did you mean `ticket`?", "then": "did you mean `expect`?", "when": "did you mean `ticket`?"},
)
