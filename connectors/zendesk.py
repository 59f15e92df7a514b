"""Zendesk Support, pulled through its incremental exports, written one checked ``PUT`` a ticket.

Two streams are followed: tickets (cursor-based, with people, groups and organizations side-loaded) and what happened to them
(ticket events with comments). The version of a ticket is its ``updated_at``, which Zendesk checks on every write. People are known
by number, groups and fields by name.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from .base import Capabilities, Conflict, ConnectorError, Gone, Page, Read, Rejected, Written
from .transport import Unsure, answered
from .zendesk_cursor import Place
from .zendesk_doctor import findings
from .zendesk_history import from_audit
from .zendesk_http import Http
from .zendesk_lists import agents_groups, catalogue_of, whole_desk
from .zendesk_pull import LAG, Pull
from .zendesk_read import Reader, merged
from .zendesk_words import MAPPABLE, Words, number_named
from .zendesk_write import WRITABLE, Answer, Visit, Writing, dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import requests

    from .base import Change, Finding, Memory
    from .ticket import Catalogue, Event, Person, Ticket
    from .zendesk_history import Update
    from .zendesk_words import Row

_BESIDE = ("users", "organizations")

HALF_A_YEAR = timedelta(days=180)


class Zendesk:
    """One account at ``base_url`` (``https://acme.zendesk.com``).

    ``client`` is an OAuth client's id and secret, ``account`` an e-mail address with an API token; one of them is needed.
    ``robots`` are further accounts that are not people, ``fields`` maps facts to custom fields. ``history``: how far back the first
    pull goes for tickets that are not open. ``headroom``: the share of Zendesk's limits that is left to people and other programs.
    ``memory``: what the local copy knows already. ``now`` tells the time (aware UTC).
    """

    kind = "zendesk"

    def __init__(
        self,
        base_url: str,
        *,
        now: Callable[[], datetime],
        client: tuple[str, str] | None = None,
        account: tuple[str, str] | None = None,
        robots: Sequence[str] = (),
        ignore_senders: Sequence[str] = (),
        fields: Mapping[str, str] | None = None,
        history: timedelta = HALF_A_YEAR,
        headroom: float = 0.5,
        memory: Memory | None = None,
        http: Http | None = None,
    ) -> None:
        site = base_url.rstrip("/").removesuffix("/api/v2")
        if client is None and account is None:
            hint = "say client_id and client_secret of an OAuth client, or email and token"
            raise Rejected(f"{site}: nothing says how to get in", hint=hint)
        self._now = now
        self._words = Words(fields or {}, tuple(robots), tuple(ignore_senders))
        self._history = history
        self._memory = memory
        self._by_token = account is not None and client is None
        self._http = http or Http(site, now=now, client=client, account=account, headroom=headroom)
        self._known: Reader | None = None

    @property
    def calls(self) -> int:
        """Requests sent so far, those for tokens included."""
        return self._http.calls

    def capabilities(self) -> Capabilities:
        """What Zendesk can do. A mark in a public reply is hidden in the update's metadata, but nobody promises to show it again."""
        mapped = set(self._words.fields) & MAPPABLE
        return Capabilities(
            writable=frozenset(WRITABLE | mapped | {"field", "note", "reply"}),
            lacks={fact: why for fact, why in _LACKS.items() if fact not in self._words.fields},
            version_checked=True,
            lag=LAG,
            closed_is_final=True,
            blanks_in_tags=False,
        )

    def catalogue(self) -> Catalogue:
        """Groups, statuses, fields, forms, brands, service levels and working hours as they are now."""
        reader, _ = self._begin()
        return catalogue_of(reader.desk, self._words)

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        """Everything since ``cursor``; ``refresh`` fetches people, organizations, fields and one of the rarer lists again."""
        place = Place.parse(cursor) if cursor else None
        if place is None:
            reader, people = self._begin()
            now = self._now().astimezone(UTC)
            place = Place.beginning(reader.desk, now - self._history, now - LAG - timedelta(seconds=1))
            yield Page(place.text(), catalogue=catalogue_of(reader.desk, self._words), people=people)
            refresh = False
        else:
            self._known = reader = Reader(self._http, place.desk, self._words, self._memory)
        pull = Pull(reader, place, self._now)
        if refresh:
            yield pull.refreshed()
        yield from pull.pages()

    def _begin(self) -> tuple[Reader, list[Person]]:
        """A reader that has just fetched all lists, and the agents."""
        desk, agents = whole_desk(self._http)
        self._known = reader = Reader(self._http, desk, self._words, self._memory)
        return reader, list({person.id: person for person in reader.meet(agents)}.values())

    @property
    def _reader(self) -> Reader:
        """What names are read with: this run's, else as the last pull had them, else fetched now."""
        place = Place.parse(self._memory.cursor() or "") if self._known is None and self._memory else None
        if place is not None:
            self._known = Reader(self._http, place.desk, self._words, self._memory)
        return self._known or self._begin()[0]

    def read(self, ids: Sequence[str]) -> Read:
        """The tickets with all their updates. One ticket costs one call where Zendesk side-loads it beside its audits.

        How SLA clocks stood in the past is told by pulls alone.
        """
        reader = self._reader
        found = {number: reader.audits(number) for number in ids if number.isdigit()}
        told = {number: each for number, each in found.items() if each is not None}
        beside = {name: [row for _, also in told.values() for row in also[name]] for name in ("tickets", *_BESIDE)}
        reader.meet_organizations(beside["organizations"])
        rows = {str(row["id"]): row for row in beside["tickets"] if reader.names_known(row)}
        missing = [number for number in told if number not in rows]
        if missing:
            more, also = reader.tickets(missing)
            rows |= {str(row["id"]): row for row in more}
            beside = {name: beside[name] + also[name] for name in _BESIDE}
        return self._read(ids, rows, beside, [update for updates, _ in told.values() for update in updates])

    def _read(self, ids: Sequence[str], rows: Mapping[str, Row], beside: Row, updates: Sequence[Update]) -> Read:
        reader = self._reader
        batch = reader.batch([rows[number] for number in ids if number in rows], beside)
        met = reader.look_up(reader.strangers(updates))
        ratings = {number: row.get("satisfaction_rating") or {} for number, row in rows.items()}
        events = reader.events([update for update in updates if update.ticket in rows], ratings)
        gone = [number for number in ids if number not in rows]
        return Read([merged(ticket, events) for ticket in batch.tickets], events, [*batch.people, *met], gone)

    def pause(self) -> float:
        """What is left to wait of Zendesk's minute, once our share of its updates is used up."""
        return self._http.limits.pause("PUT", "tickets/0")

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        """Everything in one ``PUT``, further notes each in one of their own; the answers are the reading back.

        Raises :class:`Conflict` where the ticket moved on, and :class:`Gone` where it is not there. What the copy holds of the
        ticket is believed as long as its version is the one asked for: Zendesk checks the version again.
        """
        before = self._before(ticket, version)
        writing = Writing(self._reader.desk, self._words, self._person, self._fresh_person, self._organization)
        visit = Visit(writing, before, lambda body: self._put(before, body), lambda: self._look(ticket))
        outcomes = visit.write(changes)
        return Written(outcomes, visit.after or before, tuple(visit.events))

    def _before(self, number: str, version: str) -> Ticket:
        known = self._memory.ticket(number) if self._memory else None
        if known is not None and known.version == version and not (known.deleted or known.merged_into):
            return known
        rows, beside = self._reader.tickets([number])
        if not rows:
            raise Gone(f"{self._http.base_url}tickets/{number}: the ticket is deleted or not there any more")
        found = self._reader.batch(rows, beside).tickets[0]
        if found.version != version:
            raise Conflict(f"{found.url}: somebody changed it in the meantime", hint="plan again")
        return found

    def _person(self, number: str) -> Person | None:
        known = self._reader.people.persons
        if self._memory and number not in known:
            self._reader.people.recall(self._memory.people([number]))
        return known.get(number)

    def _fresh_person(self, number: str) -> Person | None:
        """Somebody as Zendesk knows them now; what is known already, where it does not tell."""
        reader = self._reader
        with suppress(Gone, Rejected):
            reader.desk.members[number] = agents_groups(self._http, number)
            reader.meet(self._http.json("users/show_many", {"ids": number}).get("users") or ())
        return reader.people.persons.get(number)

    def _organization(self, name: str) -> str | None:
        known = number_named(name, self._reader.people.organizations)
        if known is None:
            rows = self._http.json("organizations/autocomplete", {"name": name}).get("organizations") or ()
            self._reader.meet_organizations(rows)
            known = number_named(name, self._reader.people.organizations)
        return known

    def _put(self, before: Ticket, body: Row) -> Answer:
        answer = self._http.write("PUT", f"tickets/{before.id}", {"ticket": body})
        try:
            return self._understood(before, answer)
        except (KeyError, TypeError) as error:
            raise Unsure(f"{answer.url}: the write was answered with something else than the ticket") from error
        except ConnectorError as error:
            told = f"{answer.url}: what was answered to the write cannot be read: {error.message}"
            raise Unsure(told, hint=error.hint) from error

    def _understood(self, before: Ticket, answer: requests.Response) -> Answer:
        """What a write was answered. Its audit names our account, which may be another one since the lists were fetched."""
        said: Any = answered(answer)
        row, audit = said["ticket"], said.get("audit")
        update = from_audit(audit | {"ticket_id": before.id}) if audit else None
        if update is not None and update.author.isdigit():
            self._reader.desk.me = update.author
        events = self._told([update] if update else [])
        return Answer(self._as_known(before, row), events, dropped(answer.headers.get("x-zendesk-api-warn")))

    def _told(self, updates: Sequence[Update]) -> list[Event]:
        self._reader.look_up(self._reader.strangers(updates))
        return self._reader.events(updates, {})

    def _as_known(self, before: Ticket, row: Row) -> Ticket:
        """The ticket of an answer, which side-loads nothing: language and organization are the requester's, as before."""
        ticket = self._reader.batch([row], {}).tickets[0]
        if ticket.requester != before.requester:
            return replace(ticket, history_from=before.history_from)
        return replace(
            ticket,
            language=ticket.language or before.language,
            organization=ticket.organization or (before.organization if row.get("organization_id") else None),
            history_from=before.history_from,
        )

    def _look(self, number: str) -> tuple[Ticket, Sequence[Event]]:
        found = self.read([number])
        if not found.tickets:
            raise Gone(f"{self._http.base_url}tickets/{number}: the ticket went away while it was written")
        return found.tickets[0], found.events

    def doctor(self) -> Iterator[Finding]:
        """Reach, way in, rights, clock, limits, satisfaction model, routing: one finding after another."""
        return findings(self._http, self._words, self._now, by_token=self._by_token)


_LACKS = {
    "approval": "Zendesk Support has no approvals on tickets; map.approval may name a custom field",
    "approvers": "Zendesk Support has no approvals on tickets",
    "csat_score": "Zendesk's tickets tell good or bad; csat does, too",
}
