"""The journal: what we set out to write, and what became of it.

An intent is committed before the desk is called, its receipt after the read-back. An entry without an outcome is a change
whose fate is unknown: :mod:`.apply` settles it by looking at the desk before anything else is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from . import tables
from .snapshot import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping

    from ..connectors.ticket import Value


@dataclass(frozen=True, slots=True)
class Intent:
    """A change about to be written; ``entry`` is its number in the journal."""

    entry: int
    ticket: str
    action: str
    field: str | None
    to: Value
    text: str | None
    marker: str | None
    version_before: str
    intent_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an intent. ``inverse`` is what would undo it, as far as anything can."""

    entry: int
    outcome: str
    detail: str = ""
    version_after: str | None = None
    inverse: Mapping[str, Value] | None = None


_INTENT = ("ticket", "action", "field", "to", "text", "marker", "version_before", "intent_at")
_ENTRY = ("run", "rule_id", "rule_fingerprint", "ticket", "action", "step", "field", "effect", "change", "to", "rights")


def start_run(connection: Connection, desk: int, run: str, at: datetime, *, plan: str, rules: str) -> None:
    """Note that a run began: of the plan with this id, made from rules with this fingerprint."""
    values = {"id": run, "desk": desk, "plan": plan, "rules_fingerprint": rules, "started_at": at}
    connection.execute(tables.runs.insert().values(values))


def put_in_force(connection: Connection, desk: int, rule_ids: Sequence[str], at: datetime) -> None:
    """Note since when rules are in force here; what is known already stays."""
    columns = tables.rule_first.c
    known = set(connection.execute(select(columns.rule_id).where(columns.desk == desk)).scalars())
    for rule_id in rule_ids:
        if rule_id not in known:
            connection.execute(tables.rule_first.insert().values(desk=desk, rule_id=rule_id, first_at=at))


def finish_run(connection: Connection, run: str, at: datetime, *, complete: bool) -> None:
    """Note that a run ended, and whether it got through all of its plan."""
    ended = update(tables.runs).where(tables.runs.c.id == run)
    connection.execute(ended.values(finished_at=at, complete=complete))


def intend(connection: Connection, values: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write intents (columns of ``tables.journal``); their numbers in the journal, in the same order."""
    insert = tables.journal.insert().returning(tables.journal.c.id, sort_by_parameter_order=True)
    return list(connection.execute(insert, list(values)).scalars()) if values else []


def receive(connection: Connection, receipts: Sequence[Receipt], at: datetime) -> None:
    """Write what became of intents."""
    for receipt in receipts:
        row = update(tables.journal).where(tables.journal.c.id == receipt.entry)
        connection.execute(
            row.values(
                outcome=receipt.outcome,
                detail=receipt.detail,
                version_after=receipt.version_after,
                inverse=receipt.inverse,
                receipt_at=at,
            )
        )


def unsettled(connection: Connection, desk: int) -> list[Intent]:
    """Every change whose fate is unknown, oldest first."""
    columns = tables.journal.c
    query = select(tables.journal).where(columns.desk == desk, columns.outcome.is_(None)).order_by(columns.id)
    return [_intent(row) for row in connection.execute(query).mappings()]


def entries(connection: Connection, desk: int) -> tuple[JournalEntry, ...]:
    """The journal of one helpdesk as plans read it, oldest first; a change of unknown fate is ``unsure``."""
    query = select(tables.journal).where(tables.journal.c.desk == desk).order_by(tables.journal.c.id)
    return tuple(_entry(row) for row in connection.execute(query).mappings())


def said(connection: Connection, desk: int, effect: str, since: datetime) -> bool:
    """Whether a note, reply or notice with this effect key was made at or after ``since``."""
    columns = tables.journal.c
    made = select(columns.id).where(
        columns.desk == desk,
        columns.effect == effect,
        columns.outcome.in_(("applied", "already")),
        columns.receipt_at >= since,
    )
    return connection.execute(made.limit(1)).first() is not None


def runs(connection: Connection, desk: int, limit: int) -> list[RowMapping]:
    """The latest runs, newest first: rows of ``tables.runs``."""
    columns = tables.runs.c
    query = select(tables.runs).where(columns.desk == desk).order_by(columns.started_at.desc(), columns.id).limit(limit)
    return list(connection.execute(query).mappings())


def changes(
    connection: Connection, desk: int, *, run: str | None = None, ticket: str | None = None
) -> list[RowMapping]:
    """Rows of ``tables.journal``, of one run or one ticket where given, oldest first."""
    columns = tables.journal.c
    query = select(tables.journal).where(columns.desk == desk).order_by(columns.id)
    if run is not None:
        query = query.where(columns.run == run)
    if ticket is not None:
        query = query.where(columns.ticket == ticket)
    return list(connection.execute(query).mappings())


def given(connection: Connection, desk: int, since: datetime) -> list[RowMapping]:
    """What we gave to people since an instant, oldest first: rows of ``tables.journal``."""
    columns = tables.journal.c
    ours = (columns.field == "assignee", columns.outcome.in_(("applied", "already")), columns.intent_at >= since)
    query = select(tables.journal).where(columns.desk == desk, *ours).order_by(columns.id)
    return list(connection.execute(query).mappings())


def _intent(row: RowMapping) -> Intent:
    return Intent(row["id"], **{name: row[name] for name in _INTENT})


def _entry(row: RowMapping) -> JournalEntry:
    return JournalEntry(
        at=row["receipt_at"] or row["intent_at"],
        outcome=row["outcome"] or "unsure",
        detail=row["detail"] or "",
        version_after=row["version_after"],
        **{name: row[name] for name in _ENTRY},
    )
