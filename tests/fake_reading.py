"""What the tests of promises share: a moment of writing in an office, and promises told briefly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makegood.rules.calendar import Calendar, CalendarSpec
from makegood.rules.durations import parse_instant, parse_zone
from makegood.rules.promises import Reading, promises_in

if TYPE_CHECKING:
    from datetime import date

    from makegood.rules.promises import Found

OFFICE = (((540, 1020),),) * 5 + ((), ())
THURSDAY = "2026-03-12 10:00"


def reading(at: str = THURSDAY, zone: str = "Europe/Berlin", *, closed: tuple[date, ...] = (), **more: Any) -> Reading:
    """Somebody writes at this local time, in an office that works from Monday to Friday, 09:00 to 17:00."""
    spec = CalendarSpec("office", zone, more.pop("hours", OFFICE), frozenset(closed))
    return Reading(parse_instant(at, parse_zone(zone)), Calendar(spec), language=more.pop("language", "en"), **more)


def told(found: Found, here: Reading) -> str:
    """Grade and local due time: ``day 2026-03-13 17:00``."""
    zone = here.zone or here.calendar.zone
    due = f"{found.due.astimezone(zone):%Y-%m-%d %H:%M}" if found.due else "none"
    return f"{found.grade} {due}"


def promised(text: str, here: Reading | None = None) -> list[str]:
    """What a text promises, each as ``day 2026-03-13 17:00``."""
    here = here or reading()
    return [told(found, here) for found in promises_in(text, here)]
