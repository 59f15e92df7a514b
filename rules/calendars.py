"""Reads the calendars of a rule file: time zone, working hours, holidays."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from .beside import CalendarFileName
from .calendar import CalendarSpec
from .calendar_file import each_event, told, whole_days
from .diagnostics import did_you_mean
from .durations import parse_zone
from .moments import Days, parsed
from .nodes import Mapping, Scalar
from .shapes import Key, Line, Many, Table, text_of

if TYPE_CHECKING:
    from datetime import date

    from .calendar_file import CalendarFile
    from .nodes import Node
    from .shapes import Fields, Reader, Schema

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SLOT = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*", re.ASCII)

Slot = tuple[int, int]
Hours = tuple[tuple[Slot, ...], ...]


@dataclass(frozen=True, slots=True)
class _Zone:
    """A time zone of the IANA database."""

    says: str = "a time zone such as `Europe/Berlin`"

    def read(self, node: Node, reader: Reader) -> str | None:
        zone = parsed(node, reader, self.says, "bad-calendar", parse_zone)
        return zone.key if zone is not None else None

    def schema(self) -> Schema:
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class DaySlot:
    """Time within a day in minutes since midnight; past midnight the end is beyond 24 hours."""

    says: str = "hours such as `09:00-17:30`"

    def read(self, node: Node, reader: Reader) -> Slot | None:
        text = text_of(node, reader, self.says)
        found = _SLOT.fullmatch(text) if text is not None else None
        if text is None:
            return None
        if found is None:
            reader.error("bad-calendar", node, f"`{text}` is not {self.says}", f"write {self.says}")
            return None
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if int(found[2]) > 59 or int(found[4]) > 59 or start >= 1440 or end > 1440 or start == end:
            reader.error("bad-calendar", node, f"`{text}` is not {self.says}", "hours go from 00:00 to 24:00")
            return None
        return (start, end) if end > start else (start, end + 1440)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*\d{1,2}:\d\d\s*-"}


@dataclass(frozen=True, slots=True)
class _Hours:
    """Open time by weekday: ``{mon-thu: [09:00-12:30, 13:30-17:30], fri: 09:00-15:00}``, as seven tuples from Monday."""

    says: str = "hours by weekday, such as `{mon-fri: 09:00-17:00}`"

    def read(self, node: Node, reader: Reader) -> Hours | None:
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"expected {self.says}", "name a weekday, then its hours")
            return None
        week: list[tuple[Slot, ...] | None] = [None] * 7
        for entry in node.entries:
            slots = tuple(sorted(Many(DaySlot()).read(entry.value, reader)))
            self._overlap(slots, entry.value, reader)
            for day in _days(entry.key, reader):
                if week[day] is not None:
                    message = f"the hours of {_NAMES[day].title()} are given twice"
                    reader.error("bad-calendar", entry.key, message, "name each day once")
                week[day] = slots
        if node.whole and not node.entries:
            reader.error("bad-calendar", node, "a calendar without working time", f"write {self.says}")
        return tuple(slots or () for slots in week)

    def _overlap(self, slots: tuple[Slot, ...], node: Node, reader: Reader) -> None:
        for first, second in pairwise(slots):
            if second[0] < first[1]:
                reader.error("bad-calendar", node, "these hours overlap", "let one end before the next begins")

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": Many(DaySlot()).schema()}


def _days(key: Scalar, reader: Reader) -> tuple[int, ...]:
    """The weekdays, from 0 for Monday, that ``mon``, ``mon-thu`` or ``sat, sun`` name; ``fri-mon`` runs over the weekend."""
    found: list[int] = []
    for piece in key.text.split(","):
        ends = [_day(word.strip(), key, reader) for word in piece.split("-")]
        if len(ends) > 2 or None in ends:
            return ()
        first, last = ends[0] or 0, ends[-1] or 0
        found += [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]
    return tuple(found)


def _day(word: str, key: Scalar, reader: Reader) -> int | None:
    spelled = word.lower()
    if spelled in DAYS:
        return DAYS.index(spelled)
    if spelled in _NAMES:
        return _NAMES.index(spelled)
    guess = did_you_mean(spelled, (*DAYS, *_NAMES))
    hint = f"did you mean `{guess}`?" if guess else "write `mon`, `mon-fri` or `sat, sun`"
    reader.error("bad-calendar", key, f"`{word}` is not a weekday", hint)
    return None


def _dates(ranges: tuple[tuple[date, date], ...]) -> frozenset[date]:
    """Every day of ranges whose first and last day are both included."""
    return frozenset(first + timedelta(days=day) for first, last in ranges for day in range((last - first).days + 1))


def _files(holidays: Fields | None, zone: str, reader: Reader) -> tuple[CalendarFile, ...]:
    """The calendar files of ``holidays`` in the calendar's zone; what closes no day in them is told."""
    files = tuple(replace(file, zone=zone) for file in (holidays.get("file", ()) if holidays is not None else ()))
    for file in files:
        where = holidays.at("file") if holidays is not None else None
        events = list(each_event(file))
        lost = [event.title for event in events if not whole_days(event, zone)]
        if where is not None and not events:
            reader.problems.warning(
                "calendar-file", where, f"there is no event in {file.name}", "fill it, or leave it out"
            )
        elif where is not None and lost:
            message = f"{told(lost)} in {file.name}: no whole day, so nothing is closed"
            reader.problems.warning("calendar-file", where, message, "make it an event of whole days, or leave it out")
    return files


def _holidays(fields: Fields, reader: Reader) -> Fields:
    if "region" in fields.nodes and "country" not in fields.nodes:
        reader.error("missing-key", fields.at("region"), "`region` of which country?", "add `country: DE`")
    return fields


HOLIDAYS = Table(
    "`holidays`",
    (
        Key("country", Line("a country code"), "The country whose public holidays are closed, such as `DE`."),
        Key("region", Line("a region code"), "Its state or region, such as `BE`."),
        Key(
            "file",
            Many(CalendarFileName()),
            "A calendar file whose whole-day events are closed, such as `holidays.ics`.",
        ),
        Key("closed", Many(Days()), "Further days that are closed."),
        Key("open", Many(Days()), "Holidays that are worked all the same."),
    ),
    _holidays,
    {"state": "did you mean `region`?", "dates": "did you mean `closed`?"},
    "holidays: {country: DE, region: BE, closed: [2026-12-24]}",
)


def _calendar(fields: Fields, reader: Reader) -> CalendarSpec:
    holidays = fields.get("holidays")
    given = holidays.values if holidays is not None else {}
    zone = fields.get("time_zone", "UTC")
    return CalendarSpec(
        name="",
        time_zone=zone,
        hours=fields.get("hours", ((),) * 7),
        closed=_dates(given.get("closed") or ()),
        open=_dates(given.get("open") or ()),
        country=given.get("country"),
        region=given.get("region"),
        files=_files(holidays, zone, reader),
    )


CALENDAR = Table(
    "a calendar",
    (
        Key("time_zone", _Zone(), "The time zone of its hours and days.", required=True),
        Key("hours", _Hours(), "When it is open, by weekday; `22:00-06:00` runs past midnight.", required=True),
        Key("holidays", HOLIDAYS, "Days on which it is closed all day."),
    ),
    _calendar,
    {
        "timezone": "did you mean `time_zone`?",
        "tz": "did you mean `time_zone`?",
        "closed": "`closed` stands in `holidays`",
    },
    "berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}",
)
