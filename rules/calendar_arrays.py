"""Calendars over whole columns of instants: the same answers as :class:`..calendar.Calendar` gives one by one.

Instants are int64 arrays of microseconds since 1970 in UTC, without missing values. numpy is imported when first used.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from .calendar import FIRST_INSTANT, LAST_INSTANT, Calendar, Table
from .opening import DAY, EPOCH_DAY, from_micros

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .durations import Duration
    from .open_time import Instants

_MICROSECOND = timedelta(microseconds=1)


def open_between(calendar: Calendar, starts: Instants, ends: Instants) -> Instants:
    """Microseconds of working time from each start to its end; negative where the end comes first."""
    first, last = _within(starts), _within(ends)
    if not len(first):
        return first
    years = calendar.covering(int(min(first.min(), last.min())), int(max(first.max(), last.max())))
    return years.open_time.before_instants(last) - years.open_time.before_instants(first)


def is_open(calendar: Calendar, instants: Instants) -> NDArray[np.bool_]:
    """Whether it is working time at each instant."""
    import numpy as np

    at = _within(instants)
    if not len(at):
        return np.zeros(0, np.bool_)
    return calendar.covering(int(at.min()), int(at.max())).open_time.are_open(at)


def add(calendar: Calendar, instants: Instants, duration: Duration) -> Instants:
    """Each instant so much later: on the wall clock, in working time, or in working days, as the duration says.

    Raises:
        CalendarError: there is not so much working time up to 2200.
    """
    if not duration.business:
        return instants + duration.length // _MICROSECOND
    if not len(instants) or (duration.unit != "day" and not duration.amount):
        return instants
    at = _within(instants)
    for years in calendar.reaching(int(at.min()), int(at.max())):
        if duration.unit == "day":
            found = _days_later(calendar, years, at, int(duration.amount))
        else:
            found = _later(years, at, duration.length // _MICROSECOND)
        if found is not None:
            return found
    raise calendar.no_time(from_micros(int(at.max())))


def add_open(calendar: Calendar, instants: Instants, amounts: Instants) -> Instants:
    """Each instant with so many microseconds of working time added; nothing added is the instant itself.

    Raises:
        CalendarError: there is not so much working time up to 2200.
    """
    import numpy as np

    if not len(instants) or not amounts.any():
        return instants
    at = _within(instants)
    for years in calendar.reaching(int(at.min()), int(at.max())):
        targets = years.open_time.before_instants(at) + amounts
        if int(targets.max()) <= years.open_time.total:
            return np.where(amounts == 0, instants, years.open_time.earliest_with_each(np.maximum(targets, 1)))
    raise calendar.no_time(from_micros(int(at.max())))


def subtract(calendar: Calendar, instants: Instants, duration: Duration) -> Instants:
    """Each instant so much earlier; the counterpart of :func:`add`.

    Raises:
        CalendarError: there is not so much working time back to 1970.
    """
    if not duration.business:
        return instants - duration.length // _MICROSECOND
    if not len(instants) or (duration.unit != "day" and not duration.amount):
        return instants
    at = _within(instants)
    for years in calendar.reaching(int(at.min()), int(at.max()), back=True):
        if duration.unit == "day":
            found = _days_later(calendar, years, at, -int(duration.amount))
        else:
            found = _earlier(years, at, duration.length // _MICROSECOND)
        if found is not None:
            return found
    raise calendar.no_time(from_micros(int(at.min())))


def next_open(calendar: Calendar, instants: Instants) -> Instants:
    """Each instant if it is open, else the next opening.

    Raises:
        CalendarError: there is none up to 2200.
    """
    import numpy as np

    if not len(instants):
        return instants
    at = _within(instants)
    for years in calendar.reaching(int(at.min()), int(at.max())):
        starts = years.open_time.arrays[0]
        index = np.searchsorted(starts, at, "left")
        is_open = years.open_time.are_open(at)
        if bool(np.all(is_open | (index < len(starts)))):
            return np.where(is_open, instants, starts[np.minimum(index, len(starts) - 1)])
    raise calendar.no_time(from_micros(int(at.max())))


def previous_open(calendar: Calendar, instants: Instants) -> Instants:
    """Each instant if it is open, else the last closing.

    Raises:
        CalendarError: there is none back to 1970.
    """
    import numpy as np

    if not len(instants):
        return instants
    at = _within(instants)
    for years in calendar.reaching(int(at.min()), int(at.max()), back=True):
        ends = years.open_time.arrays[1]
        index = np.searchsorted(ends, at, "right") - 1
        is_open = years.open_time.are_open(at)
        if bool(np.all(is_open | (index >= 0))):
            return np.where(is_open, instants, ends[np.maximum(index, 0)])
    raise calendar.no_time(from_micros(int(at.min())))


def _within(instants: Instants) -> Instants:
    import numpy as np

    return np.clip(instants, FIRST_INSTANT, LAST_INSTANT)


def _later(years: Table, at: Instants, amount: int) -> Instants | None:
    """None: these years do not reach far enough."""
    targets = years.open_time.before_instants(at) + amount
    return years.open_time.earliest_with_each(targets) if int(targets.max()) <= years.open_time.total else None


def _earlier(years: Table, at: Instants, amount: int) -> Instants | None:
    """None: these years do not reach back far enough."""
    targets = years.open_time.before_instants(at) - amount
    return years.open_time.latest_with_each(targets) if int(targets.min()) >= 0 else None


def _days_later(calendar: Calendar, years: Table, at: Instants, count: int) -> Instants | None:
    """None: these years do not reach far enough. What holds for local times that are missing or doubled, see Calendar."""
    found = _same_time(calendar, years, at, count) if count else at
    reached = years.open_time.ends
    if found is None or not reached or int(found.max()) > reached[-1]:
        return None
    return years.open_time.next_open_each(found)


def _same_time(calendar: Calendar, years: Table, at: Instants, count: int) -> Instants | None:
    """The same time of day so many working days later, or before."""
    import numpy as np

    starts = np.array([change.start for change in years.changes], np.int64)
    shifts = np.array([change.shift for change in years.changes], np.int64)
    local = at + shifts[np.searchsorted(starts, at, "right") - 1]
    days, clock = np.divmod(local, DAY)
    working = _working_days(calendar, years)
    position = np.searchsorted(working, days, "right" if count > 0 else "left") - (count > 0) + count
    if int(position.max()) >= len(working) or int(position.min()) < 0:
        return None
    moved = working[position] * DAY + clock
    turns = starts[1:] + np.maximum(shifts[:-1], shifts[1:])
    return moved - shifts[np.searchsorted(turns, moved, "right")]


def _working_days(calendar: Calendar, years: Table) -> Instants:
    """The working days of these years, as days since 1970."""
    import numpy as np

    days = range(date(years.first, 1, 1).toordinal(), date(years.last, 12, 31).toordinal() + 1)
    return np.array([day - EPOCH_DAY for day in days if calendar.is_working_day(date.fromordinal(day))], np.int64)
