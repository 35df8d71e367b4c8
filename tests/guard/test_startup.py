"""What stops an application at start, and what it is told then."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from stopper.guard import ConfigurationError
from tests.guard.conftest import MakeApp
from tests.guard.stores import free_port


def test_a_key_file_that_others_read_stops_the_application(make_app: MakeApp, tmp_path: Path) -> None:
    """G14: loose permissions of the key file show at start and not at the first request."""
    app = make_app(token_format="jwt", issuer="https://shop.test")
    app.test_client().post("/login")
    (tmp_path / "stopper-keys.json").chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        make_app()


def test_a_wrong_key_of_the_key_file_stops_the_application(make_app: MakeApp, tmp_path: Path) -> None:
    """G15: an encryption key that is none, and a given signing key that is none, show at start."""
    with pytest.raises(ConfigurationError, match="32 bytes"):
        make_app(key_encryption_key="short")
    with pytest.raises(ConfigurationError, match="PEM"):
        make_app(signing_keys="not a key")
    assert not (tmp_path / "stopper-keys.json").exists()


def test_an_evicting_redis_stops_the_application(make_app: MakeApp, redis_url: str) -> None:
    """S14, fault 82: a Redis that may forget revocations shows at start, and one that does not is taken."""
    import redis

    client: Any = redis.Redis.from_url(redis_url)
    make_app(store=redis_url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(ConfigurationError, match="allkeys-lru"):
            make_app(store=redis_url)
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_a_redis_that_is_away_does_not_stop_the_application(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    """Fault 81: a store that is away at start is said in the log, and requests with tokens get 503."""
    app = make_app(store=f"redis://127.0.0.1:{free_port()}/0")
    assert "the token store failed" in caplog.text
    token = "stop_" + "a" * 43 + "_000000"
    assert app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 503
    assert app.test_client().get("/health").status_code == 200


def test_the_default_store_says_that_it_is_of_one_host(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """S14: with the default store the log says at start that several hosts share nothing; a chosen one is silent."""
    caplog.set_level(logging.WARNING)
    make_app(store=f"sqlite:///{tmp_path / 'chosen.db'}")
    assert "several hosts" not in caplog.text
    make_app()
    assert "several hosts share revocations through STOPPER_STORE" in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "/var/lib/shop.db",
        "mysql://shop:hunter2@db/shop",
        "nothing+at_all://shop:hunter2@db/shop",
        "postgresql+psycopg://shop:hunter2@db:port/shop",
        "redis://:hunter2@db:port/0",
        "redis://:hunter2@db/0?no_such_option=1",
        "redis://:hunter2@db/0?socket_timeout=soon",
    ],
)
def test_an_address_of_no_store_stops_the_application(make_app: MakeApp, url: str) -> None:
    """G16: a wrong STOPPER_STORE is one line at start, without the password in it, and no traceback at a request."""
    with pytest.raises(ConfigurationError, match="STOPPER_STORE") as refused:
        make_app(store=url)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_an_empty_text_is_the_default(make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """G16: as the page says, an empty store and key file are those of the instance folder."""
    app = make_app(store="", key_file="", token_format="jwt", issuer="https://shop.test")
    assert app.test_client().post("/login").status_code == 200
    app.test_client().get("/me", headers={"Authorization": "Bearer x"})
    assert {"stopper.db", "stopper-keys.json"} <= {path.name for path in tmp_path.iterdir()}
    assert "several hosts" in caplog.text


@pytest.mark.parametrize(
    ("proxies", "told"), [(["0.0.0.0/0"], True), (["10.0.0.1", "::/0"], True), (["10.0.0.0/8", "unix"], False)]
)
def test_proxies_that_are_everybody_are_told(
    make_app: MakeApp, proxies: list[str], told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """T06: a configuration that believes every peer is said in the log at start."""
    make_app(trusted_proxies=proxies)
    assert ("any client can claim" in caplog.text) is told
