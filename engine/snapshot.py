"""What the pure core works on: one helpdesk as known at one instant. The store reads it, rule tests make it from YAML.

In frames, people are handles (:attr:`Person.handle`), instants are ``Datetime("us", "UTC")``, and a field's value in
``events.old`` and ``events.new`` is text: lists are JSON arrays (:func:`encode`, :func:`decode`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from ..rules.model import PERIOD as PERIOD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..connectors.base import Capabilities
    from ..connectors.ticket import Catalogue, Organization, Person, Value

INSTANT = pl.Datetime("us", "UTC")

TICKETS: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "url": pl.String,
    "version": pl.String,
    "created": INSTANT,
    "updated": INSTANT,
    "subject": pl.String,
    "description": pl.String,
    "status": pl.String,
    "status_name": pl.String,
    "priority": pl.String,
    "type": pl.String,
    "channel": pl.String,
    "form": pl.String,
    "brand": pl.String,
    "language": pl.String,
    "group": pl.String,
    "assignee": pl.String,
    "requester": pl.String,
    "organization": pl.String,
    "sent_to": pl.String,
    "due": INSTANT,
    "parent": pl.String,
    "approval": pl.String,
    "approvers": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "cc": pl.List(pl.String),
    "csat": pl.String,
    "custom": pl.String,  # a JSON object: field name -> text, list of texts or null
    "merged_into": pl.String,
    "deleted": pl.Boolean,
    "history_from": INSTANT,
}
"""Columns of ``Snapshot.tickets``: one row per ticket, the desk's present state (not yet cut off at ``at``)."""

EVENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "ticket": pl.String,
    "at": INSTANT,
    "seq": pl.Int64,
    "id": pl.String,
    "actor": pl.String,
    "actor_kind": pl.String,
    "kind": pl.String,
    "field": pl.String,
    "old": pl.String,
    "new": pl.String,
    "text": pl.String,
    "public": pl.Boolean,
    "auto": pl.Boolean,
    "marker": pl.String,
}
"""Columns of ``Snapshot.events``, sorted by ticket, at, seq."""


ASSIGNMENTS: dict[str, Any] = {"ticket": pl.String, "at": INSTANT, "person": pl.String}
"""Columns of ``Snapshot.assignments``."""


def encode(value: Value) -> str | None:
    """A field's value as one text: lists become JSON arrays."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else value


def decode(text: str | None, *, is_list: bool) -> Value:
    """The value :func:`encode` made ``text`` from; the catalogue knows whether the field is a list."""
    return tuple(json.loads(text)) if is_list and text else text


@dataclass(frozen=True, slots=True)
class Needs:
    """What of the history a rule set can ask about, so that the store reads no more.

    ``fields``: fields whose changes are read or written; ``*`` among them: every field, whatever its name. ``messages``:
    who wrote when; ``texts``: also what. ``ratings``. ``sla``: what the desk said of its own clocks.
    ``closed``: tickets already closed too (facts across tickets, rules that name closed). ``promises``: what agents promised:
    their texts, those of merged tickets too, and the fields and tags that bear on it. ``assignments``: who was given what lately.
    ``gone``: merged and deleted tickets too.
    """

    fields: frozenset[str]
    messages: bool = False
    texts: bool = False
    ratings: bool = False
    sla: bool = False
    closed: bool = False
    promises: bool = False
    assignments: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change we made, tried or are unsure about; the part of the journal that later plans depend on.

    ``effect`` is the key of a once-only effect (``effects.effect_key``), ``change`` the hash of rule, field and value,
    ``outcome`` a ``connectors.base.Result`` or ``unsure``; ``at`` when it was done. ``version_after``: the ticket's version
    after it. ``person``: whom an assignment went to.
    """

    run: str
    at: datetime
    rule_id: str
    rule_fingerprint: str
    ticket: str
    action: str
    step: str | None
    field: str | None
    effect: str
    change: str
    to: Value
    outcome: str
    detail: str
    version_after: str | None
    rights: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One helpdesk at one instant. ``known_to``: how far its data reach. ``people`` by handle, ``organizations`` by name.

    ``first_applied``: when each rule (by id) was first in force here. ``store_id`` tells this copy from another.
    ``commitments``: what messages (by event id) are known to commit to (``promise_commitments.noted``).
    ``elsewhere``: how many tickets wait for people besides those in ``tickets``, as rule tests say it.
    ``assignments``: every ticket given to somebody lately, whatever became of it; empty where nobody is chosen.
    """

    helpdesk: str
    at: datetime
    known_to: datetime
    tickets: pl.DataFrame
    events: pl.DataFrame
    people: Mapping[str, Person]
    organizations: Mapping[str, Organization]
    catalogue: Catalogue
    capabilities: Capabilities
    journal: tuple[JournalEntry, ...] = ()
    first_applied: Mapping[str, datetime] = field(default_factory=dict)
    store_id: str = ""
    commitments: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    assignments: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ASSIGNMENTS))
