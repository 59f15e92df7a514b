"""Working time counted minute by minute on the clock on the wall: slow, plain, and not the calendar of the rules.

Nothing is taken from :mod:`makegood.rules.calendar` but the description of a calendar. Public holidays are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from makegood.rules.calendar import CalendarSpec
    from makegood.rules.durations import Duration

MINUTE = timedelta(minutes=1)
NOTHING = timedelta(0)
FAR = timedelta(days=800)


@dataclass(frozen=True)
class OpenMinutes:
    """A desk with a notice on its door that says when it is open."""

    spec: CalendarSpec

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.spec.time_zone)

    # --- what the clock and the door say ------------------------------------------------------------------------------

    def works(self, day: date) -> bool:
        """Whether hours begin on the day."""
        return bool(self._door(day))

    def _door(self, day: date) -> tuple[tuple[int, int], ...]:
        closed = day in self.spec.closed and day not in self.spec.open
        return () if closed else self.spec.hours[day.weekday()]

    def _shows_open(self, minute: datetime) -> bool:
        now = minute.astimezone(self.zone)
        hands, today = now.hour * 60 + now.minute, now.date()
        begun = any(first <= hands < last for first, last in self._door(today))
        return begun or any(first <= hands + 1440 < last for first, last in self._door(today - timedelta(days=1)))

    def is_open(self, instant: datetime) -> bool:
        """From opening on, and no longer at closing."""
        return _day(self, instant.date())[instant.hour * 60 + instant.minute]

    # --- counting -----------------------------------------------------------------------------------------------------

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """How much working time lies between two instants."""
        passed, now = NOTHING, begin
        while now < end:
            then = min(_floor(now) + MINUTE, end)
            passed += then - now if self.is_open(now) else NOTHING
            now = then
        return passed

    def forward(self, instant: datetime, length: timedelta) -> datetime:
        """The first instant with so much working time after this one."""
        now, left = instant, length
        while left > NOTHING:
            then = _floor(now) + MINUTE
            if self.is_open(now):
                if then - now >= left:
                    return now + left
                left -= then - now
            now = then
            assert now - instant < FAR, "no working time"
        return now

    def backward(self, instant: datetime, length: timedelta) -> datetime:
        """The last instant with so much working time before this one."""
        now, left = instant, length
        while left > NOTHING:
            then = _floor(now - timedelta(microseconds=1))
            if self.is_open(then):
                if now - then >= left:
                    return now - left
                left -= now - then
            now = then
            assert instant - now < FAR, "no working time"
        return now

    def next_open(self, instant: datetime) -> datetime:
        """The instant itself if it is open, else the next opening."""
        now = instant
        while not self.is_open(now):
            now = _floor(now) + MINUTE
        return now

    def previous_open(self, instant: datetime) -> datetime:
        """The instant itself if it is open, else the last closing."""
        if self.is_open(instant):
            return instant
        now = _floor(instant)
        while not self.is_open(now - MINUTE):
            now -= MINUTE
        return now

    # --- lengths of the language --------------------------------------------------------------------------------------

    def add(self, instant: datetime, duration: Duration) -> datetime:
        """So much later: on the wall clock, in working time, or in working days."""
        if not duration.business:
            return instant + duration.length
        if duration.unit == "day":
            return self._same_time(instant, int(duration.amount))
        return self.forward(instant, duration.length)

    def subtract(self, instant: datetime, duration: Duration) -> datetime:
        """So much earlier."""
        if not duration.business:
            return instant - duration.length
        if duration.unit == "day":
            return self._same_time(instant, -int(duration.amount))
        return self.backward(instant, duration.length)

    def _same_time(self, instant: datetime, count: int) -> datetime:
        local = instant.astimezone(self.zone)
        day, left = local.date(), abs(count)
        while left:
            day += timedelta(days=1 if count > 0 else -1)
            left -= self.works(day)
        moved = datetime.combine(day, local.time(), self.zone).astimezone(UTC)
        closing = self.is_open(moved - timedelta(microseconds=1))
        return moved if closing else self.next_open(moved)

    # --- days ---------------------------------------------------------------------------------------------------------

    def end_of(self, day: date) -> datetime:
        """Closing time of a day that is worked, else midnight after it."""
        door = self._door(day)
        midnight = datetime.combine(day + timedelta(days=1), time(), self.zone).astimezone(UTC)
        return self._last_minute(day) if door else midnight

    def _last_minute(self, day: date) -> datetime:
        """When the last minute of the hours that begin on the day is over."""
        begin = datetime.combine(day, time(12), self.zone).astimezone(UTC) - timedelta(hours=14)
        last = max(last for _, last in self._door(day))
        closing = datetime.combine(day + timedelta(days=last // 1440), time(last % 1440 // 60, last % 60))
        minutes = (begin + step * MINUTE for step in range(64 * 60))
        before = (each for each in minutes if each.astimezone(self.zone).replace(tzinfo=None) < closing)
        return max(before) + MINUTE


def _floor(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


@lru_cache(maxsize=20_000)
def _day(clock: OpenMinutes, day: date) -> tuple[bool, ...]:
    """For every minute of a day in UTC whether it is open."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return tuple(clock._shows_open(midnight + step * MINUTE) for step in range(1440))
