"""Tokens in an SQL database through SQLAlchemy Core: SQLite by default, PostgreSQL by URL.

Expiry is compared with this machine's wall clock and not by the database, so that one clock decides.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from stopper.guard.clients import Client, ClientSecret
from stopper.guard.settings import ConfigurationError
from stopper.guard.store import Kind, Redemption, Revocation, StoreError
from stopper.guard.token import Refresh, Token

metadata = sa.MetaData()

_TOKEN_FIELDS = (
    "id",
    "subject",
    "scopes",
    "issued_at",
    "expires_at",
    "claims",
    "client",
    "family",
    "authenticated_at",
)

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
    sa.Column("client", sa.String(255), nullable=False),
    sa.Column("family", sa.String(32), nullable=False),
    sa.Column("authenticated_at", sa.Double, nullable=False),
)

refreshes = sa.Table(
    "stopper_refreshes",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("family", sa.String(32), nullable=False, index=True),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("issued_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False, index=True),
    sa.Column("idle_until", sa.Double, nullable=False),
    sa.Column("claims", sa.Text, nullable=False),
    sa.Column("client", sa.String(255), nullable=False),
    sa.Column("authenticated_at", sa.Double, nullable=False),
    sa.Column("used_at", sa.Double),
)

revocations = sa.Table(
    "stopper_revocations",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("value", sa.String(255), nullable=False, index=True),
    sa.Column("before", sa.Double, nullable=False),
    sa.Column("until", sa.Double, nullable=False, index=True),
)

# One row. Its lock makes numbers visible in the order in which they were given: with a sequence, a transaction that
# commits late would slip in behind a reader that has gone past its number.
counter = sa.Table(
    "stopper_counter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)

clients = sa.Table(
    "stopper_clients",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("grants", sa.Text, nullable=False),
    sa.Column("introspects", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("secrets", sa.Text, nullable=False),
)

# One row: the document of signing keys, encrypted, where they are kept here.
keys = sa.Table(
    "stopper_keys",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False),
)

# The DPoP proofs that were used, for as long as they could be used again.
proofs = sa.Table(
    "stopper_proofs",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("until", sa.Double, nullable=False, index=True),
)

# What all processes have to know and nobody else needs to, such as what DPoP nonces are made of.
secrets = sa.Table(
    "stopper_secrets",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.LargeBinary(32), nullable=False),
)

# Which migration the tables are of; Alembic writes it too.
schema = sa.Table("stopper_schema", metadata, sa.Column("version_num", sa.String(32), primary_key=True))

REVISION = "proofs"
"""The migration that this code is written for."""

_FIND = sa.select(*(tokens.c[name] for name in _TOKEN_FIELDS)).where(tokens.c.digest == sa.bindparam("digest"))
_NEXT_NUMBER = sa.update(counter).values(number=counter.c.number + 1).returning(counter.c.number)


class SqlStore:
    """A store in the database of an SQLAlchemy URL. The tables are made on first use where they are missing."""

    shared = True

    def __init__(self, url: str) -> None:
        """Take the URL; nothing is opened before the first use.

        Raises ConfigurationError, which does not repeat the URL and its password, for one that leads to no database.
        """
        self._url = _address(url)
        self._lock = threading.Lock()
        self._kept = threading.local()
        os.register_at_fork(after_in_child=_calling(weakref.WeakMethod(self._forget_connections)))

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
        self._kept = threading.local()
        engine = self.__dict__.get("_engine")
        if engine is not None:
            engine.dispose(close=False)

    # ----------------------------------------------------------------------- access tokens

    def add(self, digest: bytes, token: Token) -> bool:
        """Keep an access token under its digest; return False, keeping nothing, where its id is taken."""
        row = {name: getattr(token, name) for name in _TOKEN_FIELDS}
        row.update(digest=digest, scopes=_joined(token.scopes), claims=json.dumps(token.claims))
        try:
            with self._transaction() as connection:
                connection.execute(tokens.insert(), row)
        except IntegrityError:
            return False
        return True

    def find(self, digest: bytes) -> Token | None:
        """Return the access token of a digest, or None, with one round trip on the driver's own cursor."""
        try:
            row = self._kept_row(digest) if self._engine.dialect.name == "sqlite" else self._pooled_row(digest)
        except Exception:
            with self._as_store_error():  # not around all of it: to enter it costs a good part of a look-up
                raise
        return _token(row) if row else None

    def _pooled_row(self, digest: bytes) -> Any:
        statement, positional = self._find
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(statement, (digest,) if positional else {"digest": digest})
            return cursor.fetchone()
        finally:
            connection.close()

    def _kept_row(self, digest: bytes) -> Any:
        """Read on a cursor that each thread keeps: for SQLite, a way through the pool costs as much as the look-up.

        The answer is fetched to its end, so that no snapshot of the database stays open between two reads.
        """
        kept = self._kept
        try:
            cursor = kept.cursor
        except AttributeError:
            kept.connection = self._engine.raw_connection()
            kept.connection.detach()
            cursor = kept.cursor = kept.connection.cursor()
        try:
            rows = cursor.execute(self._find[0], (digest,)).fetchall()
        except Exception:
            self._kept = threading.local()
            raise
        return rows[0] if rows else None

    def find_by_id(self, token_id: str) -> Token | None:
        """Return the access token of an id, or None."""
        statement = sa.select(*(tokens.c[name] for name in _TOKEN_FIELDS)).where(tokens.c.id == token_id)
        with self._transaction() as connection:
            row = connection.execute(statement).first()
        return _token(row) if row else None

    def tokens_of(self, subject: str, now: float) -> list[Token]:
        """Return a subject's access tokens that have not expired, newest first."""
        statement = (
            sa.select(*(tokens.c[name] for name in _TOKEN_FIELDS))
            .where(tokens.c.subject == subject, tokens.c.expires_at > now)
            .order_by(tokens.c.issued_at.desc())
        )
        with self._transaction() as connection:
            return [_token(row) for row in connection.execute(statement)]

    # ----------------------------------------------------------------------- refresh tokens

    def add_refresh(self, digest: bytes, refresh: Refresh) -> None:
        """Keep a refresh token under its digest."""
        with self._transaction() as connection:
            connection.execute(refreshes.insert(), _refresh_row(digest, refresh))

    def redeem(
        self, digest: bytes, now: float, grace: float, successor_digest: bytes, successor: Refresh
    ) -> Redemption:
        """Use a refresh token: the update that finds it unused is the first use, whatever else runs."""
        unused = refreshes.c.digest == digest, refreshes.c.used_at.is_(None)
        with self._transaction() as connection:
            first = connection.execute(refreshes.update().where(*unused).values(used_at=now)).rowcount == 1
            row = connection.execute(refreshes.select().where(refreshes.c.digest == digest)).first()
            if row is None:
                return Redemption(None)
            if not first and not (abs(now - row.used_at) < grace and _retire_successors(connection, row)):
                return Redemption(_refresh(row), reused=True)
            connection.execute(refreshes.insert(), _refresh_row(successor_digest, successor))
            return Redemption(_refresh(row))

    def find_refresh(self, digest: bytes) -> Refresh | None:
        """Return the refresh token of a digest, or None, without using it."""
        with self._transaction() as connection:
            row = connection.execute(refreshes.select().where(refreshes.c.digest == digest)).first()
        return _refresh(row) if row else None

    # ----------------------------------------------------------------------- revocations

    def revoke(self, kind: Kind, value: str, before: float, until: float) -> None:
        """Write a revocation with the next number of the counter, in one transaction."""
        with self._transaction() as connection:
            number = connection.scalar(_NEXT_NUMBER)
            connection.execute(
                revocations.insert().values(number=number, kind=kind.value, value=value, before=before, until=until)
            )

    def revocations(self, after: int, now: float, limit: int) -> list[Revocation]:
        """Return the entries above a number that still end something, in order, at most `limit`."""
        statement = (
            revocations.select()
            .where(revocations.c.number > after, revocations.c.until > now)
            .order_by(revocations.c.number)
            .limit(limit)
        )
        with self._transaction() as connection:
            return [Revocation(row[0], Kind(row[1]), *row[2:]) for row in connection.execute(statement)]

    def newest_revocation(self) -> int:
        """Return the number of the newest entry that there ever was, 0 where there was none."""
        with self._transaction() as connection:
            return connection.scalar(sa.select(counter.c.number)) or 0

    def is_revoked(self, token: Token) -> bool:
        """Tell from all entries whether one ends this token."""
        entry = revocations.c
        ended_by_id = sa.or_(
            sa.and_(entry.kind == Kind.TOKEN.value, entry.value == token.id),
            sa.and_(entry.kind == Kind.FAMILY.value, entry.value == token.family, entry.value != ""),
        )
        ended_by_time = sa.and_(
            sa.or_(
                sa.and_(entry.kind == Kind.SUBJECT.value, entry.value == token.user),
                sa.and_(entry.kind == Kind.CLIENT.value, entry.value == token.client, entry.value != ""),
                sa.and_(entry.kind == Kind.ALL.value, entry.value == ""),
            ),
            entry.before >= token.issued_at,
        )
        statement = sa.select(entry.number).where(sa.or_(ended_by_id, ended_by_time)).limit(1)
        with self._transaction() as connection:
            return connection.scalar(statement) is not None

    def purge(self, now: float) -> int:
        """Forget what has expired and revocations that end nothing any more; return how many rows went."""
        with self._transaction() as connection:
            return sum(
                connection.execute(table.delete().where(column <= now)).rowcount
                for table, column in (
                    (tokens, tokens.c.expires_at),
                    (refreshes, refreshes.c.expires_at),
                    (revocations, revocations.c.until),
                    (proofs, proofs.c.until),
                )
            )

    # ----------------------------------------------------------------------- proofs

    def first_use(self, digest: bytes, until: float) -> bool:
        """Insert a row, whose primary key makes it one's alone; without a transaction it is one round trip."""
        try:
            with self._as_store_error(), self._committing.connect() as connection:
                connection.execute(proofs.insert(), {"digest": digest, "until": until})
        except IntegrityError:
            return False
        return True

    @functools.cached_property
    def _committing(self) -> sa.Engine:
        return self._engine.execution_options(isolation_level="AUTOCOMMIT")

    def forget_uses(self, now: float) -> None:
        """Delete the rows of proofs that are too old to be used."""
        with self._transaction() as connection:
            connection.execute(proofs.delete().where(proofs.c.until <= now))

    def secret(self, name: str) -> bytes:
        """Return the 32 random bytes of a name; the row's primary key lets one process make them."""
        wanted = sa.select(secrets.c.value).where(secrets.c.name == name)
        with self._transaction() as connection:
            known: bytes | None = connection.scalar(wanted)
        if known is None:
            with suppress(IntegrityError), self._transaction() as connection:
                connection.execute(secrets.insert(), {"name": name, "value": os.urandom(32)})
            with self._transaction() as connection:
                known = connection.scalar(wanted)
        return bytes(known or b"")

    # ----------------------------------------------------------------------- clients

    def put_client(self, client: Client) -> None:
        """Keep a client, in place of an earlier one of its id."""
        row = {
            "name": client.name,
            "scopes": _joined(client.scopes),
            "grants": _joined(client.grants),
            "introspects": client.introspects,
            "created_at": client.created_at,
            "secrets": json.dumps([(kept.digest.hex(), kept.until) for kept in client.secrets]),
        }
        with self._transaction() as connection:
            if connection.execute(clients.update().where(clients.c.id == client.id).values(row)).rowcount == 0:
                connection.execute(clients.insert().values(id=client.id, **row))

    def find_client(self, client_id: str) -> Client | None:
        """Return the client of an id, or None."""
        with self._transaction() as connection:
            row = connection.execute(clients.select().where(clients.c.id == client_id)).first()
        return _client(row) if row else None

    def clients(self) -> list[Client]:
        """Return all clients, oldest first."""
        with self._transaction() as connection:
            return [_client(row) for row in connection.execute(clients.select().order_by(clients.c.created_at))]

    def remove_client(self, client_id: str) -> bool:
        """Forget a client; tell whether there was one."""
        with self._transaction() as connection:
            return connection.execute(clients.delete().where(clients.c.id == client_id)).rowcount == 1

    # ----------------------------------------------------------------------- signing keys

    def read_keys(self) -> str | None:
        """Return the document of signing keys, or None where there is none."""
        with self._transaction() as connection:
            document: str | None = connection.scalar(sa.select(keys.c.document))
        return document

    def replace_keys(self, old: str | None, new: str) -> bool:
        """Put a document of signing keys in place of another, or of none, which the row's primary key makes one's."""
        if old is not None:
            replacing = keys.update().where(keys.c.document == old).values(document=new)
            with self._transaction() as connection:
                return connection.execute(replacing).rowcount == 1
        try:
            with self._transaction() as connection:
                connection.execute(keys.insert().values(id=1, document=new))
        except IntegrityError:
            return False
        return True

    # ----------------------------------------------------------------------- the database

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self._as_store_error(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _as_store_error(self) -> Iterator[None]:
        """Turn the database's errors into StoreError, whose text holds neither the statement nor its values."""
        try:
            yield
        except (IntegrityError, StoreError):
            raise
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"the token store failed: {type(error).__name__}") from None
        except Exception as error:
            if isinstance(error, self._engine.dialect.loaded_dbapi.Error):
                raise StoreError(f"the token store failed: {type(error).__name__}") from None
            raise


