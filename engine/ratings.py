"""Ratings as customers gave them: some desks tell a rating and its comment one after the other, as if it were two."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TWICE = timedelta(minutes=1)
"""How soon the same rating again is the same one, told twice."""
COMMENTED = timedelta(hours=1)
"""How long after a rating without a comment its comment may come as an event of its own."""


def whole_ratings(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rating events of one ticket, in order, each with the comment that came in later; the first event stands for both."""
    found: list[Mapping[str, Any]] = []
    for row in rows:
        last = found[-1] if found and found[-1]["new"] == row["new"] else None
        within = COMMENTED if last and row["text"] and not last["text"] else TWICE
        if last and row["at"] - last["at"] <= within:
            found[-1] = {**last, "text": row["text"] or last["text"]}
        else:
            found.append(row)
    return found
