"""Reads language files, with the machinery of rule files: every mistake at once, each with its file, line and column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .diagnostics import Problems
from .durations import UnreadableError, parse_instant, parse_zone
from .nodes import Mapping
from .promise_language import (
    MONTHS,
    TIMES,
    UNITS,
    WEEKDAYS,
    Language,
    LanguageTest,
    Saying,
    together,
)
from .shapes import Dictionary, Key, Line, Many, Reader, Table, Words, YesNo
from .source import parse

if TYPE_CHECKING:
    from datetime import datetime

    from .nodes import Node
    from .promise_language import Languages
    from .shapes import Fields, Schema

PHRASES = Many(Line("a phrase such as `by <weekday>`"))
GRADES = ("explicit", "exact", "day", "week", "vague")


@dataclass(frozen=True, slots=True)
class _Names:
    """Phrases for each of a few names."""

    names: tuple[str, ...]
    says: str

    def read(self, node: Node, reader: Reader) -> dict[str, tuple[str, ...]]:
        found = Dictionary(PHRASES, self.says).read(node, reader)
        for entry in node.entries if isinstance(node, Mapping) else ():
            if entry.key.text not in self.names:
                message = f"`{entry.key.text}` is not one of {self.says}"
                reader.unknown("unknown-key", entry.key, message, entry.key.text, self.names)
        return found

    def schema(self) -> Schema:
        return {"type": "object", "properties": {name: PHRASES.schema() for name in self.names}}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Phrases for numbers."""

    says: str = "numbers with their words, such as `{2: [two, a couple of]}`"

    def read(self, node: Node, reader: Reader) -> dict[str, tuple[str, ...]]:
        found = Dictionary(PHRASES, self.says).read(node, reader)
        for entry in node.entries if isinstance(node, Mapping) else ():
            if not entry.key.text.replace(".", "", 1).isdecimal():
                reader.error("bad-number", entry.key, f"`{entry.key.text}` is not a number", "write it in digits")
        return found

    def schema(self) -> Schema:
        return {"type": "object"}


@dataclass(frozen=True, slots=True)
class _Zones:
    """Short names of time zones, by the zone of the IANA database."""

    says: str = "time zones with their short names, such as `{Europe/Berlin: [cet, cest]}`"

    def read(self, node: Node, reader: Reader) -> dict[str, tuple[str, ...]]:
        found = Dictionary(PHRASES, self.says).read(node, reader)
        for entry in node.entries if isinstance(node, Mapping) else ():
            try:
                parse_zone(entry.key.text)
            except UnreadableError as error:
                reader.error("bad-value", entry.key, str(error), error.hint)
        return found

    def schema(self) -> Schema:
        return {"type": "object"}


SAYING = Table(
    "phrases with exceptions",
    (
        Key("says", PHRASES, "The phrases.", required=True),
        Key("but_not", PHRASES, "Phrases that are taken out of the text before it is looked at."),
    ),
    lambda fields, _reader: Saying(fields.get("says", ()), fields.get("but_not", ())),
)


@dataclass(frozen=True, slots=True)
class _Sayings:
    """Named lists of phrases; each may have exceptions."""

    says: str = "named lists of phrases, such as `{promised: [you will hear from <we>]}`"

    def read(self, node: Node, reader: Reader) -> dict[str, Saying]:
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"expected {self.says}", "write a name, a colon and a list")
            return {}
        return {entry.key.text: _saying(entry.value, reader) for entry in node.entries}

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": {"anyOf": [PHRASES.schema(), SAYING.schema()]}}


def _saying(node: Node, reader: Reader) -> Saying:
    if isinstance(node, Mapping):
        read: Saying | None = SAYING.read(node, reader)
        return read or Saying()
    return Saying(PHRASES.read(node, reader))


def _test(fields: Fields, reader: Reader) -> LanguageTest | None:
    if fields.get("promise") is None and not fields.written("due", "grade") and fields.understood:
        hint = "write `promise: no`, or `due` and `grade`"
        reader.error("missing-key", fields.node, "this test does not say what is expected", hint)
    zone = fields.get("tz") or "UTC"
    at = _instant(fields, "at", zone, reader)
    if at is None:
        return None
    return LanguageTest(
        text=fields.get("text", ""),
        at=at,
        span=fields.span,
        tz=zone,
        due=_instant(fields, "due", zone, reader),
        grade=fields.get("grade"),
        promise=fields.get("promise") is not False,
        date_order=fields.get("date_order", "dmy").upper(),
    )


