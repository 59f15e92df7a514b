"""What was done on a helpdesk: runs and their changes, as the journal has them, and who was given what, by whomever."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from . import journal, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping

    from .store import Store


class Assigned(NamedTuple):
    """A ticket that came to somebody: when, whose it was before, who did that (``kind`` is a role of ``connectors.ticket``).

    ``rule`` and ``why`` (:meth:`.roster.Choice.told`) are known of what we did.
    """

    at: datetime
    ticket: str
    url: str
    person: str
    before: str | None
    by: str | None
    kind: str
    rule: str | None = None
    why: Mapping[str, Any] | None = None


UNSETTLED = "unsure"
"""The outcome of a change whose fate is not known (yet)."""

_TOLD = ("run", "ticket", "rule", "rule_id", "action", "step", "field", "from", "to", "text", "detail", "why")


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


def assignments(store: Store, helpdesk: str, since: datetime, until: datetime) -> list[Assigned]:
    """Everything that was given to somebody after one instant and up to another, oldest first; closed tickets count, too."""
    events, tickets = tables.events.c, tables.tickets.c
    given = (events.kind == "field", events.field == "assignee", events.new.is_not(None))
    query = select(events.at, events.ticket, tickets.url, events.new, events.old, events.actor, events.actor_kind)
    query = query.join_from(
        tables.events, tables.tickets, (tickets.desk == events.desk) & (tickets.id == events.ticket)
    )
    query = query.where(*given, events.at > since, events.at <= until).order_by(events.at, events.seq, events.ticket)
    with store.reading() as connection:
        desk = _desk(connection, helpdesk)
        rows = connection.execute(query.where(events.desk == desk)).all()
        ours = _reasons(journal.given(connection, desk or 0, since - _SKEW))
    handles = store.faces(helpdesk).handles
    found = []
    for at, ticket, url, *who, kind in rows:
        person, before, by = (handles.get(each, each) for each in who)
        rule, why = _reason(ours[ticket, person], at) if kind == "robot" else (None, None)
        found.append(Assigned(at, ticket, url, person, before, by, kind, rule, why))
    return found


_SKEW = timedelta(minutes=10)
"""How far the clocks of the desk and of this machine may be apart."""


def _reasons(entries: Sequence[RowMapping]) -> dict[tuple[str, str], list[RowMapping]]:
    """What we gave whom, by ticket and person, oldest first."""
    found: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for entry in entries:
        found[entry["ticket"], entry["to"]].append(entry)
    return found


def _reason(entries: Sequence[RowMapping], at: datetime) -> tuple[str | None, Mapping[str, Any] | None]:
    """The rule and the reason of what we did last before an instant."""
    known = [entry for entry in entries if entry["intent_at"] <= at + _SKEW]
    return (known[-1]["rule"], known[-1]["why"]) if known else (None, None)


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