def _address(text: str) -> sa.URL:
    """Return a URL whose dialect and driver are there; raise ConfigurationError for any other."""
    try:
        url = sa.make_url(text)
        url.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        raise ConfigurationError("STOPPER_STORE is no URL of a store, such as sqlite:///file or redis://host") from None
    except ImportError as error:
        raise ConfigurationError(f"STOPPER_STORE needs a package that is missing: {error.name}") from None
    return url


def _calling(method: weakref.WeakMethod[Callable[[], None]]) -> Callable[[], None]:
    def call() -> None:
        found = method()
        if found is not None:
            found()

    return call


def _joined(scopes: frozenset[str]) -> str:
    return " ".join(sorted(scopes))


@functools.lru_cache(maxsize=256)
def _separated(scopes: str) -> frozenset[str]:
    """Return the scopes of a row. Most tokens list the same, so that those that a process keeps share one set."""
    return frozenset(scopes.split())


def _token(row: Any) -> Token:
    identifier, subject, scopes, issued_at, expires_at, claims, client, family, authenticated_at = row
    return Token(
        identifier,
        subject,
        _separated(scopes),
        issued_at,
        expires_at,
        json.loads(claims) if claims != "{}" else {},  # as most tokens have none
        "",
        client,
        family,
        authenticated_at,
    )


