"""The store: a local copy of each helpdesk, kept page by page, and read as one :class:`~.snapshot.Snapshot`.

The desk is the truth, this a copy: delete it, pull again, and plans come out the same. Only the journal of what we did
(:mod:`.journal`) and the leases (:mod:`.lease`) are at home here.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, update

from ..connectors.ticket import FIELD
from . import database, frames, journal, rows, tables
from .database import StoreError
from .fate import Faces
from .snapshot import PERIOD, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Engine

    from ..connectors.base import Capabilities, Page
    from ..connectors.ticket import Catalogue, Organization, Person, Ticket
    from .snapshot import Needs


@dataclass(frozen=True, slots=True)
class Saved:
    """How many tickets and events were new or different."""

    tickets: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the copy of one helpdesk is.

    ``known_to``: nothing up to this instant is missing; None until the first pull is through. ``refreshed_at``: when
    people and words were last fetched. ``settled_rules``: fingerprint of the rules that left nothing to do, while nothing
    but tickets has changed since.
    """

    cursor: str | None = None
    known_to: datetime | None = None
    refreshed_at: datetime | None = None
    settled_rules: str | None = None


class Store:
    """An open store. ``now`` gives the present instant; ``place`` is how messages name the store."""

    def __init__(self, engine: Engine, place: str, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self.place = place
        self.now = now

    @classmethod
    def open(cls, url: str | Path, *, now: Callable[[], datetime]) -> Store:
        """Open the store at a path or a ``postgresql://`` URL; a new one is made, an older one brought up to date.

        Raises:
            StoreError: it cannot be reached or written, is not a makegood store, or comes from a newer makegood.
        """
        place = database.shown(str(url))
        engine = database.open_engine(str(url))
        with database.in_plain_words(place):
            database.make_current(engine, place, now())
        return cls(engine, place, now)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one consistent state, also while a sync is writing."""
        with database.in_plain_words(self.place), database.reading(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is stored at the end, or nothing."""
        with database.in_plain_words(self.place), self._engine.begin() as connection:
            yield connection

    @cached_property
    def id(self) -> str:
        """What tells this copy from another; plans carry it."""
        with self.reading() as connection:
            return str(connection.execute(select(tables.store.c.id)).scalar_one())

    # --- keeping ------------------------------------------------------------------------------------------------------

    def save_page(self, helpdesk: str, page: Page, *, refreshed: bool = False) -> Saved:
        """Keep a page and its cursor in one transaction; keeping it twice is harmless.

        ``refreshed``: with this page, people and words have all been fetched again.
        """
        with self.writing() as connection:
            desk = desk_key(connection, helpdesk)
            changed, heard = rows.save_tickets(connection, desk, page.tickets, page.events)
            others = rows.save_people(connection, desk, page.people, page.organizations)
            marks: dict[str, Any] = {"cursor": page.cursor} | ({"settled_rules": None} if others else {})
            if page.known_to is not None:
                marks["known_to"] = page.known_to
            if page.catalogue is not None:
                marks |= _words(connection, desk, page.catalogue)
            if refreshed:
                marks["refreshed_at"] = self.now()
            connection.execute(update(tables.helpdesks).where(tables.helpdesks.c.id == desk).values(marks))
        return Saved(changed, heard)

    def forget_tickets(self, connection: Connection, desk: int, gone: Iterable[str]) -> None:
        """Mark tickets that the desk no longer knows as deleted; their events stay."""
        columns = tables.tickets.c
        for ticket in gone:
            deleted = update(tables.tickets).where(columns.desk == desk, columns.id == ticket)
            connection.execute(deleted.values(deleted=True, updated=self.now()))

    def settle_tickets(self, helpdesk: str, looked_at: Sequence[tuple[str, str, datetime | None]]) -> None:
        """Keep when tickets want to be looked at next: (id, version they were seen at, instant or None for never).

        A ticket that changed since it was seen keeps wanting to be looked at; all others are out of every rule's sight.
        """
        columns = tables.tickets.c
        seen = update(tables.tickets).where(columns.id == bindparam("ticket"), columns.version == bindparam("seen_at"))
        values = [{"ticket": ticket, "seen_at": version, "instant": instant} for ticket, version, instant in looked_at]
        with self.writing() as connection:
            desk = desk_key(connection, helpdesk)
            waiting = select(columns.id).where(columns.desk == desk, columns.next_instant.is_not(None))
            for ticket in set(connection.execute(waiting).scalars()) - {ticket for ticket, _, _ in looked_at}:
                unseen = update(tables.tickets).where(columns.desk == desk, columns.id == ticket)
                connection.execute(unseen.values(next_instant=None))
            if values:
                connection.execute(seen.where(columns.desk == desk).values(next_instant=bindparam("instant")), values)

    def settle_rules(self, helpdesk: str, fingerprint: str | None) -> None:
        """Note that these rules left nothing to do; None: look at everything again."""
        with self.writing() as connection:
            desk = desk_key(connection, helpdesk)
            settled = update(tables.helpdesks).where(tables.helpdesks.c.id == desk)
            connection.execute(settled.values(settled_rules=fingerprint))

    def keep_commitments(self, helpdesk: str, found: Iterable[tuple[str, str, str]]) -> None:
        """Keep what messages commit to: (event id, the text that was read, what it commits to).

        A message that has another text by now stays to be read.
        """
        columns = tables.events.c
        read = (columns.id == bindparam("event"), columns.text == bindparam("said"), columns.public)
        values = [{"event": event, "said": text, "note": note} for event, text, note in found]
        if values:
            with self.writing() as connection:
                desk = desk_key(connection, helpdesk)
                kept = update(tables.events).where(columns.desk == desk, *read)
                connection.execute(kept.values(commitments=bindparam("note")), values)

    # --- looking ------------------------------------------------------------------------------------------------------

    def standing(self, helpdesk: str) -> Standing:
        """How far the copy is; empty for a helpdesk that was never pulled."""
        columns = tables.helpdesks.c
        query = select(columns.cursor, columns.known_to, columns.refreshed_at, columns.settled_rules)
        with self.reading() as connection:
            found = connection.execute(query.where(columns.name == helpdesk)).first()
        return Standing(*found) if found else Standing()

    def catalogue(self, helpdesk: str) -> Catalogue | None:
        """The desk's words as last fetched, None before the first pull."""
        columns = tables.helpdesks.c
        with self.reading() as connection:
            text = connection.execute(select(columns.catalogue).where(columns.name == helpdesk)).scalar()
        return rows.catalogue_from(text) if text else None

    def ticket(self, helpdesk: str, ticket: str) -> Ticket | None:
        """One ticket as last seen, people by their ids."""
        return self._ticket(helpdesk, tables.tickets.c.id == ticket)

    def ticket_called(self, helpdesk: str, name: str) -> Ticket | None:
        """One ticket by its id, or by the key that people call it by, whatever its case."""
        key = name.upper().replace("%", "").replace("_", "\\_")
        found = self.ticket(helpdesk, name)
        return found or self._ticket(helpdesk, tables.tickets.c.url.like(f"%/browse/{key}", escape="\\"))

    def _ticket(self, helpdesk: str, which: ColumnElement[bool]) -> Ticket | None:
        query = select(tables.tickets).where(which, of_helpdesk(tables.tickets.c.desk, helpdesk))
        with self.reading() as connection:
            found = connection.execute(query).mappings().first()
        return rows.ticket_from(found) if found else None

    def people(self, helpdesk: str) -> dict[str, Person]:
        """Everybody known, by handle; of several with one address the active one."""
        with self.reading() as connection:
            everybody = _people(connection, of_helpdesk(tables.people.c.desk, helpdesk))
        return {person.handle: person for person in everybody}

    def faces(self, helpdesk: str) -> Faces:
        """How to turn a plan's handles into the desk's ids and back."""
        with self.reading() as connection:
            everybody = _people(connection, of_helpdesk(tables.people.c.desk, helpdesk))
        return Faces.of(everybody, self.catalogue(helpdesk))

    def due(self, helpdesk: str, at: datetime) -> int:
        """How many tickets changed since they were last looked at, or want to be looked at by ``at``."""
        columns = tables.tickets.c
        query = select(func.count()).where(of_helpdesk(columns.desk, helpdesk), columns.next_instant <= at)
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def snapshot(self, helpdesk: str, at: datetime, needs: Needs, capabilities: Capabilities) -> Snapshot:
        """The helpdesk as known now, with all that ``needs`` names; events after ``at`` are in it for rolling back.

        Raises:
            StoreError: no pull of this helpdesk has been finished yet.
        """
        with self.reading() as connection:
            found = connection.execute(select(tables.helpdesks).where(tables.helpdesks.c.name == helpdesk)).first()
            if found is None or found.known_to is None or found.catalogue is None:
                raise StoreError(f"nothing is known about {helpdesk} yet", hint="run `makegood pull` to the end first")
            catalogue = rows.catalogue_from(found.catalogue)
            people = _people(connection, tables.people.c.desk == found.id)
            asked = _with_promises(needs, catalogue)
            scope = frames.Scope(
                connection, found.id, at, asked, {person.id: person.handle for person in people}, _persons(catalogue)
            )
            events, commitments = frames.read_events(scope)
            return Snapshot(
                helpdesk=helpdesk,
                at=at,
                known_to=found.known_to,
                tickets=frames.read_tickets(scope),
                events=events,
                people={person.handle: person for person in people},
                organizations={one.name: one for one in _organizations(connection, found.id)},
                catalogue=catalogue,
                capabilities=capabilities,
                journal=journal.entries(connection, found.id),
                first_applied=_first_applied(connection, found.id),
                store_id=self.id,
                commitments=commitments,
                assignments=frames.read_assignments(scope, at - PERIOD),
            )


def desk_key(connection: Connection, helpdesk: str) -> int:
    """The number of a helpdesk in the tables; given to it now if it has none. Needs a writing transaction."""
    columns = tables.helpdesks.c
    found = connection.execute(select(columns.id).where(columns.name == helpdesk)).scalar()
    if found is None:
        found = connection.execute(tables.helpdesks.insert().values(name=helpdesk).returning(columns.id)).scalar_one()
    return int(found)


def of_helpdesk(column: ColumnElement[int], helpdesk: str) -> ColumnElement[bool]:
    """That a row belongs to this helpdesk; of one that was never pulled there is no row."""
    return column == select(tables.helpdesks.c.id).where(tables.helpdesks.c.name == helpdesk).scalar_subquery()


def _words(connection: Connection, desk: int, catalogue: Catalogue) -> dict[str, Any]:
    """What to keep of a catalogue; other words may change what any rule says."""
    columns = tables.helpdesks.c
    text = rows.catalogue_text(catalogue)
    known = connection.execute(select(columns.catalogue).where(columns.id == desk)).scalar()
    return {} if text == known else {"catalogue": text, "settled_rules": None}


def _people(connection: Connection, condition: ColumnElement[bool]) -> list[Person]:
    """Active people last, so that they win where several share a handle."""
    columns = tables.people.c
    query = select(tables.people).where(condition).order_by(columns.active, columns.id)
    return [rows.person_from(row) for row in connection.execute(query).mappings()]


def _organizations(connection: Connection, desk: int) -> list[Organization]:
    columns = tables.organizations.c
    query = select(tables.organizations).where(columns.desk == desk).order_by(columns.id)
    return [rows.organization_from(row) for row in connection.execute(query).mappings()]


def _persons(catalogue: Catalogue) -> frozenset[str]:
    """Custom fields that hold people."""
    return frozenset(name for name, spec in catalogue.fields.items() if spec.type == "person")


def _with_promises(needs: Needs, catalogue: Catalogue) -> Needs:
    """The needs, with the fields that make or take back promises where those are asked for."""
    if not needs.promises:
        return needs
    dated = {FIELD + catalogue.promise_field} if catalogue.promise_field else set()
    return replace(needs, fields=needs.fields | {"tags", "language"} | dated)


def _first_applied(connection: Connection, desk: int) -> Mapping[str, datetime]:
    columns = tables.rule_first.c
    query = select(columns.rule_id, columns.first_at).where(columns.desk == desk)
    return {row.rule_id: row.first_at for row in connection.execute(query)}
