"""Zendesk's working hours as ours: minutes since Sunday midnight in a time zone by its Rails name, and holidays beside them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ticket import Schedule, known_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, Any]

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = 24 * 60


@cache
def _zones() -> Mapping[str, str]:
    """Names of time zones that Zendesk uses, and those of the IANA database."""
    found: Mapping[str, str] = tomllib.loads(Path(__file__).with_name("zendesk_zones.toml").read_text("utf-8"))
    return found


def zone_of(name: str) -> str | None:
    """The IANA name of a zone that Zendesk calls ``Pacific Time (US & Canada)``, say; ``None`` for an unknown one."""
    return known_zone(_zones().get(name)) or known_zone(name)


def schedule_of(row: Row, holidays: Iterable[Row]) -> Schedule | None:
    """One schedule; ``None`` where its zone is unknown, for hours without a zone mean nothing."""
    zone = zone_of(str(row.get("time_zone") or ""))
    if zone is None:
        return None
    hours: dict[str, list[str]] = {}
    for each in sorted(row.get("intervals") or (), key=lambda each: int(each["start_time"])):
        start, end = int(each["start_time"]), int(each["end_time"])
        hours.setdefault(DAYS[start // _DAY % 7], []).append(f"{_clock(start)}-{_clock(end, closing=True)}")
    closed = (_dates(each) for each in sorted(holidays, key=lambda each: str(each.get("start_date"))))
    return Schedule(
        str(row.get("name") or row.get("id")), zone, {day: tuple(slots) for day, slots in hours.items()}, tuple(closed)
    )


def _clock(minute: int, *, closing: bool = False) -> str:
    of_day = minute % _DAY
    if closing and of_day == 0:
        return "24:00"
    return f"{of_day // 60:02}:{of_day % 60:02}"


def _dates(holiday: Row) -> str:
    first, last = str(holiday["start_date"]), str(holiday.get("end_date") or holiday["start_date"])
    return first if first == last else f"{first}..{last}"
