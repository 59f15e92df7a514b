"""Who is on call, and who is away: told for any instant, from a rule file's own words or from calendar files."""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime, time, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from .calendar_file import each_event, happenings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from .calendar_file import Happening
    from .staff import Member, Rota

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Stretch = tuple[datetime, datetime]
_Shift = tuple[datetime, datetime, str]


class Duty(NamedTuple):
    """Who is on call from ``begin`` to before ``end``: a handle; ``None`` where nobody is."""

    begin: datetime
    end: datetime
    handle: str | None


def on_call_at(rota: Rota, instant: datetime) -> str | None:
    """The handle of whoever is on call at an instant; ``None`` where nobody is.

    Of events at the same time the one that began last counts: a swap entered into the calendar stands over the long shift.
    """
    if rota.file is None:
        return _in_turn(rota, instant)
    return _on_top(_shifts(rota, instant, instant + _INSTANT))


def on_call_stretches(rota: Rota, first: datetime, last: datetime) -> list[Duty]:
    """Who is on call from one instant to before another, in order and without a hole: what :func:`on_call_at` says then.

    Two that follow each other are never the same person. Empty where ``last`` does not come later.
    """
    if last <= first:
        return []
    shifts = _shifts(rota, first, last)
    ends = [each for begin, end, _ in shifts for each in (begin, end)] if rota.file else _turns_begin(rota, first, last)
    cuts = [first, *sorted({each for each in ends if first < each < last})]
    handles = _each_on_top(shifts, cuts) if rota.file else (_in_turn(rota, cut) for cut in cuts)
    changes = [next(same) for _, same in groupby(zip(cuts, handles, strict=True), key=lambda each: each[1])]
    return [Duty(begin, end, handle) for (begin, handle), (end, _) in pairwise([*changes, (last, None)])]


def person_of(happening: Happening, people: Collection[str]) -> str | None:
    """Whom an event of a rota names: one who is invited, else an address in the title, else a title that is a handle.

    Only one of ``people`` (handles) can be meant; where there are none, whoever has an e-mail address.
    """
    addresses = (*happening.guests, *(found.lower().rstrip(".") for found in _ADDRESS.findall(happening.title)))
    if not people:
        return next(iter(addresses), None)
    by_name = {handle.lower(): handle for handle in people}
    known = (by_name.get(name) for name in (*addresses, happening.title.lower()))
    return next((handle for handle in known if handle is not None), None)


def naming_nobody(rota: Rota) -> list[str]:
    """The titles of those events of a rota's file that name nobody who could be on call."""
    if rota.file is None:
        return []
    return [each.title for each in each_event(rota.file) if person_of(each, rota.people) is None]


def _shifts(rota: Rota, first: datetime, last: datetime) -> list[_Shift]:
    """The events of a rota's file between two instants that name somebody, whole, in order."""
    found = happenings(rota.file, first, last) if rota.file else []
    named = ((each.begin, each.end, person_of(each, rota.people)) for each in found)
    return [(begin, end, handle) for begin, end, handle in named if handle is not None]


def _on_top(shifts: Collection[_Shift]) -> str | None:
    return max((begin, handle) for begin, _, handle in shifts)[1] if shifts else None


def _each_on_top(shifts: Sequence[_Shift], cuts: Sequence[datetime]) -> Iterator[str | None]:
    """Who is on call at each of some instants; both are in order."""
    coming = deque(shifts)
    running: list[_Shift] = []
    for cut in cuts:
        while coming and coming[0][0] <= cut:
            running.append(coming.popleft())
        running = [each for each in running if each[1] > cut]
        yield _on_top(running)


def _turns_begin(rota: Rota, first: datetime, last: datetime) -> Iterator[datetime]:
    """Every instant around two others at which a turn begins."""
    if rota.since is None or rota.every is None:
        return
    zone = ZoneInfo(rota.zone)
    start, low, high = (each.astimezone(zone).replace(tzinfo=None) for each in (rota.since, first - _DAY, last + _DAY))
    yield rota.since
    for turn in range(max((low - start) // rota.every, 0), (high - start) // rota.every + 1):
        yield (start + turn * rota.every).replace(tzinfo=zone).astimezone(UTC)


def _in_turn(rota: Rota, instant: datetime) -> str | None:
    """Turns change at the same time of day on the wall, in summer and in winter."""
    if rota.since is None or rota.every is None or not rota.people or instant < rota.since:
        return None
    zone = ZoneInfo(rota.zone)
    first, every = rota.since.astimezone(zone).replace(tzinfo=None), rota.every

    def begins(turn: int) -> datetime:
        return (first + turn * every).replace(tzinfo=zone).astimezone(UTC)

    turn = (instant.astimezone(zone).replace(tzinfo=None) - first) // every
    while begins(turn + 1) <= instant:
        turn += 1
    while begins(turn) > instant:
        turn -= 1
    return rota.people[turn % len(rota.people)]


def is_away(member: Member, zone: str, instant: datetime) -> bool:
    """Whether somebody is away at an instant. ``zone`` is that of the team's calendar, in which days off lie."""
    return bool(away_between(member, zone, instant, instant + _INSTANT))


def away_between(member: Member, zone: str, first: datetime, last: datetime) -> list[Stretch]:
    """When somebody is away between two instants, in order, apart from each other, cut off at both."""
    days = [(_midnight(begin, zone), _midnight(end + _DAY, zone)) for begin, end in member.away]
    events = [(each.begin, each.end) for file in member.away_files for each in happenings(file, first, last)]
    return _merged([(max(begin, first), min(end, last)) for begin, end in (*days, *events)])


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for begin, end in sorted(each for each in stretches if each[0] < each[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
