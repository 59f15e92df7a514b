"""A plan as a page: to be reviewed by people who were not there when it was made."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .pages import page
from .plan_view import (
    BEFORE,
    CHOSEN,
    SEEN,
    SIGNS,
    SKIPPED,
    SPEAKS,
    because,
    held_because,
    limited_because,
    name_of,
    number,
    told_together,
    value_text,
)
from .words import clock, count, printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..engine.plan_file import Plan, PlannedChange, Skipped
    from .plan_view import Sights

LISTED = 300
"""Entries of one list that the page shows; the plan file has all."""


def plan_page(plan: Plan, sights: Sights) -> str:
    """The whole page.

    Raises:
        Failure: the extra ``report`` is not installed.
    """
    tickets = groupby(plan.changes, key=lambda change: change.ticket)
    return page(
        "plan.html",
        plan=plan,
        loud=SEEN.capitalize(),
        times={name: clock(getattr(plan, name)) for name in ("at", "known_to", "valid_until")},
        figures=list(_figures(plan)),
        tickets=[_ticket(list(changes), sights) for _, changes in tickets],
        asides=[aside for aside in _asides(plan, sights) if aside["rows"]],
        left_alone=list(_left_alone(plan)),
    )


def _figures(plan: Plan) -> Iterator[tuple[str, int, bool]]:
    """What the plan comes to: label, number, and whether it is one to look at twice."""
    sums = plan.summary
    yield "Changes", sums.changes, False
    yield f"Tickets, of {sums.tickets_seen:,} looked at", sums.tickets_changed, False
    yield "Customers see", sums.customer_visible, sums.customer_visible > 0
    yield "Held back", len(plan.held), False
    yield "Rules over a limit", len(plan.limited), bool(plan.limited)
    yield "Overruled", len(plan.overruled), False


def _ticket(changes: list[PlannedChange], sights: Sights) -> dict[str, Any]:
    """One ticket with its changes, those of a rule together."""
    groups = groupby(changes, key=lambda change: (change.rule_id, change.why.get("due"), change.why.get("case")))
    return {
        **_named(changes[0], sights),
        "seen": any(change.customer_sees for change in changes),
        "rules": [_rule(list(group), sights) for _, group in groups],
    }


def _named(each: Any, sights: Sights) -> dict[str, str]:
    """A ticket by its number, with its subject and address."""
    url = each.url if each.url.startswith(("https://", "http://")) else ""
    return {
        "number": number(each.ticket, each.url),
        "url": url,
        "subject": printable(sights.subjects.get(each.ticket, "")),
    }


def _rule(changes: list[PlannedChange], sights: Sights) -> dict[str, Any]:
    first = changes[0]
    choices = [change.why for change in changes if "candidates" in change.why]
    return {
        "name": printable(first.rule),
        "place": sights.place(first.rule_id, first.line),
        "reason": printable(sights.reasons.get(first.rule_id, "")),
        "because": printable(because(first)),
        "changes": [_change(change) for change in told_together(changes)],
        "choices": [_choice(why) for why in choices],
    }


def _change(change: PlannedChange) -> dict[str, Any]:
    style, sign = SIGNS.get(change.action, ("change", ">" if change.action in SPEAKS else "~"))
    moves = change.action not in SIGNS and change.action not in SPEAKS
    return {
        "style": style,
        "sign": sign,
        "name": printable(name_of(change)),
        "from": shown(change.from_) if moves else "",
        "to": shown(change.to) if moves else printable(value_text(change)),
        "moves": moves,
        "text": printable(change.text or ""),
        "seen": change.customer_sees,
    }


def _choice(why: Mapping[str, Any]) -> dict[str, Any]:
    many, excluded = why["of"]
    return {
        "by": CHOSEN[why["chosen_by"]],
        "team": printable(why["team"] or ""),
        "candidates": [(printable(one["who"]), one["load"]) for one in why["candidates"]],
        "more": many - len(why["candidates"]),
        "excluded": [(printable(who), printable(cause)) for who, cause in why["excluded"].items()],
        "more_excluded": excluded - len(why["excluded"]),
    }


# --- what is not done now -----------------------------------------------------------------------------------------------


def _asides(plan: Plan, sights: Sights) -> Iterator[dict[str, Any]]:
    """Lists of what is not done now, each with its reasons."""
    yield _aside("held", "Held", "Wishes that wait.", ((each, held_because(each)) for each in plan.held), sights)
    yield _aside(
        "overruled",
        "Overruled",
        "For one field the first rule that speaks wins.",
        ((each, f"by {each.by}") for each in plan.overruled),
        sights,
    )
    shadow = ((each, SKIPPED["shadow"]) for each in plan.skipped if each.reason == "shadow")
    yield _aside("shadow", "In shadow", "Would be done if the rule were live.", shadow, sights)
    skipped = ((each, _skipped(each)) for each in plan.skipped if each.reason != "shadow")
    yield _aside("skipped", "Skipped", "Wishes without effect now.", skipped, sights)
    follows = ((each, each.because) for each in plan.follows)
    yield _aside(
        "follows", "Once this is applied", "Rules that will hold then; the next run plans them.", follows, sights
    )
    limited = [
        {"what": "", "because": limited_because(each), "rule": printable(each.rule), "place": _place(each, sights)}
        for each in plan.limited
    ]
    yield {
        "key": "limited",
        "title": "Over a limit",
        "about": "Rules that wanted too much.",
        "rows": limited,
        "more": 0,
    }


def _skipped(each: Skipped) -> str:
    return SKIPPED.get(each.reason, each.reason.replace("_", " ")) + (f": {each.detail}" if each.detail else "")


def _aside(key: str, title: str, about: str, found: Iterable[tuple[Any, str]], sights: Sights) -> dict[str, Any]:
    every = list(found)
    rows = [
        {
            **_named(each, sights),
            "what": printable(_wanted(each)),
            "because": printable(why),
            "rule": printable(each.rule),
            "place": _place(each, sights),
        }
        for each, why in every[:LISTED]
    ]
    return {"key": key, "title": title, "about": about, "rows": rows, "more": len(every) - len(rows)}


def _wanted(each: Any) -> str:
    """What was wanted for the ticket; of what follows only the rule is known."""
    if not hasattr(each, "action"):
        return ""
    wanted = f" → {shown(each.to)}" if each.to is not None else ""
    return f"{each.field or each.action}{wanted}"


def _place(each: Any, sights: Sights) -> str:
    return sights.place(each.rule_id, each.line) if hasattr(each, "rule_id") else f"line {each.line}"


def _left_alone(plan: Plan) -> Iterator[str]:
    """What was skipped, by reason, in a sentence each."""
    for reason, skipped in Counter(each.reason for each in plan.skipped if each.reason != "shadow").items():
        yield f"{count(skipped, 'wish', 'wishes')}: {SKIPPED.get(reason, reason)}."
    if plan.summary.steps_before:
        yield f"{count(plan.summary.steps_before, 'step')} of deadlines and promises: {BEFORE}."
