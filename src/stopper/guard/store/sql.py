"""Tokens in an SQL database through SQLAlchemy Core: SQLite by default, PostgreSQL by URL.

Expiry is compared with this machine's wall clock and not by the database, so that one clock decides.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from stopper.guard.store import StoreError
from stopper.guard.token import Token

metadata = sa.MetaData()

tokens = sa.Table(
    "stopper_tokens",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("id", sa.String(12), nullable=False, unique=True),
    sa.Column("subject", sa.String(255), nullable=False, index=True),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("issued_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False, index=True),
    sa.Column("claims", sa.Text, nullable=False),
)

_FIND = sa.select(
    tokens.c.id, tokens.c.subject, tokens.c.scopes, tokens.c.issued_at, tokens.c.expires_at, tokens.c.claims
).where(tokens.c.digest == sa.bindparam("digest"))


class SqlStore:
    """A store in the database of an SQLAlchemy URL. The tables are made on first use where they are missing."""

    def __init__(self, url: str) -> None:
        """Take the URL; nothing is opened before the first use."""
        self._url = sa.make_url(url)
        self._lock = threading.Lock()
        reset = weakref.WeakMethod(self._forget_connections)
        os.register_at_fork(after_in_child=lambda: (method := reset()) and method())

    @functools.cached_property
    def _engine(self) -> sa.Engine:
        with self._lock:
            return _prepared(self._url)

    @functools.cached_property
    def _find(self) -> tuple[str, bool]:
        compiled = _FIND.compile(dialect=self._engine.dialect)
        return str(compiled), bool(compiled.positional)

    def _forget_connections(self) -> None:
        """Leave a parent process's connections to the parent."""
        self._lock = threading.Lock()
        engine = self.__dict__.get("_engine")
        if engine is not None:
            engine.dispose(close=False)

    def add(self, digest: bytes, token: Token) -> bool:
        """Keep a token under its digest; return False, keeping nothing, where its id is taken."""
        row = {
            "digest": digest,
            "id": token.id,
            "subject": token.subject,
            "scopes": " ".join(sorted(token.scopes)),
            "issued_at": token.issued_at,
            "expires_at": token.expires_at,
            "claims": json.dumps(token.claims),
        }
        try:
            with self._transaction() as connection:
                connection.execute(tokens.insert(), row)
        except IntegrityError:
            return False
        return True

    def find(self, digest: bytes) -> Token | None:
        """Return the token of a digest, or None, with one round trip on the driver's own cursor."""
        with _as_store_error(self):
            statement, positional = self._find
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(statement, (digest,) if positional else {"digest": digest})
                row = cursor.fetchone()
                cursor.close()
            finally:
                connection.close()
        return _token(row) if row else None

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with _as_store_error(self), self._engine.begin() as connection:
            yield connection


@contextmanager
def _as_store_error(store: SqlStore) -> Iterator[None]:
    """Turn the database's errors into StoreError, whose text holds neither the statement nor its values."""
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the token store failed: {type(error).__name__}") from None
    except Exception as error:
        if isinstance(error, store._engine.dialect.loaded_dbapi.Error):
            raise StoreError(f"the token store failed: {type(error).__name__}") from None
        raise


def _token(row: Any) -> Token:
    identifier, subject, scopes, issued_at, expires_at, claims = row
    return Token(identifier, subject, frozenset(scopes.split()), issued_at, expires_at, json.loads(claims))


def _prepared(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    engine = sa.create_engine(url, pool_pre_ping=False)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    return engine


def _tune_sqlite(connection: Any, record: object) -> None:
    """Let readers pass a writer, and writers of several processes wait for each other."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
