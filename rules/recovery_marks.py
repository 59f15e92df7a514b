"""What people write on a ticket about its recovery case: ``recovery: done 2`` in a note, ``recovery-done-2`` as a tag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Word = Literal[
    "contacted", "plan", "done", "resolved", "reopened", "closed", "because", "goodwill", "right", "wrong", "unknown"
]
OUTCOMES = ("recovered", "not_recovered", "unreachable", "customer_at_fault", "false_alarm")
"""How a case can be closed by people."""
WORDS: dict[str, str] = {
    "contacted": "the customer was spoken to, by telephone for example (a public reply counts by itself)",
    "plan": "what would put it right is agreed",
    "done 2": "the second step is done (`done` alone: the next one, `done 1, 2`: both)",
    "resolved": "it is put right, whatever steps are left",
    "reopened": "the trouble is back",
    "closed OUTCOME": f"the case ends; OUTCOME is one of {', '.join(OUTCOMES).replace('_', ' ')}",
    "because CAUSE": "the root cause, in a few words",
    "goodwill WHAT": "what was given for it",
    "right": "the customer was flagged rightly (`wrong`: there was no trouble)",
}
"""What a note may say after ``recovery:``, and what it means."""

_LINE = re.compile(r"^[\s>*\-]*recovery:[ \t]*(?P<word>[a-z]+)\b[ \t:]*(?P<rest>[^\n]*)$", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"recovery[-_ ](contacted|resolved|reopened|done)(?:[-_ ](\d{1,3}))?", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}")


class Mark(NamedTuple):
    """One thing said about a case. ``steps``: the numbers after ``done``; ``text``: an outcome, a cause, what was given."""

    word: Word
    text: str = ""
    steps: tuple[int, ...] = ()


def marks_in(note: str) -> list[Mark]:
    """What a note says about a case, line by line; lines that begin with ``recovery:`` and say nothing known are *unknown*."""
    return [_read(found["word"].casefold(), found["rest"].strip()) for found in _LINE.finditer(note)]


def marks_of_tags(added: Iterable[str]) -> list[Mark]:
    """What tags that somebody added say about a case."""
    found = (_TAG.fullmatch(tag.strip()) for tag in added)
    return [_read(each[1].casefold(), each[2] or "") for each in found if each]


def outcome_of(text: str) -> str | None:
    """The outcome that a text names, with blanks, hyphens or underscores, whatever follows; ``None``: none."""
    plain = re.sub(r"[\s_-]+", " ", text.strip().casefold())
    named = (each for each in OUTCOMES if re.match(rf"{each.replace('_', ' ')}\b", plain))
    return next(named, None)


def _read(word: str, rest: str) -> Mark:
    match word:
        case "done":
            return Mark("done", steps=tuple(int(number) for number in _NUMBER.findall(rest)))
        case "closed" | "close":
            outcome = outcome_of(rest)
            return Mark("closed", outcome) if outcome else Mark("unknown", f"closed {rest}".strip())
        case "because" | "goodwill" | "plan":
            return Mark(word, rest)
        case "contacted" | "resolved" | "reopened" | "right" | "wrong":
            return Mark(word)
    return Mark("unknown", f"{word} {rest}".strip())
