"""How fast a desk becomes a local copy, and the copy a snapshot: ``python benchmarks/pull.py [TICKETS [STORE]]``.

Without TICKETS the size of a year's incident log: 24,918 tickets with 20 events each. STORE may be a PostgreSQL URL.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from makegood.connectors.base import Capabilities, Page
from makegood.connectors.ticket import Catalogue, Event, Person, Ticket
from makegood.engine.snapshot import Needs
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 5_000
EVENTS = 20
NEEDS = {
    "12 of 20 events": Needs(frozenset({"assignee", "field.City"}), messages=True, closed=True),
    "everything": Needs(frozenset({"assignee", "field.City", "status"}), texts=True, ratings=True, closed=True),
}


def pages(tickets: int) -> Iterator[Page]:
    people = [Person(f"p{number}", f"Name {number}", f"P{number}@example.com") for number in range(5_000)]
    for first in range(0, tickets, PAGE):
        numbers = range(first, min(first + PAGE, tickets))
        events = [event(number, step) for number in numbers for step in range(EVENTS)]
        yield Page(str(first), [ticket(number) for number in numbers], events, people, [], Catalogue("p0"), START)
        people = []


def ticket(number: int) -> Ticket:
    at = START + timedelta(minutes=number)
    about = {"subject": f"Help {number}", "description": "It does not work. " * 20, "group": "Support"}
    return Ticket(str(number), "1", at, at, "open", assignee="p1", requester=f"p{number % 5_000}", tags=("a",), **about)


def event(number: int, step: int) -> Event:
    at = START + timedelta(minutes=number + step)
    if step % 5 < 2:
        return Event(f"{number}-{step}", str(number), at, "message", step, "p1", "agent", text="Hello you. " * 20)
    field = ("assignee", "status", "status")[step % 3] if step % 5 < 4 else "field.City"
    return Event(f"{number}-{step}", str(number), at, "field", step, "p1", "agent", field, "p1", "p2")


def said(what: str, began: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:<40} {time.perf_counter() - began:6.2f} s   peak so far {peak} MB")


def main(tickets: int, place: str) -> None:
    with Store.open(place, now=lambda: START) as store:
        for what in ("first pull: tickets and events kept", "the same again: nothing new"):
            made, spent = list(pages(tickets)), time.perf_counter()
            for page in made:
                store.save_page("support", page)
            said(what, spent)
    del made, page
    with Store.open(place, now=lambda: START) as store:
        for what, needs in NEEDS.items():
            began = time.perf_counter()
            found = store.snapshot("support", START, needs, Capabilities(frozenset()))
            said(f"snapshot, {what}: {found.tickets.height} / {found.events.height}", began)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(
            int(sys.argv[1]) if sys.argv[1:] else 24_918,
            sys.argv[2] if sys.argv[2:] else str(Path(folder) / "store.db"),
        )
