"""Which messages promise nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Remember it of every message; the next plan finds it out."""
    op.add_column("events", sa.Column("silent", sa.Text))