def _instant(fields: Fields, key: str, zone: str, reader: Reader) -> datetime | None:
    """The instant under ``key``, in the test's own zone."""
    written = fields.get(key)
    if written is None:
        return None
    try:
        return parse_instant(written, parse_zone(zone))
    except UnreadableError as error:
        reader.error("bad-date", fields.nodes[key], str(error), error.hint)
        return None


TEST = Table(
    "a test of a language",
    (
        Key("text", Line("a text"), "What an agent wrote.", required=True),
        Key("at", Line("an instant such as `2026-03-12 10:00`"), "When, in `tz`.", required=True),
        Key("tz", Line("a time zone"), "The time zone of author and calendar (Monday to Friday 09:00-17:00)."),
        Key("due", Line("an instant such as `2026-03-13 17:00`"), "When the promise is due, in `tz`."),
        Key("grade", Words(GRADES), "The grade of the promise."),
        Key("promise", YesNo(), "`no`: it promises nothing."),
        Key("date_order", Words(("dmy", "mdy")), "How `3/4` is read: `dmy` (default) or `mdy`."),
    ),
    _test,
)


@dataclass(frozen=True, slots=True)
class _Tests:
    says: str = "a list of tests"

    def read(self, node: Node, reader: Reader) -> tuple[LanguageTest, ...]:
        return Many(TEST).read(node, reader)

    def schema(self) -> Schema:
        return {"type": "array", "items": TEST.schema()}


def _language(fields: Fields, _reader: Reader) -> Language:
    values = {key: value for key, value in fields.values.items() if value is not None and key != "language"}
    return Language(code=fields.get("language", ""), **values)


LANGUAGE = Table(
    "a language file",
    (
        Key("language", Line("a language such as `en`"), "Its code, as in the name of the file.", required=True),
        Key("words", Dictionary(PHRASES, "word classes by name"), "Word classes: `<name>` in a phrase is any of them."),
        Key(
            "gates",
            _Sayings(),
            "Who commits to what, by name. A gate that matches makes a promise of the time with it.",
        ),
        Key("vetoes", _Sayings(), "What makes it no promise after all, by name: a condition, a negation."),
        Key("times", _Names(tuple(TIMES), "the times"), "How times are written, by their meaning."),
        Key("weekdays", _Names(WEEKDAYS, "the weekdays"), "The names of weekdays."),
        Key("months", _Names(MONTHS, "the months"), "The names of months."),
        Key("units", _Names(UNITS, "the units"), "The names of units of time."),
        Key("numbers", _Numbers(), "Numbers in words, by their figures."),
        Key("zones", _Zones(), "Short names of time zones."),
        Key(
            "spellings",
            Dictionary(Line("letters such as `ae`"), "letters with what people write instead, such as `{ä: ae}`"),
            "Letters with what people write instead. Every word with such a letter may be written so.",
        ),
        Key("tests", _Tests(), "Sentences with the promise they make, run by `makegood test`."),
    ),
    _language,
)


@lru_cache(maxsize=1)
def built_in() -> tuple[Language, ...]:
    """The languages that come with makegood.

    Raises:
        ValueError: one of the files is wrong; a test keeps that from happening.
    """
    found = []
    for file in sorted(files("makegood.rules").joinpath("languages").iterdir(), key=lambda each: each.name):
        problems = Problems()
        source = parse(file.read_text(encoding="utf-8"), file.name, problems)
        found.append(LANGUAGE.read(source.root, Reader(problems, {file.name: source.text})))
        if problems.has_errors:
            raise ValueError(f"{file.name}: {problems.items[0]}")
    return tuple(found)


def every_language(languages: Languages) -> tuple[Language, ...]:
    """Every language once, by its code; an admin's own files come on top of the built-in ones."""
    found: dict[str, Language] = {}
    for each in (*built_in(), *languages.own):
        found[each.code] = together(found[each.code], each) if each.code in found else each
    return tuple(found[code] for code in sorted(found))
