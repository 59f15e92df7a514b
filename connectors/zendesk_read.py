"""Reading tickets and their past, whichever call brought them: names are looked up where they are known already, else asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .ticket import Event, Organization
from .transport import answered
from .zendesk_history import History, Update, from_audit, organizations_in
from .zendesk_lists import brands, forms, statuses
from .zendesk_people import People, organization_fields
from .zendesk_words import in_copy, ticket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .base import Memory
    from .ticket import Person, Ticket
    from .zendesk_http import Http
    from .zendesk_words import Desk, Row, Words

AT_ONCE = 100
"""Tickets or people that one call names at most."""
SIDE_LOADS = "users,groups,organizations,slas"
_MANY_PEOPLE = 20_000
"""So many are remembered from one page of a long pull to the next; who was forgotten is looked up again."""


class Batch(NamedTuple):
    """Tickets with the people and organizations that came with them."""

    tickets: list[Ticket]
    people: list[Person]
    organizations: list[Organization]


class Reader:
    """Turns what Zendesk answers into tickets and events. ``memory`` is what the local copy knows already, if there is one.

    ``renamed``: an organization was met that had another name before.
    """

    def __init__(self, http: Http, desk: Desk, words: Words, memory: Memory | None) -> None:
        self.http = http
        self.desk = desk
        self.words = words
        self.memory = memory
        self.people = People(desk, words)
        self.renamed = False
        self._fetched: set[Callable[[Http, Desk], None]] = set()

    def batch(self, rows: Sequence[Row], beside: Row) -> Batch:
        """Tickets from rows and what was side-loaded ``beside`` them."""
        organizations = self.meet_organizations(beside.get("organizations") or ())
        self._meet_groups(beside.get("groups") or ())
        met = self.meet(beside.get("users") or ())
        self._learn_names(rows)
        self._recall_organizations(str(row["organization_id"]) for row in rows if row.get("organization_id"))
        met += self.look_up({number for row in rows for number in in_copy(row)})
        return Batch([ticket_of(row, self.desk, self.words, self.people) for row in rows], met, organizations)

    def _meet_groups(self, rows: Iterable[Row]) -> None:
        for row in rows:
            there = self.desk.former if row.get("deleted") else self.desk.groups
            there[str(row["id"])] = str(row["name"])

    def forget(self) -> None:
        """Lets go of people once they are many. At the start of a page: whoever it names must be known to its end."""
        if len(self.people.persons) > _MANY_PEOPLE:
            self.people.persons.clear()
            self.people.languages.clear()

    def meet(self, rows: Iterable[Row]) -> list[Person]:
        """Users that came along, as people."""
        users = list(rows)
        self._recall_organizations(str(row["organization_id"]) for row in users if row.get("organization_id"))
        return self.people.meet(users)

    def meet_organizations(self, rows: Iterable[Row]) -> list[Organization]:
        """Organizations that came along."""
        met = [
            Organization(str(row["id"]), str(row["name"]), tuple(row.get("tags") or ()), organization_fields(row))
            for row in rows
        ]
        known = self.people.organizations
        self._recall_organizations(each.id for each in met)
        self.renamed |= any(known.get(each.id, each.name) != each.name for each in met)
        self.people.organizations |= {each.id: each.name for each in met}
        return met

    def names_known(self, row: Row) -> bool:
        """Whether a ticket's organization is known by name."""
        number = str(row["organization_id"]) if row.get("organization_id") else ""
        self._recall_organizations([number] if number else ())
        return not number or number in self.people.organizations

    def _recall_organizations(self, numbers: Iterable[str]) -> None:
        unknown = set(numbers) - self.people.organizations.keys()
        if unknown and self.memory is not None:
            self.people.organizations |= self.memory.organizations(unknown)

    def look_up(self, numbers: Collection[str]) -> list[Person]:
        """Makes sure that these people are known: from the local copy, else from the desk, whose answers are returned."""
        unknown = set(numbers) - self.people.persons.keys()
        changed = self.people.recall(self.memory.people(unknown)) if unknown and self.memory else []
        return changed + self._ask(unknown - self.people.persons.keys())

    def look_up_languages(self, numbers: Collection[str]) -> list[Person]:
        """As :meth:`look_up`, with what they speak, which the local copy does not know."""
        return self._ask(set(numbers) - self.people.languages.keys())

    def _ask(self, numbers: Collection[str]) -> list[Person]:
        asked = sorted(numbers, key=int)
        met: list[Person] = []
        for start in range(0, len(asked), AT_ONCE):
            ids = ",".join(asked[start : start + AT_ONCE])
            met += self.meet(self.http.json("users/show_many", {"ids": ids}).get("users") or ())
        return met

    def _learn_names(self, rows: Iterable[Row]) -> None:
        """A form, brand or status that is newer than the lists: they are fetched again, once."""
        tables: tuple[tuple[str, Mapping[str, object], Callable[[Http, Desk], None]], ...] = (
            ("ticket_form_id", self.desk.forms, forms),
            ("brand_id", self.desk.brands, brands),
            ("custom_status_id", self.desk.statuses, statuses),
        )
        for name, known, fetch in tables:
            if fetch not in self._fetched and any(row.get(name) and str(row[name]) not in known for row in rows):
                self._fetched.add(fetch)
                fetch(self.http, self.desk)

    def strangers(self, updates: Iterable[Update]) -> set[str]:
        """Who acted in these updates and is not known to be an agent or anybody else."""
        actors = {number for update in updates for number in update.people()}
        return {number for number in actors if number != self.desk.me and number not in self.people.persons}

    def events(self, updates: Sequence[Update], ratings: Mapping[str, Row]) -> list[Event]:
        """The events of updates; everybody who acted must have been looked up."""
        self._recall_organizations(organizations_in(updates))
        history = History(self.desk, self.words, self.people, ratings)
        return [event for update in updates for event in history.events(update)]

    def tickets(self, numbers: Sequence[str]) -> tuple[list[Row], Row]:
        """The tickets as they are at this moment, and what is side-loaded; those that are deleted or unknown are left out."""
        rows: list[Row] = []
        beside: dict[str, list[Row]] = {"users": [], "groups": [], "organizations": []}
        for start in range(0, len(numbers), AT_ONCE):
            asked = {"ids": ",".join(numbers[start : start + AT_ONCE]), "include": SIDE_LOADS}
            page = self.http.json("tickets/show_many", asked)
            rows += page.get("tickets") or []
            for name in beside:
                beside[name] += page.get(name) or []
        return rows, dict(beside)

    def audits(self, number: str) -> tuple[list[Update], Row] | None:
        """All updates of a ticket, and what is side-loaded (the ticket itself, too); ``None`` where it is not there."""
        path = f"tickets/{number}/audits"
        beside: dict[str, list[Row]] = {"tickets": [], "users": [], "organizations": []}
        asked = {"include": ",".join(beside), "page[size]": "100"}
        answer = self.http.get(path, asked, also=(404,))
        if answer.status_code == 404:
            return None
        updates: dict[int, Update] = {}
        for page in self.http.following(path, answered(answer), asked):
            found = (from_audit(row) for row in page.get("audits") or ())
            updates |= {update.id: update for update in found if update}
            for name in beside:
                beside[name] += page.get(name) or []
        return [updates[key] for key in sorted(updates)], dict(beside)

    def whole(self, number: str, ratings: Mapping[str, Row]) -> tuple[list[Event], list[Person]]:
        """All events of a ticket, and people who were not known before."""
        found = self.audits(number)
        if found is None:
            return [], []
        updates, beside = found
        met = self.meet(beside["users"]) + self.look_up(self.strangers(updates))
        return self.events(updates, ratings), met


def merged(ticket: Ticket, events: Iterable[Event]) -> Ticket:
    """The ticket, with where it went if its events say so."""
    into = next((event.new for event in events if event.kind == "merged" and event.ticket == ticket.id), None)
    return replace(ticket, merged_into=str(into)) if into else ticket
