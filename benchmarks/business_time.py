"""How long business time takes: a million pairs of instants over three years, Berlin office hours with holidays.

Both directions, and each against a loop over the scalar methods.

Run with ``python benchmarks/business_time.py``.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from makegood.rules import calendar_arrays
from makegood.rules.calendar import Calendar, CalendarSpec
from makegood.rules.durations import parse_duration
from makegood.rules.opening import from_micros, micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from makegood.rules.open_time import Instants

OFFICE = (((540, 750), (810, 1050)),) * 4 + (((540, 900),), (), ())
PAIRS = 1_000_000
LOOPED = 100_000


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    dice = np.random.default_rng(1)
    first = micros(datetime(2024, 1, 1, tzinfo=UTC))
    starts = first + dice.integers(0, 3 * 365 * 86_400, PAIRS) * 1_000_000
    ends = starts + dice.integers(0, 30 * 86_400, PAIRS) * 1_000_000
    calendar = Calendar(CalendarSpec("office", "Europe/Berlin", OFFICE, country="DE", region="BE"))
    now = datetime(2026, 11, 23, tzinfo=UTC)
    four_hours, two_days = parse_duration("4 business hours"), parse_duration("2 business days")
    built = seconds(lambda: calendar_arrays.open_between(calendar, starts[:1], ends[-1:]))
    amounts = calendar_arrays.open_between(calendar, starts, ends)
    works: dict[str, Callable[[], object]] = {
        "1M pairs: open time between": lambda: calendar_arrays.open_between(calendar, starts, ends),
        "1M targets: the inverse": lambda: calendar_arrays.add_open(calendar, starts, amounts),
        "1M targets: 4 business hours": lambda: calendar_arrays.add(calendar, starts, four_hours),
        "1M targets: 2 business days": lambda: calendar_arrays.add(calendar, starts, two_days),
        "1M reminders: 4 business hours": lambda: calendar_arrays.subtract(calendar, starts, four_hours),
        "1M next openings": lambda: calendar_arrays.next_open(calendar, starts),
        "one pair": lambda: calendar.open_between(now, now + timedelta(days=3)),
    }
    taken = {"build the table": built} | {name: seconds(work) for name, work in works.items()}
    for name, time_taken in taken.items():
        print(f"{name:32} {time_taken * 1000:10.3f} ms")
    compare(calendar, starts, ends, taken)


def compare(calendar: Calendar, starts: Instants, ends: Instants, taken: dict[str, float]) -> None:
    """How many times faster columns are than a loop over the scalar methods, which give the same."""
    pairs = zip(starts[:LOOPED].tolist(), ends[:LOOPED].tolist(), strict=True)
    some = [(from_micros(start), from_micros(end)) for start, end in pairs]
    spent = [calendar.open_between(start, end) for start, end in some]
    loops = {
        "1M pairs: open time between": lambda: [calendar.open_between(start, end) for start, end in some],
        "1M targets: the inverse": lambda: [
            calendar.add_seconds(start, amount) for (start, _), amount in zip(some, spent, strict=True)
        ],
    }
    for name, loop in loops.items():
        slow = seconds(loop) * PAIRS / LOOPED
        print(f"{name:32} {slow / taken[name]:10.0f} times faster than one by one ({slow:.1f} s)")


if __name__ == "__main__":
    main()
