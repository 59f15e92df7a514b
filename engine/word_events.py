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

    ``text``: of a message or note, what it says, ``None`` where nothing in it can be a promise; of a field, its new value,
    ``None`` where it was cleared; of a merge, the ticket it went into. ``language``: the ticket's, then.
    """

    ticket: str
    at: datetime
    event: str
    author: str | None
    kind: Kind
    text: str | None
    language: str | None = None


def acts(snapshot: Snapshot, hint: str) -> list[Act]:
    """The acts on tickets with promises up to the snapshot's instant, by instant, then as the desk numbers its events.

    A message or note that the regular expression ``hint`` does not match is not looked into. Tickets on which nobody can
    have promised anything, and that none such was merged into, are left out.
    """
    rows = _relevant(snapshot, hint).collect()
    told = rows.filter(pl.col("ticket").is_in(sorted(_promising(rows)))).sort(
        "at", "seq", "ticket", maintain_order=True
    )
    languages = _Languages(snapshot, told["ticket"].unique().to_list())
    return [_act(row, languages) for row in told.iter_rows(named=True) if row["kind"] != "tag" or _takes_back(row)]


def _act(row: Mapping[str, Any], languages: _Languages) -> Act:
    if row["kind"] not in ("message", "note"):
        return Act(row["ticket"], row["at"], row["id"], row["actor"], row["kind"], row["new"] or None)
    text = row["text"] if row["telling"] else None
    language = languages.then(row) if text else None
    return Act(row["ticket"], row["at"], row["id"], row["actor"], row["kind"], text, language)


def _takes_back(row: Mapping[str, Any]) -> bool:
    """Whether a change of the tags added one of :data:`TAKEN_BACK`."""
    before, after = ({tag.casefold() for tag in decode(row[side], is_list=True) or ()} for side in ("old", "new"))
    return bool(TAKEN_BACK & (after - before))


def _promising(rows: pl.DataFrame) -> set[str]:
    """The tickets on which something may be promised, and those that their promises move to."""
    found = set(rows.filter("telling")["ticket"])
    merges = rows.filter((pl.col("kind") == "merged") & pl.col("new").is_not_null()).select("ticket", "new").rows()
    while more := {into for ticket, into in merges if ticket in found} - found:
        found |= more
    return found


# --- which events -----------------------------------------------------------------------------------------------------

_BY_AGENT = pl.col("actor_kind") == "agent"
_SAID = (pl.col("kind") == "message") & _BY_AGENT & ~pl.col("auto").fill_null(value=False)
_TAGGED = (pl.col("kind") == "field") & (pl.col("field") == "tags") & _BY_AGENT
_TEXTS = pl.col("kind").is_in(["message", "note"])


def _relevant(snapshot: Snapshot, hint: str) -> pl.LazyFrame:
    """Those events, with the kind of an :class:`Act`; ``telling``: something may be promised there."""
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
    rows = snapshot.events.lazy().filter(pl.col("at") <= snapshot.at).with_columns(kind=kind).drop_nulls("kind")
    hinted = pl.col("text").str.contains(hint).fill_null(value=False)
    telling = (_TEXTS & hinted) | (pl.col("kind") == "field")
    return rows.with_columns(telling=telling)


def _dated(name: str | None) -> pl.Expr:
    """Whether somebody, no machine, changed the custom field that holds until when something is promised."""
    by_person = pl.col("actor_kind").is_in(["agent", "customer"])
    changed = (pl.col("kind") == "field") & (pl.col("field") == FIELD + (name or "")) & by_person
    return changed & pl.col("old").ne_missing(pl.col("new")) & pl.lit(bool(name))


class _Languages:
    """The languages of some tickets, as they were: the ``old`` of the first change after an event, else the present one."""

    def __init__(self, snapshot: Snapshot, tickets: list[str]) -> None:
        of_tickets = snapshot.tickets.filter(pl.col("id").is_in(tickets))
        self._now: dict[str, str | None] = dict(of_tickets.select("id", "language").iter_rows())
        changed = (pl.col("field") == "language") & (pl.col("kind") == "field") & pl.col("ticket").is_in(tickets)
        self._changes: dict[str, list[tuple[datetime, int, str | None]]] = defaultdict(list)
        for ticket, *change in snapshot.events.filter(changed).select("ticket", "at", "seq", "old").iter_rows():
            self._changes[ticket].append((change[0], change[1], change[2]))

    def then(self, row: Mapping[str, Any]) -> str | None:
        """The language of the row's ticket when the event of the row happened."""
        later = (old for at, seq, old in self._changes[row["ticket"]] if (at, seq) > (row["at"], row["seq"]))
        return next(later, self._now.get(row["ticket"]))
