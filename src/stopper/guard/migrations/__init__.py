"""The history of the SQL tables, applied by `flask tokens init-db` with Alembic."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from stopper.guard.settings import ConfigurationError
from stopper.guard.store import StoreError
from stopper.guard.store.sql import connect, revision_of


def upgrade(url: str) -> str:
    """Bring the tables of a database up to date, making those that are missing; return their revision.

    Raises ConfigurationError where Alembic is missing, and StoreError where the database refuses: on PostgreSQL nothing
    is changed then, elsewhere a second run goes on where the first one stopped.
    """
    config = _alembic("config").Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    engine = connect(sa.make_url(url))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            _alembic("command").upgrade(config, "head")
            return str(revision_of(connection))
    except SQLAlchemyError as error:
        raise StoreError(f"the tables cannot be brought up to date: {type(error).__name__}") from None
    finally:
        engine.dispose()


def _alembic(part: str) -> Any:
    try:
        return importlib.import_module(f"alembic.{part}")
    except ImportError:
        raise ConfigurationError("init-db needs the package alembic: install stopper[migrations]") from None
