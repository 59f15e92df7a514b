"""Business calendars: when a desk works, how much working time lies between two instants, and where a target ends.

A *working day* is a date on which hours begin. A shift past midnight belongs to the day on which it begins, holidays too.
Instants are aware datetimes in UTC; arrays of them are int64 microseconds since 1970 in UTC. They are taken to lie between
1970 and 2200: earlier and later ones count as those ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from . import calendar_file, holiday_list
from .holiday_list import CalendarError
from .open_time import OpenTime
from .opening import DAY, Offset, Slot, from_micros, local_midnight, micros, offsets, stretches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .calendar_file import CalendarFile
    from .durations import Duration
    from .model import RuleSet

__all__ = ["ALWAYS", "Calendar", "CalendarError", "CalendarSpec", "calendar_for"]

FIRST_YEAR = 1970
LAST_YEAR = 2200
FIRST_INSTANT = micros(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
LAST_INSTANT = micros(datetime(LAST_YEAR, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """A calendar as a rule file describes it.

    ``hours`` holds seven tuples from Monday, of (start, end) in minutes after that day's midnight; an end past 1440 lies on
    the next day. ``country`` and ``region`` name public holidays (ISO 3166 codes); ``closed`` adds days to them, ``open``
    takes days out of all of them. What ``files`` mark as whole days is closed too; their zone is the calendar's.
    """

    name: str
    time_zone: str
    hours: tuple[tuple[Slot, ...], ...]
    closed: frozenset[date] = frozenset()
    open: frozenset[date] = frozenset()
    country: str | None = None
    region: str | None = None
    files: tuple[CalendarFile, ...] = ()


ALWAYS = CalendarSpec("always", "UTC", (((0, 1440),),) * 7)
"""The calendar that is always open."""


def calendar_for(rules: RuleSet, name: str) -> Calendar:
    """The calendar of this name in a rule file, or ``always``; the same object for the same description.

    Raises:
        CalendarError: it cannot be used.
    """
    return _built(rules.calendars.get(name, ALWAYS))


@lru_cache(maxsize=64)
def _built(spec: CalendarSpec) -> Calendar:
    return Calendar(spec)


def within(instant: int) -> int:
    """The instant (microseconds), or the end of the known time that is nearest to it."""
    return min(max(instant, FIRST_INSTANT), LAST_INSTANT)


class Table(NamedTuple):
    """The open time of all days of the years from first to last, and the zone's offsets then."""

    first: int
    last: int
    open_time: OpenTime
    changes: list[Offset]


