"""The tables of the store, the same on SQLite and PostgreSQL.

``tickets``, ``people`` and ``organizations`` have a column for every attribute of the values in ``connectors.ticket``, under
the same name, so that rows and values turn into each other without a list of columns. Instants are microseconds since
1970 in UTC. A change here needs a migration in ``engine/migrations`` and a new :data:`REVISION`; a test compares the two.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Dialect

    from ..connectors.ticket import Value

REVISION = "0006"
"""The newest migration: what a store opened by this version is at."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The count of microseconds."""
        return None if value is None else (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The instant."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


def _storable(text: str) -> str:
    """Text that every database takes: without NUL and half surrogate pairs, which mail programs do send."""
    return text if text.isascii() and "\0" not in text else text.encode("utf-8", "replace").decode().replace("\0", "")


class Prose(TypeDecorator[str]):
    """Text that people wrote, made safe to store."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text without what databases refuse."""
        return None if value is None else _storable(value)


class Texts(TypeDecorator[tuple[str, ...]]):
    """Several texts, kept as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The JSON array."""
        if value is None:
            return None
        return _storable(json.dumps(value, ensure_ascii=False)) if value else "[]"

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002
        """The texts."""
        return None if value is None else tuple(json.loads(value))


class FieldValue(TypeDecorator["Value"]):
    """A field's value, kept as JSON: a string, an array of strings, or nothing."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Value, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The JSON text."""
        return None if value is None else _storable(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: Any, dialect: Dialect) -> Value:  # noqa: ARG002
        """The value."""
        return None if value is None else _untupled(json.loads(value))


class Reasons(TypeDecorator["Mapping[str, Any]"]):
    """What a plan said of its reasons, kept as a JSON object."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The JSON text."""
        return None if value is None else _storable(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Any] | None:  # noqa: ARG002
        """The object."""
        return None if value is None else json.loads(value)


class Fields(TypeDecorator["Mapping[str, Value]"]):
    """Values by field name, kept as a JSON object."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Value] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The JSON object."""
        if value is None:
            return None
        return _storable(json.dumps(dict(value), ensure_ascii=False, sort_keys=True)) if value else "{}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Value] | None:  # noqa: ARG002
        """The values, lists as tuples."""
        return None if value is None else {name: _untupled(item) for name, item in json.loads(value).items()}


def _untupled(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value


metadata = MetaData()


def _desk() -> Column[int]:
    return Column("desk", Integer, ForeignKey("helpdesks.id"), primary_key=True)


store = Table(
    "store",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made_at", Instant, nullable=False),
)
"""One row: which copy this is."""

helpdesks = Table(
    "helpdesks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("cursor", Text),
    Column("known_to", Instant),
    Column("refreshed_at", Instant),
    Column("catalogue", Text),
    Column("settled_rules", Text),
)
"""``cursor`` is written with the rows it covers. ``refreshed_at``: when people and words were last fetched. ``settled_rules``:
fingerprint of the rules that had nothing left to do; null once anything but a ticket changed."""

tickets = Table(
    "tickets",
    metadata,
    _desk(),
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("subject", Prose, nullable=False),
    Column("description", Prose, nullable=False),
    Column("status", Text, nullable=False),
    *(Column(name, Prose) for name in ("status_name", "priority", "type", "channel", "form", "brand", "language")),
    *(Column(name, Prose) for name in ("group", "assignee", "requester", "organization", "sent_to")),
    Column("due", Instant),
    Column("parent", Text),
    Column("approval", Text),
    Column("approvers", Texts, nullable=False),
    Column("tags", Texts, nullable=False),
    Column("cc", Texts, nullable=False),
    Column("csat", Text),
    Column("custom", Fields, nullable=False),
    Column("merged_into", Text),
    Column("deleted", Boolean, nullable=False),
    Column("history_from", Instant),
    Column("next_instant", Instant),
    Index("ix_tickets_next_instant", "desk", "next_instant"),
)
"""``next_instant``: when the ticket wants to be looked at again if nobody acts; 1970 once it was stored or changed."""

events = Table(
    "events",
    metadata,
    _desk(),
    Column("ticket", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text),
    Column("actor_kind", Text, nullable=False),
    Column("field", Prose),
    Column("old", Prose),
    Column("new", Prose),
    Column("text", Prose),
    Column("public", Boolean, nullable=False),
    Column("auto", Boolean, nullable=False),
    Column("marker", Text),
    Column("commitments", Text),
    UniqueConstraint("desk", "id", name="uq_events_id"),
    sqlite_with_rowid=False,
)
"""Kept in the order in which they are read: by ticket, instant, seq. ``old`` and ``new`` as ``snapshot.encode`` writes them.
``commitments``: what a message commits its author to (``promise_commitments.noted``); null once it was stored or changed."""

people = Table(
    "people",
    metadata,
    _desk(),
    Column("id", Text, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("email", Prose),
    Column("login", Prose),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("groups", Texts, nullable=False),
    Column("organization", Prose),
    Column("tags", Texts, nullable=False),
    Column("fields", Fields, nullable=False),
    Column("time_zone", Text),
    Column("away", Boolean),
)

organizations = Table(
    "organizations",
    metadata,
    _desk(),
    Column("id", Text, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("tags", Texts, nullable=False),
    Column("fields", Fields, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("desk", Integer, ForeignKey("helpdesks.id"), nullable=False),
    Column("plan", Text, nullable=False),
    Column("rules_fingerprint", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("complete", Boolean),
    Index("ix_runs_started_at", "desk", "started_at"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, ForeignKey("runs.id"), nullable=False),
    Column("desk", Integer, ForeignKey("helpdesks.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("rule", Prose, nullable=False),
    Column("rule_id", Prose, nullable=False),
    Column("rule_fingerprint", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("step", Text),
    Column("field", Prose),
    Column("effect", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("from", FieldValue),
    Column("to", FieldValue),
    Column("text", Prose),
    Column("marker", Text),
    Column("rights", Text, nullable=False),
    Column("version_before", Text, nullable=False),
    Column("intent_at", Instant, nullable=False),
    Column("receipt_at", Instant),
    Column("version_after", Text),
    Column("outcome", Text),
    Column("detail", Prose),
    Column("inverse", Fields),
    Column("why", Reasons),
    Index("ix_journal_ticket", "desk", "ticket"),
    Index("ix_journal_outcome", "desk", "outcome"),
    Index("ix_journal_run", "run"),
)
"""``from`` and ``to`` name people by handle, as plans do. Without ``outcome`` the change's fate is unknown. ``why``: out of whom
somebody was chosen, as the plan said it; only of assignments."""

rule_first = Table(
    "rule_first",
    metadata,
    _desk(),
    Column("rule_id", Text, primary_key=True),
    Column("first_at", Instant, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
)
