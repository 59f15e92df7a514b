"""What a ticket as it is now says about a change: is it there, is it not, or can nobody tell?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ..connectors.ticket import FIELD
from .plan_file import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..connectors.ticket import Catalogue, Event, Person, Ticket, Value

PERSON_FACTS = frozenset({"assignee", "requester", "approvers"})
BEHIND = timedelta(minutes=2)
"""How far a desk's clock may be behind ours: what we wrote may bear an earlier time than our intent."""


@dataclass(frozen=True, slots=True)
class Faces:
    """People by id and by handle, and which facts hold people: plans name handles, desks name ids."""

    handles: Mapping[str, str]
    ids: Mapping[str, str]
    facts: frozenset[str]

    @classmethod
    def of(cls, people: Iterable[Person], catalogue: Catalogue | None) -> Faces:
        """Of several people with one handle the last."""
        known = list(people)
        fields = catalogue.fields if catalogue else {}
        custom = {f"{FIELD}{name}" for name, spec in fields.items() if spec.type == "person"}
        handles = {person.id: person.handle for person in known}
        return cls(handles, {person.handle: person.id for person in known}, PERSON_FACTS | custom)

    def to_desk(self, field: str | None, value: Value) -> Value:
        """A plan's value as the desk writes it."""
        return _mapped(value, self.ids) if field in self.facts else value

    def to_plan(self, field: str, value: Value) -> Value:
        """A desk's value as plans write it."""
        return _mapped(value, self.handles) if field in self.facts else value


def _mapped(value: Value, names: Mapping[str, str]) -> Value:
    if isinstance(value, tuple):
        return tuple(names.get(each, each) for each in value)
    return value if value is None else names.get(value, value)


def value_of(ticket: Ticket, field: str, faces: Faces) -> Value:
    """The present value of a fact that can be written, as plans write it."""
    if field.startswith(FIELD):
        return faces.to_plan(field, ticket.custom.get(field.removeprefix(FIELD)))
    value: Value | datetime = getattr(ticket, field)
    return instant_text(value) if isinstance(value, datetime) else faces.to_plan(field, value)


def same(one: Value, other: Value) -> bool:
    """Whether two values mean the same: upper case, order and doubles do not count, and nothing is an empty text."""
    return _folded(one) == _folded(other)


def _folded(value: Value) -> frozenset[str]:
    entries = value if isinstance(value, tuple) else (value,) if value else ()
    return frozenset(entry.casefold() for entry in entries)


def holds(ticket: Ticket, action: str, field: str, to: Value, faces: Faces) -> bool:
    """Whether the ticket is as a change of ``field`` wants it."""
    now, wanted = _folded(value_of(ticket, field, faces)), _folded(to)
    if action in ("add_tags", "add_cc"):
        return wanted <= now
    return not wanted & now if action == "remove_tags" else wanted == now


Fate = Literal["applied", "failed", "unsure"]


def message_fate(
    events: Iterable[Event], *, text: str | None, marker: str | None, public: bool, since: datetime
) -> Fate:
    """What became of a note or reply that cannot be older than ``since``, going by the ticket's messages.

    A note is known by its marker, a reply by its author and words; both are the same in every episode, so what was said
    before ``since`` is another message. A public message of ours with other words leaves it open; whatever no customer
    sees is simply not there.
    """
    since = since.replace(microsecond=0)  # desks keep whole seconds
    messages = (event for event in events if event.kind == "message" and event.actor_kind == "robot")
    ours = [event for event in messages if event.public == public and event.at >= since]
    if any(marker and event.marker == marker for event in ours):
        return "applied"
    if not public:
        return "failed"
    if any(_words(event.text) == _words(text) for event in ours):
        return "applied"
    return "unsure" if ours else "failed"


def _words(text: str | None) -> list[str]:
    return (text or "").split()
