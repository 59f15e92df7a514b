"""A ticket of the embedded desk while it is being written: what the desk forbids, what follows from what, and the events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .desk_json import Words, did_you_mean, instant, written
from .ticket import FIELD, PRIORITIES, STATUSES, Event, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .ticket import EventKind, FieldSpec, Person, Role, Status, Value

SETTABLE = frozenset(
    {"assignee", "group", "status", "status_name", "priority", "type", "form", "brand", "organization", "due"}
    | {"tags", "cc", "requester", "subject", "language", "channel", "sent_to", "parent", "approval", "approvers"}
)
"""The facts of a ticket that can be changed, custom fields apart."""

_LISTS = frozenset({"tags", "cc", "approvers"})


def value_of(ticket: Ticket, name: str) -> Value:
    """The value of a settable fact of a ticket, as events write it."""
    if name.startswith(FIELD):
        return ticket.custom.get(name.removeprefix(FIELD))
    value: Value | datetime = getattr(ticket, name)
    return value if value is None or isinstance(value, str | tuple) else written(value)


def with_value(ticket: Ticket, name: str, new: Value) -> Ticket:
    """The ticket with another value of a settable fact."""
    if name.startswith(FIELD):
        custom = {**ticket.custom, name.removeprefix(FIELD): new}
        return replace(ticket, custom={key: value for key, value in custom.items() if value is not None})
    value: Any = instant(new) if name == "due" and isinstance(new, str) else new
    return replace(ticket, **{name: value})


def word_for(words: Words, status: Status) -> str | None:
    """The desk's first word for a status."""
    return next((word for word, category in words.statuses.items() if category == status), None)


@dataclass(slots=True)
class Draft:
    """A ticket's next state, and the events that tell how it gets there; ``seq`` is that of the ticket's last event."""

    ticket: Ticket
    words: Words
    at: datetime
    actor: str | None
    actor_kind: Role
    seq: int = 0
    events: list[Event] = field(default_factory=list)

    def record(self, kind: EventKind, *, by_desk: bool = False, **what: Any) -> None:
        """Adds an event of the actor, or of the desk's own automation."""
        self.seq += 1
        actor, who = (None, "automation") if by_desk else (self.actor, self.actor_kind)
        about = {"id": f"{self.ticket.id}#{self.seq}", "ticket": self.ticket.id, "at": self.at, "seq": self.seq}
        self.events.append(Event(kind=kind, actor=actor, actor_kind=who, **about, **what))  # type: ignore[arg-type]

    def put(self, name: str, new: Value, *, by_desk: bool = False) -> None:
        """Gives a fact its value and records the change; status and the desk's word for it move together."""
        old = value_of(self.ticket, name)
        if old == new:
            return
        self.ticket = with_value(self.ticket, name, new)
        self.record("field", field=name, old=old, new=new, by_desk=by_desk)
        category = self.words.statuses.get(self.ticket.status_name or "")
        if name == "status" and category != new:
            self.put("status_name", word_for(self.words, self.ticket.status), by_desk=by_desk)
        elif name == "status_name" and category:
            self.put("status", category, by_desk=by_desk)

    def say(self, text: str, *, public: bool, auto: bool = False, marker: str | None = None) -> None:
        """Adds a message; a customer's public one wakes a ticket that waits or is solved."""
        self.record("message", text=text, public=public, auto=auto, marker=marker)
        customer = public and not auto and self.actor_kind == "customer"
        if customer and self.ticket.status in ("pending", "on_hold", "solved"):
            self.put("status", "open", by_desk=True)


@dataclass(frozen=True, slots=True)
class House:
    """What a change is judged by: the desk's words, and how to find a person by id and an organization by name."""

    words: Words
    person: Callable[[str], Person | None]
    has_organization: Callable[[str], bool]

    def refuses(self, ticket: Ticket) -> str:
        """Why nothing may be written to this ticket; empty where it may."""
        if ticket.merged_into:
            return f"the ticket was merged into {ticket.merged_into}"
        if ticket.status == "closed" and self.words.closed_is_final:
            return "the ticket is closed, and closed tickets cannot be changed on this desk"
        return ""

    def refuses_value(self, name: str, value: Value) -> str:
        """Why the fact ``name`` cannot have this value; empty where it can."""
        if name.startswith(FIELD):
            return self._custom(name.removeprefix(FIELD), value)
        if name not in SETTABLE:
            return f"{name} cannot be set on this desk"
        if name in _LISTS or isinstance(value, tuple):
            return _misshapen(name, value, is_list=name in _LISTS)
        if value is None:
            return f"{name} cannot be cleared" if name in ("status", "status_name", "requester") else ""
        return self._text(name, value)

    def _text(self, name: str, value: str) -> str:
        if name == "assignee":
            return self._owner(value)
        if name == "requester":
            return "" if self.person(value) else f'there is nobody with the id "{value}"'
        if name == "organization":
            return "" if self.has_organization(value) else f'there is no organization "{value}"'
        if name == "due":
            return _no_instant(value)
        known = self._known(name)
        return "" if known is None or value in known else f'there is no {name} "{value}"{did_you_mean(value, known)}'

    def _known(self, name: str) -> tuple[str, ...] | None:
        words = self.words
        lists: Mapping[str, tuple[str, ...] | None] = {
            "group": words.groups,
            "status": STATUSES,
            "status_name": tuple(words.statuses),
            "priority": PRIORITIES,
            "type": words.types,
            "form": words.forms,
            "brand": words.brands,
        }
        return lists.get(name)

    def _owner(self, value: str) -> str:
        person = self.person(value)
        if person is None:
            return f'there is nobody with the id "{value}"'
        if not person.active:
            return f"{person.handle} is not active any more"
        return "" if person.role == "agent" else f"{person.handle} is no agent and cannot own tickets"

    def _custom(self, name: str, value: Value) -> str:
        spec = self.words.fields.get(name)
        if spec is None:
            return f'there is no field "{name}"{did_you_mean(name, self.words.fields)}'
        if value is None:
            return ""
        if misshapen := _misshapen(f'the field "{name}"', value, is_list=spec.type == "list"):
            return misshapen
        wrong = [each for each in (value if isinstance(value, tuple) else (value,)) if not self._fits(spec, each)]
        return f'the field "{name}" does not take "{wrong[0]}"' if wrong else ""

    def _fits(self, spec: FieldSpec, value: str) -> bool:
        if spec.values is not None:
            return value in spec.values
        if spec.type == "number":
            return value.lstrip("-").replace(".", "", 1).isdecimal()
        if spec.type == "yes/no":
            return value in ("yes", "no")
        if spec.type == "time":
            return not _no_instant(value)
        return spec.type != "person" or self.person(value) is not None


def _misshapen(name: str, value: Value, *, is_list: bool) -> str:
    if isinstance(value, tuple) is is_list:
        return ""
    return f"{name} takes {'a list' if is_list else 'one value'}"


def _no_instant(value: str) -> str:
    try:
        instant(value)
    except ValueError as error:
        return str(error)
    return ""
