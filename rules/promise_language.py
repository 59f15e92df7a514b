"""The files that say how people promise in a language: their keys, their vocabulary, and reading them.

The built-in ones lie in ``rules/languages``; an admin's folder adds languages, or extends a built-in one: lists are
appended. ``docs/promises.md`` describes the format for people; ``promise_files`` reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from .diagnostics import Span

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
UNITS = ("minute", "quarter_hour", "hour", "business_hour", "day", "business_day", "week", "month")

TIMES: dict[str, str] = {
    "today": "This day, until closing.",
    "tomorrow": "The next day.",
    "day_after_tomorrow": "The day after the next.",
    "weekday": "The next such day, this day included while it is open. Slot `<weekday>`.",
    "this_weekday": "That day of this week; where it has passed, of the next. Slot `<weekday>`.",
    "next_weekday": "That day of next week (weeks begin on Monday). Slot `<weekday>`.",
    "weekday_after": "A week after the next such day. Slot `<weekday>`.",
    "date": "A date. Slots `<date>` (in figures), or `<day>`, `<month>` and perhaps `<year>`.",
    "within": "So much later. Slots `<number>` and `<unit>`.",
    "within_one": "One unit later, without a number. Slot `<unit>`.",
    "morning": "Until 12:00 of the day it stands with, else of the next working day (this day, before 06:00).",
    "this_morning": "Until 12:00 of this day; past after that.",
    "midday": "Until 14:00.",
    "afternoon": "Until 17:00, or closing where that is earlier.",
    "evening": "Until midnight.",
    "closing": "Until closing of the day it stands with, else of this day.",
    "clock": "A time of day. Slots `<hm>` (15:00), `<h.m>` (15.00), `<h>` (15) or `<number>`; `<am>`, `<pm>`.",
    "half_past": "Half an hour after a full hour. Slot `<h>` or `<number>`.",
    "half_to": "Half an hour before a full hour. Slot `<h>` or `<number>`.",
    "quarter_past": "A quarter of an hour after a full hour. Slot `<h>` or `<number>`.",
    "quarter_to": "A quarter of an hour before a full hour. Slot `<h>` or `<number>`.",
    "noon": "12:00.",
    "midnight": "24:00.",
    "zone": "The zone of a clock time. Slots `<zone>` (a name of `zones`) or `<city>` (of the tz database).",
    "this_week": "Until closing of this week's last working day.",
    "next_week": "Until closing of next week's last working day.",
    "week_after_next": "Until closing of the last working day of the week after next.",
    "early_next_week": "Until closing of next week's second day.",
    "mid_next_week": "Until closing of next week's fourth day.",
    "weekend": "Until the end of Sunday.",
    "few_days": "Until closing of the fifth working day.",
    "week_number": "Until closing of that calendar week's last working day. Slot `<number>`.",
    "month": "Until closing of the last working day of that month. Slot `<month>`.",
    "this_month": "Until closing of this month's last working day.",
    "next_month": "Until closing of next month's last working day.",
    "soon": "No time that anybody could hold us to.",
    "past": "A time that has been. It is never a due time.",
    "other": "Words that look like a time and are none. They are never a due time.",
}
"""What a time expression can mean, and its convention. A language file gives the phrases for each."""

WORDS: dict[str, str] = {
    "no_act": "Words that do not begin an act for a customer; `<act>` is any word that is none of these.",
    "joint": "Words at which a sentence is parted into pieces that are judged alone.",
    "lead": "Words that may stand between the beginning of a sentence and a time in front of the promise.",
    "glue": "Words that may stand between the parts of one time: *Friday at 15:00*.",
    "due": "Words in front of a time that say it is the due one: *by*, *within*.",
    "or": "Words between two times of which the later one counts.",
    "and": "Words behind which another act with a time of its own may follow: *I'll check today and call you tomorrow*.",
    "noun": "Words in front of a time that make it the name of a thing: *your Friday*.",
    "am": "What makes an hour one before noon.",
    "pm": "What makes an hour one after noon.",
    "ordinal": "What may follow the number of a day: *24th*.",
    "abbreviation": "Words whose full stop ends no sentence, without it.",
    "tag": "Short questions behind a comma that leave the sentence a statement.",
    "sign_off": "Lines above a signature.",
    "machine": "What a text says that a machine wrote: nothing in it is a promise.",
    "marker": "Words that mark a promise outright, in front of a colon or behind `#`.",
    "no_promise": "An agent's words: that was no promise.",
    "moved": "An agent's words: the promise has moved to the time behind them.",
}
"""The classes of ``words`` that the grammar itself uses. A file may define more for its own phrases."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Phrases under one name; text that ``but_not`` matches is not looked at."""

    says: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LanguageTest:
    """A sentence with the promise it makes; neither ``due`` nor ``grade``: it makes none."""

    text: str
    at: datetime
    span: Span = field(compare=False)
    tz: str | None = None
    due: datetime | None = None
    grade: str | None = None
    promise: bool = True
    date_order: str = "DMY"


