"""The small desk on which a rule test plays: a snapshot made from the test's tickets, events and people.

People are their own ids here. Facts that follow from others (``reopens``) are not made up as events: they are handed on,
and the evaluator believes them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from ..connectors.base import Capabilities
from ..connectors.ticket import FIELD, Catalogue, Event, Organization, Person, Ticket
from ..rules.calendar import calendar_for
from ..rules.durations import UnreadableError, parse_date, parse_instant, parse_zone
from ..rules.facts import FACTS, fact_named
from ..rules.model import bundles
from .slas import sla_in
from .snapshot import EVENTS, TICKETS, Snapshot, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..connectors.ticket import Role, Value
    from ..rules.calendar import Calendar
    from ..rules.model import RuleSet, RuleTest
    from ..rules.staff import Team

ROBOT = "makegood"
CUSTOMER = "customer@example.com"
ORGANIZATION = "Example"
"""Where a ticket's customer works if the test only tells something about it."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when the rules are in force on a test desk."""

_LISTS = ("tags", "cc", "approvers")
_TICKET_FACTS = frozenset(each.name for each in fields(Ticket)) - {"version", "custom", "history_from", "deleted"}
_MARKER = re.compile(r"^makegood ([0-9a-f]{6})$", re.MULTILINE)
_EVERYTHING = frozenset({"tags", "cc", "note", "reply", "field", "assignee", "group"})


