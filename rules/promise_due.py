"""When a time that somebody wrote is: the conventions of promises, on the author's calendar and clock.

Days and clock times are those of the author's zone unless one is named; hours and minutes are elapsed time in UTC.
``docs/promises.md`` lists the conventions for people.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .calendar import CalendarError
from .promise_language import MONTHS, WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .calendar import Calendar
    from .promise_times import Atom, Time
    from .promises import Grade, Reading

MORNING_BEGINS = time(6)
NOON = time(12)
LUNCH_ENDS = time(14)
AFTERNOON_ENDS = time(17)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due (UTC, None: no time), how exactly that was said, and by which convention."""

    at: datetime | None
    grade: Grade
    convention: str


def due_of(when: Time, reading: Reading) -> Due | None:
    """When a time is, the latest of its choices; None where it is no day that exists, or nothing to be held to."""
    if when.roles & {"past", "other"}:
        return None
    shared = next((atom for choice in when.choices for atom in choice if atom.role == "day"), None)
    found: list[Due] = []
    for choice in when.choices:
        alone = {atom.role for atom in choice} == {"clock"} and shared is not None
        try:
            due = _Clock(reading).due((*choice, shared) if alone and shared else choice)
        except (ValueError, OverflowError, CalendarError):
            return None
        if due is not None:
            found.append(due)
    dated = [due for due in found if due.at is not None]
    return max(dated, key=lambda due: due.at or reading.at) if dated else next(iter(found), None)


