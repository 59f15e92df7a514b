"""A small embedded desk with a clock that tests turn by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from makegood.connectors.local import Local
from makegood.connectors.ticket import FieldSpec, Organization, Person

if TYPE_CHECKING:
    from pathlib import Path

    from makegood.connectors.ticket import Event, Ticket

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

FIELDS = {
    "City": FieldSpec("City", "choice", ("Bern", "Ghent")),
    "Seats": FieldSpec("Seats", "number"),
    "Visited": FieldSpec("Visited", "yes/no"),
    "Visit": FieldSpec("Visit", "time"),
    "Parts": FieldSpec("Parts", "list", ("pole", "peg")),
    "Keeper": FieldSpec("Keeper", "person"),
    "Remark": FieldSpec("Remark"),
}


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def turn(self, minutes: int = 1) -> None:
        self.time += timedelta(minutes=minutes)


def make_desk(path: Path, clock: Clock | None = None, robots: tuple[str, ...] = ()) -> Local:
    """A desk with two groups, two agents, one who left, a customer and her organization."""
    desk = Local(path, now=clock or Clock(), robots=robots)
    desk.describe(groups=("Support", "Billing"), fields=FIELDS, types=("question", "incident"))
    desk.add_organization(Organization("o1", "Birch", fields={"tier": "gold"}))
    for name in ("ana", "ben"):
        desk.add_person(Person(name, email=f"{name}@example.com", role="agent", groups=("Billing",)))
    desk.add_person(Person("gil", email="gil@example.com", role="agent", active=False))
    desk.add_person(Person("u1", name="Olivia", email="Olivia@birch.example", organization="Birch"))
    return desk


def ticket_of(desk: Local, ticket: str) -> Ticket:
    """The ticket as it is now."""
    return desk.read([ticket]).tickets[0]


def events_of(desk: Local, ticket: str, kind: str | None = None) -> list[Event]:
    """The events of a ticket, of one kind where it is named."""
    return [event for event in desk.read([ticket]).events if kind in (None, event.kind)]