def frames(tickets: Iterable[Ticket], events: Iterable[Event]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tickets and events as a snapshot holds them; people must be named by their handles."""
    rows = [
        {name: getattr(ticket, name) for name in TICKETS} | {"custom": json.dumps(dict(ticket.custom))}
        for ticket in tickets
    ]
    said = [
        {name: getattr(event, name) for name in EVENTS} | {"old": encode(event.old), "new": encode(event.new)}
        for event in events
    ]
    return pl.DataFrame(rows, schema=TICKETS), pl.DataFrame(said, schema=EVENTS).sort("ticket", "at", "seq")


@dataclass(frozen=True, slots=True)
class Played:
    """A test made ready: the desk at the test's instant, and the derived facts it states, by ticket, typed."""

    snapshot: Snapshot
    believed: Mapping[str, Mapping[str, Any]]


def play(ruleset: RuleSet, test: RuleTest) -> Played:
    """Build the desk of a test.

    Raises:
        UnreadableError: a time or a number in the test cannot be read.
    """
    desk = _Desk(ruleset, test.at or first_working_minute(ruleset))
    for handle in sorted(_named(ruleset)):
        desk.hire(handle)
    for team in ruleset.teams.values():
        if not team.people:
            desk.staff(team)
    for facts in test.tickets or ({},):
        desk.open_ticket(facts, test.events if not desk.tickets else ())
    for handle, said in test.people.items():
        desk.employ(handle, said)
    return desk.played()


def first_working_minute(ruleset: RuleSet) -> datetime:
    """The first moment of 2026 at which the file's default calendar is open, UTC."""
    calendar = calendar_for(ruleset, ruleset.default_calendar)
    return calendar.next_open(datetime(2026, 1, 1, tzinfo=calendar.zone).astimezone(UTC))


@dataclass
class _Desk:
    """Grows ticket by ticket."""

    ruleset: RuleSet
    at: datetime
    tickets: list[Ticket] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    believed: dict[str, dict[str, Any]] = field(default_factory=dict)
    clocks: dict[tuple[str, str], dict[str, Value]] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)

    @property
    def calendar(self) -> Calendar:
        return calendar_for(self.ruleset, self.ruleset.default_calendar)

    def open_ticket(self, facts: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
        """Add a ticket with facts that hold since it was created, and what happened to it then."""
        number = len(self.tickets) + 1
        started = self.instant(str(events[0]["at"])) if events else self.at
        created = self.instant(facts["created"]) if "created" in facts else started
        known = {name: self._value(name, value) for name, value in facts.items() if value != "missing"}
        plain = {name: value for name, value in known.items() if name in _TICKET_FACTS}
        for name in _LISTS:
            plain[name] = _entries(plain.get(name))
        ticket = Ticket(
            **{
                "id": str(number),
                "url": f"https://desk.example.com/{number}",
                "status": "new",
                "priority": None if facts.get("priority") == "missing" else "normal",
                "channel": None if facts.get("channel") == "missing" else "email",
                "requester": CUSTOMER if number == 1 else f"customer-{number}@example.com",
                "organization": ORGANIZATION if any(name.startswith("organization.") for name in known) else None,
                "description": next((str(event["says"]) for event in events if "says" in event), ""),
                "updated": created,
                **plain,
                "version": "1",
                "created": created,
                "custom": {name.removeprefix(FIELD): value for name, value in known.items() if name.startswith(FIELD)},
            }
        )
        self._meet(ticket, known)
        self._believe(ticket, facts, known)
        self._begin(ticket, events)

    def _begin(self, ticket: Ticket, events: Sequence[Mapping[str, Any]]) -> None:
        self._add(ticket.id, ticket.created, "created", actor=ticket.requester, actor_kind="customer")
        if not events:
            said = {"actor": ticket.requester, "actor_kind": "customer", "text": ticket.description, "public": True}
            self._add(ticket.id, ticket.created, "message", **said)
        for event in events:
            ticket = self._happen(ticket, event)
        self.tickets.append(ticket)

    # --- events -------------------------------------------------------------------------------------------------------

    def _happen(self, ticket: Ticket, event: Mapping[str, Any]) -> Ticket:
        """Add what an event item tells; the ticket as it is afterwards."""
        at = self.instant(str(event["at"]))
        actor, role = self._actor(ticket, event)
        who: dict[str, Any] = {"actor": actor, "actor_kind": role}
        if "says" in event:
            text = str(event["says"])
            mark = _MARKER.search(text) if role == "robot" else None
            public = event.get("internal", "no") not in ("yes", "true")
            self._add(ticket.id, at, "message", text=text, public=public, marker=mark[1] if mark else None, **who)
        told = {
            name: None if value == "missing" else self._value(name, value)
            for name, value in event.get("set", {}).items()
        }
        for name in dict.fromkeys(filter(None, map(sla_in, told))):
            self._tick(ticket.id, at, name, told)
        for name, value in told.items():
            if sla_in(name) is None:
                ticket = self._changed(ticket, at, name, value, who)
        if "rates" in event:
            self._add(ticket.id, at, "rating", new=event["rates"], **who)
            ticket = replace(ticket, csat=event["rates"])
        if "merged_into" in event:
            self._add(ticket.id, at, "merged", new=event["merged_into"], **who)
            ticket = replace(ticket, merged_into=event["merged_into"])
        return replace(ticket, updated=max(ticket.updated, at))

    def _actor(self, ticket: Ticket, event: Mapping[str, Any]) -> tuple[str | None, Role]:
        by = event.get("by") or ("automation" if "set" in event or "merged_into" in event else "customer")
        if by in ("customer", ticket.requester):
            return ticket.requester, "customer"
        if by in ("automation", ROBOT):
            return by, "automation" if by == "automation" else "robot"
        return self.hire(str(by)), "agent"

    def _changed(self, ticket: Ticket, at: datetime, name: str, new: Any, who: Mapping[str, Any]) -> Ticket:
        if name.startswith(FIELD):
            custom = dict(ticket.custom)
            old = custom.get(name.removeprefix(FIELD))
            after = replace(ticket, custom=custom | {name.removeprefix(FIELD): new})
        else:
            new = _entries(new) if name in _LISTS else new
            old = getattr(ticket, name)
            after = replace(ticket, **{name: new})
        if name == "assignee" and new:
            self.hire(new)
        self._add(ticket.id, at, "field", field=name, old=_written(old), new=_written(new), **who)
        return after

    def _tick(self, ticket: str, at: datetime, name: str, told: Mapping[str, Any]) -> None:
        """Add what an event tells of a clock of the desk; of its state and due time, what is not told stays."""
        known = self.clocks.get((ticket, name), {})
        clock = known | {fact: _written(value) for fact, value in told.items() if sla_in(fact) == name}
        self.clocks[ticket, name] = clock
        self._add(ticket, at, "sla", field=name, new=clock.get(f"sla.{name}"), old=clock.get(f"sla.{name}.due"))

    def _add(self, ticket: str, at: datetime, kind: Any, **more: Any) -> None:
        number = len(self.events) + 1
        self.events.append(Event(id=str(number), ticket=ticket, at=at, kind=kind, seq=number, **more))

    # --- people -------------------------------------------------------------------------------------------------------

    def employ(self, handle: str, said: Any) -> None:
        """Take in what a test says about a person: ``active``, ``away``, ``time_zone``, ``open_tickets``."""
        self.hire(handle)
        details = said if isinstance(said, dict) else {}
        if details.get("active") in ("no", "false"):
            self.people[handle] = replace(self.people[handle], active=False)
        if "time_zone" in details:
            zone = parse_zone(str(details["time_zone"])).key
            self.people[handle] = replace(self.people[handle], time_zone=zone)
        if details.get("away") in ("yes", "true"):
            self.people[handle] = replace(self.people[handle], away=True)
        if "open_tickets" in details:
            self.elsewhere[handle] = int(_number(details["open_tickets"]))
        for ticket in self.tickets:
            if ticket.assignee == handle and "open_tickets" in details:
                self.believed[ticket.id]["assignee.open_tickets"] = _number(details["open_tickets"])

    def staff(self, team: Team) -> None:
        """A team that names nobody has one member, who is at work."""
        handle = f"someone@{team.name}"
        self.people[handle] = Person(handle, email=handle, role="agent", groups=(team.group or team.name,))

    def hire(self, handle: str) -> str:
        """Make somebody an agent, unless the desk knows them already."""
        self.people.setdefault(handle, Person(handle, email=handle, role="agent"))
        return handle

    def _meet(self, ticket: Ticket, known: Mapping[str, Any]) -> None:
        """Make the requester and the organization that a ticket's facts describe."""
        requester = ticket.requester or CUSTOMER
        about = {
            name.removeprefix("requester."): value for name, value in known.items() if name.startswith("requester.")
        }
        self.people[requester] = Person(
            requester,
            name=about.get("name", "Customer"),
            email=about.get("email", requester),
            organization=ticket.organization,
            tags=_entries(about.get("tags")),
            fields=_custom(about),
        )
        if ticket.assignee:
            self.hire(ticket.assignee)
        if ticket.organization:
            named = {name.removeprefix("organization."): value for name, value in known.items()}
            tags = _entries(known.get("organization.tags"))
            organization = Organization(ticket.organization, ticket.organization, tags, _custom(named))
            self.organizations[ticket.organization] = organization

    def _believe(self, ticket: Ticket, facts: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        made = (*_TICKET_FACTS, "requester.name", "requester.email", "requester.tags", "organization.tags")
        stated = [name for name in facts if name not in made and ".field." not in name and not name.startswith(FIELD)]
        self.believed[ticket.id] = {name: known.get(name) for name in stated if fact_named(name)}

    # --- values -------------------------------------------------------------------------------------------------------

    def instant(self, text: str) -> datetime:
        """A time of the test: without a zone it is the default calendar's; a bare day is its first moment."""
        try:
            return parse_instant(text, self.calendar.zone)
        except UnreadableError:
            return self.calendar.day_bounds(parse_date(text))[0]

    def _value(self, name: str, value: Any) -> Any:
        fact = fact_named(name)
        kind = fact.type if fact else "text"
        if kind == "time":
            return self.instant(str(value))
        if kind == "number":
            return _number(value)
        if kind == "yes/no":
            return value in ("yes", "true")
        return tuple(value) if isinstance(value, list | tuple) else value

    def played(self) -> Played:
        """The desk as it stands."""
        tickets, events = frames(self.tickets, self.events)
        snapshot = Snapshot(
            helpdesk="test",
            at=self.at,
            known_to=self.at,
            tickets=tickets,
            events=events,
            people=self.people,
            organizations=self.organizations,
            catalogue=Catalogue(me=ROBOT),
            capabilities=Capabilities(writable=_EVERYTHING | {name for name, fact in FACTS.items() if fact.settable}),
            first_applied={rule.id: LONG_AGO for rule in self.ruleset.rules},
            elsewhere=self.elsewhere,
        )
        return Played(snapshot, {ticket: facts for ticket, facts in self.believed.items() if facts})


def _named(ruleset: RuleSet) -> set[str]:
    """Everybody the file names as a member, a lead, an owner or a receiver."""
    people = {
        handle for team in ruleset.teams.values() for handle in (team.lead, *(each.handle for each in team.people))
    }
    for actions in (actions for rule in ruleset.rules for actions in bundles(rule)):
        assign, notify = actions.assign, actions.notify
        if assign and isinstance(assign.to, str) and assign.to != "missing":
            people.add(assign.to)
        people.update(receiver.name for receiver in (notify.who if notify else ()) if receiver.kind == "person")
    return {handle for handle in people if handle}


def _entries(value: Any) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _custom(about: Mapping[str, Any]) -> dict[str, Value]:
    return {name.removeprefix(FIELD): value for name, value in about.items() if name.startswith(FIELD)}


def _written(value: Any) -> Value:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value or None


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise UnreadableError(f"`{value}` is not a number") from error
