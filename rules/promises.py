"""What a sentence promises: an act for the customer by a time, found in what people write to each other.

Deterministic: the answer depends on the text and the :class:`Reading`, never on the machine's clock, zone or locale.
Markers (``follow up: Fri 15:00``) are the sure way in; sentences are judged by the grammar of their language, whose gates,
vetoes and times are data (``rules/languages``). Conventions: docs/promises.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from .durations import UnreadableError, parse_instant
from .promise_due import due_of
from .promise_grammar import grammars
from .promise_language import Languages, language_code
from .promise_phrases import folded
from .promise_sentences import fresh, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from .calendar import Calendar
    from .model import RuleSet
    from .promise_grammar import Grammar
    from .promise_times import Time

Grade = Literal["explicit", "exact", "day", "week", "vague"]
GRADES: tuple[Grade, ...] = ("explicit", "exact", "day", "week", "vague")
"""How exactly a promise is dated, best first."""

BUILT_IN = Languages()
LONGEST_MARKER = 200
"""How many characters behind a marker are read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A promise a text makes."""

    quote: str
    """The sentence, as written (white space folded)."""
    grade: Grade
    due: datetime | None
    """UTC; None for vague."""
    pattern: str
    """The id of the gate that matched, e.g. ``en.will-verb`` or ``marker.follow-up``."""
    words: str
    """The time words, as written."""
    convention: str
    """How the time was read, in plain words."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read: when and where they were written."""

    at: datetime
    """The moment of writing, aware."""
    calendar: Calendar
    zone: ZoneInfo | None = None
    """The author's zone; None: the calendar's."""
    language: str | None = None
    """``de``, ``de-AT``; None, or one that no file is for: every language is tried."""
    date_order: Literal["DMY", "MDY"] = "DMY"
    """How ``3/4`` is read."""
    languages: Languages = field(default=BUILT_IN, repr=False)
    """The languages built in, or with an admin's own."""


@dataclass(frozen=True, slots=True)
class Correction:
    """An agent's word about an earlier promise: ``no promise`` (``to`` is None) or ``promise moved to Tue 10:00``."""

    quote: str
    to: Found | None


@dataclass(frozen=True, slots=True)
class Look:
    """A sentence that was looked at: what it promises, and if nothing, why (``en.condition``, *no time words*)."""

    quote: str
    found: tuple[Found, ...] = ()
    why: str = ""


def promises_in(text: str, reading: Reading) -> tuple[Found, ...]:
    """What a text promises, markers and sentences, in its order."""
    return tuple(found for look in looks(text, reading) for found in look.found)


def looks(text: str, reading: Reading) -> Iterator[Look]:
    """Every sentence of a text with what it promises, or why it promises nothing."""
    here = _grammars(reading.languages, reading.language)
    if _by_machine(text, here):
        yield Look(" ".join(text.split())[:LONGEST_MARKER], why="a machine wrote it")
        return
    said: list[str] = []
    for line in fresh(text).split("\n"):
        marked = _marked(line, reading)
        if marked is None:
            said.append(line)
            continue
        yield from (_look(sentence, here, reading) for sentence in _sentences("\n".join(said), here))
        said = []
        yield marked
    yield from (_look(sentence, here, reading) for sentence in _sentences("\n".join(said), here))


def _by_machine(text: str, here: Sequence[Grammar]) -> bool:
    """Whether a text says of itself that no person wrote it."""
    plain = folded(fresh(text))
    return any(grammar.machine.search(plain) for grammar in here)


def is_silent(text: str, language: str | None, languages: Languages) -> bool:
    """Whether a message in a language promises nothing, whoever wrote it and when: no marker, nobody commits to a time."""
    lines = fresh(text).split("\n")
    if any(_marker(line, languages) for line in lines):
        return False
    here = _grammars(languages, language)
    if _by_machine(text, here):
        return True
    return not any(grammar.read(said).bound for said in _sentences("\n".join(lines), here) for grammar in here)


def marked_in(note: str, reading: Reading) -> tuple[Found, ...]:
    """Only the explicit markers of a text: what an internal note may hold."""
    marked = (_marked(line, reading) for line in fresh(note).split("\n"))
    return tuple(found for look in marked if look is not None for found in look.found)


def corrections_in(note: str, reading: Reading) -> tuple[Correction, ...]:
    """What the lines of a note say about an earlier promise: that it was none, or that it has moved."""
    found = (_correction(line, reading) for line in fresh(note).split("\n"))
    return tuple(correction for correction in found if correction is not None)