def _refresh(row: Any) -> Refresh:
    return Refresh(
        row.family,
        row.subject,
        frozenset(row.scopes.split()),
        row.issued_at,
        row.expires_at,
        row.idle_until,
        json.loads(row.claims),
        row.client,
        row.authenticated_at,
    )


def _client(row: Any) -> Client:
    return Client(
        row.id,
        row.name,
        frozenset(row.scopes.split()),
        frozenset(row.grants.split()),
        row.introspects,
        row.created_at,
        tuple(ClientSecret(bytes.fromhex(digest), until) for digest, until in json.loads(row.secrets)),
    )


def _refresh_row(digest: bytes, refresh: Refresh) -> dict[str, Any]:
    return {
        "digest": digest,
        "family": refresh.family,
        "subject": refresh.subject,
        "scopes": _joined(refresh.scopes),
        "issued_at": refresh.issued_at,
        "expires_at": refresh.expires_at,
        "idle_until": refresh.idle_until,
        "claims": json.dumps(refresh.claims),
        "client": refresh.client,
        "authenticated_at": refresh.authenticated_at,
    }


_RETIRED = 0.0  # as `used_at`, longer ago than any grace


def _retire_successors(connection: sa.Connection, row: Any) -> bool:
    """Retire what came of a used refresh token whose answer was lost; return False where one of it has been used.

    The rows of the family are locked first, in one order, against whoever uses one of them at this moment.
    """
    family = refreshes.c.family == row.family
    connection.execute(sa.select(refreshes.c.digest).where(family).order_by(refreshes.c.digest).with_for_update()).all()
    later = family, refreshes.c.issued_at >= row.used_at, refreshes.c.digest != row.digest
    used = sa.select(refreshes.c.used_at).where(*later, refreshes.c.used_at > _RETIRED).limit(1)
    if connection.execute(used).first() is not None:
        return False
    connection.execute(refreshes.update().where(family, refreshes.c.used_at.is_(None)).values(used_at=_RETIRED))
    return True


