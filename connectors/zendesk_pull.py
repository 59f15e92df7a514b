"""One pull of Zendesk: the account's lists when due, the changed tickets, then what happened to them, each stored as it comes.

Tickets come before their events, and both are cut at the same instant, a minute before the tickets were asked for the last time
(Zendesk leaves the last minute out). So a ticket is never newer than what is known to have happened to it: a write for an outdated
one is refused by its stamp, while a plan that had missed an agent's reply would not be.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .base import Page, Retryable
from .ticket import Event
from .zendesk_cursor import asking
from .zendesk_history import SURVEY, from_export, kind_of
from .zendesk_lists import SELDOM, catalogue_of, often
from .zendesk_read import SIDE_LOADS, merged
from .zendesk_sla import breach_number, metrics_of, standing, told
from .zendesk_words import MERGED, score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .ticket import Person, Ticket
    from .zendesk_cursor import Place, Stream
    from .zendesk_history import Update
    from .zendesk_read import Reader
    from .zendesk_words import Row

LAG = timedelta(seconds=60)
"""How far Zendesk's exports stay behind (support.zendesk.com 8143500919322)."""

SCOPE = {"support_type_scope": "all"}
"""Without it the tickets of AI agents are missing."""

_PATIENCE = 5
"""Pages in a row that may bring nothing and stand still."""

_LAST = 2**62
_OPEN = ("new", "open", "pending", "on_hold")


