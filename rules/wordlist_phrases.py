"""Phrases of a word list, compiled into one pattern that reads a text in linear time.

A phrase matches whole words, without case, with accents as written; blanks, line breaks, commas and dashes between its words
are all the same, and a ``*`` at the end of a word stands for any ending (``cancel*``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

M = TypeVar("M")

LONGEST = 80
"""Characters of the longest phrase."""
SHOUTED_WORDS = 3
SHOUTED_SHARE = 0.3
"""From so many words in capitals on, and such a share of all words of that length, a message shouts."""

_ENDING = "\ue000"
"""Stands for a ``*`` while a phrase is made ready; no file may hold it."""
_LOOSE = "-\u2013\u2014,"
_BETWEEN = f",?(?: [{_LOOSE}])? "
_AFTER = r"(?!\w)"
_BLANK = dict.fromkeys(map(ord, '"()[]{}<>*_~`/\\|\u00ab\u00bb\u201c\u201d\u201e'), " ")
_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u00b4"), "'")
_WRITTEN_AS = _BLANK | _APOSTROPHES
_WORD = re.compile(r"[^\W\d_]{4,}")
_MARKS = re.compile(r"[!?]{2}")


def plain(text: str) -> str:
    """A text as phrases see it: without case, one blank between words, one before the first, brackets and quotes gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.casefold().translate(_WRITTEN_AS)
    for mark in ".!?":
        text = text.replace(mark, f"{mark} ")
    return f" {' '.join(text.split())}".replace(" '", " ")


def shouts(text: str) -> bool:
    """Whether a message has several words in capitals, of four letters or more, that make up much of it."""
    words: list[str] = _WORD.findall(text)
    loud = sum(word.isupper() for word in words)
    return loud >= SHOUTED_WORDS and loud >= SHOUTED_SHARE * len(words)


def urges(text: str) -> bool:
    """Whether a message has exclamation or question marks in a row: ``!!``, ``??``, ``?!``."""
    return _MARKS.search(text) is not None


def complaint(phrase: str) -> str | None:
    """Why a phrase cannot be used; ``None`` if it can."""
    if len(phrase) > LONGEST:
        return f"a phrase has at most {LONGEST} characters"
    if any("*" in word[:-1] or word == "*" for word in phrase.split()):
        return "a `*` stands at the end of a word, for any ending"
    return None if re.search(r"\w", phrase) else f"there is no word in `{phrase}`"


def ready(phrase: str) -> str:
    """A phrase in the form in which two that match the same are equal."""
    words = (word.rstrip(",") for word in plain(phrase.replace("*", _ENDING)).split())
    return " ".join(word for word in words if word.strip(_LOOSE))


class Phrases(Generic[M]):
    """Phrases, each with what it means. The first found at a place is the longest; none overlaps another."""

    def __init__(self, phrases: Iterable[tuple[str, M]], spellings: Iterable[tuple[str, str]] = ()) -> None:
        self._meanings: dict[str, tuple[str, M]] = {}
        others = tuple(spellings)
        for phrase, meaning in phrases:
            for written in {ready(phrase), ready(_respelled(phrase, others))}:
                self._meanings.setdefault(written, (phrase, meaning))
        self._open = [(re.compile(_pattern(_trie([key]))), key) for key in self._meanings if _ENDING in key]
        self._pattern = re.compile(f" {_pattern(_trie(self._meanings))}") if self._meanings else None

    def found(self, text: str) -> Iterator[tuple[str, M, int]]:
        """The phrases in a :func:`plain` text, as they are listed, with what they mean and where they begin."""
        for match in self._pattern.finditer(text) if self._pattern else ():
            phrase, meaning = self._meanings[self._key(match[0][1:])]
            yield phrase, meaning, match.start()

    def _key(self, matched: str) -> str:
        exact = re.sub(_BETWEEN, " ", matched)
        return exact if exact in self._meanings else next(key for each, key in self._open if each.fullmatch(matched))


def _respelled(phrase: str, spellings: tuple[tuple[str, str], ...]) -> str:
    for letter, other in spellings:
        phrase = phrase.replace(letter, other)
    return phrase


# --- one pattern of many phrases: those that begin alike share their beginning ------------------------------------------

_Trie = dict[str, "_Trie"]
_END = ""


def _trie(phrases: Iterable[str]) -> _Trie:
    root: _Trie = {}
    for phrase in phrases:
        node = root
        for character in phrase:
            node = node.setdefault(character, {})
        node[_END] = {}
    return root


def _pattern(node: _Trie) -> str:
    """The longer alternatives come first, so that the longest phrase is found."""
    written = ""
    while len(node) == 1 and _END not in node:
        ((character, node),) = node.items()
        written += _piece(character)
    if list(node) == [_END]:
        return written + _AFTER
    branches = sorted(node, key=lambda character: (character == _END, character == _ENDING, character))
    return f"{written}(?:{'|'.join(_piece(each) + _pattern(node[each]) if each else _AFTER for each in branches)})"


def _piece(character: str) -> str:
    if character == _ENDING:
        return r"\w*+"
    return _BETWEEN if character == " " else re.escape(character)
