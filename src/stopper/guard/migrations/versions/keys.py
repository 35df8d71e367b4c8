"""The table of signing keys, for those that are kept in the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "keys"
down_revision = "first"


def upgrade() -> None:
    """Make the table of the one document."""
    op.create_table(
        "stopper_keys",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.Text, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Drop the table, and with it the keys: what they have signed works no more."""
    op.drop_table("stopper_keys")
