"""One pull of Zendesk: the account's lists when due, the changed tickets, then what happened to them, each stored as it comes.

Tickets come before their events, and both are cut at the same instant, a minute before the tickets were asked for the last time
(Zendesk leaves the last minute out). So a ticket is never newer than what is known to have happened to it: a write for an outdated
one is refused by its stamp, while a plan that had missed an agent's reply would not be.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .base import Page, Rejected
from .ticket import Event
from .zendesk_exports import by_cursor, by_time
from .zendesk_history import SURVEY, from_export, kind_of
from .zendesk_lists import SELDOM, catalogue_of, often
from .zendesk_read import SIDE_LOADS, merged
from .zendesk_sla import breach_number, metrics_of, name_of, number_of, standing, told
from .zendesk_words import MERGED, score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .ticket import Person, Ticket
    from .zendesk_cursor import Place
    from .zendesk_history import Update
    from .zendesk_read import Reader
    from .zendesk_words import Row

LAG = timedelta(seconds=60)
"""How far Zendesk's exports stay behind (support.zendesk.com 8143500919322)."""

SCOPE = {"support_type_scope": "all"}
"""Without it the tickets of AI agents are missing."""

_LATE = 120
"""Seconds: so much later than younger ones a metric event may be computed and come."""

_SEARCH_LIVES = timedelta(hours=1)
"""How long the cursor of a search can be gone on from (developer.zendesk.com, "Export Search Results")."""

_LAST = 2**62
_OPEN = ("new", "open", "pending", "on_hold")


