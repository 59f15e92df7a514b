"""The same tickets under another way of choosing: who would have got them, and when they would have been looked at.

A replay of :mod:`.arrivals` with people who begin with empty desks, work in their hours on one ticket after the other in the
order in which they got them, and are absent when the rule file says so. A ticket goes to somebody as soon as somebody can
take it, the oldest first.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from ..rules.calendar import calendar_for
from ..rules.model import PERIOD, By
from ..rules.rota import away_between
from ..rules.staff import Member
from .choose import LONG_AGO, STRATEGIES, Candidate, bearable, chosen
from .fairness import gini
from .presence import day_ends, end_of_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ..rules.calendar import Calendar
    from ..rules.model import RuleSet
    from ..rules.rota import Stretch
    from .arrivals import Arrival, Arrivals, Pool

WAYS = {
    **dict.fromkeys((name for name in STRATEGIES if name != "on_call"), "as in a rule file"),
    "sticky": "the agent of the requester's ticket before, unless buried, else the least busy",
    "random": "anybody who can take it",
    "most_skilled": "whoever had most tickets of its kind, however busy",
    "as_it_was": "whoever had it in the end, at once",
}
"""Ways of choosing that can be replayed: those of rules, and some to compare them with."""
_FAR = timedelta(days=400)
_TICK = timedelta(microseconds=1)


class Turn(NamedTuple):
    """What became of one ticket: to whom it went and when, and when they began with it and were done."""

    arrival: Arrival
    person: str
    given: datetime
    began: datetime
    done: datetime


@dataclass
class _Desk:
    """Somebody at work: until when they are busy, when each of their tickets is done and of which kind, when they got it."""

    free: datetime
    done: list[datetime] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    given: list[datetime] = field(default_factory=list)

    def load(self, now: datetime) -> int:
        """The tickets that are not done yet; they are done in the order in which they came."""
        return len(self.done) - bisect_right(self.done, now)

    def load_of(self, kind: str, now: datetime) -> int:
        """Those of one kind."""
        return self.kinds[bisect_right(self.done, now) :].count(kind)

    def since(self, begin: datetime) -> int:
        """How many they got after an instant."""
        return len(self.given) - bisect_right(self.given, begin)


@dataclass(frozen=True, slots=True)
class _Hours:
    """When somebody works in a pool: its hours or their own, without the times they are away."""

    calendar: Calendar
    away: Sequence[Stretch]

    def are_on(self, now: datetime) -> bool:
        """Whether they work at an instant."""
        return self.calendar.is_open(now) and self._back(now) is None

    def next_on(self, now: datetime) -> datetime:
        """The instant itself if they work then, else when they begin to."""
        now = self.calendar.next_open(now)
        back = self._back(now)
        return now if back is None else self.next_on(back)

    def work(self, begin: datetime, length: timedelta) -> tuple[datetime, datetime]:
        """From when to when they work on something that takes so much working time."""
        start = at = self.next_on(begin)
        left = length.total_seconds()
        for leaves, back in self.away:
            if back > at:
                until = max(self.calendar.open_between(at, leaves), 0)
                if until >= left:
                    break
                left, at = left - until, self.next_on(back)
        return start, self.calendar.add_seconds(at, left)

    def midnight(self, now: datetime, days: int = 0) -> datetime:
        """When their day began, or one so many days later."""
        return self.calendar.day_bounds(now.astimezone(self.calendar.zone).date() + timedelta(days=days))[0]

    def _back(self, now: datetime) -> datetime | None:
        """When they come back who are away then."""
        return next((back for leaves, back in self.away if leaves <= now < back), None)


class Replay:
    """One replay. :meth:`run` gives a turn for every ticket that somebody got."""

    def __init__(self, ruleset: RuleSet, past: Arrivals, way: str) -> None:
        self.ruleset, self.past, self.way = ruleset, past, way
        self._desks: dict[str, _Desk] = {}
        self._shifts: dict[tuple[str, str], _Hours] = {}
        self._last: dict[str, str] = {}
        self._skill: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._end = max((one.created for one in past.tickets), default=LONG_AGO) + _FAR
        for one in past.earlier:
            self._learn(one, one.owner)

    def run(self) -> list[Turn]:
        """Plays all tickets, from the first that came in until nothing is left to do."""
        if self.way == "as_it_was":
            return [self._give(one, self._member(one.pool, one.owner), one.created) for one in self.past.tickets]
        turns: list[Turn] = []
        waiting: dict[str, deque[Arrival]] = defaultdict(deque)
        agenda = [(one.created, number, one.pool) for number, one in enumerate(self.past.tickets)]
        arriving = dict(enumerate(self.past.tickets))
        again: dict[str, datetime] = {}
        while agenda:
            now, number, pool = heappop(agenda)
            if number in arriving:
                waiting[pool].append(arriving.pop(number))
            elif again.get(pool) != now:
                continue
            turns += self._serve(waiting[pool], self.past.pools[pool], now)
            moment = self._next(pool, now) if waiting[pool] else None
            if moment is not None and moment <= self._end and again.get(pool) != moment:
                again[pool] = moment
                heappush(agenda, (moment, len(self.past.tickets), pool))
        return turns

    def _serve(self, line: deque[Arrival], pool: Pool, now: datetime) -> Iterator[Turn]:
        """Gives out what waits, the oldest first; what nobody can take goes on waiting."""
        left: list[Arrival] = []
        while line:
            arrival = line.popleft()
            able = self._able(arrival, pool, now)
            if able:
                member = self._pick(arrival, able)
                yield self._give(arrival, member, now)
            else:
                left.append(arrival)
                if not any(isinstance(member.capacity, By) for member in pool.people):
                    break
        line.extendleft(reversed(left))

    # --- who can --------------------------------------------------------------------------------------------------------

    def _able(self, arrival: Arrival, pool: Pool, now: datetime) -> dict[str, tuple[Member, Candidate]]:
        return {
            member.handle: (member, self._candidate(arrival, member, now))
            for member in pool.people
            if self._is_there(arrival.pool, member, now) and not self._is_full(arrival, member, now)
        }

    def _is_there(self, pool: str, member: Member, now: datetime) -> bool:
        hours, wind_down = self._hours(pool, member), self.past.pools[pool].wind_down
        if not hours.are_on(now):
            return False
        return wind_down is None or not day_ends(hours.calendar, now, wind_down.length)

    def _is_full(self, arrival: Arrival, member: Member, now: datetime) -> bool:
        room, window, desk = self._room(arrival, member, now), member.per_window, self._desk(member)
        if room is not None and room <= 0:
            return True
        if window is not None and desk.since(now - window.within.length) >= window.most:
            return True
        if member.per_day is None:
            return False
        return desk.since(self._hours(arrival.pool, member).midnight(now) - _TICK) >= member.per_day

    def _room(self, arrival: Arrival, member: Member, now: datetime) -> int | None:
        desk = self._desk(member)
        if not isinstance(member.capacity, By):
            return None if member.capacity is None else member.capacity - desk.load(now)
        kind = _kind(arrival, member)
        most = member.capacity.cases.get(kind, member.capacity.default)
        return None if most is None else most - desk.load_of(kind, now)

    def _candidate(self, arrival: Arrival, member: Member, now: datetime) -> Candidate:
        desk = self._desk(member)
        return Candidate(
            member.handle,
            load=desk.load(now),
            given=desk.since(now - PERIOD),
            last=desk.given[-1] if desk.given else None,
            room=self._room(arrival, member, now),
            weight=member.weight,
        )

    def _next(self, name: str, now: datetime) -> datetime | None:
        """When somebody may be able to take a ticket who cannot now; None: nobody ever will."""
        moments = [moment for member in self.past.pools[name].people for moment in self._changes(name, member, now)]
        return min((moment for moment in moments if moment > now), default=None)

    def _changes(self, pool: str, member: Member, now: datetime) -> Iterator[datetime]:
        hours, desk = self._hours(pool, member), self._desk(member)
        if not self._is_there(pool, member, now):
            yield hours.next_on((end_of_day(hours.calendar, now) or now) if hours.are_on(now) else now)
            return
        place = bisect_right(desk.done, now)
        yield from desk.done[place : place + 1]
        if member.per_day is not None:
            yield hours.next_on(hours.midnight(now, days=1))
        if member.per_window is not None:
            yield from (moment + member.per_window.within.length for moment in desk.given[-member.per_window.most :])

    # --- who gets it ----------------------------------------------------------------------------------------------------

    def _pick(self, arrival: Arrival, able: dict[str, tuple[Member, Candidate]]) -> Member:
        candidates = [candidate for _, candidate in able.values()]
        return able[self._picked(arrival, candidates)][0]

    def _picked(self, arrival: Arrival, candidates: Sequence[Candidate]) -> str:
        if self.way == "random":
            digest = int.from_bytes(hashlib.sha256(arrival.ticket.encode()).digest()[:8], "big")
            return sorted(one.handle for one in candidates)[digest % len(candidates)]
        if self.way == "most_skilled":
            had = self._skill[arrival.pool, arrival.said.get("kind", "")]
            return min(candidates, key=lambda one: (-had[one.handle], one.handle)).handle
        if self.way == "sticky":
            known = self._last.get(arrival.requester)
            favourite = next((one for one in candidates if one.handle == known), None)
            if favourite is not None and bearable(favourite, candidates):
                return favourite.handle
        found = chosen(self.way if self.way in STRATEGIES else "least_busy", candidates)
        return found.handle if found else ""

    def _give(self, arrival: Arrival, member: Member, now: datetime) -> Turn:
        desk, hours = self._desk(member), self._hours(arrival.pool, member)
        began, done = hours.work(max(now, desk.free), arrival.work)
        desk.free = done
        desk.done.append(done)
        desk.kinds.append(_kind(arrival, member))
        desk.given.append(now)
        self._learn(arrival, member.handle)
        return Turn(arrival, member.handle, now, began, done)

    def _learn(self, arrival: Arrival, handle: str) -> None:
        self._last[arrival.requester] = handle
        self._skill[arrival.pool, arrival.said.get("kind", "")][handle] += 1

    # --- people ---------------------------------------------------------------------------------------------------------

    def _member(self, pool: str, handle: str) -> Member:
        return next((each for each in self.past.pools[pool].people if each.handle == handle), Member(handle))

    def _desk(self, member: Member) -> _Desk:
        if member.handle not in self._desks:
            self._desks[member.handle] = _Desk(LONG_AGO)
        return self._desks[member.handle]

    def _hours(self, pool: str, member: Member) -> _Hours:
        if (pool, member.handle) not in self._shifts:
            calendar = calendar_for(self.ruleset, member.calendar or self.past.pools[pool].calendar)
            first = min(one.created for one in self.past.tickets)
            away = away_between(member, calendar.spec.time_zone, first, self._end + _FAR)
            self._shifts[pool, member.handle] = _Hours(calendar, away)
        return self._shifts[pool, member.handle]


def _kind(arrival: Arrival, member: Member) -> str:
    """Which of the kinds a ticket is that somebody's capacity tells apart; empty for all others."""
    capacity = member.capacity
    said = arrival.said.get(capacity.fact, "") if isinstance(capacity, By) else ""
    return said if isinstance(capacity, By) and said in capacity.cases else ""


