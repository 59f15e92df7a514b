"""Shapes of time: durations, days, instants, and the names of calendars."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from .durations import UnreadableError, parse_date, parse_dates, parse_duration, parse_instant
from .shapes import SCALAR, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from .durations import Duration
    from .nodes import Node
    from .shapes import Reader, Schema

T = TypeVar("T")


def parsed(node: Node, reader: Reader, says: str, code: str, parse: Callable[[str], T]) -> T | None:
    """What ``parse`` makes of a plain value; what it refuses is reported."""
    text = text_of(node, reader, says)
    if text is None:
        return None
    try:
        return parse(text)
    except UnreadableError as error:
        reader.error(code, node, str(error), error.hint)
        return None


@dataclass(frozen=True, slots=True)
class Length:
    """A duration. ``business``: it may run on a calendar, as in ``4 business hours``."""

    business: bool = True
    says: str = "a duration such as `4 hours` or `2 business days`"

    def read(self, node: Node, reader: Reader) -> Duration | None:
        length = parsed(node, reader, self.says, "bad-duration", parse_duration)
        if length is not None and length.business and not self.business:
            reader.error(
                "bad-duration",
                node,
                f"`{length}` runs on a calendar; here only the wall clock counts",
                "leave out `business`",
            )
        return length

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*\d"}


@dataclass(frozen=True, slots=True)
class Day:
    """A date."""

    says: str = "a date such as `2026-12-24`"

    def read(self, node: Node, reader: Reader) -> date | None:
        return parsed(node, reader, self.says, "bad-date", parse_date)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*\d{4}-"}


@dataclass(frozen=True, slots=True)
class Days:
    """A date, or a range of dates, as first and last day, both included."""

    says: str = "a date or `2026-12-27..2027-01-01`"

    def read(self, node: Node, reader: Reader) -> tuple[date, date] | None:
        return parsed(node, reader, self.says, "bad-date", parse_dates)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*\d{4}-"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or an instant in the reader's zone; with ``with_time`` only an instant. Instants are in UTC."""

    with_time: bool = False

    @property
    def says(self) -> str:
        return (
            "an instant such as `2026-12-28 09:01`" if self.with_time else "a date such as `2026-12-24`, or an instant"
        )

    def read(self, node: Node, reader: Reader) -> date | datetime | None:
        text = text_of(node, reader, self.says)
        if text is None:
            return None
        if ":" in text or "T" in text.upper():
            return parsed(node, reader, self.says, "bad-date", lambda written: parse_instant(written, reader.zone))
        day = parsed(node, reader, self.says, "bad-date", parse_date)
        if day is not None and self.with_time:
            reader.error("bad-date", node, f"`{text}` has no time of day", f"write it as `{text.strip()} 09:00`")
        return day

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*\d{4}-"}


def instant_text(instant: date | datetime | None) -> str | None:
    """An instant as desks are given it: ``2026-03-02T09:00:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(instant, datetime) else None


@dataclass(frozen=True, slots=True)
class CalendarName:
    """A calendar that the file defines, or ``always``."""

    says: str = "the name of a calendar"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = text_of(node, reader, self.says)
        if text is not None and text not in reader.calendars:
            reader.undefined("calendar", node, reader.calendars)
            return None
        return text

    def schema(self) -> Schema:
        return {"type": SCALAR}