class Pull:
    """Pages of one pull, from ``place`` on; ``now`` tells the time."""

    def __init__(self, reader: Reader, place: Place, now: Callable[[], datetime]) -> None:
        self._reader = reader
        self._http = reader.http
        self._now = now
        self.place = place
        self._first = not place.walked
        self._horizon = now() - LAG
        self._stirred = False
        self._ratings: dict[str, Row] = {}
        self._unheard: dict[str, Ticket] = {}
        self._gone: dict[str, Ticket] = {}
        self._clocks: dict[str, dict[str, Row]] = {}

    def pages(self) -> Iterator[Page]:
        """Tickets, then events; the last page says up to when nothing is missing."""
        yield from self._tickets()
        if not self.place.walked:
            yield from self._old_ones()
            self.place = replace(self.place, walked=True)
        yield from self._events()
        yield from self._metrics()
        yield self._last()

    def _cursor(self) -> str:
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
        for page in self._export("incremental/users/cursor", self.place.people, {}):
            rows += page.get("users") or []
            self.place = replace(self.place, people=str(page.get("after_cursor") or self.place.people))
        return rows

    def _changed_organizations(self) -> list[Row]:
        found: list[Row] = []
        for rows, stream in self._timed("incremental/organizations", "organizations", self.place.organizations, {}):
            found += [row for row, _ in rows]
            self.place = replace(self.place, organizations=stream)
        return [row for row in found if not row.get("deleted_at")]

    # --- exports ----------------------------------------------------------------------------------------------------------

    def _export(self, path: str, position: str, also: dict[str, str]) -> Iterator[Row]:
        """Pages of a cursor-based export. They end where the desk says so, never because one is empty or repeats itself."""
        stuck = 0
        while True:
            page = self._http.json(path, asking(position) | also)
            yield page
            after = str(page.get("after_cursor") or position)
            if page.get("end_of_stream", after == position):
                return
            stuck = _stuck(path, stuck, moved=after != position)
            position = after

    def _timed(
        self, path: str, name: str, stream: Stream, also: dict[str, str]
    ) -> Iterator[tuple[list[tuple[Row, int]], Stream]]:
        """Pages of a time-based export: rows that are new, with their second, and where to go on behind them.

        Its end repeats its last second, so what was seen is skipped by number. A second that fills more than a page would be
        repeated for ever: once all of the page was seen, the next second is asked for.
        """
        stuck = 0
        while True:
            page = self._http.json(path, {"start_time": str(stream.start)} | also)
            rows = [(row, _second(row)) for row in page.get(name) or ()]
            fresh = [(row, at) for row, at in rows if stream.lacks(int(row["id"]), at)]
            ended, before = bool(page.get("end_of_stream", not rows)), stream.start
            start = max(before, int(page.get("end_time") or before))
            if start == before and not ended and rows and not fresh and all(at == before for _, at in rows):
                start += 1
            stream = stream.passed(((int(row["id"]), at) for row, at in rows), start)
            yield fresh, stream
            if ended:
                return
            stuck = _stuck(path, stuck, moved=start != before or bool(fresh))

    # --- tickets ----------------------------------------------------------------------------------------------------------

    def _tickets(self) -> Iterator[Page]:
        also = {"include": SIDE_LOADS, **SCOPE}
        for page in self._export("incremental/tickets/cursor", self.place.tickets, also):
            self._horizon = min(self._now(), self._http.desk_time or self._now()).astimezone(UTC) - LAG
            self.place = replace(self.place, tickets=str(page.get("after_cursor") or self.place.tickets))
            if page.get("tickets"):
                yield self._ticket_page(page["tickets"], page)

    def _old_ones(self) -> Iterator[Page]:
        """Open tickets that nobody touched since the history begins. The search index lags by minutes, they by months."""
        until = self.place.since + timedelta(days=2)  # days are the account's own: better twice than not at all
        asked = {"query": f"type:ticket status<solved updated<{until:%Y-%m-%d}", "filter[type]": "ticket"}
        for page in self._http.pages("search/export", asked):
            rows = page.get("results") or []
            if rows:
                named = {str(row[name]) for row in rows for name in ("requester_id", "assignee_id") if row.get(name)}
                yield self._ticket_page(rows, {}, self._reader.look_up(named))

    def _ticket_page(self, rows: Sequence[Row], beside: Row, people: Sequence[Person] = ()) -> Page:
        self._stirred = True
        rows = self._with_clocks(list({row["id"]: row for row in rows}.values()))
        batch = self._reader.batch(rows, beside)
        for row, ticket in zip(rows, batch.tickets, strict=True):
            self._note(row, ticket)
        events = [event for row in rows for event in standing(row)]
        events += [_deletion(ticket) for ticket in batch.tickets if ticket.deleted]
        past, met = self._whole([t.id for t in batch.tickets if t.created < self.place.since and t.status in _OPEN])
        return Page(
            self._cursor(),
            tickets=[self._since(ticket) for ticket in batch.tickets],
            events=[*events, *past],
            people=[*people, *batch.people, *met],
            organizations=batch.organizations,
        )

    def _with_clocks(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows with their SLA clocks, which search does not side-load, and an export only if the account lets it."""
        if not self._reader.desk.slas or any("slas" in row for row in rows):
            return rows
        bare = [str(row["id"]) for row in rows if row.get("status") not in ("closed", "deleted")]
        known = {row["id"]: row.get("slas") for row in self._reader.tickets(bare)[0]}
        return [{"slas": known.get(row["id"])} | row for row in rows]

    def _since(self, ticket: Ticket) -> Ticket:
        """The ticket, with when its known history begins if it had ended before that."""
        cut = ticket.created < self.place.since and ticket.status not in _OPEN
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
        if MERGED in ticket.tags and ticket.status == "closed":
            self._gone[ticket.id] = ticket
        if self._reader.desk.slas:
            self._clocks[ticket.id] = metrics_of(row)

    def _news(self, ticket: Ticket) -> bool:
        """Whether the rating is another than the one stored."""
        if self._first or self._reader.memory is None:
            return self._first
        known = self._reader.memory.ticket(ticket.id)
        return known is None or known.csat != ticket.csat

    # --- events -----------------------------------------------------------------------------------------------------------

    def _events(self) -> Iterator[Page]:
        also = {"include": "comment_events", **SCOPE}
        for rows, stream in self._timed("incremental/ticket_events", "ticket_events", self.place.events, also):
            cut = int(self._horizon.timestamp())
            updates = [update for row, at in rows if at <= cut and (update := from_export(row))]
            start = min(stream.start, cut)
            seen = {int(row["id"]) for row, at in rows if start <= at <= cut} | (
                stream.seen if start == stream.start else set()
            )
            self.place = replace(self.place, events=replace(stream, start=start, seen=frozenset(seen)))
            if updates:
                self._stirred = True
                yield self._event_page(updates)
            if stream.start > cut:
                return

    def _event_page(self, updates: Sequence[Update]) -> Page:
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
        memory, tickets = self._reader.memory, []
        stored = {number: memory.ticket(number) if memory else None for number in self._gone}
        known = {number: ticket.merged_into for number, ticket in stored.items() if ticket and ticket.merged_into}
        events, people = self._whole(number for number in self._gone if number not in known)
        for number, ticket in self._gone.items():
            into = known.get(number)
            tickets.append(self._since(replace(ticket, merged_into=into) if into else merged(ticket, events)))
        events += [self._rated(ticket) for ticket in self._unheard.values()]
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
        """When SLA clocks ended: asked only where the account has policies and anything changed, for nothing else ends them."""
        if not (self._reader.desk.slas and self._stirred):
            return
        path, name = "incremental/ticket_metric_events", "ticket_metric_events"
        for rows, stream in self._timed(path, name, self.place.metrics, {}):
            self.place = replace(self.place, metrics=stream)
            if events := self._ends([row for row, _ in sorted(rows, key=lambda each: each[1])]):
                yield Page(self._cursor(), events=events)

    def _ends(self, rows: Sequence[Row]) -> list[Event]:
        memory, found = self._reader.memory, []
        known = set(memory.events({breach_number(row) for row in rows})) if memory else set()
        self._ask_clocks({str(row["ticket_id"]) for row in rows if row.get("type") == "fulfill"})
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


def _stuck(path: str, before: int, *, moved: bool) -> int:
    """How often in a row an export stood still.

    Raises:
        Retryable: it does not move on; what was stored stays, and the next pull goes on from there.
    """
    if not moved and before + 1 >= _PATIENCE:
        raise Retryable(f"{path}: the export says that more follows and does not move on", hint="try again later")
    return 0 if moved else before + 1


def _deletion(ticket: Ticket) -> Event:
    return Event(f"{ticket.id}.deleted", ticket.id, ticket.updated, "deleted", seq=_LAST - 1)


def _second(row: Row) -> int:
    """The second a row of a time-based export belongs to."""
    if "timestamp" in row:
        return int(row["timestamp"])
    said = (
        row.get("created_at") if "ticket_id" in row and "time" not in row else row.get("time") or row.get("updated_at")
    )
    return int(datetime.fromisoformat(str(said)).timestamp())
