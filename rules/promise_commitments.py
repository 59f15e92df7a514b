"""What a text commits its author to, whoever wrote it and when; and how a store notes that, so that it is read once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .promise_grammar import Bound
from .promise_times import Atom, Time

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTES = 10_000
"""How many notes are remembered with what they say: most of them say that nothing is promised."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A sentence that commits its author to something.

    ``bounds``: what it commits to in each language that finds something, in the order in which they are tried; none where
    ``said`` is a line with a marker.
    """

    said: str
    bounds: tuple[tuple[Bound, ...], ...] = ()


def noted(commitments: Sequence[Commitment], read_as: str) -> str:
    """The commitments of a text as a line for a store; ``read_as`` says how it was read (``promise_version.read_as``)."""
    told = json.dumps([astuple(each) for each in commitments], separators=(",", ":"))
    return f"{_seal(told, read_as)} {told}"


@lru_cache(NOTES)
def recalled(note: str, read_as: str) -> tuple[Commitment, ...] | None:
    """The commitments in a note; None where the text was read otherwise, or the note is not as it was written."""
    seal, _, told = note.partition(" ")
    return tuple(_commitment(*each) for each in json.loads(told)) if seal == _seal(told, read_as) else None


def _seal(told: str, read_as: str) -> str:
    return f"{read_as}.{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _commitment(said: str, bounds: list[Any]) -> Commitment:
    return Commitment(said, tuple(tuple(Bound(gate, _time(*time)) for gate, time in bound) for bound in bounds))


def _time(choices: list[Any], start: int, end: int) -> Time:
    return Time(tuple(tuple(Atom(*atom) for atom in choice) for choice in choices), start, end)
