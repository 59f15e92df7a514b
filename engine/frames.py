"""The local copy as columns: what a :class:`~.snapshot.Snapshot` is made of, read as fast as the database gives it.

Rows go from the driver's cursor straight into Polars; Python never sees a ticket. People are turned from the desk's ids
into handles here, and an id that is nobody's handle stays as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import BigInteger, Boolean, Integer, Text, and_, case, cast, false, not_, or_, select, true, type_coerce

from . import tables
from .collecting import no_cycles
from .columns import EVERY_FIELD
from .snapshot import ASSIGNMENTS, EVENTS, TICKETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, CursorResult, Select

    from .snapshot import Needs

CHUNK = 20_000
"""Rows that are Python objects at the same time."""

PERSON_FIELDS = ("assignee", "requester")


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read: which desk, as of when, what of it. ``handles`` by person id; ``persons``: custom fields with people."""

    connection: Connection
    desk: int
    at: datetime
    needs: Needs
    handles: Mapping[str, str]
    persons: frozenset[str]


def read_tickets(scope: Scope) -> pl.DataFrame:
    """Every ticket in sight, columns as in :data:`~.snapshot.TICKETS`."""
    columns = [_plain(tables.tickets.c[name]) for name in TICKETS]
    frame = _frame(scope.connection, select(*columns).where(_in_sight(scope)), TICKETS)
    handles = scope.handles
    frame = frame.with_columns(
        *(pl.col(name).replace(handles) for name in PERSON_FIELDS),
        pl.col("approvers").list.eval(pl.element().replace(handles)),
    )
    return _named_in_custom(frame, handles, scope.persons) if scope.persons else frame


def read_events(scope: Scope) -> tuple[pl.DataFrame, dict[str, str]]:
    """The events of those tickets that are needed, columns as in :data:`~.snapshot.EVENTS`, sorted.

    Beside them what is known that messages commit to (``Snapshot.commitments``), where promises are asked for.
    """
    events = tables.events.c
    columns = [_plain(events[name]) for name in EVENTS if name != "text"]
    of_tickets = and_(events.desk == scope.desk, events.ticket == tables.tickets.c.id, _in_sight(scope))
    commitments = case((_flag(scope.needs.promises), events.commitments))
    query = select(*columns, _text(scope.needs).label("text"), commitments.label("commitments"))
    read = _frame(scope.connection, query.where(of_tickets, _wanted(scope.needs)), EVENTS | {"commitments": pl.String})
    known = read.select("id", "commitments").drop_nulls()
    return _with_handles(read.drop("commitments"), scope), dict(known.iter_rows())


def read_assignments(scope: Scope, since: datetime) -> pl.DataFrame:
    """Who was given what since then, columns as in :data:`~.snapshot.ASSIGNMENTS`; closed and merged tickets count.

    Nothing is read where nobody is chosen.
    """
    if not scope.needs.assignments:
        return pl.DataFrame(schema=ASSIGNMENTS)
    events = tables.events.c
    columns = (events.ticket, _plain(events.at), events.new.label("person"))
    given = and_(events.kind == "field", events.field == "assignee", events.new.is_not(None))
    recent = and_(events.desk == scope.desk, given, events.at > since, events.at <= scope.at)
    frame = _frame(scope.connection, select(*columns).where(recent), ASSIGNMENTS)
    return frame.with_columns(pl.col("person").replace(scope.handles))


