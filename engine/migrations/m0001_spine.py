"""The first tables: the local copy, runs and their journal, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make every table of an empty store."""
    _copy()
    _events()
    _journal()
    _small()


def _desk() -> sa.Column[int]:
    return sa.Column("desk", sa.Integer, sa.ForeignKey("helpdesks.id"), primary_key=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _maybe(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text) for name in names]


def _copy() -> None:
    op.create_table(
        "helpdesks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        *_maybe("cursor"),
        sa.Column("known_to", sa.BigInteger),
        sa.Column("refreshed_at", sa.BigInteger),
        *_maybe("catalogue", "settled_rules"),
    )
    op.create_table(
        "tickets",
        _desk(),
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("url", "version"),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        *_texts("subject", "description", "status"),
        *_maybe("status_name", "priority", "type", "channel", "form", "brand", "language"),
        *_maybe("group", "assignee", "requester", "organization", "sent_to"),
        sa.Column("due", sa.BigInteger),
        *_maybe("parent", "approval"),
        *_texts("approvers", "tags", "cc"),
        *_maybe("csat"),
        *_texts("custom"),
        *_maybe("merged_into"),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("history_from", sa.BigInteger),
        sa.Column("next_instant", sa.BigInteger),
    )
    op.create_index("ix_tickets_next_instant", "tickets", ["desk", "next_instant"])
    op.create_table(
        "people",
        _desk(),
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("name"),
        *_maybe("email", "login"),
        *_texts("role"),
        sa.Column("active", sa.Boolean, nullable=False),
        *_texts("groups"),
        *_maybe("organization"),
        *_texts("tags", "fields"),
    )
    op.create_table(
        "organizations",
        _desk(),
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("name", "tags", "fields"),
    )


def _events() -> None:
    op.create_table(
        "events",
        _desk(),
        sa.Column("ticket", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("kind"),
        *_maybe("actor"),
        *_texts("actor_kind"),
        *_maybe("field", "old", "new", "text"),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("auto", sa.Boolean, nullable=False),
        *_maybe("marker"),
        sa.UniqueConstraint("desk", "id", name="uq_events_id"),
        sqlite_with_rowid=False,
    )


def _journal() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("desk", sa.Integer, sa.ForeignKey("helpdesks.id"), nullable=False),
        *_texts("plan", "rules_fingerprint"),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("complete", sa.Boolean),
    )
    op.create_index("ix_runs_started_at", "runs", ["desk", "started_at"])
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("desk", sa.Integer, sa.ForeignKey("helpdesks.id"), nullable=False),
        *_texts("ticket", "rule", "rule_id", "rule_fingerprint", "action"),
        *_maybe("step", "field"),
        *_texts("effect", "change"),
        *_maybe("from", "to", "text", "marker"),
        *_texts("rights", "version_before"),
        sa.Column("intent_at", sa.BigInteger, nullable=False),
        sa.Column("receipt_at", sa.BigInteger),
        *_maybe("version_after", "outcome", "detail", "inverse"),
    )
    op.create_index("ix_journal_ticket", "journal", ["desk", "ticket"])
    op.create_index("ix_journal_outcome", "journal", ["desk", "outcome"])
    op.create_index("ix_journal_run", "journal", ["run"])


def _small() -> None:
    op.create_table(
        "store",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rule_first",
        _desk(),
        sa.Column("rule_id", sa.Text, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        *_texts("holder", "host"),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
