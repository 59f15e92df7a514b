"""A small helpdesk of its own in one SQLite file, as its people use it: they write, change, rate, merge and delete.

It behaves like the real ones: every change is an event with the value before and after, a customer who writes on a
ticket that waits or is solved reopens it, and what the desk's own rules forbid is refused in words.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import desk_tables as tables
from .base import Gone, Rejected
from .desk_draft import Draft, House, word_for
from .ticket import Person, Ticket
from .ticket_text import newest_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType
    from typing import Literal, Self

    from .desk_json import Words
    from .ticket import Organization, Value


class Desk:
    """The embedded desk at ``path``; a new, empty one is made where there is none, unless ``create`` is off.

    ``now`` tells the time of what happens without an ``at`` of its own. ``me`` is the person id of makegood's account,
    ``robots`` the ids or handles of further accounts that are not people, ``promise_field`` the custom field that holds until
    when an agent promised something. Whoever acts is named by id or handle;
    ``None`` is the desk's own automation. Raises :class:`ConnectorError` for a file that is no desk, :class:`Gone` for
    tickets that are not there, and :class:`Rejected` for what the desk does not allow.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        robots: tuple[str, ...] = (),
        me: str = "makegood",
        promise_field: str | None = None,
        create: bool = True,
    ) -> None:
        self.path = path
        self.now = now
        self.me = me
        self.robots = frozenset(robots)
        self.promise_field = promise_field
        self._db = tables.open_desk(path, create=create)

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def transaction(self, *, writing: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing: what is written inside stays only if the block ends well; what is read is one state."""
        with tables.spoken(self.path), self._db:
            self._db.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            yield self._db

    @property
    def words(self) -> Words:
        """The desk's words as they are now."""
        with tables.spoken(self.path):
            return tables.words(self._db)

    def describe(self, **words: Any) -> None:
        """Gives the desk other words: any attribute of :class:`Words`."""
        with self.transaction() as db:
            tables.put_words(db, replace(tables.words(db), **words))

    def add_person(self, person: Person) -> None:
        """Writes a person, over one with the same id."""
        with self.transaction() as db:
            tables.put_person(db, person)

    def add_organization(self, organization: Organization) -> None:
        """Writes an organization, over one with the same id."""
        with self.transaction() as db:
            tables.put_organization(db, organization)

    def create(self, by: str, subject: str, text: str, *, at: datetime | None = None, **facts: Any) -> str:
        """A new ticket of the requester ``by`` with a first public message; ``facts`` are attributes of :class:`Ticket`.

        Returns the ticket's id, the next free number.
        """
        with self.transaction() as db:
            person, moment = self._person(by), at or self.now()
            words = tables.words(db)
            first = {"status": "new", "organization": person.organization} | facts
            first.setdefault("status_name", word_for(words, first["status"]))
            text = newest_text(text)
            ticket = Ticket(tables.free_id(db), "1", moment, moment, subject=subject, description=text, **first)
            draft = Draft(replace(ticket, requester=person.id), words, moment, person.id, person.role)
            draft.record("created")
            draft.say(text, public=True)
            tables.insert_events(db, draft.events, tables.insert_ticket(db, draft.ticket))
        return ticket.id

    def say(
        self,
        ticket: str,
        by: str | None,
        text: str,
        *,
        public: bool = True,
        auto: bool = False,
        at: datetime | None = None,
    ) -> None:
        """A message, kept without quotes and signature; ``auto`` marks an auto-reply.

        A customer's public message wakes a ticket that waits or is solved.
        """
        with self._acting(ticket, by, at) as draft:
            draft.say(newest_text(text), public=public, auto=auto)

    def change(self, ticket: str, by: str | None, field: str, value: Value, *, at: datetime | None = None) -> None:
        """Another value for a fact; an assignee or requester may be given by handle, an instant as text with its zone."""
        with self._acting(ticket, by, at) as draft:
            if field in ("assignee", "requester") and isinstance(value, str):
                value = self._person(value).id
            if refusal := self._house(draft.words).refuses_value(field, value):
                raise Rejected(f"{self._place(ticket)}: {refusal}")
            draft.put(field, value)

    def rate(
        self,
        ticket: str,
        by: str | None,
        score: Literal["good", "bad"],
        comment: str | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """A customer's rating; closed tickets can be rated, too."""
        with self._acting(ticket, by, at, final=False) as draft:
            draft.ticket = replace(draft.ticket, csat=score)
            draft.record("rating", new=score, old=score, text=comment)

    def merge(self, ticket: str, into: str, by: str | None, *, at: datetime | None = None) -> None:
        """The ticket becomes part of another one and is closed."""
        with self._acting(ticket, by, at) as draft:
            self._ticket(into)
            if into == ticket:
                raise Rejected(f"{self._place(ticket)} cannot be merged into itself")
            draft.record("merged", new=into)
            draft.put("status", "closed", by_desk=True)
            draft.ticket = replace(draft.ticket, merged_into=into)

    def delete(self, ticket: str, by: str | None, *, at: datetime | None = None) -> None:
        """The ticket is gone for people; what is left of it says that it was deleted."""
        with self._acting(ticket, by, at, final=False) as draft:
            draft.record("deleted")
            draft.ticket = replace(draft.ticket, deleted=True)

    @contextmanager
    def _acting(self, ticket: str, by: str | None, at: datetime | None, *, final: bool = True) -> Iterator[Draft]:
        with self.transaction() as db:
            before, words = self._ticket(ticket), tables.words(db)
            refusal = self._house(words).refuses(before) if final else ""
            if refusal:
                raise Rejected(f"{self._place(ticket)}: {refusal}")
            actor = Person("", role="automation") if by is None else self._person(by)
            draft = Draft(before, words, at or self.now(), actor.id or None, actor.role, tables.last_seq(db, ticket))
            yield draft
            self._keep(draft)

    def _keep(self, draft: Draft) -> None:
        if draft.events:
            ticket = replace(draft.ticket, updated=max(draft.ticket.updated, draft.at))
            tables.insert_events(self._db, draft.events, tables.update_ticket(self._db, ticket))

    def _ticket(self, ticket: str) -> Ticket:
        found = tables.tickets(self._db, "id = ?", ticket)
        if not found or found[0][1].deleted:
            raise Gone(f"{self._place(ticket)} is not there any more")
        return found[0][1]

    def _place(self, ticket: str) -> str:
        return f"{self.path.name}#{ticket}"

    def _house(self, words: Words) -> House:
        def has_organization(name: str) -> bool:
            return bool(tables.organizations(self._db, "handle = ?", name))

        return House(words, self._find, has_organization)

    def _person(self, who: str) -> Person:
        person = self._find(who)
        if person is None:
            raise Rejected(f'{self.path}: there is nobody called "{who}"', hint="name a person by id or e-mail address")
        return person

    def _find(self, who: str) -> Person | None:
        found = tables.people(self._db, "id = ?", who) or tables.people(self._db, "handle = ?", who.lower())
        if not found and who == self.me:
            return self._seen(Person(self.me, name=self.me, login=self.me))
        return self._seen(found[0]) if found else None

    def _seen(self, person: Person) -> Person:
        if person.id == self.me:
            return replace(person, role="robot")
        return replace(person, role="automation") if self.robots & {person.id, person.handle} else person
