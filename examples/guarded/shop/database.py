"""Keeps the shop's users, orders and credentials in SQLite."""

from __future__ import annotations

import os
import secrets
import sqlite3
from typing import cast

from flask import Flask, current_app, g
from werkzeug.security import generate_password_hash

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, email TEXT, password_hash TEXT);
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, owner TEXT, article TEXT, pieces INTEGER);
CREATE TABLE IF NOT EXISTS remembered (owner TEXT, digest TEXT UNIQUE, until INTEGER);
CREATE TABLE IF NOT EXISTS partner_keys (owner TEXT, digest TEXT UNIQUE, until INTEGER);
INSERT OR IGNORE INTO orders VALUES (1, 'ada', 'Lamp', 2), (2, 'ada', 'Chair', 4), (3, 'grace', 'Table', 1);
"""


def init_app(app: Flask) -> None:
    """Make the tables and the demonstration users where they are missing."""
    # Without a password given, nobody knows the one that is made, and nobody can log in.
    password = os.environ.get("SHOP_PASSWORD") or secrets.token_urlsafe()
    with sqlite3.connect(app.config["DATABASE"], timeout=10) as database:
        database.executescript(SCHEMA)
        if database.execute("SELECT 1 FROM users").fetchone() is None:
            people = [(1, "ada", "ada@shop.example.com"), (2, "grace", "grace@shop.example.com")]
            rows = [(*person, generate_password_hash(password, "scrypt")) for person in people]
            database.executemany("INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?)", rows)
    database.close()
    app.teardown_appcontext(close)


def connection() -> sqlite3.Connection:
    """Return this request's connection; the caller commits what it writes."""
    if "database" not in g:
        g.database = sqlite3.connect(current_app.config["DATABASE"], timeout=10)
        g.database.row_factory = sqlite3.Row
    return cast(sqlite3.Connection, g.database)


def close(error: BaseException | None) -> None:
    """Close this request's connection, if it opened one."""
    database = g.pop("database", None)
    if database is not None:
        database.close()
