"""The small guarded application that most tests of the guard talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from stopper.guard import Guard, current_token
from stopper.guard.store.sql import metadata
from tests.guard.stores import free_port, postgresql_server, redis_server

MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """Return a function that makes a guarded application; keywords are its `STOPPER_*` configuration."""

    def make(default: str = "require", **settings: object) -> Flask:
        app = Flask("shop", instance_path=str(tmp_path), static_folder=str(tmp_path), static_url_path="/static")
        app.config.update({f"STOPPER_{key.upper()}": value for key, value in settings.items()})
        guard = Guard(app, default=default)  # type: ignore[arg-type]

        @app.post("/login")
        @guard.public
        def login() -> object:
            return guard.issue("alice", ("read",), claims={"shop": 7})

        @app.get("/me")
        @guard.require("read")
        def me() -> object:
            return {"user": current_token.subject, "shop": current_token.claims["shop"]}

        @app.get("/admin")
        @guard.require("admin")
        def admin() -> object:
            return {"admin": True}

        @app.get("/greeting")
        @guard.optional
        def greeting() -> object:
            return {"user": current_token.subject if current_token else None}

        @app.get("/forgotten")
        def forgotten() -> object:
            return {"forgotten": True}

        @app.get("/health")
        @guard.public(plain_http=True)
        def health() -> object:
            return {"ok": True}

        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """Return the application without any configuration."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return Flask's own test client."""
    return app.test_client()


@pytest.fixture
def token(client: FlaskClient) -> str:
    """Return a fresh token of alice with the scope `read`."""
    answer: str = client.post("/login").json["access_token"]  # type: ignore[index]
    return answer


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Start a PostgreSQL, once for all tests."""
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Redis, once for all tests."""
    with redis_server(tmp_path_factory.mktemp("redis"), free_port()) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, of each kind in turn."""
    return empty_store(request.param, request, tmp_path)


def empty_store(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store of a kind."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'stopper.db'}"
    url: str = request.getfixturevalue(f"{kind}_url")
    if kind == "redis":
        import redis

        redis.Redis.from_url(url).flushall()
    else:
        engine = sa.create_engine(url)
        metadata.drop_all(engine)
        engine.dispose()
    return url
