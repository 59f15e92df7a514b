"""The connector for the embedded desk: what makegood sees of it, and how it writes to it.

A ticket's version counts its writes. A cursor is the number of the last change that was handed out; while pages are
still to come, it is ``FROM-TO``: the pull that began after change FROM has handed out everything up to TO.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import desk_tables as tables
from .base import Capabilities, Conflict, Outcome, Page, Read, Rejected, Written
from .desk_draft import SETTABLE, Draft, House, value_of
from .embedded import Desk
from .ticket import FIELD, Catalogue, Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .base import Change, Finding, Result
    from .ticket import Event, Ticket, Value

PAGE = 5_000
"""Tickets on one page of a pull."""

WRITABLE = frozenset(
    {"assignee", "group", "status", "status_name", "priority", "type", "form", "organization", "due"}
    | {"field", "tags", "cc", "note", "reply"}
)


class Local(Desk):
    """One embedded desk as a :class:`Connector`; the same object lets tests and the demo act as people (:class:`Desk`)."""

    kind = "local"
    calls = 0

    def capabilities(self) -> Capabilities:
        """What this desk can do: everything; it has no clocks of its own but those that an import brought."""
        return Capabilities(
            WRITABLE,
            hidden_marker=True,
            version_checked=True,
            closed_is_final=self.words.closed_is_final,
        )

    def catalogue(self) -> Catalogue:
        """The desk's own words as they are now."""
        self.calls += 1
        return self._catalogue()

    def _catalogue(self) -> Catalogue:
        words = self.words
        return Catalogue(
            me=self.me,
            groups=words.groups,
            statuses=words.statuses,
            fields=words.fields,
            types=words.types,
            forms=words.forms,
            brands=words.brands,
            slas=words.slas,
            promise_field=self.promise_field,
            time_zone=words.time_zone,
            rights="read" if words.read_only else "read, write",
        )

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        """Everything that changed since ``cursor``; see :class:`Connector`.

        Raises :class:`Rejected` for a cursor that is not of this desk.
        """
        start, done = self._position(cursor)
        fresh = refresh or cursor is None
        while True:
            page = self._page(start, done, fresh=fresh)
            yield page
            if page.known_to is not None:
                return
            fresh = False
            start, done = self._position(page.cursor)

    def _position(self, cursor: str | None) -> tuple[int, int]:
        first, _, last = (cursor or "0").partition("-")
        if not (first + last).isdecimal():
            raise Rejected(f'{self.path}: "{cursor}" is no place to go on from', hint="remove the store and pull again")
        return int(first), int(last or first)

    def _page(self, start: int, done: int, *, fresh: bool) -> Page:
        self.calls += 1
        known_to = self.now()
        with self.transaction(writing=False) as db:
            last = tables.changed(db)
            if last < done:
                raise Rejected(
                    f"{self.path} is older than what was pulled from it before",
                    hint="the file was replaced: remove the store and pull again",
                )
            if last == done and not fresh:
                return Page(str(last), known_to=known_to)
            found = tables.tickets(db, "changed > ?", done, at_most=PAGE)
            ends = len(found) < PAGE or found[-1][0] == last
            to = last if ends else found[-1][0]
            return Page(
                cursor=str(last) if ends else f"{start}-{to}",
                tickets=[self._shown(ticket) for _, ticket in found],
                events=self._events("t.changed > ? AND t.changed <= ? AND e.changed > ?", done, to, start),
                people=self._people(done, to, fresh=fresh),
                organizations=tables.organizations(db, "changed > ? AND changed <= ?", 0 if fresh else done, to),
                catalogue=self._catalogue(),
                known_to=known_to if ends else None,
                expected=tables.count(db, done) if start == done else None,
            )

    def _people(self, done: int, to: int, *, fresh: bool) -> list[Person]:
        people = [
            self._seen(p) for p in tables.people(self._db, "changed > ? AND changed <= ?", 0 if fresh else done, to)
        ]
        me = self._find(self.me)
        return people if not fresh or me is None or me in people else [me, *people]

    def _events(self, condition: str, *parameters: object) -> list[Event]:
        found = tables.events(self._db, condition, *parameters)
        machines = {p.id for name in self.robots if (p := self._find(name))} - {self.me}
        if not machines:
            return found
        return [replace(e, actor_kind="automation") if e.actor in machines else e for e in found]

    def _shown(self, ticket: Ticket) -> Ticket:
        return ticket if ticket.url else replace(ticket, url=self._place(ticket.id))

    def read(self, ids: Sequence[str]) -> Read:
        """The named tickets with all their events; deleted ones say so, ``gone`` are those that never were."""
        self.calls += 1
        with self.transaction(writing=False) as db:
            found = {each: tables.tickets(db, "id = ?", each) for each in dict.fromkeys(ids)}
            tickets = [self._shown(rows[0][1]) for rows in found.values() if rows]
            events = [event for ticket in tickets for event in self._events("t.id = ?", ticket.id)]
            people = (self._find(each) for each in _named(tickets, events))
            return Read(tickets, events, [p for p in people if p], [each for each, rows in found.items() if not rows])

    def pause(self) -> float:
        """No limits to keep."""
        return 0.0

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        """Write all ``changes`` in one transaction; see :class:`Connector`. What the desk refuses, it says in its words."""
        self.calls += 1
        with self.transaction() as db:
            before = self._ticket(ticket)
            if before.version != version:
                raise Conflict(f"{self._place(ticket)} changed since it was read", hint="plan again")
            words = tables.words(db)
            draft = Draft(before, words, self.now(), self.me, "robot", tables.last_seq(db, ticket))
            house = self._house(words)
            forbidden = "this account may only read" if words.read_only else house.refuses(before)
            outcomes = {}
            for change in sorted(changes, key=lambda change: change.action in ("note", "reply")):
                outcomes[change.id] = Outcome(change.id, *_write(draft, house, change, forbidden))
            self._keep(draft)
            after = self._shown(self._ticket(ticket))
        return Written(tuple(outcomes[change.id] for change in changes), after, tuple(draft.events))

    def doctor(self) -> Iterator[Finding]:
        """Is the file sound, may we write, is our account in order, is any event in the future."""
        self.calls += 1
        with self.transaction(writing=False) as db:
            total, (damage,) = tables.count(db, 0), db.execute("PRAGMA quick_check(1)").fetchone()
            late = tables.events(db, "e.at > ?", self.now().isoformat())
            me, words = self._find(self.me), tables.words(db)
        if damage != "ok":
            yield "error", f"{self.path} is damaged: {damage}", "restore it from a backup"
        yield "ok", f"{self.path}: {total} tickets", ""
        if words.read_only:
            yield "error", f"the account {self.me} may only read", "give it the right to write"
        elif me is not None and not me.active:
            yield "error", f"the account {self.me} is not active", "activate it, or name another one"
        if self.promise_field and self.promise_field not in words.fields:
            hint = "make it, or correct map.promise_due in makegood.toml"
            yield "error", f"map.promise_due names the custom field {self.promise_field}, which does not exist", hint
        if late:
            yield "warning", f"{len(late)} events lie in the future", "check the clock of this machine"


