"""What messages commit their authors to, in place of which promise nothing."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Remember it of every message; the next plan finds it out, as what was remembered before says something else."""
    op.alter_column("events", "silent", new_column_name="commitments")
