"""From a message to the sentences its author newly said: without quotations, code and signature.

Of a message the first 50,000 characters are read, and of what has no end after 500 characters the next 500 count as a
sentence of their own, so that reading takes time linear in the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..connectors.ticket_text import newest_text
from .promise_phrases import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TEXT = 50_000
LONGEST_SENTENCE = 500
WRAPPED = 45
"""A line of at least so many characters may go on in the next; a shorter one only before a small letter."""
WRAPPED_SMALL = 10

_BULLET = re.compile(r"^\s{0,20}(?:[-*\u2022\u00b7\u2013>|]{1,3}\s|\(?\d{1,2}[.)]\s(?=\D))\s{0,5}")
_NEW_ITEM = re.compile(r"^\s{0,20}(?:[-*\u2022\u00b7\u2013]\s|\(?\d{1,2}[.)]\s)")
_FENCE = re.compile(r"^\s{0,3}(?:```|~~~)")
_ENDS = re.compile(r"[.!?\u2026:]['\")\]\u201d]?\s*$")
_STOP = re.compile(r"(?<=\w)\.(?=[A-Z][a-z' ])|[.!?\u2026]+['\")\]\u201d]?(?=\s)")
_LAST_WORD = re.compile(r"([^\s(\"]{1,30})$")
_NUMBER = re.compile(r"(?:\d{1,2}\.)?\d{1,2}$")
_QUOTED = re.compile(
    r"\"[^\"\n]{1,400}\"|\u201c[^\u201d\n]{1,400}\u201d|\u201e[^\u201c\u201d\n]{1,400}[\u201c\u201d]"
    r"|\u00ab[^\u00bb\n]{1,400}\u00bb|\u00bb[^\u00ab\n]{1,400}\u00ab|`[^`\n]{1,400}`"
)
_QUOTED_WORDS = 4
"""From so many words on, what stands in quotation marks is what somebody else said."""


def fresh(text: str) -> str:
    """What is new in a message."""
    return newest_text(text[:LONGEST_TEXT])


def sentences(text: str, abbreviations: frozenset[str], sign_offs: re.Pattern[str]) -> Iterator[str]:
    """The sentences of a fresh text, in its order, with white space folded."""
    for paragraph in _paragraphs(text.split("\n"), sign_offs):
        for sentence in _parted(paragraph, abbreviations):
            for start in range(0, len(sentence), LONGEST_SENTENCE):
                yield sentence[start : start + LONGEST_SENTENCE]


def without_quotations(text: str, mask: str) -> str:
    """The text with each character of what it quotes replaced by ``mask``."""

    def masked(found: re.Match[str]) -> str:
        return mask * len(found[0]) if found[0].count(" ") + 1 >= _QUOTED_WORDS else found[0]

    return _QUOTED.sub(masked, text)


def _paragraphs(lines: list[str], sign_offs: re.Pattern[str]) -> Iterator[str]:
    """Lines that belong together, as one; a list item, a short line or a full stop ends them."""
    code = signed = False
    so_far: list[str] = []
    for line in lines:
        code ^= bool(_FENCE.match(line))
        signed = (signed or _signs(line, sign_offs)) and not line.lstrip().lower().startswith(("ps", "p.s"))
        if code or signed or _FENCE.match(line) or not line.strip():
            yield _folded_space(so_far)
            so_far = []
            continue
        if so_far and (_NEW_ITEM.match(line) or not _goes_on(so_far[-1], line)):
            yield _folded_space(so_far)
            so_far = []
        so_far.append(line if so_far else _BULLET.sub("", line, count=1))
    yield _folded_space(so_far)


def _signs(line: str, sign_offs: re.Pattern[str]) -> bool:
    return len(line) < 60 and sign_offs.fullmatch(folded(line.strip(" ,.!"))) is not None


def _goes_on(line: str, following: str) -> bool:
    """Whether a line was wrapped, and the following one goes on with its sentence."""
    length = len(line.strip())
    if _ENDS.search(line[-20:]):
        return False
    return length >= WRAPPED or (length >= WRAPPED_SMALL and following.lstrip()[:1].islower())


def _folded_space(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _parted(paragraph: str, abbreviations: frozenset[str]) -> Iterator[str]:
    """The sentences of a paragraph."""
    start = 0
    for stop in _STOP.finditer(paragraph):
        if not _inside(paragraph, start, stop, abbreviations):
            yield paragraph[start : stop.end()].strip()
            start = stop.end()
    rest = paragraph[start:].strip()
    if rest:
        yield rest


def _inside(paragraph: str, start: int, stop: re.Match[str], abbreviations: frozenset[str]) -> bool:
    """Whether a full stop belongs to an abbreviation, or to a number that a sentence goes on after."""
    if not stop[0].startswith(".") or len(stop[0]) > 1:
        return False
    found = _LAST_WORD.search(paragraph, max(start, stop.start() - 31), stop.start())
    word = folded(found[1]) if found else ""
    after = paragraph[stop.end() : stop.end() + 2].strip()
    if _NUMBER.match(word):
        return not ("." in word and after[:1].isupper())
    if word.endswith((".m", "p.m", "a.m")) or (word in abbreviations and len(word) > 3):
        return not after[:1].isupper()
    return word in abbreviations or (len(word) == 1 and word.isalpha() and word != "i")
