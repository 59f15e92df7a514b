"""Why a rule held for a ticket or did not, and what comes next, in the shape that ``explain --format json`` prints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..rules.calendar import calendar_for
from .explain_time import TimeTold, moment
from .recovery_board import cases_told
from .recovery_case import ENDED
from .scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..rules.model import Rule, RuleSet
    from .ahead import Turn
    from .evaluate import Evaluation, LeafTrace
    from .recovery_board import CaseTold


def explain(ruleset: RuleSet, evaluation: Evaluation, ticket: str) -> dict[str, Any]:
    """Every rule's verdict on a ticket, leaf by leaf, and what becomes of them if nobody acts.

    The rules are those of the evaluation, in file order. ``verdict`` says whether a rule acts, ``since`` when its condition
    began to hold, ``due`` when its ``for`` is over. Instants are ISO texts in UTC, durations seconds on the wall clock
    (those of a clock: of its own time). ``time_zone`` is the default calendar's, in which people read it.

    Raises:
        KeyError: the evaluation knows no such ticket, or it is gone.
    """
    judged = {rule.id for rule in evaluation.rules}
    rules = [rule for rule in ruleset.rules if rule.id in judged]
    told = [_rule(rule, evaluation, ticket) for rule in rules]
    scene = Scene(ruleset, evaluation.history.snapshot, evaluation)
    time, cases = TimeTold(scene, ticket), _cases(scene, ticket)
    coming = [*(_turn(turn) for turn in evaluation.coming(ticket)), *time.coming()]
    coming += [turn for told in cases for turn in _case_turns(told) if moment(turn["at"]) > evaluation.at]
    return {
        "ticket": ticket,
        "at": plain(evaluation.at),
        "time_zone": calendar_for(ruleset, ruleset.default_calendar).spec.time_zone,
        "rules": told,
        "clocks": time.clocks(),
        "promises": time.promises(),
        "recovery": [told.to_json() for told in cases],
        "next": sorted(coming, key=lambda turn: moment(turn["at"])),
    }


def _cases(scene: Scene, ticket: str) -> list[CaseTold]:
    """The recovery cases to which the ticket belongs; none where no rule opens any."""
    if not any(rule.actions.recover for rule in scene.evaluation.rules):
        return []
    return [told for told in cases_told(scene) if ticket in told.case.tickets]


def _case_turns(told: CaseTold) -> Iterator[dict[str, Any]]:
    """What becomes of a case if nobody acts."""
    about = {"rule": told.case.rule.name, "line": told.case.rule.span.line, "case": told.case.id}
    for clock in told.case.clocks:
        if clock.met is None and told.case.state not in ENDED:
            yield about | {"at": plain(clock.due), "change": "missed", "clock": clock.name}
    if told.case.state == "resolved":
        yield about | {"at": plain(told.case.verify_at), "change": "verified"}


def _rule(rule: Rule, evaluation: Evaluation, ticket: str) -> dict[str, Any]:
    told: dict[str, Any] = {"rule": rule.name, "line": rule.span.line, "verdict": False}
    leaves = [_leaf(leaf) for leaf in evaluation.trace(rule, ticket)]
    if evaluation.holds(rule, ticket):
        due = evaluation.due(rule, ticket)
        told |= {"verdict": due <= evaluation.at, "since": plain(evaluation.since(rule, ticket))}
        told |= {"due": plain(due)} if rule.for_ else {}
    return told | {"leaves": leaves}


def _leaf(leaf: LeafTrace) -> dict[str, Any]:
    operand = plain(leaf.operand)
    return {
        "path": leaf.path,
        "line": leaf.line,
        "fact": leaf.fact,
        "operator": leaf.operator,
        "operand": operand[0] if isinstance(operand, list) and len(operand) == 1 else operand,
        "value": plain(leaf.value),
        "verdict": leaf.verdict,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {"rule": turn.rule.name, "line": turn.rule.span.line, "at": plain(turn.at), "change": turn.change}


def plain(value: object) -> Any:
    """A value as JSON has it: instants as ISO texts in UTC, elapsed time in seconds, a rule file's own words as texts."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
