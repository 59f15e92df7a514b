"""How long business time takes: a million pairs of instants over three years, Berlin office hours with holidays.

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
from makegood.rules.opening import micros

if TYPE_CHECKING:
    from collections.abc import Callable

OFFICE = (((540, 750), (810, 1050)),) * 4 + (((540, 900),), (), ())
PAIRS = 1_000_000


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
    works: dict[str, Callable[[], object]] = {
        "build the table": lambda: calendar_arrays.open_between(calendar, starts[:1], ends[-1:]),
        "1M pairs: open time between": lambda: calendar_arrays.open_between(calendar, starts, ends),
        "1M targets: 4 business hours": lambda: calendar_arrays.add(
            calendar, starts, parse_duration("4 business hours")
        ),
        "1M targets: 2 business days": lambda: calendar_arrays.add(calendar, starts, parse_duration("2 business days")),
        "one pair": lambda: calendar.open_between(now, now + timedelta(days=3)),
    }
    for name, work in works.items():
        print(f"{name:32} {seconds(work) * 1000:10.3f} ms")


if __name__ == "__main__":
    main()
