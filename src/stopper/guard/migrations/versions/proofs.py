"""The tables of used DPoP proofs and of shared secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "proofs"
down_revision = "keys"


def upgrade() -> None:
    """Make both tables and the index by which rows are forgotten."""
    op.create_table(
        "stopper_proofs",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("until", sa.Double, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_stopper_proofs_until", "stopper_proofs", ["until"], if_not_exists=True)
    op.create_table(
        "stopper_secrets",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.LargeBinary(32), nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Drop them: proofs that were used could be used again while they are new."""
    op.drop_table("stopper_proofs")
    op.drop_table("stopper_secrets")
