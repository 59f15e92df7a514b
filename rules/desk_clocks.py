"""Rules and the desk's own SLA clocks: which of them a file reads, and which rules would work against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mentions import mentions
from .model import bundles

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from .diagnostics import Problems, Span
    from .model import Rule, RuleSet

OWNED = ("due", "field.sla")
"""What a desk's clock writes itself or counts by, in lower case: the due time, and Request Tracker's service level."""

CODE = "fights-sla"


def clocks_read(rule: Rule) -> dict[str, Span]:
    """The names of the desk's clocks that a rule reads anywhere, each with where it first does so."""
    found: dict[str, Span] = {}
    for fact, span in mentions(rule):
        if fact.startswith("sla."):
            found.setdefault(fact.removeprefix("sla.").removesuffix(".due"), span or rule.span)
    return found


def fights_read_clock(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """A file that reads a clock of the desk, and sets what that clock lives by."""
    if any(clocks_read(rule) for rule in rules.rules if rule.mode != "off"):
        _setting(rules, OWNED, problems)


def fights_desk(rules: RuleSet, slas: Collection[str], problems: Problems) -> None:
    """Rules that set the due time of a desk with clocks called ``slas``, or run a second clock of the same name."""
    if slas:
        _setting(rules, ("due",), problems)
    known = {_slug(name): name for name in slas}
    for rule in rules.rules:
        clock = rule.actions.deadline
        if rule.mode != "off" and clock is not None and _slug(clock.name) in known:
            own = known[_slug(clock.name)]
            message = f"the desk has a clock called `{own}` of its own: this is a second one beside it"
            problems.warning(CODE, clock.span, message, f"read `sla.{own}` instead, or give this one another name")


def _setting(rules: RuleSet, owned: tuple[str, ...], problems: Problems) -> None:
    live = (rule for rule in rules.rules if rule.mode != "off")
    for entry in (entry for rule in live for actions in bundles(rule) for entry in actions.set):
        if entry.fact.lower() in owned:
            message = f"setting `{entry.fact}` works against the desk's own SLA clock"
            hint = "leave it to the desk, and keep a time of your own in a custom field"
            problems.warning(CODE, entry.span, message, hint)


def _slug(name: str) -> str:
    return "-".join(name.casefold().replace("_", " ").replace("-", " ").split())