def time_of(text: str, reading: Reading) -> Found | None:
    """A date or time typed into a field: ``Fri 15:00``, ``2026-12-01``, ``2026-12-01T15:00:00Z``; None if it is none.

    It is read in the language that understands most of it: ``15:00`` alone is a time in any.
    """
    quote = " ".join(text.split())[:LONGEST_MARKER]
    try:
        zone = reading.zone or reading.calendar.zone
        return Found(quote, "exact", parse_instant(quote, zone), "field", quote, f"an instant ({zone.key})")
    except UnreadableError:
        pass
    read = (
        _first_time(quote, grammar, reading) for grammar in _grammars(reading.languages, reading.language, further=True)
    )
    return max((found for found in read if found), key=lambda found: len(found.words), default=None)


def languages_for(ruleset: RuleSet) -> Languages:
    """The languages that a rule file's promises are read in."""
    return ruleset.languages


# --- sentences --------------------------------------------------------------------------------------------------------


def _grammars(languages: Languages, language: str | None, *, further: bool = False) -> list[Grammar]:
    """The grammars to read with: that of the language, where there is one; ``further``: the others after it."""
    known = grammars(languages)
    code = language_code(language)
    if code not in known:
        return list(known.values())
    return [known[code], *(other for other in known.values() if further and other.code != code)]


def _sentences(text: str, with_: list[Grammar]) -> Iterator[str]:
    if not text.strip():
        return
    abbreviations = frozenset[str]().union(*(grammar.abbreviations for grammar in with_))
    sign_offs = re.compile("|".join(grammar.sign_off.pattern for grammar in with_))
    yield from filter(None, sentences(text, abbreviations, sign_offs))


def _look(sentence: str, with_: list[Grammar], reading: Reading) -> Look:
    """The first language in which the sentence promises something; else the reason of the one that came nearest."""
    reasons: list[str] = []
    for grammar in with_:
        read = grammar.read(sentence)
        found = tuple(each for bound in read.bound if (each := _found(sentence, bound.gate, bound.time, reading)))
        if found:
            return Look(sentence, found)
        reasons.append("the time has passed" if read.bound else read.why)
    return Look(sentence, why=max(reasons, key=_nearness, default=""))


def _nearness(why: str) -> int:
    order = ("no time words", "nobody commits to anything", "the time words belong to something else")
    return order.index(why) if why in order else len(order)


def _found(sentence: str, gate: str, when: Time, reading: Reading) -> Found | None:
    due = due_of(when, reading)
    if due is None or (due.at is not None and due.at <= reading.at):
        return None
    return Found(sentence, due.grade, due.at, gate, sentence[when.start : when.end], due.convention)


def _first_time(text: str, grammar: Grammar, reading: Reading) -> Found | None:
    """The first time in a text that is not past, in words of one language."""
    for when in grammar.times.find(folded(text)):
        due = due_of(when, reading)
        if due is not None and due.at is not None:
            return Found(text, due.grade, due.at, "field", text[when.start : when.end], due.convention)
    return None


# --- markers and corrections ------------------------------------------------------------------------------------------


def _marked(line: str, reading: Reading) -> Look | None:
    """A line with a marker: the promise, or that its time cannot be read. None: there is no marker."""
    begins = _marker(line, reading.languages)
    if begins is None:
        return None
    quote = " ".join(line.split())[:LONGEST_MARKER]
    when = time_of(line[begins.end() : LONGEST_MARKER], reading)
    if when is None:
        return Look(quote, why="a marker without a time that can be read")
    if when.due is not None and when.due <= reading.at:
        return Look(quote, why="the time has passed")
    name = re.sub(r"[ _]", "-", begins[1])
    return Look(quote, (replace(when, quote=quote, grade="explicit", pattern=f"marker.{name}"),))


def _marker(line: str, languages: Languages) -> re.Match[str] | None:
    """The marker of a line, in whatever language."""
    if ":" not in line and "#" not in line:
        return None
    plain = folded(line[:LONGEST_MARKER])
    for grammar in grammars(languages).values():
        marker = grammar.marker.pattern
        begins = re.match(rf"[\s>*\u2022-]{{0,6}}({marker})\s?[:=]\s*", plain)
        begins = begins or re.search(rf"(?<!\w)#({marker})(?!\w)[:=]?\s*", plain)
        if begins is not None:
            return begins
    return None


def _correction(line: str, reading: Reading) -> Correction | None:
    plain = folded(line[:LONGEST_MARKER]).lstrip(" -*\t")
    skipped = len(folded(line[:LONGEST_MARKER])) - len(plain)
    quote = " ".join(line.split())[:LONGEST_MARKER]
    for grammar in grammars(reading.languages).values():
        moved = grammar.moved.match(plain)
        to = time_of(line[skipped + moved.end() :].lstrip(" :"), reading) if moved else None
        if to is not None:
            return Correction(quote, replace(to, quote=quote, grade="explicit", pattern="marker.moved"))
        none = grammar.no_promise.match(plain)
        if none and re.match(r"\s*($|[.:;,!(-])", plain[none.end() :]):
            return Correction(quote, None)
    return None
