"""What any helpdesk looks like to makegood: tickets, their events, people, organizations, and the desk's own words.

Plain values without behaviour. Every instant is an aware ``datetime`` in UTC. A field's value is text, a tuple of
texts (tags, people in copy) or ``None`` where there is none: instants are written as ``2026-03-02T09:00:00Z``, numbers
in decimal digits, yes/no as ``yes`` and ``no``. What type a text has, the fact catalogue says (``rules.facts``), so that
stores, plans and connectors pass values on without knowing it.

People are named by the desk's own id (``Person.id``) in tickets and events; ``Person.handle`` is what admins write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Value = str | tuple[str, ...] | None

Zone = str
"""A time zone by its name in the IANA database, such as ``Europe/Berlin``."""


def known_zone(name: str | None) -> Zone | None:
    """The name, where the IANA database has a zone called so; ``None`` for anything else."""
    try:
        return ZoneInfo(name).key if name else None
    except (ValueError, OSError, KeyError):
        return None


Status = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
STATUSES: tuple[Status, ...] = ("new", "open", "pending", "on_hold", "solved", "closed")
Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")

Role = Literal["customer", "agent", "automation", "robot"]
"""Who somebody is: *robot* is the account makegood itself works with, *automation* any other machine."""

CLOCK_STATES = ("running", "paused", "due_soon", "missed", "met")

KEY_IN_ADDRESS = r"/browse/([^/?#]+-\d+)$"
"""How an address ends whose ticket people call by a key: Jira's issues are known by number, for their keys change."""


def called(ticket: str, url: str | None) -> str:
    """What people call a ticket: the key in its address, else its id."""
    found = re.search(KEY_IN_ADDRESS, url or "")
    return found[1] if found else ticket


EventKind = Literal["created", "field", "message", "rating", "merged", "deleted", "sla"]

FIELD = "field."
"""A custom field called ``City`` is the field ``field.City`` of tickets and events."""


@dataclass(frozen=True, slots=True)
class Person:
    """Anybody the desk knows, as they are now; ``groups`` are names, ``organization`` is a name.

    ``time_zone`` is where their clock on the wall hangs, ``away`` whether the desk itself shows them as not taking work at
    this moment; ``None`` where it does not say.
    """

    id: str
    name: str = ""
    email: str | None = None
    login: str | None = None
    role: Role = "customer"
    active: bool = True
    groups: tuple[str, ...] = ()
    organization: str | None = None
    time_zone: Zone | None = None
    away: bool | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)

    @property
    def handle(self) -> str:
        """What an admin writes for this person: the e-mail address in lower case, else the login, else the id."""
        return self.email.lower() if self.email else self.login or self.id


@dataclass(frozen=True, slots=True)
class Organization:
    """A customer's organization as it is now; ``name`` is how tickets and people refer to it."""

    id: str
    name: str
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The present state of one ticket.

    ``version`` is the desk's own token for *unchanged since*. ``status`` is the category, ``status_name`` the desk's own
    word. ``description`` is the plain text of the first message. ``cc`` holds handles (e-mail addresses), ``assignee`` and
    ``requester`` person ids. ``custom`` is keyed by field name without the ``field.`` prefix. ``history_from``: events
    before it are unknown (``None``: all events are there).
    """

    id: str
    version: str
    created: datetime
    updated: datetime
    status: Status
    url: str = ""
    subject: str = ""
    description: str = ""
    status_name: str | None = None
    priority: Priority | None = None
    type: str | None = None
    channel: str | None = None
    form: str | None = None
    brand: str | None = None
    language: str | None = None
    group: str | None = None
    assignee: str | None = None
    requester: str | None = None
    organization: str | None = None
    sent_to: str | None = None
    due: datetime | None = None
    parent: str | None = None
    approval: str | None = None
    approvers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    csat: Literal["good", "bad"] | None = None
    custom: Mapping[str, Value] = field(default_factory=dict)
    merged_into: str | None = None
    deleted: bool = False
    history_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one ticket; events of a ticket are ordered by ``(at, seq)``.

    ``id`` is the desk's own and unique on the desk, so storing an event twice is harmless. ``actor`` is a person id,
    ``actor_kind`` who that was *then*. What the other attributes hold depends on ``kind``:

    ========= =====================================================================================================
    created   nothing more
    field     ``field`` (a fact's name, ``field.<name>`` for custom fields), ``old``, ``new``
    message   ``text`` (plain, newest text only: quotes and signature stripped), ``public``, ``auto`` (auto-reply or
              mail machinery), ``marker`` (ours, from the text's last line ``makegood 7f3a2c``)
    rating    ``new`` (``good`` or ``bad``), ``old`` (the score as the desk writes it), ``text`` (the comment)
    merged    ``new``: the id of the ticket it went into
    deleted   nothing more
    sla       what the desk says of a clock of its own: ``field`` (its name), ``new`` (one of :data:`CLOCK_STATES`; ``None``:
              it does not run here any more), ``old`` (when it is due). It is no change of the ticket
    ========= =====================================================================================================
    """

    id: str
    ticket: str
    at: datetime
    kind: EventKind
    seq: int = 0
    actor: str | None = None
    actor_kind: Role = "automation"
    field: str | None = None
    old: Value = None
    new: Value = None
    text: str | None = None
    public: bool = False
    auto: bool = False
    marker: str | None = None


FieldType = Literal["text", "choice", "number", "yes/no", "time", "day", "list", "person"]
"""A *day* is written as its first instant in UTC, and knows no hours."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A custom field of the desk; ``values`` are the allowed ones, ``None`` where any will do."""

    name: str
    type: FieldType = "text"
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Working hours that the desk itself keeps; a rule file can take them over as a calendar.

    ``hours`` maps ``mon`` to ``sun`` to slots such as ``09:00-17:30`` (local time, ``24:00`` is the end of the day); ``closed``
    holds dates and ranges of dates, ``2026-12-24..2026-12-31``, as rule files write them.
    """

    name: str
    time_zone: Zone
    hours: Mapping[str, tuple[str, ...]]
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The desk's own words: what rules may name. ``None`` instead of names means the desk takes any.

    ``statuses`` maps each of the desk's status names to its category; ``unmapped`` lists words that no setting maps, each
    as ``status: Waiting on Bob``. ``slas`` names the desk's own clocks, ``schedules`` are its own working hours.
    ``days`` are facts of ours of which the desk keeps only the day. ``promise_field`` is the custom field that holds until
    when an agent promised something. ``me`` is the person id of the account we work with. ``rights`` is a digest of what
    that account may do, as far as the desk shows it: another digest means refused changes are worth another try.
    """

    me: str
    groups: tuple[str, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    types: tuple[str, ...] | None = None
    forms: tuple[str, ...] | None = None
    brands: tuple[str, ...] | None = None
    unmapped: tuple[str, ...] = ()
    slas: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    days: tuple[str, ...] = ()
    promise_field: str | None = None
    time_zone: str = "UTC"
    rights: str = ""
