"""Opening hours as stretches of UTC, in any time zone.

The clock on the wall decides: a moment is open when the local time then lies within the hours of its day. So an hour that
daylight saving skips is not worked, and one that it repeats is worked twice. Instants are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

Slot = tuple[int, int]
"""From when to when, in minutes since the midnight on which the day begins; past 1440 is the next day."""

MINUTE = 60_000_000
DAY = 1440 * MINUTE
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()


def micros(instant: datetime) -> int:
    """The instant as microseconds since 1970 in UTC."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def from_micros(instant: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=instant)


def local_midnight(day: date) -> int:
    """The day's midnight on a clock without a zone, in microseconds."""
    return (day.toordinal() - EPOCH_DAY) * DAY


class Offset(NamedTuple):
    """From this instant on, local clocks show so many microseconds more than UTC."""

    start: int
    shift: int


def offsets(zone: ZoneInfo, first: int, last: int) -> list[Offset]:
    """The zone's offsets between two instants, the first one from the beginning of time."""
    found = [Offset(-(1 << 62), _shift(zone, first))]
    for begin in range(first, last, DAY):
        end = min(begin + DAY, last)
        shift = _shift(zone, end)
        if shift != found[-1].shift:
            found.append(Offset(_change(zone, begin, end), shift))
    return found


def _shift(zone: ZoneInfo, instant: int) -> int:
    return (from_micros(instant).astimezone(zone).utcoffset() or timedelta()) // timedelta(microseconds=1)


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The instant, to the second, of the change of offset that lies between these two."""
    before = _shift(zone, low)
    while high - low > 1_000_000:
        middle = (low + high) // 2_000_000 * 1_000_000
        if _shift(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def stretches(
    changes: Sequence[Offset], slots_on: Callable[[date], Sequence[Slot]], first: date, last: date
) -> list[Slot]:
    """All open time of the days from first to last: (start, end) in microseconds, ordered, apart from each other."""
    starts = [change.start + change.shift for change in changes]
    found: list[Slot] = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        for begin, end in slots_on(day):
            midnight = local_midnight(day)
            found += _in_utc(changes, starts, midnight + begin * MINUTE, midnight + end * MINUTE)
    return _merged(found)


def _in_utc(changes: Sequence[Offset], starts: Sequence[int], begin: int, end: int) -> list[Slot]:
    """When local clocks show a time from begin to end: usually one stretch, none or two where a clock changes."""
    found: list[Slot] = []
    index = max(bisect_right(starts, begin - DAY) - 1, 0)
    while index < len(changes) and starts[index] < end + DAY:
        change = changes[index]
        until = changes[index + 1].start if index + 1 < len(changes) else 1 << 62
        low, high = max(begin - change.shift, change.start), min(end - change.shift, until)
        if low < high:
            found.append((low, high))
        index += 1
    return found


def _merged(found: list[Slot]) -> list[Slot]:
    merged: list[Slot] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
