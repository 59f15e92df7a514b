"""Lengths of time and points in time as admins write them: ``4 business hours``, ``2026-12-24``, ``2026-12-28 09:01``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from .diagnostics import did_you_mean

if TYPE_CHECKING:
    from datetime import tzinfo

Unit = Literal["minute", "hour", "day", "week"]
_SECONDS: dict[Unit, int] = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_LONGEST = 100 * 366 * 86_400
_SHORT: dict[str, Unit] = {
    **dict.fromkeys(["m", "min", "mins"], "minute"),
    **dict.fromkeys(["h", "hr", "hrs", "std"], "hour"),
    "d": "day",
    **dict.fromkeys(["w", "wk", "wks"], "week"),
}
_WORDS = {"a": "1", "an": "1", "one": "1", "two": "2", "three": "3", "half": "0.5"}
_DURATION = re.compile(r"(?P<amount>[+-]?[\d.,_/]+|[a-z]+(?=\s))\s*(?P<words>[a-z][a-z\s-]*)", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ]|\s+)(\d\d?:\d\d(?::\d\d)?)\s*(Z|[+-]\d\d:?\d\d|[A-Za-z][\w+/-]*)?", re.ASCII
)


class UnreadableError(ValueError):
    """A length or point in time that cannot be understood; ``hint`` says what to write instead and may be empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: on the wall clock, or of ``business`` time on a calendar. Business days are whole days."""

    amount: Fraction
    unit: Unit
    business: bool = False

    @property
    def length(self) -> timedelta:
        """How long it is; for business minutes and hours how much open time.

        Raises:
            ValueError: a business day has no fixed length: only a calendar can add it.
        """
        if self.business and self.unit == "day":
            raise ValueError("a business day has no fixed length: only a calendar can add it")
        return timedelta(microseconds=round(self.amount * _SECONDS[self.unit] * 1_000_000))

    def __str__(self) -> str:
        """As it is written in a rule file: ``1.5 hours``, ``1 business day``."""
        whole = self.amount.denominator == 1
        amount = str(self.amount.numerator) if whole else f"{float(self.amount):.6f}".rstrip("0")
        return f"{amount} {'business ' if self.business else ''}{self.unit}{'' if self.amount == 1 else 's'}"


def parse_duration(text: str) -> Duration:
    """Reads ``<number> <unit>`` or ``<number> business <unit>``.

    Raises:
        UnreadableError: it is something else, with what to write instead.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if not found:
        raise UnreadableError(
            f"`{text}` is not a length of time", "write for example `30 minutes` or `4 business hours`"
        )
    words = found["words"].split()
    written = _WORDS.get(found["amount"], found["amount"])
    unit = _unit(text, written, words[-1], business=len(words) > 1)
    amount = _amount(text, found["amount"], " ".join(words))
    if words[:-1] not in ([], ["business"]):
        raise UnreadableError(
            f"`{' '.join(words[:-1])}` is not known here", f"write `{Duration(amount, unit, business=True)}`"
        )
    return _allowed(text, Duration(amount, unit, business=len(words) > 1))


def _unit(text: str, amount: str, word: str, *, business: bool) -> Unit:
    singular = word.removesuffix("s")
    if singular in _SECONDS:
        return singular
    if word in _SHORT:
        unit = _SHORT[word]
        plural = unit if amount == "1" else f"{unit}s"
        if business:
            raise UnreadableError(f"`{text}` is abbreviated", f"write `{amount} business {plural}`")
        at_work = (
            "5 business days for each week" if unit == "week" else f"`{amount} business {plural}` for working time"
        )
        raise UnreadableError(
            f"`{text}` can mean two things", f"write `{amount} {plural}` for the wall clock, or {at_work}"
        )
    if singular in ("month", "quarter", "year"):
        raise UnreadableError(f"a {singular} has no fixed length", "write it in days or weeks, as in `30 days`")
    guess = did_you_mean(word, [f"{unit}s" for unit in get_args(Unit)])
    known = "units are minutes, hours, days and weeks; business minutes, hours and days"
    raise UnreadableError(f"`{word}` is not a unit of time", f"did you mean `{guess}`?" if guess else known)


