"""Request Tracker (5.0 or newer) over REST 2.0, pulled by transaction number, written with its version checked.

The feed: every change of a ticket is a transaction with a growing number, so "what is new" is one question. The version
of a ticket is its newest transaction's number, which is also its ``ETag``. Groups are queues; people are known by login.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .base import AuthFailed, Capabilities, Conflict, Gone, Page, Read, Rejected, Written
from .request_tracker_cursor import Place
from .request_tracker_doctor import findings
from .request_tracker_history import History, transaction_of
from .request_tracker_rest import Rest
from .request_tracker_sla import CLOCK
from .request_tracker_words import MACHINES, SLA, Desk, Words, any_of, field_spec, instant, person_of, ticket_of
from .request_tracker_write import Visit, Writing, with_handles
from .ticket import Catalogue, FieldSpec, Organization
from .transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from .base import Change, Finding
    from .request_tracker_words import Body, Row
    from .ticket import Event, Person, Ticket

HALF_A_YEAR = timedelta(days=180)

_BATCH = 400
"""Transactions a page of a pull holds at most, roughly."""
_TOKEN_OWNER = re.compile(r"\d+-(\d+)-")


class Batch(NamedTuple):
    """Tickets with events, ready for a page."""

    tickets: list[Ticket]
    events: list[Event]
    people: list[Person]
    gone: list[str]


class RequestTracker:
    """One Request Tracker at ``base_url``, used with an API ``token`` or with ``user`` and ``password``.

    ``now`` tells the time (aware UTC). ``history``: how far back the first pull goes for tickets that are not open.
    ``lag``: how far the desk's data are held to stay behind the clock. The token's owner is found in the token itself
    unless ``user`` says it.
    """

    kind = "rt"

    def __init__(
        self,
        base_url: str,
        *,
        now: Callable[[], datetime],
        token: str | None = None,
        user: str | None = None,
        password: str | None = None,
        words: Words | None = None,
        history: timedelta = HALF_A_YEAR,
        lag: timedelta = timedelta(seconds=5),
        transport: Transport | None = None,
    ) -> None:
        self._web = base_url.rstrip("/").removesuffix("/REST/2.0")
        self._now = now
        self._words = words or Words()
        self._history = history
        self._lag = lag
        owner = _TOKEN_OWNER.match(token or "")
        login = user or (owner[1] if owner else "")
        if not (token or (user and password)):
            raise Rejected(f"{self._web}: no token, nor user and password", hint="say token, or user and password")
        if not login:
            hint = "tokens look like 1-14-0a1b2c...: make one in RT under Logged in as, Settings, Auth Tokens"
            raise AuthFailed(f"{self._web}: the token is none of Request Tracker's", hint=hint)
        self._transport = transport or Transport(
            self._web + "/REST/2.0",
            now=now,
            headers={"Authorization": f"token {token}"} if token else None,
            login=None if token else (login, password or ""),
        )
        self._rest = Rest(self._transport, login)
        self._known: Desk | None = None
        self._agents: dict[str, Person] = {}

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._transport.calls

    @property
    def _desk(self) -> Desk:
        if self._known is None:
            self._known = self._rest.desk()
        return self._known

    def capabilities(self) -> Capabilities:
        """What RT can do."""
        own = {"assignee", "group", "status", "status_name", "priority", "subject", "due", "requester"}
        mapped = {fact for fact in self._words.fields if fact not in {"csat", "csat_comment", "promise_due", "tags"}}
        return Capabilities(
            writable=frozenset(own | mapped | {"field", "tags", "cc", "note", "reply"}),
            lacks={fact: why for fact, why in _LACKS.items() if fact not in self._words.fields},
            version_checked=True,
            lag=self._lag,
        )

    def catalogue(self) -> Catalogue:
        """Queues, statuses, custom fields with their values, and a digest of the account's memberships."""
        self._known = desk = self._rest.desk()
        strange = self._rest.strange_statuses(self._words)
        statuses = {
            word: self._words.category(word) for word in (*self._words.statuses(), *strange) if word != "deleted"
        }
        groups = sorted(str(m["id"]) for m in self._rest.me().get("Memberships") or [])
        rights = "|".join([desk.me, *groups, *sorted(desk.queues.values())])
        return Catalogue(
            me=desk.me,
            groups=tuple(sorted(desk.queues.values())),
            statuses=statuses,
            fields=self._field_specs(desk),
            unmapped=tuple(f"status: {word}" for word in strange),
            slas=(CLOCK,) if self._rest.has_levels() else (),
            promise_field=self._words.fields.get("promise_due"),
            rights=hashlib.sha256(rights.encode()).hexdigest()[:16],
        )

    def _field_specs(self, desk: Desk) -> dict[str, FieldSpec]:
        specs = {} if desk.named(SLA) else {SLA: FieldSpec(SLA)}
        for number, (name, kind, many) in desk.fields.items():
            values = self._rest.values(number) if kind == "Select" else None
            specs[name] = field_spec(name, kind, many=many, values=values)
        return specs

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        """Everything since ``cursor``; first the tickets one by one, later RT's transactions by number."""
        place = Place.parse(cursor) if cursor else None
        if place is None or refresh:
            catalogue, people = self.catalogue(), self._people()
            place = replace(place, desk=self._desk) if place else self._beginning()
            yield Page(place.text(), catalogue=catalogue, people=people, organizations=_organizations(people))
        self._known = place.desk
        while place.walk is not None:
            place, page = self._walked(place)
            yield page
        yield from self._fed(place)

    def _beginning(self) -> Place:
        """Where a first pull starts: at the newest transaction that is surely committed, before the first ticket."""
        newest = self._rest.transactions("id > 0", order="DESC")
        since = (self._now() - self._history).astimezone(UTC)
        return Place(self._desk, since.isoformat(), walk=0).behind(newest)

    def _walked(self, place: Place) -> tuple[Place, Page]:
        """The next tickets of a first pull: the open ones, and those touched since ``place.since``.

        RT reads a time in a search in the account's own zone, hence a day of margin.
        """
        since = place.history_start() - timedelta(days=1)
        touched = f"LastUpdated >= '{since:%Y-%m-%d %H:%M:%S}' OR Status = '__Active__'"
        found = self._rest.search(f"({touched}) AND id > {place.walk}")
        rows = found["items"]
        batch = self._batch(self._rest.histories([str(r["id"]) for r in rows]), rows=rows)
        after = replace(place, walk=int(rows[-1]["id"]) if rows else None)
        expected = found.get("total") if place.walk == 0 else None
        return after, _page(after, batch, expected=expected)

    def _fed(self, place: Place) -> Iterator[Page]:
        """Pages of what is new; the last one says up to when nothing is missing."""
        while True:
            rows, creates, asked = self._new(place)
            done = asked is not None
            known_to = asked - self._lag if asked else None
            if not rows:
                yield Page(place.text(), known_to=known_to)
                return
            older = self._older(place, creates)
            fresh = {row["id"] for row in (*rows, *older)}
            batch = self._batch(list({r["id"]: r for r in (*creates, *rows, *older)}.values()), emit=fresh)
            place = place.passed(rows)
            yield _page(place, batch, known_to=known_to)
            if done:
                return

    def _new(self, place: Place) -> tuple[list[Row], list[Row], datetime | None]:
        """Transactions after ``place``, the creations of their tickets, and when RT last said that there are no more."""
        asked = self._now()
        unseen = "".join(f" AND id != {number}" for number in place.seen)
        rows = fresh = self._rest.transactions(f"id > {place.after}{unseen}")
        creates: list[Row] = []
        while fresh and len(rows) < _BATCH:
            asked = self._now()
            last = max(int(row["id"]) for row in rows)
            touched = any_of("ObjectId", sorted({row["ObjectId"] for row in fresh}, key=int))
            found = self._rest.transactions(f"(id > {last}{unseen}) OR (Type = 'Create' AND {touched})")
            fresh = [row for row in found if int(row["id"]) > last]
            creates += [row for row in found if int(row["id"]) <= last]
            rows = rows + fresh
        return rows, creates, None if fresh else asked

    def _older(self, place: Place, creates: list[Row]) -> list[Row]:
        """The whole history of changed tickets so old that the first pull may have left them out."""
        since = place.history_start()
        old = sorted({row["ObjectId"] for row in creates if (instant(row["Created"]) or since) < since}, key=int)
        return self._rest.histories(old)

    def _people(self) -> list[Person]:
        """Every agent, with the user groups they are in and the queues they watch as AdminCc."""
        desk = self._desk
        joined = self._rest.memberships(desk.queues)
        for user in self._rest.privileged():
            groups = tuple(sorted(name for name, members in joined.items() if user["Name"] in members))
            self._agents[user["Name"]] = replace(person_of(user, desk, self._words), groups=groups)
        return list(self._agents.values())

    def read(self, ids: Sequence[str]) -> Read:
        """The tickets with all their events. Transactions are asked before fields, so a version is never too new."""
        if not ids:
            return Read()
        batch = self._batch(self._rest.histories(ids), ids=ids)
        known = {person.id for person in batch.people}
        named = {event.actor for event in batch.events} | {ticket.assignee for ticket in batch.tickets}
        agents = [self._agents[i] for i in sorted(n for n in named if n in self._agents and n not in known)]
        return Read(batch.tickets, batch.events, [*batch.people, *agents], batch.gone)

    def _batch(
        self,
        transactions: list[Row],
        *,
        ids: Iterable[str] = (),
        rows: Sequence[Row] | None = None,
        emit: Collection[str] | None = None,
    ) -> Batch:
        """Tickets and events from transactions, which must hold each ticket's creation.

        ``ids`` are tickets to look for even where no transaction names them, ``rows`` the tickets if they are at hand,
        ``emit`` the transactions whose events are wanted, if not all.
        """
        by_ticket: dict[str, list[Row]] = {number: [] for number in ids}
        for row in transactions:
            by_ticket.setdefault(str(row["ObjectId"]), []).append(row)
        texts = self._rest.texts(transactions)
        found = rows if rows is not None else self._rest.tickets(list(by_ticket))
        self._greet(transactions, found)
        at_hand = {str(row["id"]): row for row in found}
        made = {n: self._ticket(n, at_hand.get(n), by_ticket[n], texts) for n in by_ticket}
        there = [ticket for ticket in made.values() if ticket is not None]
        events = [event for ticket in there for event in self._events(ticket, by_ticket[ticket.id], texts)]
        if emit is not None:
            events = [event for event in events if transaction_of(event) in emit]
        gone = [number for number, ticket in made.items() if ticket is None]
        return Batch(there, events, self._customers(transactions, found), gone)

    def _greet(self, transactions: Iterable[Row], tickets: Iterable[Row]) -> None:
        """Notices agents who are newer than the last refresh: whoever wrote and is no party to any of the tickets."""
        party = {user["id"] for row in tickets for user in [*(row.get("Requestor") or []), *(row.get("Cc") or [])]}
        known = {*party, *MACHINES, *self._desk.agents.values(), self._desk.me}
        for login in sorted({row["Creator"]["id"] for row in transactions if row.get("Creator")} - known):
            user = self._rest.principal(login)
            if user and str(user.get("Privileged")) == "1":
                self._desk.agents[user["number"]] = login

    def _ticket(self, number: str, row: Row | None, rows: list[Row], texts: Mapping[str, Body]) -> Ticket | None:
        """A ticket with the version, description and channel that only its transactions tell."""
        version = str(max((int(r["id"]) for r in rows), default=0))
        ticket = self._lone(number, rows) if row is None else self._made(row, version)
        first = next((texts[r["id"]] for r in rows if r["Type"] == "Create" and r["id"] in texts), None)
        if ticket is None or first is None:
            return ticket
        return replace(
            ticket,
            description=first.text.strip(),
            channel=ticket.channel or first.channel(),
            sent_to=ticket.sent_to or first.sent_to(),
        )

    def _made(self, row: Row, version: str) -> Ticket:
        url = f"{self._web}/Ticket/Display.html?id={row['id']}"
        return ticket_of(row, version, self._desk, self._words, url)

    def _lone(self, number: str, rows: list[Row]) -> Ticket | None:
        """A ticket that no search finds: deleted, merged (RT then answers with the other one), hidden, or gone."""
        row = self._rest.ticket(number)
        if row is None:
            return None
        ticket = self._made(row | {"id": number}, row["ETag"])
        if str(row["id"]) == number:
            return ticket
        created = next((instant(r["Created"]) for r in rows if r["Type"] == "Create"), None)
        return replace(ticket, merged_into=str(row["id"]), status="closed", created=created or ticket.created)

    def _events(self, ticket: Ticket, rows: list[Row], texts: Mapping[str, Body]) -> list[Event]:
        return History(ticket, self._desk, self._words, self._rest.principal, self._queue).events(rows, texts)

    def _queue(self, number: str) -> str:
        if number not in self._desk.queues:
            self._desk.queues[number] = self._rest.queue(number)["Name"]
        return self._desk.queues[number]

    def _customers(self, transactions: Iterable[Row], tickets: Iterable[Row]) -> list[Person]:
        """The customers named; agents are told by a refresh, with their groups."""
        users = [row["Creator"] for row in transactions if row.get("Creator")]
        users += [u for row in tickets for u in [*(row.get("Requestor") or []), *(row.get("Cc") or [])]]
        people = {u["id"]: person_of(u, self._desk, self._words) for u in users if u.get("type") == "user"}
        return [person for person in people.values() if person.role == "customer"]

    def pause(self) -> float:
        """No limits to keep."""
        return 0.0

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        """One ``PUT`` for all fields, then notes and replies one by one, then the ticket as it is now decides.

        Raises :class:`Conflict` (also for a ticket merged meanwhile) and :class:`Gone` (also for a deleted one). A call
        that got lost is never repeated here: if reading back does not show it, its outcome is *failed*.
        """
        before = self._present(ticket)
        wanted = [with_handles(change, self._rest.principal) for change in changes]
        visit = Visit(self._rest, Writing(self._desk, self._words), before, version)
        visit.write(wanted)
        after = self.read([ticket])
        if not after.tickets:
            raise Gone(f"{before.url}: the ticket went away while it was written")
        new = tuple(event for event in after.events if int(transaction_of(event)) > int(version))
        return Written(visit.outcomes(wanted, after.tickets[0], new), after.tickets[0], new)

    def _present(self, number: str) -> Ticket:
        """The ticket as any search shows it."""
        rows = self._rest.tickets([number])
        if rows:
            return self._made(rows[0], "")
        ticket = self._lone(number, [])
        if ticket is not None and ticket.merged_into:
            raise Conflict(f"ticket {number} was merged into {ticket.merged_into}", hint="plan again")
        raise Gone(f"{self._web}: ticket {number} is deleted or not there any more")

    def doctor(self) -> Iterator[Finding]:
        """Reach, account, rights, zone, clock, words, fields: one finding after another."""
        return findings(self._rest, self._words, self._now)


_LACKS = {
    "type": "Request Tracker has no ticket types; map.type may name a custom field",
    "form": "Request Tracker has no forms; map.form may name a custom field",
    "brand": "Request Tracker has no brands; map.brand may name a custom field",
    "language": "Request Tracker does not know a ticket's language; map.language may name a custom field",
    "approval": "Request Tracker keeps approvals as tickets of their own; map.approval may name a custom field",
}


def _page(place: Place, batch: Batch, *, known_to: datetime | None = None, expected: int | None = None) -> Page:
    return Page(
        place.text(),
        tickets=batch.tickets,
        events=batch.events,
        people=batch.people,
        organizations=_organizations(batch.people),
        known_to=known_to,
        expected=expected,
    )


def _organizations(people: Iterable[Person]) -> list[Organization]:
    return [Organization(name, name) for name in sorted({p.organization for p in people if p.organization})]
