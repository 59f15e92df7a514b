"""Jira Service Management, Cloud and Data Center: searched for what was touched, read past the index, written issue by issue.

The version of a ticket is a digest of what the issue says, for Jira has none of its own and SLA timers move its ``updated``. Issues
are known by their number, since keys change when an issue is moved; people by account id on Cloud and by name on Data Center.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from .base import Capabilities, Conflict, Gone, Page, Read, Rejected, Written
from .jsm_cursor import Place
from .jsm_doctor import findings
from .jsm_http import API, Http
from .jsm_lists import catalogue_of, whole_desk
from .jsm_pull import LAG, Pull
from .jsm_read import AT_ONCE, Reader
from .jsm_visit import EXPAND, Look, Visit
from .jsm_words import MAPPABLE, Words
from .jsm_write import WRITABLE, Writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from .base import Change, Finding, Memory
    from .jsm_words import Row
    from .ticket import Catalogue, Person

HALF_A_YEAR = timedelta(days=180)


class Jira:
    """One site at ``base_url``: ``https://acme.atlassian.net``, the gateway's address for scoped tokens, or a Data Center.

    ``account`` is an e-mail address with an API token, ``token`` a personal access token; one of them is needed. ``words``: what the
    settings say of its words, fields and people. ``history``: how far back the first pull goes for issues that are not open.
    ``headroom``: the share of Data Center's limit that is left to others. ``memory``: what the local copy knows already. ``now``
    tells the time (aware UTC).
    """

    kind = "jira"

    def __init__(
        self,
        base_url: str,
        *,
        now: Callable[[], datetime],
        account: tuple[str, str] | None = None,
        token: str | None = None,
        words: Words | None = None,
        history: timedelta = HALF_A_YEAR,
        headroom: float = 0.5,
        memory: Memory | None = None,
        http: Http | None = None,
    ) -> None:
        if account is None and token is None:
            hint = "say email and token for Cloud, token alone (a personal access token) for Data Center"
            raise Rejected(f"{base_url}: nothing says how to get in", hint=hint)
        self._now = now
        self._words = words or Words()
        self._history = history
        self._memory = memory
        self._http = http or Http(base_url.rstrip("/"), now=now, account=account, token=token, headroom=headroom)
        self._known: Reader | None = None

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._http.calls

    def capabilities(self) -> Capabilities:
        """What Jira can do. A mark beside a public comment is kept in a property, which only a look at the comment itself shows."""
        mapped = set(self._words.fields) & MAPPABLE
        return Capabilities(
            writable=frozenset(WRITABLE | mapped | {"form", "field", "note", "reply"}),
            lacks={fact: why for fact, why in _LACKS.items() if fact not in self._words.fields},
            lag=LAG,
            blanks_in_tags=False,
        )

    def catalogue(self) -> Catalogue:
        """Projects or groups, statuses, fields, issue types, request types and SLAs as they are now."""
        reader, _ = self._begin()
        return catalogue_of(reader.desk, self._words)

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        """Everything since ``cursor``; ``refresh`` fetches people, projects, fields and one of the rarer lists again."""
        place = Place.parse(cursor) if cursor else None
        if place is None:
            reader, people = self._begin()
            place = Place(reader.desk, self._now().astimezone(UTC) - self._history)
            yield Page(place.text(), catalogue=catalogue_of(reader.desk, self._words), people=people)
            refresh = False
        else:
            self._known = reader = self._with(place)
        pull = Pull(reader, place, self._now)
        if refresh:
            yield from pull.refreshed()
        yield from pull.pages()

    def _with(self, place: Place) -> Reader:
        return Reader(self._http, place.desk, self._words, self._memory, self._now)

    def _begin(self) -> tuple[Reader, list[Person]]:
        """A reader that has just fetched all lists, and whoever works there."""
        desk, rows = whole_desk(self._http, self._words)
        self._known = reader = Reader(self._http, desk, self._words, self._memory, self._now)
        reader.people.meet(rows)
        return reader, reader.people.handed_out()

    @property
    def _reader(self) -> Reader:
        """What names are read with: this run's, else as the last pull had them, else fetched now."""
        place = Place.parse(self._memory.cursor() or "") if self._known is None and self._memory else None
        if place is not None:
            self._known = self._with(place)
        return self._known or self._begin()[0]

    def read(self, ids: Sequence[str]) -> Read:
        """The issues with all their comments and whole changelogs, past the search index."""
        reader = self._reader
        found = Read()
        numbers = [number for number in ids if number.isdigit()]
        for start in range(0, len(numbers), AT_ONCE):
            rows, _ = reader.fetch(numbers[start : start + AT_ONCE])
            reader.meet(rows)
            happened = reader.history(reader.logs(rows))
            batch = reader.batch(rows, whole=True)
            found = Read(
                [*found.tickets, *batch.tickets],
                [*found.events, *batch.events, *happened],
                [*found.people, *batch.people],
            )
        there = {ticket.id for ticket in found.tickets}
        return replace(found, gone=[number for number in ids if number not in there])

    def pause(self) -> float:
        """What is left to wait of Jira's own wishes."""
        return self._http.limits.pause()

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        """A look, one ``PUT`` for all fields, a transition, a call for each comment, and a look back where no answer was one.

        Raises :class:`Conflict` where the issue is not as ``version`` says any more, and :class:`Gone` where it is not there.
        """
        before = self._look(ticket)
        if before.ticket.version != version:
            raise Conflict(f"{before.ticket.url}: somebody changed it in the meantime", hint="plan again")
        writing = Writing(self._reader.desk, self._words, self._somebody)
        visit = Visit(self._http, writing, before, lambda: self._look(ticket), lambda row: self._seen(row, before))
        outcomes = visit.write(changes)
        known = {event.id for event in before.events}
        fresh = tuple(event for event in visit.now.events if event.id not in known)
        return Written(outcomes, visit.now.ticket, fresh)

    def _look(self, number: str) -> Look:
        row = self._reader.one(number, EXPAND) if number.isdigit() else None
        if row is None:
            raise Gone(f"{self._http.base_url}{API}/issue/{number}: the issue is deleted, or hidden from our account")
        return self._seen(row, None)

    def _seen(self, row: Row, before: Look | None) -> Look:
        """An issue as a look; what no answer to a write tells is as it was before."""
        ticket, events = self._reader.glance(row)
        if before is not None and "properties" not in row:
            ticket = replace(ticket, channel=before.ticket.channel)
        return Look(row, ticket, events)

    def _somebody(self, handle: str) -> str | None:
        """Who is called so: known from the copy, the settings or this run, else asked for by address."""
        known = self._reader.people.called(handle)
        return known or self._reader.search_person(handle)

    def doctor(self) -> Iterator[Finding]:
        """Reach, way in, kind of site, rights in every project, clock, unmapped words, limits: one finding after another."""
        return findings(self._http, self._words, self._now)


_LACKS = {
    "sent_to": "Jira does not say to which address a customer wrote; map.sent_to may name a custom field",
    "requester.tags": "people have no tags in Jira",
    "organization.tags": "organizations have no tags in Jira",
    "requester.field.<name>": "Jira does not tell the details of customers",
    "organization.field.<name>": "Jira does not tell the details of organizations",
}
