"""What came in over a stretch of real history: tickets with the team they went to, the work they took, when they were due.

How long somebody really worked on a ticket is on no desk. It is estimated: so many minutes for every time an agent did
something on it. Figures made from that tell which way of choosing is better, not how late anything will be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from ..rules.calendar import calendar_for
from ..rules.model import By
from ..rules.staff import Member
from .scene import group_of
from .values import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ..rules.durations import Duration
    from ..rules.model import Rule, RuleSet
    from .evaluate import Evaluation

EACH, LEAST, MOST = (timedelta(minutes=minutes) for minutes in (12, 12, 240))
"""Work for every time that an agent did something on a ticket, and how much a ticket takes at least and at most."""
FEWEST = 5
"""Whoever had so many of a group's tickets counts as one of its people where the rule file names none."""
PLAYED = ("assignment", "first_reply", "resolution")
"""Targets of deadlines that a replay knows the time of: a ticket gets somebody, who begins with it, and is done with it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ticket that came in. ``owner``: who had it in the end. ``work``: how long it takes somebody, in working time.

    ``due``: target and due time by the name of each deadline. ``said``: in lower case, the facts by which capacities differ
    and, as ``kind``, what people gather experience in. ``pool``: who can get it.
    """

    ticket: str
    created: datetime
    pool: str
    requester: str
    owner: str
    work: timedelta
    due: Mapping[str, tuple[str, datetime]]
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pool:
    """Who can get tickets of one kind: a team of the rule file, or whoever worked in a group. ``calendar``: when."""

    people: tuple[Member, ...]
    calendar: str
    wind_down: Duration | None = None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """All that came in, in order, and who could get it, by team, or by group where the rule file has no team for it.

    ``earlier``: tickets from before, whose owners are known to their requesters. ``left_out``: how many tickets are not
    played, by reason. ``deadlines``: names of those that are, ``not_played`` of those that are not.
    """

    tickets: tuple[Arrival, ...]
    earlier: tuple[Arrival, ...]
    pools: Mapping[str, Pool]
    left_out: Mapping[str, int]
    deadlines: tuple[str, ...]
    not_played: tuple[str, ...]


def arrivals(evaluation: Evaluation, begin: datetime, *, times: float = 1, kind: str | None = None) -> Arrivals:
    """What came in from an instant up to that of the evaluation, as it was known then.

    ``times``: how many times the estimated work every ticket takes. ``kind``: the fact whose values people gather
    experience in; without it their group's tickets are all of one kind.
    """
    ruleset = evaluation.ruleset
    facts = _facts(ruleset, kind)
    pools = _pools(ruleset, evaluation, begin)
    work = _work(evaluation, times)
    dues = _dues(evaluation)
    found: list[Arrival] = []
    left_out: Counter[str] = Counter()
    for ticket, created, group, owner, requester in _rows(evaluation):
        pool = _pool_name(ruleset, group)
        if created >= begin and (not owner or pool not in pools):
            left_out["nobody had it in the end" if not owner else "nobody is known to work in its group"] += 1
        elif owner:
            said = {name: in_words(evaluation.value(ticket, fact), "UTC").lower() for name, fact in facts.items()}
            due = dues.get(ticket, {})
            found.append(Arrival(ticket, created, pool, requester, owner, work.get(ticket, LEAST), due, said))
    found.sort(key=lambda one: (one.created, one.ticket))
    played = tuple(one for one in found if one.created >= begin)
    earlier = tuple(one for one in found if one.created < begin)
    known, others = _deadlines(ruleset)
    return Arrivals(played, earlier, pools, left_out, known, others)


def _rows(evaluation: Evaluation) -> Iterator[tuple[str, datetime, str, str, str]]:
    columns = [evaluation.every(fact) for fact in ("created", "group", "assignee", "requester")]
    for ticket in evaluation.present:
        created, group, owner, requester = (column[ticket] for column in columns)
        yield ticket, created, group or "", owner or "", requester or ""


def _facts(ruleset: RuleSet, kind: str | None) -> dict[str, str]:
    """Facts that the replay looks at, by what it calls them."""
    members = (member for team in ruleset.teams.values() for member in team.people)
    facts = {member.capacity.fact: member.capacity.fact for member in members if isinstance(member.capacity, By)}
    return facts | ({"kind": kind} if kind else {})


def _pool_name(ruleset: RuleSet, group: str) -> str:
    """The team that has the group, else the group itself."""
    names = (name for name, team in ruleset.teams.items() if group_of(team).casefold() == group.casefold())
    return next(names, group)


def _pools(ruleset: RuleSet, evaluation: Evaluation, begin: datetime) -> dict[str, Pool]:
    """Everybody whom the rule file names in a team; of others, those who had enough of the group's tickets."""
    had: dict[str, Counter[str]] = defaultdict(Counter)
    for _, created, group, owner, _ in _rows(evaluation):
        if owner and created >= begin:
            had[_pool_name(ruleset, group)][owner] += 1
    pools = {}
    for name in sorted(had):
        team = ruleset.teams.get(name)
        people = tuple(Member(who) for who, count in sorted(had[name].items()) if count >= FEWEST)
        people = (team.people if team else ()) or people
        calendar = (team.calendar if team else None) or ruleset.default_calendar
        if people:
            pools[name] = Pool(people, calendar, team.wind_down if team else None)
    return pools


def _work(evaluation: Evaluation, times: float) -> dict[str, timedelta]:
    """The estimated work of every ticket, from the instants at which agents did something on it."""
    snapshot = evaluation.history.snapshot
    events = snapshot.events.filter((pl.col("actor_kind") == "agent") & (pl.col("at") <= snapshot.at))
    counts = events.select("ticket", "at").unique().group_by("ticket").len()
    return {ticket: min(max(EACH * count, LEAST), MOST) * times for ticket, count in counts.iter_rows()}


def _deadlines(ruleset: RuleSet) -> tuple[tuple[str, ...], tuple[str, ...]]:
    clocks = [rule.actions.deadline for rule in ruleset.rules if rule.actions.deadline and rule.mode != "off"]
    known = dict.fromkeys(clock.name for clock in clocks if clock.target in PLAYED and clock.within)
    return tuple(known), tuple(dict.fromkeys(clock.name for clock in clocks if clock.name not in known))


def _dues(evaluation: Evaluation) -> dict[str, dict[str, tuple[str, datetime]]]:
    """By ticket and deadline: its target, and when it was due without any pause."""
    found: dict[str, dict[str, tuple[str, datetime]]] = defaultdict(dict)
    for rule in evaluation.ruleset.rules:
        deadline = rule.actions.deadline
        if deadline and deadline.target in PLAYED and deadline.within and rule.mode != "off":
            for ticket, due in _first_dues(evaluation, rule):
                found[ticket].setdefault(deadline.name, (str(deadline.target), due))
    return found


def _first_dues(evaluation: Evaluation, rule: Rule) -> Iterator[tuple[str, datetime]]:
    for ticket in evaluation.clocked(rule):
        first = next(iter(evaluation.cycles(rule, ticket)), None)
        if first and first.within:
            yield ticket, calendar_for(evaluation.ruleset, first.calendar).add(first.start, first.within)