# --- what came of it ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one way of choosing.

    ``waited``: working time until somebody began, for half of the tickets, for nine of ten, and the longest. ``late``: tickets
    too late by deadline, those that nobody got among them (``nobody``). ``gini`` and ``most_to_mean`` are about work by
    weight, over everybody who could have got any, see :mod:`.fairness`.
    """

    way: str
    tickets: int
    nobody: int
    waited: tuple[timedelta, timedelta, timedelta]
    late: dict[str, int]
    late_any: int
    gini: float | None
    most_to_mean: float | None


def simulate(ruleset: RuleSet, past: Arrivals, way: str) -> Outcome:
    """Replays what came in under one of the :data:`WAYS`."""
    turns = Replay(ruleset, past, way).run()
    late = [name for turn in turns for name in _late(turn)]
    got = {turn.arrival.ticket for turn in turns}
    lost = [one for one in past.tickets if one.ticket not in got]
    missed = Counter(late + [name for one in lost for name in one.due])
    shares = _shares(past, turns)
    return Outcome(
        way,
        tickets=len(past.tickets),
        nobody=len(lost),
        waited=_waited(ruleset, past, turns),
        late={name: missed[name] for name in past.deadlines},
        late_any=sum(any(_late(turn)) for turn in turns) + sum(bool(one.due) for one in lost),
        gini=gini(shares),
        most_to_mean=max(shares) * len(shares) / sum(shares) if any(shares) else None,
    )


def _late(turn: Turn) -> list[str]:
    """The deadlines that a ticket missed."""
    reached = {"assignment": turn.given, "first_reply": turn.began, "resolution": turn.done}
    return [name for name, (target, due) in turn.arrival.due.items() if reached[target] > due]


def _shares(past: Arrivals, turns: Sequence[Turn]) -> list[float]:
    """Everybody's seconds of work for a full day's work of theirs."""
    weights = {turn.person: 1.0 for turn in turns}
    weights |= {member.handle: member.weight for pool in past.pools.values() for member in pool.people}
    work = Counter[str]()
    for turn in turns:
        work[turn.person] += round(turn.arrival.work.total_seconds())
    return [work[person] / weight for person, weight in weights.items()]


def _waited(ruleset: RuleSet, past: Arrivals, turns: Sequence[Turn]) -> tuple[timedelta, timedelta, timedelta]:
    hours = {name: calendar_for(ruleset, pool.calendar) for name, pool in past.pools.items()}
    waits = sorted(hours[turn.arrival.pool].open_between(turn.arrival.created, turn.began) for turn in turns)
    half, most, longest = (waits[math.ceil(share * len(waits)) - 1] if waits else 0 for share in (0.5, 0.9, 1))
    return timedelta(seconds=half), timedelta(seconds=most), timedelta(seconds=longest)
