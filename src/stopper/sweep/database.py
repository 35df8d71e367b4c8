"""The texts of a live database: every column of every table that can hold one, in a transaction that only reads.

A row is told by its primary key, or by its number where there is none.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from stopper.secret import Secret, redact, suspicious
from stopper.sweep.credentials import credentials
from stopper.sweep.files import printable
from stopper.sweep.sighting import Sighting, Skipped, Spot, Step, SweepError
from stopper.sweep.stream import stretches

__all__ = ["Table", "is_database", "opened", "sqlite_url", "tables"]

_ROWS = 500
"""Rows that are in memory at once."""
_LARGEST_CELL = 1 << 16
"""Bytes above which a cell is gone over as a stream."""
_SHOWN_KEY = 60
_SQLITE_MAGIC = b"SQLite format 3\0"
_NUMBERS = (sa.Numeric, sa.Integer, sa.Boolean, sa.Date, sa.DateTime, sa.Time, sa.Interval, sa.Uuid)
_SYSTEM_SCHEMAS = re.compile(r"pg_.*|information_schema|performance_schema|mysql|sys", re.IGNORECASE)
_DIGEST = re.compile(r"(?i:[0-9a-f]{32,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_WHOLE = re.compile(r"[!-~]{16,4096}")


def is_database(path: Path) -> bool:
    """Tell whether a file is a database of SQLite, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except OSError:
        return False


def sqlite_url(path: Path) -> sa.URL:
    """Return the address under which SQLite opens a file for reading only."""
    return sa.URL.create("sqlite", database=f"file:{quote(str(path.resolve()))}", query={"mode": "ro", "uri": "true"})


def opened(address: str | sa.URL) -> sa.Engine:
    """Return what connects to a database by its URL. Nothing is opened yet.

    Raises SweepError, which does not tell the URL and its password, for what is none.
    """
    try:
        return sa.create_engine(sa.make_url(address), poolclass=sa.NullPool)
    except (SQLAlchemyError, ImportError, ValueError, TypeError):
        raise SweepError("not the address of a database, or its driver is missing") from None


def _without_credentials(url: sa.URL) -> str:
    shown = sa.URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return shown.render_as_string()


def tables(engine: sa.Engine, shown: str = "") -> Iterator[Table | Skipped]:
    """Yield the tables of a database, or why it cannot be read; it is `shown` as its URL without user and password."""
    shown = shown or printable(_without_credentials(engine.url))
    try:
        inspector = sa.inspect(engine)
        for schema in inspector.get_schema_names():
            if not _SYSTEM_SCHEMAS.fullmatch(schema):
                for name in inspector.get_table_names(schema):
                    yield Table(engine, shown, None if schema == inspector.default_schema_name else schema, name)
    except (SQLAlchemyError, OSError) as error:
        yield Skipped(shown, f"the database cannot be read: {type(error).__name__}")


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    engine: sa.Engine
    shown: str
    schema: str | None
    name: str

    @property
    def identity(self) -> str:
        """Return what it is known by: the digest of the database and its name, in which a token may stand."""
        return f"table {hashlib.sha256(f'{self.shown} {self._full_name}'.encode()).hexdigest()}"

    @property
    def _where(self) -> str:
        return f"{self.shown} {printable(self._full_name)}"

    @property
    def _full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def steps(self, reached: dict[str, Any]) -> Iterator[Step]:
        """Yield what stands in it. It is read whole; a later sweep that goes on leaves it out."""
        if "broken" in reached:
            yield Step((Skipped(self._where, str(reached["broken"])),))
        if reached:
            return
        try:
            for found, size in self._cells():
                yield Step(found, None, size)
        except (SQLAlchemyError, OSError, UnicodeError) as error:
            why = f"the table cannot be read: {type(error).__name__}"
            yield Step((Skipped(self._where, why),), {"broken": why})
        else:
            yield Step((), {"done": 1})

    def _cells(self) -> Iterator[tuple[tuple[Sighting, ...], int]]:
        inspector = sa.inspect(self.engine)
        columns = inspector.get_columns(self.name, self.schema)
        keys = inspector.get_pk_constraint(self.name, self.schema)["constrained_columns"]
        loose = self.engine.dialect.name == "sqlite"  # where a column of numbers may hold a text
        held = [c["name"] for c in columns if loose or not isinstance(c["type"], _NUMBERS)]
        wanted = [*keys, *(name for name in held if name not in keys)]
        if not held:
            return
        table = sa.table(self.name, *(sa.column(name) for name in wanted), schema=self.schema)
        with _reading(self.engine) as connection:
            for number, row in enumerate(connection.execute(sa.select(table)), 1):
                values = dict(zip(wanted, row, strict=True))
                for name in held:
                    text = _text(values[name])
                    if text:
                        yield self._in_cell(text, name, self._key(keys, name, values, number)), len(text)

    def _in_cell(self, text: str, column: str, key: str) -> tuple[Sighting, ...]:
        item = f"{printable(self._full_name)}.{printable(column)} [{key}]"
        if len(text) > _LARGEST_CELL:
            read = io.BytesIO(text.encode("utf-8", "surrogateescape")).read
            return tuple(found for stretch in stretches(read, self.shown, item) for found in stretch.found)
        found = [(match.kind, text[match.start : match.end]) for match in credentials(text)] if suspicious(text) else []
        return tuple(
            Sighting(kind, Secret(value), Spot(self.shown, item)) for kind, value in found or _by_column(column, text)
        )

    def _key(self, keys: list[str], column: str, values: dict[str, Any], number: int) -> str:
        """Return the row's primary key in words, without a credential that it may be itself."""
        if not keys or column in keys:
            return f"row {number}"
        return printable(", ".join(_shortened(redact(f"{key}={_text(values[key]) or values[key]}")) for key in keys))


def _by_column(column: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield a cell that is one word which its column calls a credential; digests and ids are none."""
    if _WHOLE.fullmatch(text) and not _DIGEST.fullmatch(text):
        line = f'{column}="{text}"'
        for match in credentials(line):
            if match.start == len(column) + 2:
                yield match.kind, line[match.start : match.end]


def _text(value: Any) -> str:
    """Return the text of a cell; numbers, times and what is empty have none."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, (dict, list, tuple, set)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return ""


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_KEY else text[:_SHOWN_KEY] + "…"


@contextmanager
def _reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in a transaction that can only read and does not load more than some rows."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(postgresql_readonly=True)
        elif engine.dialect.name in ("mysql", "mariadb"):
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.rollback()
        elif engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        yield connection.execution_options(stream_results=True, yield_per=_ROWS)
