"""People's time zones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Keep a person's time zone; the next refresh of people fills it."""
    op.add_column("people", sa.Column("time_zone", sa.Text))
    op.execute("UPDATE helpdesks SET refreshed_at = NULL")