def connect(url: sa.URL) -> sa.Engine:
    """Return an engine for a database, whose file is made readable for its owner only where there is one."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    engine = sa.create_engine(url, connect_args=_deadlines(url))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
    return engine


def _deadlines(url: sa.URL) -> dict[str, int]:
    """Return how long to wait for a server that does not answer, where the URL does not say (ASVS 13.1.3)."""
    if not url.drivername.startswith("postgresql+psycopg"):
        return {}
    defaults = {"connect_timeout": 5, "tcp_user_timeout": 5000}
    return {name: value for name, value in defaults.items() if name not in url.query}


def _prepared(url: sa.URL) -> sa.Engine:
    engine = connect(url)
    with engine.begin() as connection:
        # Looked for first: an account that may not make tables may still use those that init-db has made.
        if revision_of(connection) is None:
            _make_tables(connection)
        revision = revision_of(connection)
    if revision != REVISION:
        raise StoreError(f"the tables are of revision {revision} and not {REVISION}: run `flask tokens init-db`")
    return engine


def revision_of(connection: sa.Connection) -> str | None:
    """Return the migration that the tables are of, or None where there are none or they are being made."""
    known = sa.inspect(connection).has_table(schema.name)
    return connection.scalar(sa.select(schema.c.version_num)) if known else None


def hold_schema(connection: sa.Connection) -> None:
    """Keep other processes from making tables until the transaction ends.

    PostgreSQL's IF NOT EXISTS is no protection against another that runs at the same moment.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7867730)"))


def _make_tables(connection: sa.Connection) -> None:
    hold_schema(connection)
    for table in metadata.sorted_tables:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    for table, names, row in ((counter, ["id", "number"], (1, 0)), (schema, ["version_num"], (REVISION,))):
        none_yet = sa.select(*map(sa.literal, row)).where(~sa.exists().select_from(table))
        connection.execute(table.insert().from_select(names, none_yet))


def _tune_sqlite(connection: Any, record: object) -> None:
    """Let readers pass a writer, and writers of several processes wait for each other."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
