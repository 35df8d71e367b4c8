"""The tables of the first release. What a store has made by itself is left as it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "first"
down_revision = None

_INDEXES = {
    "stopper_tokens": ("subject", "expires_at"),
    "stopper_refreshes": ("family", "expires_at"),
    "stopper_revocations": ("value", "until"),
}


def upgrade() -> None:
    """Make the tables, their indexes and the one row of the counter."""
    op.create_table(
        "stopper_tokens",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("id", sa.String(12), nullable=False, unique=True),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("family", sa.String(32), nullable=False),
        sa.Column("authenticated_at", sa.Double, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "stopper_refreshes",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("family", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("idle_until", sa.Double, nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("authenticated_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
        if_not_exists=True,
    )
    op.create_table(
        "stopper_revocations",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("before", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        if_not_exists=True,
    )
    counter = op.create_table(
        "stopper_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "stopper_clients",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("grants", sa.Text, nullable=False),
        sa.Column("introspects", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("secrets", sa.Text, nullable=False),
        if_not_exists=True,
    )
    for table, columns in _INDEXES.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)
    none_yet = sa.select(sa.literal(1), sa.literal(0)).where(~sa.exists().select_from(counter))
    op.execute(counter.insert().from_select(["id", "number"], none_yet))


def downgrade() -> None:
    """Drop the tables, and with them every token."""
    for table in (*_INDEXES, "stopper_counter", "stopper_clients"):
        op.drop_table(table)
