"""Calendar files written for tests, as calendar programs write them."""

from __future__ import annotations

HEAD = "VERSION:2.0\r\nPRODID:-//Example//Calendar//EN\r\n"


def event(title: str, *lines: str, uid: str = "") -> str:
    """One event; ``lines`` are its properties, such as ``DTSTART;VALUE=DATE:20261224``."""
    inside = [f"UID:{uid or title}@example.com", "DTSTAMP:20260101T000000Z", f"SUMMARY:{title}", *lines]
    return "\r\n".join(["BEGIN:VEVENT", *inside, "END:VEVENT", ""])


def days(title: str, first: str, after: str = "", *lines: str) -> str:
    """An event of whole days; ``after`` is the day on which it is over (left out: it lasts one day)."""
    end = (f"DTEND;VALUE=DATE:{after}",) if after else ()
    return event(title, f"DTSTART;VALUE=DATE:{first}", *end, *lines)


def hours(title: str, begin: str, end: str, *lines: str, zone: str = "") -> str:
    """An event of some hours, in a zone or in none (``Z`` at the end of a time is UTC)."""
    at = f";TZID={zone}" if zone else ""
    return event(title, f"DTSTART{at}:{begin}", f"DTEND{at}:{end}", *lines)


def calendar(*events: str, more: str = "") -> str:
    """A whole calendar file."""
    return f"BEGIN:VCALENDAR\r\n{HEAD}{more}{''.join(events)}END:VCALENDAR\r\n"
