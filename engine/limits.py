"""How much may change at once: limits of the file and of rules, a rule's own past, and its first run on a full desk.

Everything is counted in tickets. A rule's own limits come first, then the file's, which bind all rules together in file
order: a ticket that an earlier rule changes is counted once. A share of the open tickets is never less than one ticket.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from .effects import DONE
from .plan_file import Limited

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from ..rules.model import Limits, Rule
    from .plan_file import LimitReason
    from .scene import Scene
    from .wishes import Wish

MOST_CUSTOMERS = 20
"""To how many customers a rule's first apply may write where the rule does not say what to do with the backlog."""

_DAYS_OF_PAST = 5
_DAYS_LOOKED_AT = 28
_TIMES_AS_MUCH = 10
_NEVER_UNUSUAL = 20


class Cut(NamedTuple):
    """A limit that was met: how many it allows, how many were wanted, and which tickets may go on."""

    reason: LimitReason
    limit: int
    wanted: int
    allowed: frozenset[str] = frozenset()
    at_limit: str = "stop"


@dataclass(frozen=True)
class Bounds:
    """What limits are measured against. ``open_tickets``: neither solved nor closed; ``confirmed``: rules, by name or id."""

    scene: Scene
    open_tickets: int
    past: dict[str, dict[date, set[str]]]
    confirmed: Collection[str]


def bounds(scene: Scene, confirmed: Collection[str]) -> Bounds:
    """Count the open tickets, and what each rule did on which day, UTC."""
    past: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in scene.snapshot.journal:
        if entry.outcome in DONE:
            past[entry.rule_id][entry.at.date()].add(entry.ticket)
    return Bounds(scene, scene.evaluation.working, past, confirmed)


def within_limits(limits: Bounds, wanted: Sequence[Wish]) -> tuple[list[Wish], list[Limited]]:
    """The changes that may go on, and what was cut; ``wanted`` is in file order, each rule's oldest tickets first."""
    going: list[Wish] = []
    cuts: list[Limited] = []
    changed: set[str] = set()
    for _, group in groupby(wanted, key=lambda wish: wish.order):
        own = list(group)
        tickets = list(dict.fromkeys(wish.ticket for wish in own))
        cut = next(_cuts(limits, own, tickets, changed), None)
        if cut:
            cuts.append(_told(own[0].rule, cut, tickets))
            own = [wish for wish in own if wish.ticket in cut.allowed]
        going += own
        changed.update(wish.ticket for wish in own)
    return going, cuts


def _cuts(limits: Bounds, own: Sequence[Wish], tickets: Sequence[str], changed: set[str]) -> Iterator[Cut]:
    """Every limit that this rule meets, those that stop it altogether first."""
    rule = own[0].rule
    yield from _backlog(limits, own)
    yield from _unusual(limits, rule, tickets)
    met = [
        *_numbers(limits, rule.limits, tickets, set()),
        *_numbers(limits, limits.scene.ruleset.limits, tickets, changed),
    ]
    yield from sorted(met, key=lambda cut: len(cut.allowed))


def _numbers(limits: Bounds, said: Limits | None, tickets: Sequence[str], used: set[str]) -> Iterator[Cut]:
    if said is None:
        return
    if said.per_run is not None:
        yield from _number("per_run", said.per_run, said, tickets, used)
    if said.share_of_open is not None:
        share = max(1, int(said.share_of_open * limits.open_tickets))
        yield from _number("share_of_open", share, said, tickets, used)


def _number(reason: LimitReason, most: int, said: Limits, tickets: Sequence[str], used: set[str]) -> Iterator[Cut]:
    more = [ticket for ticket in tickets if ticket not in used]
    wanted = len(used) + len(more)
    if wanted > most:
        room = [*(ticket for ticket in tickets if ticket in used), *more[: max(0, most - len(used))]]
        allowed = frozenset(room) if said.at_limit == "next_run" else frozenset[str]()
        yield Cut(reason, most, wanted, allowed, said.at_limit)


def _backlog(limits: Bounds, own: Sequence[Wish]) -> Iterator[Cut]:
    """A rule that would write to many customers on its first run has to say whether it means old cases, too."""
    rule = own[0].rule
    if rule.backlog is not None or rule.id in limits.scene.snapshot.first_applied:
        return
    seen = {wish.ticket for wish in own if wish.customer_sees}
    customers = {limits.scene.value(ticket, "requester") or ticket for ticket in seen}
    if len(customers) > MOST_CUSTOMERS:
        yield Cut("backlog", MOST_CUSTOMERS, len(customers))


def _unusual(limits: Bounds, rule: Rule, tickets: Sequence[str]) -> Iterator[Cut]:
    """More than ten times what the rule did on a usual day of the last four weeks, counting what it did today already."""
    past = limits.past.get(rule.id, {})
    today = limits.scene.at.date()
    earlier = [day for day in past if day < today]
    if not earlier or (today - min(earlier)).days < _DAYS_OF_PAST or {rule.id, rule.name} & set(limits.confirmed):
        return
    days = min((today - min(earlier)).days, _DAYS_LOOKED_AT)
    recent = sum(len(past[day]) for day in earlier if day >= today - timedelta(days=days))
    most = max(_NEVER_UNUSUAL, int(_TIMES_AS_MUCH * recent / days))
    wanted = len({*tickets, *past.get(today, ())})
    if wanted > most:
        yield Cut("unusual", most, wanted)


def _told(rule: Rule, cut: Cut, tickets: Sequence[str]) -> Limited:
    left = tuple(ticket for ticket in tickets if ticket not in cut.allowed)
    return Limited(
        rule=rule.name,
        rule_id=rule.id,
        line=rule.span.line,
        reason=cut.reason,
        wanted=cut.wanted,
        limit=cut.limit,
        tickets=left,
        at_limit="next_run" if cut.at_limit == "next_run" else "stop",
    )
