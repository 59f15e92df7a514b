"""Changes whose fate is unknown: a run was killed, or a call cut off, between the intent and its receipt.

The desk knows. Before anything else is written, each is looked up there: what arrived counts as applied, what no customer
sees and is not there is free to be done again, and a reply that may have gone out is held until a person has looked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from . import journal, rows
from .fate import BEHIND, Faces, holds, message_fate
from .journal import Receipt
from .store import desk_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from ..connectors.base import Connector, Read
    from ..connectors.ticket import Event, Ticket
    from .journal import Intent
    from .store import Store

AT_ONCE = 100
"""Tickets read in one call."""
UNDER_WAY = timedelta(minutes=2)
"""How long a call that was cut off may still be at work on the desk."""


def settle(connector: Connector, store: Store, helpdesk: str, *, now: Callable[[], datetime]) -> list[Receipt]:
    """Give every unsettled change its outcome, where the desk shows it, and keep the tickets as they are now.

    Raises:
        ConnectorError: the desk cannot be asked; what is unsettled stays so.
    """
    with store.writing() as connection:
        open_ones = journal.unsettled(connection, desk_key(connection, helpdesk))
    tickets = list(dict.fromkeys(intent.ticket for intent in open_ones))
    receipts: list[Receipt] = []
    for start in range(0, len(tickets), AT_ONCE):
        batch = tickets[start : start + AT_ONCE]
        read = connector.read(batch)
        found = list(_receipts(store, helpdesk, read, [one for one in open_ones if one.ticket in batch], now()))
        keep(store, helpdesk, read, found, now())
        receipts += found
    return receipts


def keep(store: Store, helpdesk: str, read: Read, receipts: Sequence[Receipt], at: datetime) -> None:
    """Keep receipts together with the tickets they were read from."""
    with store.writing() as connection:
        desk = desk_key(connection, helpdesk)
        journal.receive(connection, receipts, at)
        rows.save_people(connection, desk, read.people, ())
        rows.save_tickets(connection, desk, read.tickets, read.events)
        store.forget_tickets(connection, desk, read.gone)


def _receipts(store: Store, helpdesk: str, read: Read, intents: Sequence[Intent], now: datetime) -> Iterator[Receipt]:
    tickets = {ticket.id: ticket for ticket in read.tickets}
    faces = store.faces(helpdesk)
    for intent in intents:
        ticket = tickets.get(intent.ticket)
        if ticket is None:
            yield Receipt(intent.entry, "skipped", "the ticket is not there any more")
            continue
        outcome, detail = _fate(intent, ticket, read.events, faces, now)
        if outcome != "unsure" or now - intent.intent_at >= UNDER_WAY:
            yield Receipt(intent.entry, outcome, detail, ticket.version)


def _fate(intent: Intent, ticket: Ticket, events: Sequence[Event], faces: Faces, now: datetime) -> tuple[str, str]:
    if intent.field is not None:
        there = holds(ticket, intent.action, intent.field, intent.to, faces)
        return ("applied", "") if there else ("failed", "cut off before it was written")
    if intent.action == "notify" and intent.marker is None:
        return "failed", "cut off while it was sent: it may have arrived"
    fate = message_fate(
        (event for event in events if event.ticket == ticket.id),
        text=intent.text,
        marker=intent.marker,
        public=intent.action == "reply",
        since=intent.intent_at - BEHIND,
    )
    if fate == "failed" and intent.action == "reply" and now - intent.intent_at < UNDER_WAY:
        fate = "unsure"
    return fate, _DETAILS[fate]


_DETAILS = {
    "applied": "",
    "failed": "cut off before it was written",
    "unsure": "cut off, and a public message of ours may be it: look at the ticket",
}