def _with_handles(events: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    people = pl.col("field").is_in([*PERSON_FIELDS, "approvers", *(f"field.{name}" for name in scope.persons)])
    return events.with_columns(
        pl.col("actor").replace(scope.handles),
        pl.when(people).then(pl.col("old").replace(scope.handles)).otherwise(pl.col("old")),
        pl.when(people).then(pl.col("new").replace(scope.handles)).otherwise(pl.col("new")),
    ).sort("ticket", "at", "seq", maintain_order=True)


def _in_sight(scope: Scope) -> ColumnElement[bool]:
    """Tickets no rule can see are left in the store, unless they were still visible at an earlier ``at``."""
    tickets = tables.tickets.c
    merged = tickets.merged_into.is_not(None)
    closed = false() if scope.needs.closed else tickets.status == "closed"
    seen = and_(not_(tickets.deleted), or_(and_(not_(merged), not_(closed)), and_(merged, _flag(scope.needs.promises))))
    gone = and_(or_(merged, tickets.deleted), _flag(scope.needs.gone))
    return and_(tickets.desk == scope.desk, or_(tickets.updated > scope.at, seen, gone))


def _wanted(needs: Needs) -> ColumnElement[bool]:
    """Our own messages always: their markers say what is done already."""
    events = tables.events.c
    message = events.kind == "message"
    some = true() if EVERY_FIELD in needs.fields else events.field.in_(sorted(needs.fields))
    return or_(
        events.kind.in_(("created", "merged", "deleted")),
        and_(events.kind == "field", some),
        message if needs.messages or needs.texts else and_(message, _read_anyway(needs)),
        events.kind == "rating" if needs.ratings else false(),
        events.kind == "sla" if needs.sla else false(),
    )


def _text(needs: Needs) -> ColumnElement[Any]:
    """Messages are most of a store: without need for them only ratings' comments and what we wrote ourselves are read."""
    events = tables.events.c
    if needs.texts:
        return events.text
    return case((or_(events.kind == "rating", _read_anyway(needs)), events.text))


def _read_anyway(needs: Needs) -> ColumnElement[bool]:
    """Messages of ours, and those of agents where promises are asked for."""
    kind = tables.events.c.actor_kind
    return kind.in_(("robot", "agent")) if needs.promises else kind == "robot"


def _flag(on: bool) -> ColumnElement[bool]:  # noqa: FBT001
    return true() if on else false()


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as it is stored, without conversion row by row; yes and no as 1 and 0."""
    if isinstance(column.type, Boolean):
        return cast(column, Integer).label(column.name)
    stored = BigInteger if isinstance(column.type, tables.Instant) else Text
    return (
        type_coerce(column, stored)
        if isinstance(column.type, tables.Instant | tables.Texts | tables.Fields)
        else column
    )


def _frame(connection: Connection, query: Select[Any], schema: Mapping[str, Any]) -> pl.DataFrame:
    result = connection.execute(query)
    stored = {name: _stored(schema[name]) for name in result.keys()}  # noqa: SIM118  (not a mapping)
    chunks = [_chunk(rows, stored) for rows in _driver_rows(result)]
    frame = pl.concat(chunks) if chunks else pl.DataFrame(schema=stored)
    return frame.select(_typed(name, kind) for name, kind in schema.items())


def _driver_rows(result: CursorResult[Any]) -> Iterator[Sequence[Any]]:
    """The rows as the driver makes them: half the time of rows that know their columns' names."""
    cursor = result.cursor
    try:
        with no_cycles():
            while cursor is not None and (rows := cursor.fetchmany(CHUNK)):
                yield rows
    finally:
        result.close()


def _chunk(rows: Sequence[Any], stored: Mapping[str, Any]) -> pl.DataFrame:
    columns: Iterable[tuple[Any, ...]] = zip(*rows, strict=True)
    return pl.DataFrame(
        [pl.Series(name, values, kind) for (name, kind), values in zip(stored.items(), columns, strict=True)]
    )


def _stored(kind: Any) -> Any:
    """What the driver gives for a column of the type ``kind``."""
    if isinstance(kind, pl.Datetime) or kind == pl.Boolean:
        return pl.Int64
    return pl.String if isinstance(kind, pl.List) else kind


def _typed(name: str, kind: Any) -> pl.Expr:
    if isinstance(kind, pl.List):
        return pl.col(name).str.json_decode(kind)
    return pl.col(name).cast(kind)


def _named_in_custom(frame: pl.DataFrame, handles: Mapping[str, str], persons: frozenset[str]) -> pl.DataFrame:
    """Custom fields that hold people, with handles for ids."""

    def named(text: str) -> str:
        values = json.loads(text)
        for name in persons & values.keys():
            values[name] = _handles_of(values[name], handles)
        return json.dumps(values, ensure_ascii=False)

    return frame.with_columns(pl.col("custom").map_elements(named, return_dtype=pl.String))


def _handles_of(value: Any, handles: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [handles.get(item, item) for item in value]
    return handles.get(value, value)
