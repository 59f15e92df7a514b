"""A quick look at whether a text can hold a promise at all, before it is read: regular expressions from language files.

They are looser than the grammar: whatever it finds, they match. They hold no lookaround, so that engines that run over many
texts at once can use them. Texts must be folded first, with every stretch of white space as one space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .promise_files import every_language
from .promise_language import MONTHS, UNITS, WEEKDAYS
from .promise_phrases import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .promise_language import Language, Languages

_PART = re.compile(r"\([^)]*\)|\S+")
_SPACE = "[ ,()]*"
_GAP = ".*"
_FIGURES = dict.fromkeys(("day", "h"), r"\d") | {
    "nth": r"\d[a-z.]",
    "year": r"20\d\d",
    "hm": r"\d:\d",
    "h.m": r"\d\.\d",
    "date": r"\d[./-]\d",
}
_NOT_DUE = frozenset({"past", "other", "zone"})
_DEEPEST = 6
_LONGEST = 1500
"""A class whose expression is longer is left out where a phrase has other words."""


@dataclass(frozen=True, slots=True)
class Hints:
    """``said``: for each language a commitment and a time; ``marked``: a marker or a correction.

    A message with a promise matches both of a pair, or ``marked``; a note with one matches ``marked``.
    """

    said: tuple[tuple[str, str], ...]
    marked: str


@lru_cache(maxsize=8)
def hints(languages: Languages) -> Hints:
    """The hints for all languages."""
    known = [_Loose(language) for language in every_language(languages)]
    return Hints(tuple((each.gates(), each.times()) for each in known), "|".join(each.marks() for each in known))


class _Loose:
    """Turns the phrases of one language into loose expressions."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._known: dict[str, str] = {}
        named = ((language.weekdays, WEEKDAYS), (language.months, MONTHS), (language.units, UNITS))
        for slot, (words, known) in zip(("weekday", "month", "unit"), named, strict=True):
            self._known[slot] = _whole(_names(words, known))
        number = _whole(_names(language.numbers, language.numbers))
        self._known |= _FIGURES | {"number": rf"(?:\d|{number})"}

    def gates(self) -> str:
        """What commits somebody to something."""
        return self._either([phrase for gate in self._language.gates.values() for phrase in gate.says])

    def times(self) -> str:
        """What may be a due time."""
        times = self._language.times
        return self._either([phrase for name in sorted(times.keys() - _NOT_DUE) for phrase in times[name]])

    def marks(self) -> str:
        """What marks a promise, or corrects one."""
        words = self._language.words
        spelled = (re.split("[ -]", folded(phrase)) for phrase in words.get("marker", ()))
        marker = "|".join("[ _-]?".join(re.escape(word) for word in each) for each in spelled)
        corrections = self._either([*words.get("no_promise", ()), *words.get("moved", ())])
        return rf"(?:{marker}) ?[:=]|#(?:{marker})|{corrections}"

    def _either(self, phrases: Iterable[str], depth: int = 0) -> str:
        return f"(?:{'|'.join(dict.fromkeys(self._one(phrase, depth) for phrase in phrases))})"

    def _one(self, phrase: str, depth: int) -> str:
        """The words that must be there, in their order; where others may or must stand between, anything."""
        parts = [(part, self._part(part, depth)) for part in _PART.findall(folded(phrase))]
        plain = any(found and len(found) <= _LONGEST for _, found in parts)
        text, last = "", ""
        for part, found in parts:
            if not found or (plain and len(found) > _LONGEST):
                last = "..."
                continue
            near = not any("<" in each or each == "..." for each in (last, part))
            text += (_SPACE if near else _GAP) * bool(text) + found
            last = part
        return text

    def _part(self, part: str, depth: int) -> str:
        """The expression for one part of a phrase; empty where anything will do."""
        if part in ("^", "?", "...", "-", "@") or part.startswith("("):
            return ""
        choices = [self._word(word, depth) for word in part.split("|") if word]
        return "" if "" in choices else choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"

    def _word(self, word: str, depth: int) -> str:
        if not word.startswith("<"):
            return _whole([word])
        name = word.strip("<>")
        if name not in self._known:
            inner = self._language.words.get(name, ())
            self._known[name] = self._either(inner, depth + 1) if inner and depth < _DEEPEST else ""
        return self._known[name]


def _names(words: Mapping[str, Iterable[str]], known: Iterable[str]) -> list[str]:
    return [folded(word) for name in known for word in words.get(name, ())]


def _whole(words: Iterable[str]) -> str:
    """Any of the words, not only the beginning of another, unless a ``*`` says so; figures may stand in front."""
    return f"(?:{'|'.join(_bounded(word) for word in words)})"


def _bounded(word: str) -> str:
    begins = word[:-1] if len(word) > 1 and word.endswith("*") else word
    before = r"(?:\b|\d)" if begins[0].isalpha() else ""
    after = r"\b" if begins == word and word[-1].isalnum() else ""
    return f"{before}{re.escape(begins)}{after}"
