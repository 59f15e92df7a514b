"""Runs the tests of language files: a sentence, when and where it was written, and the promise it makes or does not make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from .calendar import Calendar, CalendarSpec
from .durations import parse_zone
from .promises import Reading, promises_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .promise_language import Languages, LanguageTest
    from .promises import Found

OFFICE_HOURS = (((540, 1020),),) * 5 + ((), ())
"""Monday to Friday 09:00-17:00: the calendar where nobody names one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a test wanted, what it got, both in words, and whether they agree."""

    test: LanguageTest
    wanted: str
    got: str
    passed: bool


def verdicts(languages: Languages) -> Iterator[Verdict]:
    """The tests of an admin's own language files."""
    for language in languages.own:
        for test in language.tests:
            yield verdict(test, language.code, languages)


def verdict(test: LanguageTest, code: str, languages: Languages) -> Verdict:
    """One test, read in the language of its file."""
    zone = parse_zone(test.tz or "UTC")
    calendar = Calendar(CalendarSpec("office hours", zone.key, OFFICE_HOURS))
    order: Literal["DMY", "MDY"] = "MDY" if test.date_order == "MDY" else "DMY"
    found = promises_in(test.text, Reading(test.at, calendar, zone, code, order, languages))
    if not test.promise:
        return Verdict(test, "no promise", _told(found), not found)
    wanted = " ".join(
        filter(None, ["a promise", test.grade, f"due {test.due:%Y-%m-%d %H:%M} UTC" if test.due else None])
    )
    return Verdict(test, wanted, _told(found), any(_agrees(test, each) for each in found))


def _agrees(test: LanguageTest, found: Found) -> bool:
    return test.grade in (None, found.grade) and test.due in (None, found.due)


def _told(found: tuple[Found, ...]) -> str:
    told = [
        f"{each.grade}, due {each.due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if each.due else each.grade for each in found
    ]
    return "; ".join(told) or "no promise"