def _amount(text: str, written: str, words: str) -> Fraction:
    if re.fullmatch(r"\d+(\.\d+)?", written) and len(written) <= 12:
        return Fraction(written)
    if written in _WORDS:
        raise UnreadableError("the number must be in digits", f"write `{_WORDS[written]} {words}`")
    if written.startswith("-"):
        raise UnreadableError(f"`{text}` is negative", "a length of time is never negative: leave out the minus")
    if re.fullmatch(r"\d+,\d+", written):
        raise UnreadableError("the decimal sign is a point", f"write `{written.replace(',', '.')} {words}`")
    raise UnreadableError(f"`{written}` is not a number", "write for example `30 minutes` or `1.5 hours`")


def _allowed(text: str, duration: Duration) -> Duration:
    if duration.business and duration.unit == "week":
        days = Duration(duration.amount * 5, "day", business=True)
        raise UnreadableError(
            "there are no business weeks", f"a week has five working days in most places: write `{days}`"
        )
    if duration.business and duration.unit == "day" and duration.amount.denominator != 1:
        raise UnreadableError("a business day cannot be divided", "write it in business hours")
    if duration.amount * _SECONDS[duration.unit] > _LONGEST:
        raise UnreadableError(f"`{text}` is longer than a hundred years", "write a shorter time")
    return duration


# --- points in time ---------------------------------------------------------------------------------------------------


def parse_date(text: str) -> date:
    """Reads ``2026-12-24``.

    Raises:
        UnreadableError: it is something else, or there is no such day.
    """
    found = _DATE.fullmatch(text.strip())
    if not found:
        raise UnreadableError(f"`{text}` is not a date", "write year, month and day, as in `2026-12-24`")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise UnreadableError(f"there is no day `{text}`", "write year, month and day, as in `2026-12-24`") from None


def parse_dates(text: str) -> tuple[date, date]:
    """Reads a day, or days from the first to the last as in ``2026-12-27..2027-01-01``: both are included.

    Raises:
        UnreadableError: it is something else, or the last day comes before the first.
    """
    first, _, last = text.partition("..")
    begin = parse_date(first)
    end = parse_date(last) if last else begin
    if ".." in text and not last:
        raise UnreadableError(f"`{text}` has no last day", f"write `{first}..` and the last day, or `{first}` alone")
    if end < begin:
        raise UnreadableError(f"`{text}` ends before it begins", f"write `{end}..{begin}`")
    return begin, end


def parse_instant(text: str, default: tzinfo) -> datetime:
    """Reads ``2026-12-28 09:01[:30]``, with ``Z``, ``+01:00`` or a zone's name behind it, else in the ``default`` zone.

    Returns:
        the instant in UTC. A local time that does not exist is moved on by the missing hour, a doubled one is the first.

    Raises:
        UnreadableError: it is something else, or there is no such day, time or zone.
    """
    found = _INSTANT.fullmatch(text.strip())
    if not found:
        hint = "write day and time, as in `2026-12-28 09:01`, and a zone behind it if it is not the calendar's"
        raise UnreadableError(f"`{text}` is not a point in time", hint)
    day = parse_date(found[1])
    try:
        clock = time.fromisoformat(f"0{found[2]}" if found[2][1] == ":" else found[2])
    except ValueError:
        raise UnreadableError(
            f"there is no time `{found[2]}`", "hours go from 00 to 23, minutes from 00 to 59"
        ) from None
    try:
        return datetime.combine(day, clock, _offset(found[3], default)).astimezone(UTC)
    except OverflowError:
        raise UnreadableError(f"there is no day `{text}`", "write a year between 1 and 9999") from None


def _offset(written: str | None, default: tzinfo) -> tzinfo:
    if written is None:
        return default
    if written in ("Z", "z"):
        return UTC
    if written[0] in "+-":
        hours, minutes = int(written[1:3]), int(written[-2:])
        if hours > 14 or minutes > 59:
            raise UnreadableError(f"there is no zone `{written}`", "write it as `+01:00`")
        shift = timedelta(hours=hours, minutes=minutes)
        return timezone(-shift if written[0] == "-" else shift)
    return parse_zone(written)


def parse_zone(name: str) -> ZoneInfo:
    """The time zone of this name in the IANA time zone database, as in ``Europe/Berlin``.

    Raises:
        UnreadableError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        known = available_timezones()
    wanted = name.strip().replace(" ", "_").lower()
    cities = sorted(zone for zone in known if zone.lower().rpartition("/")[2] == wanted.rpartition("/")[2])
    guess = cities[0] if cities else did_you_mean(name, sorted(known))
    hint = f"did you mean `{guess}`?" if guess else "write continent and city, as in `Europe/Berlin`"
    raise UnreadableError(f"there is no time zone `{name}`", hint)
