"""Out of whom somebody was chosen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Keep it of every assignment from now on."""
    op.add_column("journal", sa.Column("why", sa.Text))
