"""The arithmetic of one run of a clock, for people to follow: what counted, what stood still, which days were left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from ..rules.calendar import Calendar
    from .cycle import Cycle, Pause

MOST = 60
"""Stretches that are told one by one; of more, neighbours are told as one."""


class Stretch(NamedTuple):
    """From when to when, and how many seconds of the clock's own time passed in between."""

    start: datetime
    end: datetime
    seconds: float


def counted(cycle: Cycle, calendar: Calendar, at: datetime) -> list[Stretch]:
    """The time that counted, in order: from the start to the due time, or to where the cycle is now, without pauses.

    Nothing is counted towards a fixed time (``at:``). Of a length in working hours or on the wall clock, all stretches
    and :func:`left` together are the whole length.
    """
    if cycle.within is None:
        return []
    end = min(cycle.due, _until(cycle, at))
    found = [
        Stretch(begin, stop, (stop - begin).total_seconds())
        for first, last in _between_pauses(cycle, end)
        for begin, stop in (calendar.open_stretches(first, last) if cycle.within.business else [(first, last)])
    ]
    return found if len(found) <= MOST else _merged(found)


def left(cycle: Cycle, calendar: Calendar, at: datetime) -> float:
    """Seconds of the clock's own time up to the due time; negative when it is over. Of a stopped cycle: as it stopped."""
    return _passed(cycle, calendar, _until(cycle, at), cycle.due)


def pauses(cycle: Cycle) -> list[Pause]:
    """The pauses of a cycle; being solved for good is none."""
    return [pause for pause in cycle.pauses if cycle.stopped is None or pause.start < cycle.stopped]


def lost(cycle: Cycle, calendar: Calendar, pause: Pause, at: datetime) -> float:
    """Seconds of the clock's own time that went by in a pause, so far."""
    return _passed(cycle, calendar, pause.start, pause.end or at)


def days_off(cycle: Cycle, calendar: Calendar) -> list[date]:
    """The holidays and closed days from start to due time that would have been worked otherwise."""
    if cycle.within is None or not cycle.within.business or cycle.due <= cycle.start:
        return []
    first, last = (instant.astimezone(calendar.zone).date() for instant in (cycle.start, cycle.due))
    return [day for day in calendar.closed_dates(first, last) if calendar.spec.hours[day.weekday()]]


def _until(cycle: Cycle, at: datetime) -> datetime:
    return cycle.stopped or at


def _passed(cycle: Cycle, calendar: Calendar, start: datetime, end: datetime) -> float:
    business = cycle.within is not None and cycle.within.business
    return calendar.open_between(start, end) if business else (end - start).total_seconds()


def _between_pauses(cycle: Cycle, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    begin = cycle.start
    for pause in pauses(cycle):
        if begin < min(pause.start, end):
            yield begin, min(pause.start, end)
        begin = pause.end or end
    if begin < end:
        yield begin, end


def _merged(found: Sequence[Stretch]) -> list[Stretch]:
    size = -(-len(found) // MOST)
    parts = (found[place : place + size] for place in range(0, len(found), size))
    return [Stretch(part[0].start, part[-1].end, sum(each.seconds for each in part)) for part in parts]
