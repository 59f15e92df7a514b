"""Who is on call, and who is away: told for any instant, from a rule file's own words or from calendar files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .calendar_file import each_event, happenings

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from .calendar_file import Happening
    from .model import Member, Rota

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Stretch = tuple[datetime, datetime]


def on_call_at(rota: Rota, instant: datetime) -> str | None:
    """The handle of whoever is on call at an instant; ``None`` where nobody is.

    Of events at the same time the one that began last counts: a swap entered into the calendar stands over the long shift.
    """
    if rota.file is None:
        return _in_turn(rota, instant)
    now = happenings(rota.file, instant, instant + _INSTANT)
    named = [(each.begin, handle) for each in now if (handle := person_of(each, rota.people)) is not None]
    return max(named)[1] if named else None


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
