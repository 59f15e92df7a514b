"""A promise grammar for tests, in which a word says all: ``day:3`` promises something in 3 hours, with the grade ``day``.

``!5`` is a marker, ``no`` and ``to:4`` are corrections, ``vague`` is a promise without a time. Fields hold the bare hours.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from makegood.rules.promises import Correction, Found

if TYPE_CHECKING:
    from makegood.rules.promises import Reading


def found(word: str, reading: Reading) -> Found | None:
    """What one word promises."""
    match = re.fullmatch(r"(?:(day|exact|week|!|to):)?(\d+)", word.replace("!", "!:"))
    if word == "vague":
        return Found(word, "vague", None, "test", "", "")
    if match is None:
        return None
    grade = match[1] if match[1] in ("day", "exact", "week") else "explicit"
    due = reading.at + timedelta(hours=int(match[2]))
    return Found(word, grade, due, "test", match[2], "hours")


def _all(text: str, reading: Reading, *begins: str) -> tuple[Found, ...]:
    words = (word for word in text.split() if word.startswith(begins))
    return tuple(each for word in words if (each := found(word, reading)))


def promises_in(text: str, reading: Reading) -> tuple[Found, ...]:
    return _all(text, reading, "day:", "exact:", "week:", "vague", "!")


def marked_in(note: str, reading: Reading) -> tuple[Found, ...]:
    return _all(note, reading, "!")


def corrections_in(note: str, reading: Reading) -> tuple[Correction, ...]:
    said = (word for word in note.split() if word == "no" or word.startswith("to:"))
    return tuple(Correction(word, None if word == "no" else found(word, reading)) for word in said)


def time_of(text: str, reading: Reading) -> Found | None:
    return found(text, reading) if text.isdigit() else None
