"""What Alembic runs: the migrations, on the connection that `upgrade` gives."""

from __future__ import annotations

from alembic import context

from stopper.guard.store.sql import hold_schema, metadata, schema

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table=schema.name)
with context.begin_transaction():
    hold_schema(connection)
    context.run_migrations()
