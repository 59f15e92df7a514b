"""What happened to promises: the few events of a snapshot in which one is made, kept, moved or taken back, in order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from ..connectors.ticket import FIELD
from .snapshot import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .snapshot import Snapshot

TAKEN_BACK = frozenset({"no promise", "no-promise", "no_promise"})
"""Tags by which an agent says that there was no promise."""

Kind = Literal["message", "note", "field", "tag", "merged", "deleted"]


@dataclass(frozen=True, slots=True)
class Act:
    """One event that may bear on promises; ``event`` is its id, ``author`` the handle of whoever did it.

    ``text``: of a message or note, what it says; of a field, its new value, ``None`` where it was cleared; of a merge, the
    ticket it went into. ``language``: the ticket's, then.
    """

    ticket: str
    at: datetime
    event: str
    author: str | None
    kind: Kind
    text: str | None
    language: str | None = None


def acts(snapshot: Snapshot) -> list[Act]:
    """The acts up to the snapshot's instant, by instant, then as the desk numbers its events."""
    rows = _relevant(snapshot).sort("at", "seq", "ticket", maintain_order=True).collect()
    languages = _Languages(snapshot)
    return [_act(row, languages) for row in rows.iter_rows(named=True) if row["kind"] != "tag" or _takes_back(row)]


def _act(row: Mapping[str, Any], languages: _Languages) -> Act:
    said = row["kind"] in ("message", "note")
    text = row["text"] if said else row["new"]
    language = languages.then(row) if said and text else None
    return Act(row["ticket"], row["at"], row["id"], row["actor"], row["kind"], text or None, language)


def _takes_back(row: Mapping[str, Any]) -> bool:
    """Whether a change of the tags added one of :data:`TAKEN_BACK`."""
    before, after = ({tag.casefold() for tag in decode(row[side], is_list=True) or ()} for side in ("old", "new"))
    return bool(TAKEN_BACK & (after - before))


# --- which events -----------------------------------------------------------------------------------------------------

_BY_AGENT = pl.col("actor_kind") == "agent"
_SAID = (pl.col("kind") == "message") & _BY_AGENT & ~pl.col("auto").fill_null(value=False)
_TAGGED = (pl.col("kind") == "field") & (pl.col("field") == "tags") & _BY_AGENT


def _relevant(snapshot: Snapshot) -> pl.LazyFrame:
    """Those events, with the kind of an :class:`Act`."""
    kind = (
        pl.when(_SAID)
        .then(pl.when("public").then(pl.lit("message")).otherwise(pl.lit("note")))
        .when(_dated(snapshot.catalogue.promise_field))
        .then(pl.lit("field"))
        .when(_TAGGED & pl.col("new").str.contains("(?i)no[ _-]promise"))
        .then(pl.lit("tag"))
        .when(pl.col("kind").is_in(["merged", "deleted"]))
        .then(pl.col("kind"))
    )
    return snapshot.events.lazy().filter(pl.col("at") <= snapshot.at).with_columns(kind=kind).drop_nulls("kind")


def _dated(name: str | None) -> pl.Expr:
    """Whether somebody, no machine, changed the custom field that holds until when something is promised."""
    by_person = pl.col("actor_kind").is_in(["agent", "customer"])
    changed = (pl.col("kind") == "field") & (pl.col("field") == FIELD + (name or "")) & by_person
    return changed & pl.col("old").ne_missing(pl.col("new")) & pl.lit(bool(name))


class _Languages:
    """The languages of tickets, as they were: the ``old`` of the first change after an event, else the present one."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._now: dict[str, str | None] = dict(snapshot.tickets.select("id", "language").iter_rows())
        self._changes: dict[str, list[tuple[datetime, int, str | None]]] = defaultdict(list)
        changed = snapshot.events.filter((pl.col("kind") == "field") & (pl.col("field") == "language"))
        for ticket, at, seq, old in changed.select("ticket", "at", "seq", "old").iter_rows():
            self._changes[ticket].append((at, seq, old))

    def then(self, row: Mapping[str, Any]) -> str | None:
        """The language of the row's ticket when the event of the row happened."""
        later = (old for at, seq, old in self._changes.get(row["ticket"], ()) if (at, seq) > (row["at"], row["seq"]))
        return next(later, self._now.get(row["ticket"]))