def _write(draft: Draft, house: House, change: Change, forbidden: str) -> tuple[Result, str]:
    if forbidden:
        return "refused", forbidden
    if change.action in ("note", "reply"):
        draft.say(change.text or "", public=change.action == "reply", marker=change.marker)
        return "applied", ""
    name, wanted = _wanted(draft.ticket, change)
    settable = name in SETTABLE or name.startswith(FIELD)
    if settable and value_of(draft.ticket, name) == wanted:
        return "already", ""
    if refusal := house.refuses_value(name, wanted):
        return "refused", refusal
    draft.put(name, wanted)
    return "applied", ""


def _wanted(ticket: Ticket, change: Change) -> tuple[str, Value]:
    entries = change.new if isinstance(change.new, tuple) else (change.new,) if change.new else ()
    folded = {each.casefold() for each in entries}
    if change.action == "remove_tags":
        return "tags", tuple(tag for tag in ticket.tags if tag.casefold() not in folded)
    if change.action in ("add_tags", "add_cc"):
        name = "cc" if change.action == "add_cc" else "tags"
        there = ticket.cc if name == "cc" else ticket.tags
        known = {each.casefold() for each in there}
        return name, (*there, *(each for each in dict.fromkeys(entries) if each.casefold() not in known))
    return change.field or "", change.new


def _named(tickets: Iterable[Ticket], events: Iterable[Event]) -> list[str]:
    named = [person for ticket in tickets for person in (ticket.requester, ticket.assignee)]
    named += [event.actor for event in events]
    return list(dict.fromkeys(person for person in named if person))
