"""Reading issues past the search index: whole, with their comments and changelogs, whichever face the site has.

Cloud hands out a hundred issues and the changelogs of a thousand at once; Data Center tells the changelog inside an issue. What an
issue holds of its comments are the newest ones; the others are paged, unless the local copy has them already.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Rejected, Retryable
from .jsm_history import comment_event, comment_number, history_events, own_events, rating_event
from .jsm_http import API, DESK, EXPERIMENTAL
from .jsm_people import People
from .jsm_sla import GOING, ended, sights
from .jsm_words import CHANNEL, people_in, ticket_of
from .ticket import Organization
from .transport import answered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from .base import Memory
    from .jsm_http import Http
    from .jsm_sla import Sight
    from .jsm_words import Desk, Row, Words
    from .ticket import Event, Person, Ticket

AT_ONCE = 100
"""Issues that Cloud hands out in one call."""
LOGS_AT_ONCE = 1000
"""Issues whose changelogs Cloud hands out in one call."""
MOST_LOGS = 10_000
_COMMENTS = 100
_OWNERS = ("assignee", "reporter")
_YOUNG = timedelta(days=7)
"""Ratings of so many days are asked for the words beside them, a call each."""
_MOST_PAGES = 10_000


class Batch(NamedTuple):
    """Issues as tickets, with what was said and how they stand; their changelogs come apart."""

    tickets: list[Ticket]
    events: list[Event]
    people: list[Person]
    organizations: list[Organization]


class Reader:
    """Turns what Jira answers into tickets and events. ``memory`` is what the local copy knows already, if there is one."""

    def __init__(
        self, http: Http, desk: Desk, words: Words, memory: Memory | None, now: Callable[[], datetime]
    ) -> None:
        self._now = now
        self.http = http
        self.desk = desk
        self.words = words
        self.memory = memory
        self.people = People(desk, words)
        self._edited: set[str] = set()

    # --- issues -----------------------------------------------------------------------------------------------------------

    def fetch(self, numbers: Sequence[str]) -> tuple[list[Row], list[str]]:
        """A hundred issues at most as they are at this moment, and those that are gone or hidden."""
        if not self.desk.cloud:
            found = {number: self.one(number) for number in numbers}
            return [row for row in found.values() if row], [number for number, row in found.items() if not row]
        asked = {"issueIdsOrKeys": list(numbers), "fields": self.desk.wanted()}
        page = self._with_properties(f"{API}/issue/bulkfetch", asked)
        rows = list({str(row["id"]): row for row in page.get("issues") or ()}.values())
        there = {str(row["id"]) for row in rows}
        return rows, [number for number in numbers if number not in there]

    def _with_properties(self, path: str, asked: Row) -> Row:
        """The answer with the properties we read; some sites fail over broken ones, and answer without."""
        try:
            return self.http.ask(path, asked | {"properties": [CHANNEL]})
        except Retryable:
            return self.http.ask(path, asked)

    def one(self, number: str, expand: str = "changelog") -> Row | None:
        """An issue as it is at this moment, ``None`` where it is not there."""
        path, params = f"{API}/issue/{number}", {"fields": ",".join(self.desk.wanted()), "expand": expand}
        if not self.desk.cloud:
            return self.http.maybe(path, params, also=(404,))
        try:
            return self.http.maybe(path, params | {"properties": CHANNEL}, also=(404,))
        except Retryable:
            return self.http.maybe(path, params, also=(404,))

    def search(self, jql: str, fields: Sequence[str], **more: Any) -> Row:
        """A page of a search: of Cloud by token, of Data Center from a row on."""
        asked = {"jql": jql, "fields": list(fields), **more}
        return self.http.ask(f"{API}/search/jql" if self.desk.cloud else f"{API}/search", asked)

    # --- what happened ----------------------------------------------------------------------------------------------------

    def changelogs(self, numbers: Sequence[str]) -> dict[str, list[Row]]:
        """The whole changelogs of a thousand issues at most (Cloud), oldest entries first."""
        found: dict[str, list[Row]] = {}
        asked: Row = {"issueIdsOrKeys": list(numbers), "maxResults": MOST_LOGS}
        tokens: set[str] = set()
        while numbers:
            page = self.http.ask(f"{API}/changelog/bulkfetch", asked)
            for each in page.get("issueChangeLogs") or ():
                found.setdefault(str(each["issueId"]), []).extend(each.get("changeHistories") or ())
            token = page.get("nextPageToken")
            if not token or token in tokens or len(tokens) >= _MOST_PAGES:
                break
            tokens.add(token)
            asked["nextPageToken"] = token
        return found

    def meet(self, rows: Iterable[Row]) -> None:
        """Takes in whoever issues describe: their changelogs only name them."""
        self.people.meet(one for row in rows for one in people_in(row, self.desk))

    def history(self, logs: Mapping[str, Sequence[Row]]) -> list[Event]:
        """The events of changelogs, by issue."""
        self.people.meet(entry["author"] for entries in logs.values() for entry in entries if entry.get("author"))
        if not self.desk.cloud:
            self._meet_keys(logs)
        return [
            event
            for number, entries in logs.items()
            for entry in _once(entries)
            for event in history_events(number, entry, self.desk, self.words, self.people)
        ]

    def _meet_keys(self, logs: Mapping[str, Sequence[Row]]) -> None:
        """Changelogs of Data Center name people by a key that is no name: whoever nobody described is looked up, once."""
        items = [item for entries in logs.values() for entry in entries for item in entry.get("items") or ()]
        ends = [
            str(item[end]) for item in items if item.get("field") in _OWNERS for end in ("from", "to") if item.get(end)
        ]
        for key in sorted(set(ends) - set(self.desk.names)):
            row = self.http.maybe(f"{API}/user", {"key": key})
            self.people.meet([row] if row else [])
            self.desk.names.setdefault(key, key)

    def logs(self, rows: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
        """The changelogs of issues that were just read."""
        if self.desk.cloud:
            return self.changelogs([str(row["id"]) for row in rows])
        return {str(row["id"]): _entries(row) for row in rows}

    def glance(self, row: Row) -> tuple[Ticket, list[Event]]:
        """An issue as a ticket, and what it tells itself of its newest comments and changes."""
        self.people.meet(people_in(row, self.desk))
        said = (row["fields"].get("comment") or {}).get("comments") or ()
        happened = self.history({str(row["id"]): _entries(row)})
        ticket = ticket_of(row, self.desk, self.words, self.people)
        comments = [comment_event(ticket.id, each, self.desk, self.words, self.people) for each in said]
        return ticket, [*comments, *happened]

    def search_person(self, handle: str) -> str | None:
        """The only account with exactly this address; whoever is merely called alike is somebody else."""
        path, word = f"{API}/user/search", "query" if self.desk.cloud else "username"
        said = self.http.get(path, {word: handle}, also=(403,)) if "@" in handle else None
        found = answered(said) if said is not None and said.status_code == 200 else ()
        rows = [row for row in found if _same(row.get("emailAddress"), handle)]
        self.people.meet(rows)
        return self.people.id_of(rows[0]) if len(rows) == 1 else None

    def batch(self, rows: Sequence[Row], *, whole: bool = False) -> Batch:
        """Tickets from issues, with what was said in them. ``whole``: all of it, whatever the local copy has already."""
        for row in rows:
            self._complete(row, whole=whole)
            self.people.meet(people_in(row, self.desk))
        organizations = self._met_organizations(rows)
        tickets = [ticket_of(row, self.desk, self.words, self.people) for row in rows]
        events = list(self._events(rows, tickets, whole=whole))
        return Batch(tickets, events, self.people.handed_out(), organizations)

    def _events(self, rows: Sequence[Row], tickets: Sequence[Ticket], *, whole: bool) -> Iterator[Event]:
        both = list(zip(rows, tickets, strict=True))
        clocks = [sight for row, ticket in both for sight in self._clocks(row, ticket)]
        ratings = [rated for row, ticket in both if (rated := rating_event(row, ticket, self.desk))]
        seen = [event.id for sight in clocks for event in (sight.began, sight.stands)]
        known = set(self.memory.events([*seen, *(rated.id for rated in ratings)])) if self.memory else set()
        for row, ticket in both:
            yield from own_events(row, ticket, self.people)
            for said in row["fields"]["comment"]["comments"]:
                if said.get("updated") != said.get("created"):
                    self._edited.add(comment_number(said))
                yield comment_event(ticket.id, said, self.desk, self.words, self.people)
        for sight in clocks:
            yield from sight.events(known)
        yield from self._ended(both)
        yield from (self._worded(rated) for rated in ratings if whole or rated.id not in known)

    def _ended(self, both: Sequence[tuple[Row, Ticket]]) -> Iterator[Event]:
        """Clocks that went when last heard of, and that their issues say nothing of any more."""
        told = self.memory.clocks([ticket.id for _, ticket in both]) if self.memory and self.desk.slas else {}
        for row, ticket in both if told else ():
            for slot, (number, name) in enumerate(self.desk.slas.items()):
                went = told.get(ticket.id, {}).get(name) in GOING
                if went and (off := ended(ticket, number, name, row["fields"].get(number), slot)):
                    yield off

    def _clocks(self, row: Row, ticket: Ticket) -> Iterator[Sight]:
        for slot, (number, name) in enumerate(self.desk.slas.items()):
            yield from sights(ticket, number, name, row["fields"].get(number), slot)

    def _worded(self, rated: Event) -> Event:
        """A rating with what the customer wrote beside it, if it is young."""
        return replace(rated, text=self._feedback(rated.ticket)) if rated.at >= self._now() - _YOUNG else rated

    def news(self, events: Sequence[Event]) -> list[Event]:
        """Those that the local copy does not have. What is stored stays as it was, for who somebody was then Jira does not tell."""
        known = set(self.memory.events([event.id for event in events])) if self.memory else set()
        return [event for event in events if event.id not in known or event.id in self._edited]

    def _met_organizations(self, rows: Sequence[Row]) -> list[Organization]:
        field, met = self.desk.special.get("organizations", ""), {}
        for row in rows:
            for each in row["fields"].get(field) or ():
                met[str(each["id"])] = str(each["name"])
                self.people.belongs(self.people.id_of(row["fields"].get("reporter")), str(each["name"]))
        new = {number: name for number, name in met.items() if self.desk.organizations.get(number) != name}
        self.desk.organizations |= new
        return [Organization(number, name) for number, name in new.items()]

    # --- comments ---------------------------------------------------------------------------------------------------------

    def _complete(self, row: Row, *, whole: bool) -> None:
        """Puts the comments into an issue that it does not hold itself."""
        inside = row["fields"].get("comment") or {}
        row["fields"]["comment"] = inside
        said = list(inside.get("comments") or ())
        inside["comments"] = said
        if int(inside.get("total") or 0) <= len(said) or (not whole and self._known(said)):
            return
        every = {str(each["id"]): each for each in (*self.comments(str(row["id"])), *said)}
        inside["comments"] = sorted(every.values(), key=lambda each: int(each["id"]))

    def _known(self, said: Sequence[Row]) -> bool:
        """Whether the local copy has the oldest of these already, and so what was said before it."""
        return bool(said and self.memory and self.memory.events([comment_number(said[0])]))

    def comments(self, number: str, **more: str) -> list[Row]:
        """All comments of an issue, oldest first, each once: pages shift while people write."""
        found: dict[str, Row] = {}
        start = 0
        for _ in range(_MOST_PAGES):
            asked = {"startAt": str(start), "maxResults": str(_COMMENTS), "orderBy": "created", **more}
            page = self.http.object(f"{API}/issue/{number}/comment", asked)
            rows = page.get("comments") or []
            found |= {str(each["id"]): each for each in rows}
            start += len(rows)
            if not rows or start >= int(page.get("total") or 0):
                break
        return list(found.values())

    def _feedback(self, number: str) -> str | None:
        """What a customer wrote beside the rating; the call is experimental and may be gone tomorrow."""
        gone = (401, 403, 404, 405, 410, 412)
        try:
            said = self.http.maybe(f"{DESK}/request/{number}/feedback", also=gone, headers=EXPERIMENTAL) or {}
        except (Retryable, Rejected) as error:
            if isinstance(error, Retryable) and error.after is not None:
                raise
            return None
        return str((said.get("comment") or {}).get("body") or "") or None


def _entries(row: Row) -> Sequence[Row]:
    """The entries of the changelog that came inside an issue."""
    return (row.get("changelog") or {}).get("histories") or ()


def _same(one: Any, other: str) -> bool:
    return str(one or "").casefold() == other.casefold()


def _once(entries: Iterable[Row]) -> list[Row]:
    return list({str(entry["id"]): entry for entry in entries}.values())