@dataclass(frozen=True, slots=True)
class Language:
    """One language as its files describe it. Everything is text as written; ``promise_grammar`` gives it its meaning."""

    code: str
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gates: Mapping[str, Saying] = field(default_factory=dict)
    vetoes: Mapping[str, Saying] = field(default_factory=dict)
    times: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weekdays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    months: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Letters with what people write instead: every word that has them may be written so."""
    tests: tuple[LanguageTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages that are known: those built in, and what the files of an admin's own folder say."""

    own: tuple[Language, ...] = ()

    def __hash__(self) -> int:
        return hash(tuple(language.code for language in self.own))


def language_code(language: str | None) -> str:
    """The language of a ticket as language files are called: ``de`` for ``de-AT``; empty where none is said."""
    return (language or "").replace("_", "-").partition("-")[0].lower()


def together(first: Language, more: Language) -> Language:
    """One language with the lists of both."""
    values: dict[str, Any] = {"code": first.code, "tests": (*first.tests, *more.tests)}
    for name in ("words", "times", "weekdays", "months", "units", "numbers", "zones"):
        ours, theirs = getattr(first, name), getattr(more, name)
        values[name] = {key: (*ours.get(key, ()), *theirs.get(key, ())) for key in {**ours, **theirs}}
    values["spellings"] = {**first.spellings, **more.spellings}
    for name in ("gates", "vetoes"):
        ours, theirs = getattr(first, name), getattr(more, name)
        values[name] = {key: _both(ours.get(key, Saying()), theirs.get(key, Saying())) for key in {**ours, **theirs}}
    return Language(**values)


def respelled(language: Language) -> Language:
    """The language with every word that holds a letter of its ``spellings`` written in both ways."""
    if not language.spellings:
        return language

    def both(found: re.Match[str]) -> str:
        word, other = found[0], _in_other_letters(found[0], language.spellings)
        return word if word.startswith("<") or word == other else f"{word}|{other}"

    def phrases(listed: Iterable[str]) -> tuple[str, ...]:
        return tuple(_PHRASE_WORD.sub(both, phrase) for phrase in listed)

    def names(listed: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(each for name in listed for each in (name, _in_other_letters(name, language.spellings)))
        )

    values: dict[str, Any] = {
        key: {name: phrases(listed) for name, listed in getattr(language, key).items()} for key in ("words", "times")
    }
    for key in ("weekdays", "months", "units", "numbers", "zones"):
        values[key] = {name: names(listed) for name, listed in getattr(language, key).items()}
    for key in ("gates", "vetoes"):
        sayings = getattr(language, key).items()
        values[key] = {name: Saying(phrases(each.says), phrases(each.but_not)) for name, each in sayings}
    return replace(language, **values)


def _in_other_letters(word: str, spellings: Mapping[str, str]) -> str:
    for letter, other in spellings.items():
        word = word.replace(letter, other)
    return word


_PHRASE_WORD = re.compile(r"<[^>]*>|[^\s()|<>]+")


def _both(first: Saying, more: Saying) -> Saying:
    return Saying((*first.says, *more.says), (*first.but_not, *more.but_not))
