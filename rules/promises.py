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
from .promise_commitments import Commitment
from .promise_due import due_of
from .promise_grammar import grammars
from .promise_language import Languages, language_code
from .promise_phrases import folded
from .promise_sentences import fresh, sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from .calendar import Calendar
    from .model import RuleSet
    from .promise_grammar import Bound, Grammar

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
    return promises_of(commitments_in(text, reading.language, reading.languages), reading)


def promises_of(commitments: Sequence[Commitment], reading: Reading) -> tuple[Found, ...]:
    """What the commitments of a text promise to somebody who reads it like this."""
    return tuple(found for commitment in commitments for found in _promised(commitment, reading))


def commitments_in(text: str, language: str | None, languages: Languages) -> tuple[Commitment, ...]:
    """What a text in a language commits to, whoever wrote it and when; none: it never promises anything."""
    here = _grammars(languages, language)
    found: list[Commitment] = []
    for part, marker in () if _by_machine(text, here) else _parts(text, here, languages):
        read = () if marker else (grammar.read(part).bound for grammar in here)
        commitment = Commitment(part, tuple(filter(None, read)))
        if marker or commitment.bounds:
            found.append(commitment)
    return tuple(found)


def looks(text: str, reading: Reading) -> Iterator[Look]:
    """Every sentence of a text with what it promises, or why it promises nothing."""
    here = _grammars(reading.languages, reading.language)
    if _by_machine(text, here):
        yield Look(" ".join(text.split())[:LONGEST_MARKER], why="a machine wrote it")
        return
    for part, marker in _parts(text, here, reading.languages):
        yield _marked(part, marker, reading) if marker else _look(part, here, reading)


def marked_in(note: str, reading: Reading) -> tuple[Found, ...]:
    """Only the explicit markers of a text: what an internal note may hold."""
    lines = ((line, _marker(line, reading.languages)) for line in fresh(note).split("\n"))
    return tuple(found for line, marker in lines if marker for found in _marked(line, marker, reading).found)


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


def _by_machine(text: str, here: Sequence[Grammar]) -> bool:
    """Whether a text says of itself that no person wrote it."""
    plain = folded(fresh(text))
    return any(grammar.machine.search(plain) for grammar in here)


def _parts(text: str, here: list[Grammar], languages: Languages) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The sentences of a text, and among them the lines with a marker, each with that."""
    said: list[str] = []
    for line in fresh(text).split("\n"):
        marker = _marker(line, languages)
        if marker is None:
            said.append(line)
            continue
        yield from ((sentence, None) for sentence in _sentences("\n".join(said), here))
        said = []
        yield line, marker
    yield from ((sentence, None) for sentence in _sentences("\n".join(said), here))


def _sentences(text: str, with_: list[Grammar]) -> Iterator[str]:
    if not text.strip():
        return
    abbreviations = frozenset[str]().union(*(grammar.abbreviations for grammar in with_))
    sign_offs = re.compile("|".join(grammar.sign_off.pattern for grammar in with_))
    yield from filter(None, sentences(text, abbreviations, sign_offs))


def _look(sentence: str, with_: list[Grammar], reading: Reading) -> Look:
    """What a sentence promises; where that is nothing, the reason of the language that came nearest."""
    read = [grammar.read(sentence) for grammar in with_]
    found = _said(sentence, (each.bound for each in read), reading)
    reasons = ("the time has passed" if each.bound else each.why for each in read)
    return Look(sentence, found, "" if found else max(reasons, key=_nearness, default=""))


def _nearness(why: str) -> int:
    order = ("no time words", "nobody commits to anything", "the time words belong to something else")
    return order.index(why) if why in order else len(order)


def _promised(commitment: Commitment, reading: Reading) -> tuple[Found, ...]:
    marker = None if commitment.bounds else _marker(commitment.said, reading.languages)
    if marker is not None:
        return _marked(commitment.said, marker, reading).found
    return _said(commitment.said, commitment.bounds, reading)


def _said(sentence: str, bounds: Iterable[tuple[Bound, ...]], reading: Reading) -> tuple[Found, ...]:
    """What a sentence promises in the first language in which it promises something to this reading."""
    in_each = (tuple(filter(None, (_found(sentence, bound, reading) for bound in bound_to))) for bound_to in bounds)
    return next(filter(None, in_each), ())


def _found(sentence: str, bound: Bound, reading: Reading) -> Found | None:
    when = bound.time
    due = due_of(when, reading)
    if due is None or (due.at is not None and due.at <= reading.at):
        return None
    return Found(sentence, due.grade, due.at, bound.gate, sentence[when.start : when.end], due.convention)


def _first_time(text: str, grammar: Grammar, reading: Reading) -> Found | None:
    """The first time in a text that is not past, in words of one language."""
    for when in grammar.times.find(folded(text)):
        due = due_of(when, reading)
        if due is not None and due.at is not None:
            return Found(text, due.grade, due.at, "field", text[when.start : when.end], due.convention)
    return None


# --- markers and corrections ------------------------------------------------------------------------------------------


def _marked(line: str, marker: re.Match[str], reading: Reading) -> Look:
    """A line with a marker: the promise, or that its time cannot be read."""
    quote = " ".join(line.split())[:LONGEST_MARKER]
    when = time_of(line[marker.end() : LONGEST_MARKER], reading)
    if when is None:
        return Look(quote, why="a marker without a time that can be read")
    if when.due is not None and when.due <= reading.at:
        return Look(quote, why="the time has passed")
    name = re.sub(r"[ _]", "-", marker[1])
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
