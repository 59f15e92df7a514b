"""Calendar files (``.ics``, RFC 5545): holidays, absences and rotas as a calendar program writes them.

They are read with ``icalendar`` and ``recurring-ical-events`` (the extra ``ical``), which are imported when the first file
is. What recurs is worked out year by year, as it is asked for. Cancelled events are left out; whether an event is marked
as *free* or *busy* makes no difference. Instants are aware and in UTC.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from .holiday_list import CalendarError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FIRST_YEAR = 1970
LAST_YEAR = 2200
_NO_YEAR_BEFORE = 1800
_DAY = timedelta(days=1)
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DATED = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", None)
_ONCE = ("UID", "DTSTART", "DTEND", "DURATION", "STATUS", "RECURRENCE-ID")
_AGAIN = "save it again in your calendar program, in the iCalendar format"


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar file: its ``name`` as the rule file writes it, and what is in it.

    ``zone`` is where whole days lie, and times that are written without a zone.
    """

    name: str
    content: str = field(repr=False)
    zone: str = "UTC"

    @property
    def version(self) -> str:
        """Its name, and the first digits of the SHA-256 of what is in it."""
        return f"{self.name} {hashlib.sha256(self.content.encode()).hexdigest()[:12]}"


class Happening(NamedTuple):
    """One event, from ``begin`` to before ``end``. ``guests`` are the e-mail addresses of those invited, in lower case."""

    begin: datetime
    end: datetime
    title: str
    guests: tuple[str, ...]


def check(file: CalendarFile) -> None:
    """Make sure that the file can be used.

    Raises:
        CalendarError: it is no calendar or broken, or the extra ``ical`` is missing.
    """
    _opened(file.content)
    last_day(file)
    years = {each.begin.year for each in each_event(file)}
    for year in sorted(years)[-1:]:
        _of_year(file, year)


def happenings(file: CalendarFile, first: datetime, last: datetime) -> list[Happening]:
    """What happens at some time from ``first`` to before ``last``, in order; what recurs as often as it does."""
    years = range(max(first.year, FIRST_YEAR), min(last.year, LAST_YEAR) + 1)
    found = {each for year in years for each in _of_year(file, year)}
    return sorted(each for each in found if each.begin < last and each.end > first)


@lru_cache(maxsize=1024)
def closed_days(file: CalendarFile, year: int) -> frozenset[date]:
    """The days of a year that an event covers from midnight to midnight."""
    found = {day for each in _of_year(file, year) for day in whole_days(each, file.zone)}
    return frozenset(day for day in found if day.year == year)


def whole_days(happening: Happening, zone: str) -> list[date]:
    """The days of a zone that an event covers from midnight to midnight."""
    first = happening.begin.astimezone(ZoneInfo(zone)).date()
    days = (first + number * _DAY for number in range((happening.end - happening.begin).days + 2))
    return [
        day for day in days if happening.begin <= _midnight(day, zone) < _midnight(day + _DAY, zone) <= happening.end
    ]


@lru_cache(maxsize=256)
def last_day(file: CalendarFile) -> date | None:
    """The last day on which an event ends that does not recur for ever; of a file where all do so, the last day of 2200.

    ``None``: there is no event in the file.
    """
    events = list(_events(file.content))
    endless = {str(event.get("UID")) for event in events if any(_is_endless(rule) for rule in _rules(event))}
    ended = [event for event in events if str(event.get("UID")) not in endless]
    if not ended:
        return date(LAST_YEAR, 12, 31) if events else None
    last = max((each.end for each in _expanded(_alone(ended), file, FIRST_YEAR, LAST_YEAR)), default=None)
    return (last - timedelta(microseconds=1)).astimezone(ZoneInfo(file.zone)).date() if last else None


def each_event(file: CalendarFile) -> Iterator[Happening]:
    """Every event once, at its first time, whether or not it recurs."""
    for event in _events(file.content):
        found = _happening(event, file)
        if found is not None:
            yield found


def told(titles: Sequence[str]) -> str:
    """Events as a sentence names them: the first one, and how many more."""
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return f"`{titles[0][:60]}`{more}"


# --- events -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _of_year(file: CalendarFile, year: int) -> tuple[Happening, ...]:
    return tuple(each for calendar in _opened(file.content) for each in _expanded(calendar, file, year, year))


def _expanded(calendar: Any, file: CalendarFile, first: int, last: int) -> Iterator[Happening]:
    """Everything from a day before the first year to a day after the last: no zone is further away."""
    try:
        query = _library().of(calendar)
        events = query.between(datetime(first, 1, 1) - 2 * _DAY, datetime(last, 12, 31) + 2 * _DAY)  # noqa: DTZ001
        happened = [_happening(event, file) for event in events]
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise CalendarError(f"its events cannot be worked out: {_short(error)}", _AGAIN) from None
    yield from (each for each in happened if each is not None)


