"""Who the desk itself shows as away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Keep it of every person; the next refresh of people fills it."""
    op.add_column("people", sa.Column("away", sa.Boolean))
