"""What a change asks of a ticket, and whether a ticket shows it: the same for every desk that is written and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from .ticket import FIELD
from .ticket_text import newest_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .base import Change
    from .ticket import Event, Ticket, Value

MESSAGES: Mapping[str, bool] = {"note": False, "reply": True}
"""Actions that say something, and whether customers see it."""

_CASELESS = {"group", "status_name", "assignee", "requester", "type", "form", "brand", "organization"}


def wanted(ticket: Ticket, change: Change) -> Value:
    """The whole value a field should have after the change."""
    if change.action not in {"add_tags", "remove_tags", "add_cc"}:
        return change.new
    have, named = listed(value_of(ticket, change.field or "")), listed(change.new)
    folded = {entry.casefold() for entry in (named if change.action == "remove_tags" else have)}
    if change.action == "remove_tags":
        return tuple(entry for entry in have if entry.casefold() not in folded)
    return (*have, *(entry for entry in named if entry.casefold() not in folded))


def listed(value: Value) -> tuple[str, ...]:
    """A value as a list."""
    return (value,) if isinstance(value, str) else value or ()


def value_of(ticket: Ticket, field: str) -> Value:
    """A field of a ticket as the contract writes it."""
    if field.startswith(FIELD):
        return ticket.custom.get(field.removeprefix(FIELD))
    value = getattr(ticket, field, None)
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def holds(ticket: Ticket, change: Change, *, number: bool = False) -> bool:
    """Whether the ticket already is as the change wants it; ``number`` as in :func:`same`."""
    return same(change.field, value_of(ticket, change.field or ""), wanted(ticket, change), number=number)


def same(field: str | None, one: Value, other: Value, *, number: bool = False) -> bool:
    """Whether two values of a field are the same: case counts only where the desk's own names are not meant.

    ``number``: the field holds one, so that 4.50 is 4.5. In a text the two are different: versions, say.
    """
    if field in _CASELESS and isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    if number and (counted := _number(one)) is not None and counted == _number(other):
        return True
    return plain(one) == plain(other)


def _number(value: Value) -> Decimal | None:
    try:
        found = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def done(before: Ticket, change: Change, after: Ticket, *, number: bool = False) -> bool:
    """Whether a change of a field has arrived, whatever else happened to a list it was made to."""
    now = value_of(after, change.field or "")
    return same(change.field, now, wanted(before, change), number=number) or _reached(change, now)


def _reached(change: Change, now: Value) -> bool:
    """Tags and people in copy: whether every entry named came or went."""
    have = {entry.casefold() for entry in listed(now)}
    named = {entry.casefold() for entry in listed(change.new)}
    if change.action == "remove_tags":
        return not have & named
    return change.action in {"add_tags", "add_cc"} and named <= have


def message_of(change: Change, me: str, events: Sequence[Event]) -> Event | None:
    """The event that is this note or reply; a text without a marker is known by author and words."""
    ours = (e for e in events if e.kind == "message" and e.actor == me and e.public == MESSAGES[change.action])
    return next((e for e in ours if _is_it(change, e)), None)


def _is_it(change: Change, event: Event) -> bool:
    if event.marker or (change.action == "note" and change.marker):
        return event.marker == change.marker
    return plain(event.text) == plain(newest_text(change.text or ""))


def plain(value: Value) -> object:
    """For comparing: line ends and outer blanks do not count, nor the order and case of a list."""
    if isinstance(value, tuple):
        return sorted(entry.casefold() for entry in value) or None
    return "\n".join(line.rstrip() for line in value.splitlines()).strip() or None if value else None


def shown(value: Value) -> str:
    """A value for a sentence."""
    return "empty" if not value else ", ".join(value) if isinstance(value, tuple) else value
