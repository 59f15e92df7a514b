"""Instants and lengths of time in words: on the clocks of a place, short enough for a column."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST = 14 * 86_400


def moment(text: str) -> datetime:
    """The instant of an ISO text."""
    return datetime.fromisoformat(text).astimezone(UTC)


def day_words(day: date, today: date) -> str:
    """``Mon 28 Dec``; with the year where it is another one than today's."""
    said = f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return said if day.year == today.year else f"{said} {day.year}"


def moment_words(instant: datetime, zone: ZoneInfo, at: datetime) -> str:
    """``Mon 28 Dec 09:00`` on the clocks of a zone, seen from the instant ``at``."""
    local = instant.astimezone(zone)
    return f"{day_words(local.date(), at.astimezone(zone).date())} {local:%H:%M}"


def length_words(seconds: float) -> str:
    """``35 min``, ``2 h 10 min``, ``30 h``, ``3 days 4 h``: rounded down to minutes, of long ones to hours and days."""
    minutes = int(abs(seconds)) // 60
    if minutes < 1:
        return "0 min" if not seconds else "under a minute"
    if abs(seconds) >= _MOST:
        return f"{minutes // 1440} days"
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        days, hours = divmod(hours, 24)
        return f"{days} days {hours} h" if hours else f"{days} days"
    if hours >= 10:
        return f"{hours} h"
    return " ".join(part for part in (f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes)) if part)


def working_words(seconds: float) -> str:
    """A length of working time: hours and minutes only, because its days are no days of the wall clock."""
    minutes = int(abs(seconds)) // 60
    if minutes < 1:
        return length_words(seconds)
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes)) if part)


def distance_words(due: datetime, at: datetime) -> str:
    """``in 35 min``, ``2 h late``, ``now``, on the wall clock."""
    seconds = (due - at) / timedelta(seconds=1)
    if abs(seconds) < 60:
        return "now"
    return f"in {length_words(seconds)}" if seconds > 0 else f"{length_words(seconds)} late"
