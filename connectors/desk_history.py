"""The states of tickets, told as tickets, events and people.

The states of a ticket are compared with one another, and what differs is a change at the time of the later one. What
the first state says is held true since the ticket was created. A column that holds end results counts in the last
state only, as a change at that time: nothing of the future stands in the past.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from .desk_csv import KEEP
from .desk_json import instant
from .ticket import FIELD, Event, FieldSpec, Person, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .desk_csv import Rows, State
    from .desk_mapping import CsvMapping
    from .ticket import Role, Status


class History:
    """A CSV file's rows as what a desk keeps."""

    def __init__(self, rows: Rows, mapping: CsvMapping) -> None:
        self.rows = rows
        self.columns = rows.columns
        self.whole = mapping.states is None
        self.automations = mapping.states.automations if mapping.states else frozenset()
        self.final = [column.final for column in rows.columns]
        self.place = {column.fact: place for place, column in enumerate(rows.columns)}

    def statuses(self) -> Mapping[str, Status]:
        """The file's own words for statuses, with their categories."""
        words: Mapping[str, Any] = self.columns[self.place["status"]].words
        return words

    def fields(self) -> Mapping[str, FieldSpec]:
        """The custom fields; one of the type choice takes the values that were seen."""
        specs: dict[str, Any] = {c.fact: c.type for c in self.columns if c.fact.startswith(FIELD)}
        names = {fact: fact.removeprefix(FIELD) for fact in specs}
        return {names[fact]: FieldSpec(names[fact], kind, self.rows.choices.get(fact)) for fact, kind in specs.items()}

    def seen(self, fact: str) -> list[str]:
        """Every value of a fact, sorted."""
        return sorted({value for (value,) in self._all(fact) if value})

    def tickets(self) -> Iterator[tuple[Ticket, list[Event]]]:
        """Every ticket as it is in its last state, with its events."""
        for ticket, states in self.rows.states.items():
            yield self._ticket(ticket, states)

    def people(self) -> list[Person]:
        """Everybody named: owners as agents of the groups they owned tickets in, requesters, and who made changes."""
        groups: dict[str, set[str]] = defaultdict(set)
        for owner, group in self._all("assignee", "group"):
            if owner:
                groups[owner] |= {group} if group else set()
        homes = {person: home for person, home in self._all("requester", "organization") if person}
        others = {
            by: self._role(by, homes) for states in self.rows.states.values() for _, _, _, _, by, _ in states if by
        }
        named = {name for c in self.columns if c.type == "person" for name in self.seen(c.fact)}
        roles = (
            dict.fromkeys(named, "customer")
            | others
            | dict.fromkeys(homes, "customer")
            | dict.fromkeys(groups, "agent")
        )
        return [_person(name, role, groups[name], homes.get(name)) for name, role in sorted(roles.items())]

    def _all(self, *facts: str) -> set[tuple[Any, ...]]:
        places = [self.place.get(fact) for fact in facts]
        values = (state.values for states in self.rows.states.values() for state in states)
        found = {tuple(None if place is None else row[place] for place in places) for row in values}
        return {tuple(None if value is KEEP else value for value in row) for row in found}

    def _role(self, by: str | None, customers: Mapping[str, object] | Sequence[str]) -> Role:
        if by is None or by in self.automations:
            return "automation"
        return "customer" if by in customers else "agent"

    def _ticket(self, ticket: str, states: list[State]) -> tuple[Ticket, list[Event]]:
        values = [
            None if value is KEEP or end else value for value, end in zip(states[0].values, self.final, strict=True)
        ]
        events = self._start(ticket, states[0], dict(zip(self.place, values, strict=True)))
        for state in states:
            self._compare(ticket, state, values, events, last=state is states[-1])
        facts = {c.fact: value for c, value in zip(self.columns, values, strict=True) if value is not None}
        custom = {fact.removeprefix(FIELD): facts.pop(fact) for fact in list(facts) if fact.startswith(FIELD)}
        if "due" in facts:
            facts["due"] = instant(facts["due"])
        created, updated = states[0].created, max(states[-1].at, states[0].created)
        facts |= {"status": facts.get("status", "new"), "history_from": updated if self.whole else None}
        return Ticket(ticket, "1", created, updated, custom=custom, **facts), events

    def _start(self, ticket: str, state: State, first: Mapping[str, Any]) -> list[Event]:
        who = first.get("requester")
        kind: Role = "customer" if who else "automation"
        events = [Event(f"{ticket}#1", ticket, state.created, "created", 1, who, kind)]
        if text := first.get("description"):
            events.append(Event(f"{ticket}#2", ticket, state.created, "message", 2, who, kind, text=text, public=True))
        return events

    def _compare(self, ticket: str, state: State, values: list[Any], events: list[Event], *, last: bool) -> None:
        """Brings ``values`` to the state and tells what changed."""
        for place, new in enumerate(state.values):
            old = values[place]
            if new == old or new is KEEP or (self.final[place] and not last):
                continue
            values[place] = new
            kind = self._role(state.by, (values[self.place["requester"]],) if "requester" in self.place else ())
            seq, at = len(events) + 1, max(state.at, state.created)
            fact = self.columns[place].fact
            events.append(Event(f"{ticket}#{seq}", ticket, at, "field", seq, state.by, kind, fact, old, new))


def _person(name: str, role: Role, groups: set[str], organization: str | None) -> Person:
    email = name if "@" in name else None
    return Person(name, name, email, role=role, groups=tuple(sorted(groups)), organization=organization)