def _happening(event: Any, file: CalendarFile) -> Happening | None:
    """An event at the time that stands in it; ``None`` if it is cancelled or takes no time."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    begin, end = event.start, event.end
    if not isinstance(begin, datetime) and end <= begin:
        end = begin + _DAY  # some programs write the day itself as the end of a day
    begin, end = _instant(begin, file.zone), _instant(end, file.zone)
    return Happening(begin, end, _title(event), tuple(_guests(event))) if begin < end else None


def _title(event: Any) -> str:
    return " ".join(" ".join(map(str, _listed(event.get("SUMMARY")))).split())


def _instant(at: date | datetime, zone: str) -> datetime:
    if not isinstance(at, datetime):
        return _midnight(at, zone)
    return (at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _guests(event: Any) -> Iterator[str]:
    for guest in _listed(event.get("ATTENDEE")):
        scheme, _, address = str(guest).partition(":")
        if scheme.lower() == "mailto":
            yield address.strip().lower()


def _listed(value: Any) -> list[Any]:
    """A property that may stand once, several times, or not at all."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _rules(event: Any) -> list[Any]:
    return _listed(event.get("RRULE"))


def _is_endless(rule: Any) -> bool:
    until = next(iter(rule.get("UNTIL") or ()), None)
    return not rule.get("COUNT") and (until is None or until.year > LAST_YEAR)


# --- reading ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _opened(content: str) -> tuple[Any, ...]:
    """The calendars of a file, each known to be sound.

    Raises:
        CalendarError: there is none, or one is broken.
    """
    _library()
    from icalendar import Calendar

    try:
        found = [each for each in Calendar.from_ical(content, multiple=True) if each.name == "VCALENDAR"]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CalendarError(f"this is no calendar file: {_short(error)}", _AGAIN) from None
    if not found:
        raise CalendarError("there is no whole calendar in this file", _AGAIN)
    for calendar in found:
        for event in calendar.walk("VEVENT"):
            _sound(event)
    return tuple(found)


def _events(content: str) -> Iterator[Any]:
    """The events as they are written, those that are cancelled left out."""
    written = (event for calendar in _opened(content) for event in calendar.walk("VEVENT"))
    return (event for event in written if str(event.get("STATUS", "")).upper() != "CANCELLED")


def _alone(events: Iterable[Any]) -> Any:
    from icalendar import Calendar

    calendar = Calendar()
    for event in events:
        calendar.add_component(event)
    return calendar


def _sound(event: Any) -> None:
    """Refuse an event whose time cannot be told, or that recurs so often that nobody meant it."""
    title = f"the event `{_title(event)[:60] or 'without a title'}`"
    broken = next((said for name, said in event.errors if name in _DATED), None)
    if broken is not None:
        raise CalendarError(f"{title} is broken: {_short(broken)}", _AGAIN)
    if event.get("DTSTART") is None:
        raise CalendarError(f"{title} does not say when it begins", "give it a date in your calendar program")
    for name in _ONCE:
        if isinstance(event.get(name), list):
            raise CalendarError(f"{title} has `{name}` twice", _AGAIN)
    for name in ("DTSTART", "DTEND"):
        _known_zone(event.get(name), title)
    try:
        years = event.start.year, event.end.year
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise CalendarError(f"{title} is broken: {_short(error)}", _AGAIN) from None
    if min(years) < _NO_YEAR_BEFORE or max(years) > LAST_YEAR:
        hint = f"let it lie between {_NO_YEAR_BEFORE} and {LAST_YEAR}"
        raise CalendarError(f"{title} goes from {min(years)} to {max(years)}", hint)
    for rule in _rules(event):
        _seldom(rule, title)


def _known_zone(at: Any, title: str) -> None:
    """The library takes a time of an unknown zone for one without a zone."""
    zone = at.params.get("TZID") if at is not None else None
    if zone is not None and isinstance(at.dt, datetime) and at.dt.tzinfo is None:
        raise CalendarError(f"{title} is in an unknown time zone `{zone}`", "choose a zone such as `Europe/Berlin`")


def _seldom(rule: Any, title: str) -> None:
    often = next(iter(rule.get("FREQ") or ()), "") not in _FREQUENCIES
    in_a_day = prod(len(_listed(rule.get(part))) or 1 for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    if often or in_a_day > 24:
        raise CalendarError(f"{title} recurs more than 24 times a day, or nobody knows when", "let it recur by days")
    if min(map(int, _listed(rule.get("INTERVAL")) or [1])) < 1:
        raise CalendarError(f"{title} recurs every 0 days", "correct how often it recurs")


def _short(error: object) -> str:
    text = str(error).splitlines()
    return text[0][:120] if text else type(error).__name__


def _library() -> Any:
    try:
        import recurring_ical_events
    except ImportError:
        hint = "install it with `pip install 'makegood[ical]'`, or write the days into the rule file"
        raise CalendarError("calendar files need the extra `ical`", hint) from None
    return recurring_ical_events