class Calendar:
    """A business calendar. Years are worked out when they are first asked for.

    Raises:
        CalendarError: it has no working time, or its country or region is unknown, or the extra ``holidays`` is missing.
    """

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self.zone = ZoneInfo(spec.time_zone)
        self._holidays: dict[int, frozenset[date]] = {}
        self._has_list = bool(spec.country or spec.files)
        self._table: Table | None = None
        if not any(spec.hours):
            raise CalendarError(
                f"calendar `{spec.name}` has no working time", "give it hours, as in `{mon-fri: 09:00-17:00}`"
            )
        if spec.country:
            self._listed(FIRST_YEAR)

    # --- open time ----------------------------------------------------------------------------------------------------

    def open_between(self, start: datetime, end: datetime) -> float:
        """Seconds of working time from start to end; negative where the end comes first."""
        first, last = within(micros(start)), within(micros(end))
        open_time = self.covering(min(first, last), max(first, last)).open_time
        return (open_time.before_instant(last) - open_time.before_instant(first)) / 1e6

    def open_stretches(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The working time from start to end, stretch by stretch; empty where the end does not come later."""
        first, last = within(micros(start)), within(micros(end))
        if last <= first:
            return []
        found = self.covering(first, last).open_time.between(first, last)
        return [(from_micros(begin), from_micros(stop)) for begin, stop in found]

    def add_seconds(self, instant: datetime, seconds: float) -> datetime:
        """The first instant with so much working time after this one: a target that ends at closing stays there.

        Nothing added is the instant itself; a negative time is :meth:`subtract_seconds`.

        Raises:
            CalendarError: there is not so much working time up to 2200.
        """
        if seconds < 0:
            return self.subtract_seconds(instant, -seconds)
        start, amount = within(micros(instant)), round(seconds * 1e6)
        if not amount:
            return instant
        for years in self.reaching(start, start):
            target = years.open_time.before_instant(start) + amount
            if target <= years.open_time.total:
                return from_micros(years.open_time.earliest_with(target))
        raise self.no_time(instant)

    def subtract_seconds(self, instant: datetime, seconds: float) -> datetime:
        """The last instant with so much working time between it and this one: at opening it stays there.

        Raises:
            CalendarError: there is not so much working time back to 1970.
        """
        start, amount = within(micros(instant)), round(seconds * 1e6)
        if not amount:
            return instant
        for years in self.reaching(start, start, back=True):
            target = years.open_time.before_instant(start) - amount
            if target >= 0:
                return from_micros(years.open_time.latest_with(target))
        raise self.no_time(instant)

    def is_open(self, instant: datetime) -> bool:
        """Whether it is working time: from opening on, and no longer at the moment of closing."""
        at = within(micros(instant))
        return self.covering(at, at).open_time.is_open(at)

    def next_open(self, instant: datetime) -> datetime:
        """The instant itself if it is open, else the next opening.

        Raises:
            CalendarError: there is none up to 2200.
        """
        at = within(micros(instant))
        for years in self.reaching(at, at):
            if years.open_time.is_open(at):
                return instant
            start = years.open_time.next_start(at)
            if start is not None:
                return from_micros(start)
        raise self.no_time(instant)

    def previous_open(self, instant: datetime) -> datetime:
        """The instant itself if it is open, else the last closing.

        Raises:
            CalendarError: there is none back to 1970.
        """
        at = within(micros(instant))
        for years in self.reaching(at, at, back=True):
            if years.open_time.is_open(at):
                return instant
            end = years.open_time.last_end(at)
            if end is not None:
                return from_micros(end)
        raise self.no_time(instant)

    def add(self, instant: datetime, duration: Duration) -> datetime:
        """The instant so much later: on the wall clock, in working time, or in working days, as the duration says.

        Raises:
            CalendarError: there is not so much working time up to 2200.
        """
        if not duration.business:
            return instant + duration.length
        if duration.unit == "day":
            return self.add_business_days(instant, int(duration.amount))
        return self.add_seconds(instant, duration.length.total_seconds())

    def subtract(self, instant: datetime, duration: Duration) -> datetime:
        """The instant so much earlier; the counterpart of :meth:`add`."""
        if not duration.business:
            return instant - duration.length
        if duration.unit == "day":
            return self.add_business_days(instant, -int(duration.amount))
        return self.subtract_seconds(instant, duration.length.total_seconds())

    # --- days ---------------------------------------------------------------------------------------------------------

    def hours_on(self, day: date) -> tuple[Slot, ...]:
        """The hours that begin on a day, in minutes after its midnight.

        An ``open`` day whose weekday has no hours has those of the nearest weekday before it that has some.
        """
        if day in self.spec.open:
            return next(hours for back in range(7) if (hours := self.spec.hours[(day.weekday() - back) % 7]))
        return () if self._is_closed(day) else self.spec.hours[day.weekday()]

    def is_working_day(self, day: date) -> bool:
        """Whether hours begin on the day; a day that a zone leaves out (Apia, 2011-12-30) is none."""
        begin, end = self.day_bounds(day)
        return begin < end and bool(self.hours_on(day))

    def nth_working_day(self, day: date, count: int) -> date:
        """The n-th working day after the day, before it where ``count`` is negative, the day itself for 0.

        Raises:
            CalendarError: there are not so many between 1970 and 2200.
        """
        step = timedelta(days=1 if count > 0 else -1)
        left = abs(count)
        found = day
        while left:
            found += step
            if not FIRST_YEAR <= found.year < LAST_YEAR:
                raise self.no_time(self.day_bounds(day)[0])
            left -= self.is_working_day(found)
        return found

    def add_business_days(self, instant: datetime, count: int) -> datetime:
        """The same local time on the n-th next working day, moved on to the next opening if that is closed.

        A result exactly at closing stays there. With a negative count: the n-th working day before.

        Raises:
            CalendarError: there are not so many working days between 1970 and 2200.
        """
        local = from_micros(within(micros(instant))).astimezone(self.zone)
        day = self.nth_working_day(local.date(), count)
        moved = datetime.combine(day, local.time(), self.zone).astimezone(UTC)
        at = micros(moved)
        return moved if self.covering(at, at).open_time.is_end(at) else self.next_open(moved)

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """From when to when the day lasts in the calendar's zone."""
        midnights = (datetime.combine(each, time(), self.zone) for each in (day, day + timedelta(days=1)))
        begin, end = (midnight.astimezone(UTC) for midnight in midnights)
        return begin, end

    def closing_of(self, day: date) -> datetime | None:
        """When the last of the hours that begin on the day ends; None where none begin."""
        if not self.is_working_day(day):
            return None
        noon = local_midnight(day) + DAY // 2
        found = stretches(self.covering(noon, noon).changes, self.hours_on, day, day)
        return from_micros(found[-1][1]) if found else None

    # --- holidays -----------------------------------------------------------------------------------------------------

    @property
    def holidays_version(self) -> str:
        """The release of the holiday list and the calendar files used; empty where days are only listed by hand."""
        listed = [holiday_list.version()] if self.spec.country else []
        return ", ".join(listed + [file.version for file in self.spec.files])

    def closed_dates(self, first: date, last: date) -> list[date]:
        """All days from first to last, both included, that are holidays or listed as closed, less those listed as open."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [day for day in days if self._is_closed(day) and day not in self.spec.open]

    @property
    def holidays_end(self) -> date | None:
        """The last day that the holiday list knows about; None where the calendar has none.

        Calendar files are such a list only where no country is named, days listed by hand where there is neither.
        """
        if self.spec.country:
            return min(holiday_list.last_day(self.spec.country, self.spec.region), date(LAST_YEAR, 12, 31))
        if self.spec.files:
            return max(filter(None, map(calendar_file.last_day, self.spec.files)), default=None)
        return max(self.spec.closed, default=None)

    def _is_closed(self, day: date) -> bool:
        return day in self.spec.closed or (self._has_list and day in self._listed(day.year))

    def _listed(self, year: int) -> frozenset[date]:
        """A year's public holidays, and the days that calendar files close."""
        if year not in self._holidays:
            country, region = self.spec.country, self.spec.region
            public = holiday_list.public_holidays(country, region, year) if country else frozenset[date]()
            self._holidays[year] = public.union(*(calendar_file.closed_days(file, year) for file in self.spec.files))
        return self._holidays[year]

    # --- the table ----------------------------------------------------------------------------------------------------

    def covering(self, first: int, last: int) -> Table:
        """What is worked out for all days around these two instants (microseconds)."""
        return self._years(from_micros(first).year - 1, from_micros(last).year + 1)

    def reaching(self, first: int, last: int, *, back: bool = False) -> Iterator[Table]:
        """First :meth:`covering`, then ever more years after it (or before it, ``back``), up to the ends of time."""
        begin, end = from_micros(first).year - 1, from_micros(last).year + 1
        more = 1
        while True:
            yield self._years(begin, end)
            if (begin < FIRST_YEAR) if back else (end > LAST_YEAR):
                return
            begin, end = (max(begin - more, FIRST_YEAR - 1), end) if back else (begin, min(end + more, LAST_YEAR + 1))
            more *= 2

    def _years(self, first: int, last: int) -> Table:
        known = self._table
        if known is None or first < known.first or last > known.last:
            first, last = (min(first, known.first), max(last, known.last)) if known else (first, last)
            begin, end = date(first, 1, 1), date(last, 12, 31)
            changes = offsets(self.zone, local_midnight(begin) - 2 * DAY, local_midnight(end) + 3 * DAY)
            known = Table(first, last, OpenTime(stretches(changes, self.hours_on, begin, end)), changes)
            self._table = known
        return known

    def no_time(self, instant: datetime) -> CalendarError:
        """What to raise when the search for working time found none."""
        message = f"calendar `{self.spec.name}` has not enough working time around {instant:%Y-%m-%d}"
        return CalendarError(message, "look at its hours and closed days")