class Pull:
    """Pages of one pull, from ``place`` on; ``now`` tells the time."""

    def __init__(self, reader: Reader, place: Place, now: Callable[[], datetime]) -> None:
        self._reader = reader
        self._http = reader.http
        self._now = now
        self.place = place
        self._first = place.events.start <= int(place.since.timestamp())
        self._names = reader.desk.names()
        self._horizon = now() - LAG
        self._ratings: dict[str, Row] = {}
        self._unheard: dict[str, Ticket] = {}
        self._gone: dict[str, Ticket] = {}
        self._clocks: dict[str, dict[str, Row]] = {}

    def pages(self) -> Iterator[Page]:
        """Tickets, then events; the last page says up to when nothing is missing."""
        if self.place.renamed:
            self.place = self.place.from_the_start()
        yield from self._tickets()
        if not self.place.walked:
            yield from self._old_ones()
            self.place = replace(self.place, walked=True)
        yield from self._events()
        yield from self._metrics()
        yield self._last()

    def _cursor(self) -> str:
        """Where a page leaves off, with whether it met another name of something that stored tickets name."""
        names = self._reader.desk.names()
        renamed = self._reader.renamed or any(names.get(key, name) != name for key, name in self._names.items())
        self._names, self._reader.renamed = names, False
        self.place = replace(self.place, renamed=self.place.renamed or renamed)
        return replace(self.place, desk=self._reader.desk).text()

    # --- lists ------------------------------------------------------------------------------------------------------------

    def refreshed(self) -> Page:
        """People, organizations and fields again, and one of the lists that seldom change."""
        desk, turn = self._reader.desk, self.place.turn
        agents = often(self._http, desk)
        SELDOM[turn % len(SELDOM)](self._http, desk)
        organizations = self._reader.meet_organizations(self._changed_organizations())
        people = {person.id: person for person in self._reader.meet([*agents, *self._changed_people()])}
        self.place = replace(self.place, turn=turn + 1)
        words = catalogue_of(desk, self._reader.words)
        return Page(self._cursor(), people=list(people.values()), organizations=organizations, catalogue=words)

    def _changed_people(self) -> list[Row]:
        rows: list[Row] = []
        for page in by_cursor(self._http, "incremental/users/cursor", self.place.people, {}):
            rows += page.get("users") or []
            self.place = replace(self.place, people=str(page.get("after_cursor") or self.place.people))
        return rows

    def _changed_organizations(self) -> list[Row]:
        found: list[Row] = []
        path, name = "incremental/organizations", "organizations"
        for rows, stream in by_time(self._http, path, name, self.place.organizations, {}):
            found += [row for row, _ in rows]
            self.place = replace(self.place, organizations=stream)
        return [row for row in found if not row.get("deleted_at")]

    # --- tickets ----------------------------------------------------------------------------------------------------------

    def _tickets(self) -> Iterator[Page]:
        also = {"include": SIDE_LOADS, **SCOPE}
        for page in by_cursor(self._http, "incremental/tickets/cursor", self.place.tickets, also):
            self._horizon = min(self._now(), self._http.desk_time or self._now()).astimezone(UTC) - LAG
            self.place = replace(self.place, tickets=str(page.get("after_cursor") or self.place.tickets))
            self._reader.forget()
            if page.get("tickets"):
                yield self._ticket_page(page["tickets"], page)

    def _old_ones(self) -> Iterator[Page]:
        """Open tickets that nobody touched since the history begins. The search index lags by minutes, they by months."""
        for page in self._search():
            self._reader.forget()
            if rows := page.get("results") or []:
                asking, working = ({str(row[n]) for row in rows if row.get(n)} for n in ("requester_id", "assignee_id"))
                people = self._reader.look_up_languages(asking) + self._reader.look_up(working)
                yield self._ticket_page(rows, {}, people)

    def _search(self) -> Iterator[Row]:
        """Pages of the search for old open tickets.

        Their past costs a call each, so the search may outlive its cursor. Then it begins again, and what was stored of it by then
        costs no call any more; without a copy that would have no end.
        """
        until = self.place.since + timedelta(days=2)  # days are the account's own: better twice than not at all
        asked = {"query": f"type:ticket status<solved updated<{until:%Y-%m-%d}", "filter[type]": "ticket"}
        while True:
            began = self._now()
            try:
                yield from self._http.pages("search/export", asked)
            except Rejected:
                if self._reader.memory is None or self._now() - began < _SEARCH_LIVES:
                    raise
            else:
                return

    def _ticket_page(self, rows: Sequence[Row], beside: Row, people: Sequence[Person] = ()) -> Page:
        self.place = replace(self.place, stirred=True)
        rows = self._with_clocks(list({row["id"]: row for row in rows}.values()))
        batch = self._reader.batch(rows, beside)
        tickets = [self._as_merged(ticket) for ticket in batch.tickets]
        for row, ticket in zip(rows, tickets, strict=True):
            self._note(row, ticket)
        events = self._standing(rows) + [_deletion(ticket) for ticket in tickets if ticket.deleted]
        past, met = self._whole([t.id for t in tickets if t.status in _OPEN and self._is_old(t)])
        return Page(
            self._cursor(),
            tickets=[self._since(ticket) for ticket in tickets],
            events=[*events, *past],
            people=[*people, *batch.people, *met],
            organizations=batch.organizations,
        )

    def _with_clocks(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows with their SLA clocks, which search does not side-load, and an export only if the account lets it."""
        if not self._reader.desk.slas or any("slas" in row for row in rows):
            return rows
        bare = [str(row["id"]) for row in rows if row.get("status") not in ("closed", "deleted")]
        known = {row["id"]: {"slas": row["slas"]} for row in self._reader.tickets(bare)[0] if "slas" in row}
        return [known.get(row["id"], {}) | row for row in rows]

    def _standing(self, rows: Sequence[Row]) -> list[Event]:
        memory, told = self._reader.memory, [str(row["id"]) for row in rows if "slas" in row]
        before = memory.clocks(told) if memory and told else {}
        return [event for row in rows for event in standing(row, before.get(str(row["id"]), {}))]

    def _stored(self, number: str) -> Ticket | None:
        return self._reader.memory.ticket(number) if self._reader.memory else None

    def _as_merged(self, ticket: Ticket) -> Ticket:
        """The ticket, with where it went if that is stored: merged tickets are shown again and again and do not say it."""
        stored = self._stored(ticket.id) if _went_away(ticket) else None
        return replace(ticket, merged_into=stored.merged_into) if stored else ticket

    def _is_old(self, ticket: Ticket) -> bool:
        """Whether the ticket is older than the history that all tickets have, and not all of its past is stored."""
        if ticket.created >= self.place.since:
            return False
        stored = self._stored(ticket.id)
        return stored is None or stored.history_from is not None

    def _since(self, ticket: Ticket) -> Ticket:
        """The ticket, with when its known history begins if it had ended before that."""
        cut = ticket.status not in _OPEN and self._is_old(ticket)
        return replace(ticket, history_from=self.place.since) if cut else ticket

    def _whole(self, numbers: Iterable[str]) -> tuple[list[Event], list[Person]]:
        """Every event of these tickets, for each costs a call."""
        events: list[Event] = []
        people: list[Person] = []
        for number in numbers:
            past, met = self._reader.whole(number, self._ratings)
            events, people = events + past, people + met
        self._hear(events)
        return events, people

    def _note(self, row: Row, ticket: Ticket) -> None:
        """What has to be remembered of a ticket until its events come."""
        rating = row.get("satisfaction_rating") or {}
        if score(rating):
            self._ratings[ticket.id] = rating
            if self._news(ticket):
                self._unheard[ticket.id] = ticket
        if _went_away(ticket) and not ticket.merged_into:
            self._gone[ticket.id] = ticket
        if self._reader.desk.slas:
            self._clocks[ticket.id] = metrics_of(row)

    def _news(self, ticket: Ticket) -> bool:
        """Whether the rating is another than the one stored."""
        if self._first or self._reader.memory is None:
            return self._first
        known = self._stored(ticket.id)
        return known is None or known.csat != ticket.csat

    # --- events -----------------------------------------------------------------------------------------------------------

    def _events(self) -> Iterator[Page]:
        also = {"include": "comment_events", **SCOPE}
        for rows, stream in by_time(self._http, "incremental/ticket_events", "ticket_events", self.place.events, also):
            cut = int(self._horizon.timestamp())
            updates = [update for row, at in rows if at <= cut and (update := from_export(row))]
            start = min(stream.start, cut)
            seen = {int(row["id"]) for row, at in rows if start <= at <= cut} | (
                stream.seen if start == stream.start else set()
            )
            self.place = replace(self.place, events=replace(stream, start=start, seen=frozenset(seen)))
            if updates:
                self.place = replace(self.place, stirred=True)
                yield self._event_page(updates)
            if stream.start > cut:
                return

    def _event_page(self, updates: Sequence[Update]) -> Page:
        self._reader.forget()
        people = self._reader.look_up(self._reader.strangers(updates))
        self._ask_scores(updates)
        events = self._reader.events(updates, self._ratings)
        self._hear(events)
        return Page(self._cursor(), tickets=self._merged_ones(events), events=events, people=people)

    def _ask_scores(self, updates: Iterable[Update]) -> None:
        """Newer surveys are events without a score: where the ticket did not come in this pull, it is asked for."""
        surveys = {update.ticket for update in updates if any(kind_of(child) == SURVEY for child in update.children)}
        missing = sorted(surveys - self._ratings.keys(), key=int)
        if missing:
            rows, _ = self._reader.tickets(missing)
            self._ratings |= {str(row["id"]): row.get("satisfaction_rating") or {} for row in rows}

    def _hear(self, events: Iterable[Event]) -> None:
        """Notes whose rating was told by an event of its own."""
        for event in events:
            if event.kind == "rating":
                self._unheard.pop(event.ticket, None)

    def _merged_ones(self, events: Iterable[Event]) -> list[Ticket]:
        """The tickets that went into another, as they are told now."""
        told_so = {event.ticket: event for event in events if event.kind == "merged"}
        known = {number: self._gone.pop(number) for number in told_so.keys() & self._gone.keys()}
        missing = sorted(told_so.keys() - known.keys(), key=int)
        if missing:
            rows, beside = self._reader.tickets(missing)
            known |= {ticket.id: ticket for ticket in self._reader.batch(rows, beside).tickets}
        return [self._since(merged(ticket, [told_so[number]])) for number, ticket in sorted(known.items())]

    def _last(self) -> Page:
        """The end of the pull, with ratings and merges that no event told of."""
        events, people = self._whole(self._gone)
        tickets = [self._since(merged(ticket, events)) for ticket in self._gone.values()]
        events += [self._rated(ticket) for ticket in self._unheard.values()]
        self.place = replace(self.place, stirred=False)
        return Page(self._cursor(), tickets=tickets, events=events, people=people, known_to=self._horizon)

    def _rated(self, ticket: Ticket) -> Event:
        rating = self._ratings[ticket.id]
        number = f"{ticket.id}.rated.{rating.get('id')}.{ticket.csat}"
        comment = rating.get("comment") or rating.get("reason")
        return Event(
            number,
            ticket.id,
            ticket.updated,
            "rating",
            seq=_LAST - 2,
            actor=ticket.requester,
            actor_kind="customer",
            old=ticket.csat,
            new=ticket.csat,
            text=str(comment) if comment else None,
        )

    def _metrics(self) -> Iterator[Page]:
        """When SLA clocks ended: asked only where the account has policies and anything changed, for nothing else ends them.

        Some come after younger ones, so it begins a little before where it stopped; a fulfilment that is stored is not judged again.
        """
        if not (self._reader.desk.slas and self.place.stirred):
            return
        path, name = "incremental/ticket_metric_events", "ticket_metric_events"
        begin = self.place.metrics.before(_LATE)
        for rows, stream in by_time(self._http, path, name, begin, {}):
            self.place = replace(self.place, metrics=max(self.place.metrics, stream, key=lambda each: each.start))
            if events := self._ends([row for row, _ in sorted(rows, key=lambda each: each[1])]):
                yield Page(self._cursor(), events=events)

    def _ends(self, rows: Sequence[Row]) -> list[Event]:
        memory, found = self._reader.memory, []
        asked = {number(row) for row in rows for number in (number_of, breach_number)}
        known = set(memory.events(asked)) if memory else set()
        rows = [row for row in rows if row.get("type") == "breach" or number_of(row) not in known]
        ended = [row for row in rows if row.get("type") == "fulfill" and name_of(row) in self._reader.desk.slas]
        self._ask_clocks({str(row["ticket_id"]) for row in ended})
        for row in rows:
            event = told(row, known, self._clocks.get(str(row["ticket_id"]), {}))
            if event is not None:
                known.add(event.id)
                found.append(event)
        return found

    def _ask_clocks(self, numbers: set[str]) -> None:
        """Which clocks tickets have that did not come in this pull, because one before it was cut off half-way."""
        missing = sorted(numbers - self._clocks.keys(), key=int)
        if missing:
            rows, _ = self._reader.tickets(missing)
            self._clocks |= {number: {} for number in missing} | {str(row["id"]): metrics_of(row) for row in rows}


def _went_away(ticket: Ticket) -> bool:
    return MERGED in ticket.tags and ticket.status == "closed"


def _deletion(ticket: Ticket) -> Event:
    return Event(f"{ticket.id}.deleted", ticket.id, ticket.updated, "deleted", seq=_LAST - 1)
