"""Many phrases looked for at once: where a word begins, only those are tried that can begin with its first letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .promise_phrases import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ANY_LETTER = "\0"
"""Among the letters a phrase can begin with: any at all."""
FIGURE = "0"
"""Among them: any figure."""

_PART = re.compile(r"\([^)]*\)|\S+")
_CLASS = re.compile(r"<([\w.:]+)>")


def first_letters(phrase: str, words: Mapping[str, Iterable[str]], slots: Mapping[str, Iterable[str]]) -> set[str]:
    """The letters that what a phrase matches can begin with; ``slots`` holds those of the grammar's slots."""
    found: set[str] = set()
    for part in _PART.findall(folded(phrase)):
        if part.startswith("("):
            found |= first_letters(part[1:-1], words, slots)
            continue
        for word in part.split("|"):
            found |= _letters(word, words, slots) if word else set()
        return found
    return found | {ANY_LETTER}


def _letters(word: str, words: Mapping[str, Iterable[str]], slots: Mapping[str, Iterable[str]]) -> set[str]:
    slot = _CLASS.match(word)
    if slot is None:
        return {_kind(word[0])}
    name = slot[1]
    if name in slots:
        return set(slots[name])
    return {letter for inner in words.get(name, ()) for letter in first_letters(inner, words, slots)}


def _kind(letter: str) -> str:
    return FIGURE if letter.isdigit() else letter


class Alternatives:
    """Expressions in order of preference, each with the letters it can begin with; they begin where a word does.

    ``inside``: characters that are part of a word, besides letters; ``joined``: what may be written in one with it.
    """

    def __init__(self, expressions: Sequence[tuple[str, set[str]]], inside: str, joined: str) -> None:
        self._expressions = expressions
        self._end = rf"(?:(?!\w)|(?={joined}))"
        self._begin = re.compile(rf"(?<![\w{inside}])\S")
        self._by_letter: dict[str, tuple[re.Pattern[str], list[int]]] = {}

    def search(self, text: str, position: int) -> tuple[re.Match[str], int] | None:
        """The first match from a position on, and the number of the expression."""
        for begin in self._begin.finditer(text, position):
            expression, numbers = self._beginning_with(_kind(begin[0]))
            found = expression.match(text, begin.start())
            if found is not None:
                return found, numbers[(found.lastindex or 1) - 1]
        return None

    def _beginning_with(self, letter: str) -> tuple[re.Pattern[str], list[int]]:
        if letter not in self._by_letter:
            fit = [each for each, (_, letters) in enumerate(self._expressions) if letters & {letter, ANY_LETTER}]
            any_of = "|".join(f"({self._expressions[number][0]})" for number in fit)
            self._by_letter[letter] = re.compile(rf"(?:{any_of or '(?!)'}){self._end}"), fit
        return self._by_letter[letter]