class _Clock:
    """The moment of writing, and what days and times mean from there."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.calendar: Calendar = reading.calendar
        self.zone = reading.zone or reading.calendar.zone
        self.at = reading.at.astimezone(UTC)
        self.local = self.at.astimezone(self.zone)
        self.today = self.local.date()

    def due(self, atoms: tuple[Atom, ...]) -> Due | None:
        """When the atoms together are."""
        by_role = {atom.role: atom for atom in reversed(atoms)}
        dates = [atom for atom in atoms if atom.meaning == "date"]
        if dates:
            by_role["day"] = dates[0]
        if "soon" in by_role:
            return Due(None, "vague", "no time that anybody could be held to")
        if "after" in by_role:
            return self._after(by_role["after"])
        if "clock" in by_role:
            return self._at_clock(by_role)
        if "week" in by_role and "day" not in by_role:
            return self._week(by_role["week"])
        return self._on_day(by_role)

    # --- elapsed time -------------------------------------------------------------------------------------------------

    def _after(self, atom: Atom) -> Due:
        amount, unit = float(atom.slots.get("number", "1")), atom.slots["unit"]
        if unit == "business_hour":
            at = self.calendar.add_seconds(self.at, amount * 3600)
            return Due(at, "exact", f"business hours run on the calendar ({self._names()})")
        minutes = {"minute": 1, "quarter_hour": 15, "hour": 60}[unit]
        return Due(self.at + timedelta(minutes=minutes * amount), "exact", "hours and minutes are elapsed time")

    # --- days ---------------------------------------------------------------------------------------------------------

    def _on_day(self, atoms: Mapping[str, Atom]) -> Due | None:
        part = atoms.get("part")
        day_atom = atoms.get("day")
        if day_atom is None and part is None:
            return None
        if part is not None and part.meaning != "closing":
            return self._part(part.meaning, day_atom, atoms)
        if day_atom is None:
            return self._closing(self.today, "the end of the day")
        unit = day_atom.slots.get("unit")
        named = day_atom.meaning in {"weekday", "this_weekday"}
        day = self._day(day_atom, atoms, self._shut if named else self._end)
        if unit in {"week", "month"}:
            due = self._closing(day, "weeks are counted to the same weekday, which")
            return Due(due.at, "week", due.convention)
        if unit == "business_day":
            return self._closing(day, f"{day_atom.slots.get('number', '1')} business days, of which the last")
        return self._closing(day, "a bare day")

    def _part(self, meaning: str, day_atom: Atom | None, atoms: Mapping[str, Atom]) -> Due:
        """A part of a day ends at its own time."""

        def end(day: date) -> datetime:
            return self._part_end(meaning, day)

        day = self._day(day_atom, atoms, end) if day_atom else self.today
        if day_atom is None and meaning == "morning":
            day = self._next_morning(self.local)
        says = {
            "morning": "a morning ends at 12:00",
            "this_morning": "a morning ends at 12:00",
            "midday": "midday ends at 14:00",
            "afternoon": "an afternoon ends at 17:00, or at closing where that is earlier",
            "evening": "an evening ends at midnight",
        }
        return Due(end(day), "day", f"{says[meaning]} ({self.zone.key})")

    def _part_end(self, meaning: str, day: date) -> datetime:
        if meaning == "evening":
            return self._midnight(day)
        if meaning == "afternoon":
            closing = self.calendar.closing_of(day)
            end = self._wall(day, AFTERNOON_ENDS)
            return closing if closing is not None and self._wall(day, NOON) < closing < end else end
        return self._wall(day, LUNCH_ENDS if meaning == "midday" else NOON)

    def _day(self, atom: Atom, atoms: Mapping[str, Atom], end: Callable[[date], datetime]) -> date:
        """The day an atom names; ``end`` says when a day is over, for days that may be this one or the next such."""
        if atom.meaning in {"weekday", "this_weekday", "next_weekday", "weekday_after"}:
            return self._weekday(atom, atoms.get("week"), end)
        if atom.meaning == "date":
            return self._date(atom, end)
        if atom.meaning in {"within", "within_one"}:
            return self._days_later(atom)
        return self.today + DAY * {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}[atom.meaning]

    def _weekday(self, atom: Atom, week: Atom | None, end: Callable[[date], datetime]) -> date:
        number = WEEKDAYS.index(atom.slots["weekday"])
        monday = self.today - DAY * self.today.weekday()
        if week and week.meaning == "week_number" and (span := self._named_span(week)):
            return span[0] + DAY * number
        meaning = "next_weekday" if week and week.meaning not in {"this_week", "weekend"} else atom.meaning
        if meaning == "next_weekday":
            return monday + DAY * (7 + number + 7 * (week is not None and week.meaning == "week_after_next"))
        ahead = self.today + DAY * ((number - self.today.weekday()) % 7)
        if end(ahead) <= self.at:
            ahead += 7 * DAY
        return ahead + 7 * DAY if meaning == "weekday_after" else ahead

    def _days_later(self, atom: Atom) -> date:
        amount, unit = float(atom.slots.get("number", "1")), atom.slots["unit"]
        if unit == "business_day":
            return self.calendar.nth_working_day(self.today, max(1, math.ceil(amount)))
        if unit == "month":
            months = self.today.month - 1 + max(1, math.ceil(amount))
            first = date(self.today.year + months // 12, months % 12 + 1, 1)
            return min(first + DAY * (self.today.day - 1), _month_end(first))
        return self.today + DAY * math.ceil(amount * (7 if unit == "week" else 1))

    def _date(self, atom: Atom, end: Callable[[date], datetime]) -> date:
        year, month, day = self._written(atom)
        if year is not None:
            return date(year, month or self.today.month, day)
        if month is None:
            return self._next_nth(day, end)
        here = _existing(self.today.year, month, day)
        return here if here is not None and end(here) > self.at else _needed(self.today.year + 1, month, day)

    def _next_nth(self, day: int, end: Callable[[date], datetime]) -> date:
        """The next such day of a month: *on the 24th*."""
        year, month = self.today.year, self.today.month
        for _ in range(4):
            found = _existing(year, month, day)
            if found is not None and end(found) > self.at:
                return found
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        raise ValueError("no month has such a day")

    def _written(self, atom: Atom) -> tuple[int | None, int | None, int]:
        """Year, month and day as written; the order of ``3/4`` is that of the reading, unless only one can be."""
        slots = atom.slots
        figures = slots.get("date") or slots.get("d.m")
        if figures is None:
            day = int(re.sub(r"\D", "", slots.get("day") or slots["nth"]))
            month = MONTHS.index(slots["month"]) + 1 if "month" in slots else None
            return (int(slots["year"]) if "year" in slots else None), month, day
        numbers = [int(each) for each in re.findall(r"\d+", figures)]
        if numbers[0] > 31:
            return numbers[0], numbers[1], numbers[2]
        first, second = numbers[:2]
        swapped = "/" in figures and (self.reading.date_order == "MDY" or second > 12) and first <= 12
        day, month = (second, first) if swapped else (first, second)
        year = numbers[2] + (2000 if numbers[2] < 100 else 0) if len(numbers) > 2 else None
        return year, month, day

    # --- clock times --------------------------------------------------------------------------------------------------

    def _at_clock(self, atoms: Mapping[str, Atom]) -> Due:
        named = atoms["zone"].slots["zone"] if "zone" in atoms else ""
        zone = ZoneInfo(named) if named else self.zone
        hour, minute = _clock(atoms["clock"], atoms.get("part"))
        today = self.at.astimezone(zone).date()

        def moment(day: date) -> datetime:
            begin = day + DAY * (hour // 24)
            return datetime.combine(begin, time(hour % 24, minute), zone).astimezone(UTC)

        if "day" in atoms:
            day = self._day(atoms["day"], atoms, moment)
        elif "part" in atoms or moment(today) > self.at:
            morning = "part" in atoms and atoms["part"].meaning == "morning"
            day = self._next_morning(self.at.astimezone(zone)) if morning else today
        else:
            day = self.calendar.nth_working_day(today, 1)
        return Due(moment(day), "exact", f"a clock time is that of {zone.key}")

    def _next_morning(self, local: datetime) -> date:
        """The day of *in the morning*: who is up before six means this one."""
        return local.date() if local.time() < MORNING_BEGINS else self.calendar.nth_working_day(local.date(), 1)

    # --- weeks --------------------------------------------------------------------------------------------------------

    def _week(self, atom: Atom) -> Due:
        meaning = atom.meaning
        monday = self.today - DAY * self.today.weekday()
        if meaning == "weekend":
            sunday = monday + 6 * DAY
            return Due(self._midnight(sunday), "week", f"a weekend ends with Sunday ({self.zone.key})")
        if meaning == "few_days":
            due = self._closing(self.calendar.nth_working_day(self.today, 5), "a few days are five working days, which")
            return Due(due.at, "week", due.convention)
        first, last, says = (
            self._named_span(atom)
            or {
                "this_week": (monday, monday + 6 * DAY, "a week"),
                "next_week": (monday + 7 * DAY, monday + 13 * DAY, "a week"),
                "week_after_next": (monday + 14 * DAY, monday + 20 * DAY, "a week"),
                "early_next_week": (monday + 7 * DAY, monday + 8 * DAY, "the beginning of a week"),
                "mid_next_week": (monday + 7 * DAY, monday + 10 * DAY, "the middle of a week"),
                "this_month": (self.today.replace(day=1), _month_end(self.today), "a month"),
                "next_month": (_month_end(self.today) + DAY, _month_end(_month_end(self.today) + DAY), "a month"),
            }[meaning]
        )
        working = [day for day in _days(first, last) if self.calendar.is_working_day(day)]
        day = working[-1] if working else last
        end = self._end(day) if self._end(day) > self.at else self._midnight(last)
        return Due(end, "week", f"{says} ends at closing of its last working day ({self._shown(end)})")

    def _named_span(self, atom: Atom) -> tuple[date, date, str] | None:
        """The next calendar week of a number, or the next month of a name; None: it is named otherwise."""
        if atom.meaning == "week_number":
            here, number = self.today.isocalendar(), int(float(atom.slots["number"]))
            first = date.fromisocalendar(here.year + (number < here.week), number, 1)
            return first, first + 6 * DAY, "a week"
        if atom.meaning == "month":
            month = MONTHS.index(atom.slots["month"]) + 1
            first = date(self.today.year + (month < self.today.month), month, 1)
            return first, _month_end(first), "a month"
        return None

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _closing(self, day: date, what: str) -> Due:
        closing, end = self.calendar.closing_of(day), self._end(day)
        if closing == end:
            return Due(end, "day", f"{what} ends at closing time ({self._shown(end)})")
        why = "closing has passed" if closing is not None else "the calendar is closed that day"
        return Due(end, "day", f"{what} ends at midnight where {why} ({self.zone.key})")

    def _end(self, day: date) -> datetime:
        """Closing of a day; the end of the author's day where the calendar is closed then, or has closed already."""
        closing = self.calendar.closing_of(day)
        if closing is None or (closing <= self.at and day == self.today):
            return self._midnight(day)
        return closing

    def _shut(self, day: date) -> datetime:
        """Closing of a day, also when it is over; midnight where the calendar is closed then."""
        return self.calendar.closing_of(day) or self._midnight(day)

    def _midnight(self, day: date) -> datetime:
        return self._wall(day + DAY, time())

    def _wall(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def _shown(self, instant: datetime) -> str:
        return f"{instant.astimezone(self.calendar.zone):%H:%M}, {self.calendar.zone.key}"

    def _names(self) -> str:
        return self.calendar.spec.name


def _clock(atom: Atom, part: Atom | None) -> tuple[int, int]:
    """Hour (0 to 24) and minute. Without a.m. and p.m., 1 to 6 o'clock is in the afternoon unless written ``03:00``."""
    fixed = {"noon": (12, 0), "midnight": (24, 0)}
    if atom.meaning in fixed:
        return fixed[atom.meaning]
    slots = atom.slots
    written = slots.get("hm") or slots.get("h.m") or slots.get("h") or slots.get("number", "0")
    numbers = [int(each) for each in re.findall(r"\d+", written)]
    hour, minute = numbers[0], numbers[1] if len(numbers) > 1 and "number" not in slots else int(slots.get("m", "0"))
    early = part is not None and part.meaning in {"morning", "this_morning"}
    late = part is not None and part.meaning in {"afternoon", "evening"}
    bare = not ("am" in slots or "pm" in slots or written.startswith("0"))
    if "pm" in slots or (bare and ((hour < 7 and not early) or (late and hour < 12))):
        hour = hour % 12 + 12 if hour < 13 and hour != 0 else hour
    elif "am" in slots and hour == 12:
        hour = 0
    shift = {"half_past": 30, "half_to": -30, "quarter_past": 15, "quarter_to": -15}.get(atom.meaning, 0)
    total = hour * 60 + minute + shift
    if total > 24 * 60:
        raise ValueError("no such time of day")
    return divmod(total, 60)


def _month_end(day: date) -> date:
    first = day.replace(day=1)
    return (first + 31 * DAY).replace(day=1) - DAY


def _days(first: date, last: date) -> list[date]:
    return [first + DAY * number for number in range((last - first).days + 1)]


def _existing(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _needed(year: int, month: int, day: int) -> date:
    """The first such date from that year on: 29 February may take eight years."""
    for later in range(9):
        found = _existing(year + later, month, day)
        if found is not None:
            return found
    raise ValueError("there is no such day")
