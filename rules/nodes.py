"""What a rule file holds before anything has a type: words, mappings and lists, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagnostics import Span


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as written; ``quoted`` also for block texts (``|``, ``>``). A value is never empty; a quoted key may be."""

    text: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key: value`` of a mapping."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in file order, each key once. Not ``whole``: a refused entry is left out, so nothing may be called missing."""

    entries: tuple[Entry, ...]
    span: Span
    whole: bool = True

    def get(self, key: str) -> Entry | None:
        """The entry with this key, if there is one."""
        return next((entry for entry in self.entries if entry.key.text == key), None)


@dataclass(frozen=True, slots=True)
class Sequence:
    """The items of a list, in file order."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Refused:
    """Stands where a value was wrong. That has been reported: say nothing more about it."""

    span: Span


Node = Scalar | Mapping | Sequence | Refused
