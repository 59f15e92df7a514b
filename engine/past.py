"""What was done on a helpdesk, as the journal has it: runs, and the changes of a run or of a ticket."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from . import journal, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from .store import Store

UNSETTLED = "unsure"
"""The outcome of a change whose fate is not known (yet)."""

_TOLD = ("run", "ticket", "rule", "rule_id", "action", "step", "field", "from", "to", "text", "detail")


def runs(store: Store, helpdesk: str, limit: int) -> list[dict[str, Any]]:
    """The latest runs, newest first: id, plan, instants, whether it was complete, and its outcomes counted."""
    with store.reading() as connection:
        desk = _desk(connection, helpdesk)
        found = [] if desk is None else journal.runs(connection, desk, limit)
        return [_run(connection, desk or 0, row) for row in found]


def changes(store: Store, helpdesk: str, *, run: str | None = None, ticket: str | None = None) -> list[dict[str, Any]]:
    """Every change of one run or to one ticket, oldest first, with its outcome and its two instants."""
    with store.reading() as connection:
        desk = _desk(connection, helpdesk)
        rows = [] if desk is None else journal.changes(connection, desk, run=run, ticket=ticket)
    urls = {number: _url(store, helpdesk, number) for number in {row["ticket"] for row in rows}}
    return [_change(row) | {"url": urls[row["ticket"]]} for row in rows]


def _url(store: Store, helpdesk: str, ticket: str) -> str:
    """The address of a ticket, as long as the local copy knows it."""
    known = store.ticket(helpdesk, ticket)
    return known.url if known else ""


def _desk(connection: Connection, helpdesk: str) -> int | None:
    columns = tables.helpdesks.c
    return connection.execute(select(columns.id).where(columns.name == helpdesk)).scalar()


def _run(connection: Connection, desk: int, row: RowMapping) -> dict[str, Any]:
    done = journal.changes(connection, desk, run=row["id"])
    return {
        "run": row["id"],
        "plan": row["plan"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "complete": bool(row["complete"]),
        "tickets": len({change["ticket"] for change in done}),
        "outcomes": dict(Counter(change["outcome"] or UNSETTLED for change in done)),
    }


def _change(row: RowMapping) -> dict[str, Any]:
    told = {name: row[name] for name in _TOLD}
    return told | {
        "outcome": row["outcome"] or UNSETTLED,
        "intent_at": row["intent_at"],
        "done_at": row["receipt_at"],
        "undo": row["inverse"],
    }
