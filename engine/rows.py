"""Tickets, events, people and words as rows of the store, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from ..connectors.ticket import Catalogue, Event, FieldSpec, Organization, Person, Schedule, Ticket
from . import tables
from .snapshot import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, RowMapping, Table

_TICKET = tuple(item.name for item in fields(Ticket))
_PERSON = tuple(item.name for item in fields(Person))
_ORGANIZATION = tuple(item.name for item in fields(Organization))
_EVENT = tuple(item.name for item in fields(Event) if item.name not in {"old", "new"})


AT_ONCE = 900
"""Ids in one statement: fewer than the smallest limit that SQLite was ever built with."""


def save_tickets(
    connection: Connection, desk: int, tickets: Sequence[Ticket], events: Sequence[Event]
) -> tuple[int, int]:
    """Keep tickets and events; how many of each were new or different. Those tickets want to be looked at again.

    A ticket that is there is not deleted, whatever was said before: a restored one forgets that it ever was.
    """
    there = {ticket.id for ticket in tickets if not ticket.deleted}
    _restore(connection, desk, [*there])
    events = [event for event in events if not (event.kind == "deleted" and event.ticket in there)]
    changed = _upsert(connection, tables.tickets, (_ticket_row(desk, ticket) for ticket in tickets), ("desk", "id"))
    heard = _upsert(connection, tables.events, (_event_row(desk, event) for event in events), ("desk", "id"))
    if heard:
        look_again(connection, desk, {event.ticket for event in events} - {ticket.id for ticket in tickets})
    return changed, heard


def _restore(connection: Connection, desk: int, there: Sequence[str]) -> None:
    """Drop what was told of these tickets' deletion."""
    columns = tables.events.c
    told = delete(tables.events).where(columns.desk == desk, columns.kind == "deleted")
    for start in range(0, len(there), AT_ONCE):
        connection.execute(told.where(columns.ticket.in_(there[start : start + AT_ONCE])))


def save_people(
    connection: Connection, desk: int, people: Sequence[Person], organizations: Sequence[Organization]
) -> int:
    """Keep people and organizations; how many were new or different."""
    rows = ({"desk": desk} | {name: getattr(person, name) for name in _PERSON} for person in people)
    named = ({"desk": desk} | {name: getattr(one, name) for name in _ORGANIZATION} for one in organizations)
    changed = _upsert(connection, tables.people, rows, ("desk", "id"))
    return changed + _upsert(connection, tables.organizations, named, ("desk", "id"))


def look_again(connection: Connection, desk: int, ids: Iterable[str]) -> None:
    """Have these tickets looked at by the next sync, whatever their next instant was."""
    columns = tables.tickets.c
    due = update(tables.tickets).where(columns.desk == desk, columns.id == bindparam("ticket"))
    if tickets := [{"ticket": ticket} for ticket in ids]:
        connection.execute(due.values(next_instant=tables.EPOCH), tickets)


def ticket_from(row: RowMapping) -> Ticket:
    """The ticket a row was made from."""
    return Ticket(**{name: row[name] for name in _TICKET})


def person_from(row: RowMapping) -> Person:
    """The person a row was made from."""
    return Person(**{name: row[name] for name in _PERSON})


def organization_from(row: RowMapping) -> Organization:
    """The organization a row was made from."""
    return Organization(**{name: row[name] for name in _ORGANIZATION})


def catalogue_text(catalogue: Catalogue) -> str:
    """A desk's words as JSON, the same text for the same words."""
    return json.dumps(asdict(catalogue), ensure_ascii=False, sort_keys=True)


def catalogue_from(text: str) -> Catalogue:
    """The words :func:`catalogue_text` wrote, in this version or an older one."""
    data: dict[str, Any] = {name: _tuple(value) for name, value in json.loads(text).items()}
    specs = {name: FieldSpec(**spec | {"values": _tuple(spec["values"])}) for name, spec in data["fields"].items()}
    schedules = tuple(_schedule(each) for each in data.get("schedules", ()))
    return Catalogue(**data | {"fields": specs, "schedules": schedules})


def _schedule(row: dict[str, Any]) -> Schedule:
    hours = {day: tuple(slots) for day, slots in row["hours"].items()}
    return Schedule(**row | {"hours": hours, "closed": tuple(row["closed"])})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _ticket_row(desk: int, ticket: Ticket) -> dict[str, Any]:
    row = {name: getattr(ticket, name) for name in _TICKET}
    return row | {"desk": desk, "next_instant": tables.EPOCH}


def _event_row(desk: int, event: Event) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in _EVENT}
    return row | {"desk": desk, "old": encode(event.old), "new": encode(event.new)}


_OURS = frozenset({"next_instant", "commitments"})
"""What we found out ourselves: it is forgotten where the desk tells something else, and makes no difference by itself."""


def _upsert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]], key: tuple[str, ...]) -> int:
    """Insert, or update where what the desk tells differs; how many rows were written."""
    given = list(rows)
    if not given:
        return 0
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table)
    columns = [column for column in table.c if column.name not in key]
    compared = [column for column in columns if column.name not in _OURS]
    statement = insert.on_conflict_do_update(
        index_elements=key,
        set_={column.name: insert.excluded[column.name] for column in columns},
        where=or_(*(column.is_distinct_from(insert.excluded[column.name]) for column in compared)),
    )
    return connection.execute(statement, given, execution_options={"preserve_rowcount": True}).rowcount
