"""The one SQLite file of an embedded desk: its tables, and their rows as tickets, events, people and organizations.

Everything written carries a change number that only grows; what changed since some number is one query. Times are kept
as ISO text in UTC (they sort), lists of texts as JSON bytes, so that they never look like a text.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from .base import ConnectorError, Gone, Rejected, Retryable
from .desk_json import Words, from_plain, to_json
from .ticket import Event, Organization, Person, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .ticket import Value

T = TypeVar("T", Person, Organization)

_APPLICATION = 0x6D6B6764  # "mkgd"
_VERSION = 1
_SCHEMA = """
CREATE TABLE desk (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE people (id TEXT PRIMARY KEY, handle TEXT NOT NULL, changed INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX people_handle ON people (handle);
CREATE TABLE organizations (id TEXT PRIMARY KEY, handle TEXT NOT NULL, changed INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX organizations_handle ON organizations (handle);
CREATE TABLE tickets (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, changed INTEGER NOT NULL,
  data TEXT NOT NULL);
CREATE INDEX tickets_changed ON tickets (changed);
CREATE TABLE events (
  id TEXT PRIMARY KEY, ticket TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, seq INTEGER NOT NULL, actor TEXT,
  actor_kind TEXT NOT NULL, field TEXT, old, new, text TEXT, public INTEGER NOT NULL, auto INTEGER NOT NULL, marker TEXT,
  changed INTEGER NOT NULL);
CREATE INDEX events_ticket ON events (ticket);
INSERT INTO desk VALUES
  ('changed', 0),
  ('words', '{"statuses":
    {"New":"new","Open":"open","Pending":"pending","On hold":"on_hold","Solved":"solved","Closed":"closed"}}');
PRAGMA user_version = 1;
"""
_EVENT = (
    "e.id, e.ticket, e.at, e.kind, e.seq, e.actor, e.actor_kind, e.field, e.old, e.new, e.text, e.public, e.auto,"
    " e.marker"
)


@contextmanager
def spoken(path: Path) -> Iterator[None]:
    """Turns what SQLite says about the file at ``path`` into :class:`ConnectorError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Retryable(f"{path}: another program is writing to this desk", hint="try again in a moment") from error
        raise ConnectorError(f"{path}: {error}", hint="check the file's rights and the free space") from error
    except sqlite3.DatabaseError as error:
        raise Rejected(f"{path} is no makegood desk, or damaged: {error}", hint="restore it from a backup") from error


def open_desk(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to the desk at ``path``; a new file is made where there is none and ``create`` says so.

    Raises :class:`Gone` where there is no file, :class:`Rejected` for a file that is no desk, damaged, or of a newer
    makegood.
    """
    if not create and not path.exists():
        raise Gone(f"{path}: there is no such file", hint="make a desk with `makegood desk import` or `makegood demo`")
    with spoken(path):
        db = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
        return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    (version,), (application,) = (
        db.execute(f"PRAGMA {what}").fetchone() for what in ("user_version", "application_id")
    )
    if not version and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        _make(db)
    elif application != _APPLICATION:
        raise Rejected(f"{path} belongs to another program", hint="name another file for the desk")
    elif version > _VERSION:
        raise Rejected(f"{path} was written by a newer makegood (format {version})", hint="update makegood")
    db.execute("PRAGMA synchronous = NORMAL")


def _make(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION}; COMMIT")


def changed(db: sqlite3.Connection) -> int:
    """The number of the last change."""
    return int(db.execute("SELECT value FROM desk WHERE key = 'changed'").fetchone()[0])


def next_change(db: sqlite3.Connection) -> int:
    """A number for a new change."""
    return int(db.execute("UPDATE desk SET value = value + 1 WHERE key = 'changed' RETURNING value").fetchone()[0])


def words(db: sqlite3.Connection) -> Words:
    """The desk's words as they are now."""
    return from_plain(Words, json.loads(db.execute("SELECT value FROM desk WHERE key = 'words'").fetchone()[0]))


def put_words(db: sqlite3.Connection, new: Words) -> None:
    """Writes the desk's words."""
    next_change(db)
    db.execute("UPDATE desk SET value = ? WHERE key = 'words'", (to_json(new),))


def put_person(db: sqlite3.Connection, person: Person, *, verb: str = "REPLACE") -> None:
    """Writes a person over the one with the same id; with the verb INSERT a second one is an IntegrityError."""
    row = (person.id, person.handle, next_change(db), to_json(person))
    db.execute(f"{verb} INTO people VALUES (?, ?, ?, ?)", row)


def put_organization(db: sqlite3.Connection, organization: Organization, *, verb: str = "REPLACE") -> None:
    """Writes an organization, like :func:`put_person`."""
    row = (organization.id, organization.name, next_change(db), to_json(organization))
    db.execute(f"{verb} INTO organizations VALUES (?, ?, ?, ?)", row)


def people(db: sqlite3.Connection, condition: str = "1", *parameters: object) -> list[Person]:
    """The people for whom the SQL ``condition`` holds, by id."""
    return _named(db, Person, "people", condition, parameters)


def organizations(db: sqlite3.Connection, condition: str = "1", *parameters: object) -> list[Organization]:
    """The organizations for which the SQL ``condition`` holds, by id."""
    return _named(db, Organization, "organizations", condition, parameters)


def _named(
    db: sqlite3.Connection, kind: type[T], table: str, condition: str, parameters: tuple[object, ...]
) -> list[T]:
    rows = db.execute(f"SELECT data FROM {table} WHERE {condition} ORDER BY id", parameters)  # noqa: S608
    return [from_plain(kind, json.loads(data)) for (data,) in rows]


def tickets(
    db: sqlite3.Connection, condition: str, *parameters: object, order: str = "changed", at_most: int = -1
) -> list[tuple[int, Ticket]]:
    """The tickets for which the SQL ``condition`` holds, each behind its change number, in the order of a column."""
    query = f"SELECT version, changed, data FROM tickets WHERE {condition} ORDER BY {order} LIMIT {at_most}"  # noqa: S608
    return [(number, _ticket(version, data)) for version, number, data in db.execute(query, parameters)]


def _ticket(version: int, data: str) -> Ticket:
    return from_plain(Ticket, json.loads(data) | {"version": str(version)})


def insert_ticket(db: sqlite3.Connection, ticket: Ticket) -> int:
    """Writes a new ticket with version 1 and tells its change number; IntegrityError where its id is taken."""
    number = next_change(db)
    row = (ticket.id, number, to_json(ticket, leave_out="version"))
    db.execute("INSERT INTO tickets (id, version, changed, data) VALUES (?, 1, ?, ?)", row)
    return number


def update_ticket(db: sqlite3.Connection, ticket: Ticket) -> int:
    """Writes a ticket's next state, moves its version on by one and tells the change number."""
    number = next_change(db)
    row = (number, to_json(ticket, leave_out="version"), ticket.id)
    db.execute("UPDATE tickets SET version = version + 1, changed = ?, data = ? WHERE id = ?", row)
    return number


def insert_events(db: sqlite3.Connection, events: Iterable[Event], number: int) -> None:
    """Writes new events under a change number; IntegrityError where an id is taken."""
    rows = (_row(event, number) for event in events)
    db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _row(e: Event, number: int) -> tuple[object, ...]:
    at, old, new = e.at.isoformat(), _cell(e.old), _cell(e.new)
    what = (e.actor, e.actor_kind, e.field, old, new, e.text, e.public, e.auto, e.marker)
    return (e.id, e.ticket, at, e.kind, e.seq, *what, number)


def _cell(value: Value) -> str | bytes | None:
    return json.dumps(value, ensure_ascii=False).encode() if isinstance(value, tuple) else value


def _value(cell: str | bytes | None) -> Value:
    return tuple(json.loads(cell)) if isinstance(cell, bytes) else cell


def events(db: sqlite3.Connection, condition: str, *parameters: object) -> list[Event]:
    """The events (``e``, of tickets ``t``) for which the SQL ``condition`` holds: by ticket, then in their own order."""
    rows = db.execute(
        f"SELECT {_EVENT} FROM tickets t CROSS JOIN events e ON e.ticket = t.id WHERE {condition}"  # noqa: S608
        " ORDER BY t.changed, e.at, e.seq",
        parameters,
    )
    moment = datetime.fromisoformat
    return [
        Event(
            i, t, moment(at), kind, seq, actor, who, field, _value(old), _value(new), text, public > 0, auto > 0, marker
        )
        for i, t, at, kind, seq, actor, who, field, old, new, text, public, auto, marker in rows
    ]


def count(db: sqlite3.Connection, since: int) -> int:
    """How many tickets changed after the change ``since``."""
    return int(db.execute("SELECT count(*) FROM tickets WHERE changed > ?", (since,)).fetchone()[0])


def last_seq(db: sqlite3.Connection, ticket: str) -> int:
    """The highest ``seq`` of a ticket's events, 0 where it has none."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM events WHERE ticket = ?", (ticket,)).fetchone()[0])


def free_id(db: sqlite3.Connection) -> str:
    """The next number that is no ticket's id yet."""
    number = int(db.execute("SELECT coalesce(max(number), 0) + 1 FROM tickets").fetchone()[0])
    while db.execute("SELECT 1 FROM tickets WHERE id = ?", (str(number),)).fetchone():
        number += 1
    return str(number)
