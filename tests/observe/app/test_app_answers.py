"""The child's answers as views: path templates, places, configuration, requests, lines of failure."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stopper.observe.app.exchange import BODY_CAP, call_command, exchange
from stopper.observe.app.failure import ended, failure
from stopper.observe.app.snapshot import base_url, configured, found_keys, place, snapshot, template
from stopper.observe.views import AppSnapshot, Request
from stopper.secret import Secret


@pytest.mark.parametrize(
    ("rule", "path", "arguments"),
    [
        ("/", "/", ()),
        ("/users/<name>", "/users/{name}", (("name", "string"),)),
        ("/users/<int:id>/", "/users/{id}/", (("id", "int"),)),
        ("/f/<path:rest>.<ext>", "/f/{rest}.{ext}", (("rest", "path"), ("ext", "string"))),
        ("/<any(a, 'b>c'):kind>/x", "/{kind}/x", (("kind", "any(a, 'b>c')"),)),
        ("/<string(length=2):lang>", "/{lang}", (("lang", "string(length=2)"),)),
        ('/<regex("[a-z]{2}"):code>', "/{code}", (("code", 'regex("[a-z]{2}")'),)),
        ("/<name_1>-<int(min=1):n>", "/{name_1}-{n}", (("name_1", "string"), ("n", "int(min=1)"))),
    ],
)
def test_rules_become_openapi_templates(rule: str, path: str, arguments: tuple[tuple[str, str], ...]) -> None:
    """A Werkzeug rule turns into the OpenAPI template, its converters are kept as written."""
    assert template(rule) == (path, arguments)


def test_places_are_relative_to_what_holds_them(tmp_path: Path) -> None:
    """A file in the scanned folder is told relative to it, also through a link; others relative to an import path."""
    root = tmp_path / "real"
    root.mkdir()
    (tmp_path / "link").symlink_to(root)
    paths = [tmp_path / "lib", tmp_path / "lib" / "site-packages"]
    assert str(place(str(root / "shop" / "api.py"), 3, root, paths)) == "shop/api.py:3"
    assert str(place(str(root / "api.py"), 3, tmp_path / "link", paths)) == "api.py:3"
    assert str(place(str(tmp_path / "lib" / "site-packages" / "flask" / "app.py"), 9, root, paths)) == "flask/app.py:9"
    assert str(place("/elsewhere/x.py", 1, root, paths)) == "/elsewhere/x.py:1"
    assert place("", 0, root, paths).uri == ""


def test_the_first_rule_of_an_endpoint_counts(tmp_path: Path) -> None:
    """Two rules with the same method and template make one route; that of another host is told as not looked at."""
    rule = {"rule": "/a", "host": "", "automatic": [], "views": {"GET": [str(tmp_path / "a.py"), 1]}}
    answer: dict[str, Any] = {
        "rules": [{**rule, "endpoint": "first"}, {**rule, "endpoint": "second"}],
        "paths": [],
        "config": [],
        "extensions": [],
        "hooks": {},
        "handlers": [],
        "versions": {},
        "notes": [],
        "layers": [],
        "parts": {},
        "logs": [],
        "fault": None,
        "maker": "",
    }
    seen = snapshot(answer, "shop:app", tmp_path)
    assert [route.name for route in seen.routes] == ["first"] and not seen.notes
    answer["rules"][1]["host"] = "admin.shop.test"
    (note,) = snapshot(answer, "shop:app", tmp_path).notes
    assert "not looked at: GET admin.shop.test/a" in note


PLAIN: list[tuple[str, Any]] = [
    ("JWT_TOKEN_LOCATION", ["list", [["plain", "headers"]]]),
    ("JWT_JSON_KEY", ["plain", "access_token"]),
    ("JWT_HEADER_NAME", ["plain", "Authorization"]),
    ("JWT_PUBLIC_KEY", ["plain", "-----BEGIN PUBLIC KEY-----"]),
    ("SECRET_KEY_FALLBACKS", ["plain", None]),
    ("SESSION_COOKIE_NAME", ["plain", "session"]),
    ("SQLALCHEMY_DATABASE_URI", ["plain", "sqlite:///shop.db"]),
]
SECRET: list[tuple[str, Any]] = [
    ("SECRET_KEY", ["plain", "dev"]),
    ("SECRET_KEY", ["bytes", base64.b64encode(b"\xff\x00key").decode()]),
    ("SECRET_KEY_FALLBACKS", ["list", [["plain", "old"]]]),
    ("JWT_PRIVATE_KEY", ["plain", "-----BEGIN"]),
    ("MAIL_PASSWORD", ["plain", "dev"]),
    ("API_TOKEN", ["plain", "dev"]),
    ("SENTRY_DSN", ["plain", "https://a@b/1"]),
    ("SQLALCHEMY_DATABASE_URI", ["plain", "postgresql://me:hunter22@db/shop"]),
    ("OAUTH", ["dict", [["client_id", ["plain", "a"]], ["client_secret", ["plain", "dev"]]]]),
    ("SECRETS", ["dict", [["first", ["plain", "dev"]]]]),
]


@pytest.mark.parametrize(("name", "value"), PLAIN)
def test_settings_that_are_no_secrets_stay_readable(name: str, value: list[Any]) -> None:
    """Names that only mention keys and tokens are no secrets."""
    assert "Secret" not in _types(configured(name, value))


@pytest.mark.parametrize(("name", "value"), SECRET)
def test_secrets_are_wrapped(name: str, value: list[Any]) -> None:
    """What its name, its container's name or its form calls a secret is a `Secret`."""
    assert "Secret" in _types(configured(name, value))


def _types(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_types(item) for item in value.values()))
    if isinstance(value, tuple):
        return set().union(*(_types(item) for item in value))
    return {type(value).__name__}


@pytest.mark.parametrize(("data", "text"), [(b"k\xc3\xbc", "k\u00fc"), (b"\xff\x00key", "\xff\x00key")])
def test_bytes_become_text(data: bytes, text: str) -> None:
    """Bytes are read as UTF-8, or byte for byte where they are none."""
    assert configured("SECRET_KEY", ["bytes", base64.b64encode(data).decode()]) == Secret(text)


def test_what_is_too_long_for_a_key_is_left_out() -> None:
    """Among possible keys only texts count; the child tells of anything else by type."""
    answer = {"keys": [["plain", "k"], ["object", "builtins.str"]]}
    assert found_keys(answer) == (Secret("k"),)


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ({}, "https://localhost"),
        ({"SERVER_NAME": "api.test:8443"}, "https://api.test:8443"),
        ({"TRUSTED_HOSTS": (".shop.test", "b")}, "https://shop.test"),
        ({"SERVER_NAME": None, "TRUSTED_HOSTS": None}, "https://localhost"),
    ],
)
def test_the_application_is_called_by_a_name_it_takes(config: dict[str, Any], url: str) -> None:
    """The origin follows SERVER_NAME and TRUSTED_HOSTS, so that Flask answers it."""
    assert base_url(AppSnapshot("shop:app", (), config)) == url


@pytest.mark.parametrize(
    "request_",
    [
        Request("G ET", "https://localhost/"),
        Request("GET", "ftp://localhost/"),
        Request("GET", "https:///path"),
        Request("GET", "https://localhost:99999/"),
        Request("GET", "https://localhost/a b\n"),
        Request("GET", "https://localhost/", (("X Y", "1"),)),
        Request("GET", "https://localhost/", (("X", "a\nb"),)),
        Request("GET", "https://localhost/", (("X", "a\0"),)),
    ],
)
def test_unsendable_requests_make_no_command(request_: Request) -> None:
    """What no HTTP client can send is not sent to the application either."""
    assert call_command(request_, "192.0.2.10", 1.0) is None


def test_a_tab_in_a_header_is_sent() -> None:
    """TAB is allowed inside a field value (RFC 9110 §5.5), and loose parsers are tried with it."""
    command = call_command(Request("GET", "https://localhost/", (("Authorization", "Bearer\tx"),)), "192.0.2.10", 1.0)
    assert command is not None
    assert command["headers"] == [("Authorization", "Bearer\tx")]
    assert command["cap"] == BODY_CAP


def test_an_answer_becomes_an_exchange() -> None:
    """Status, headers in order, body and time of an answer are kept, and an error instead of one."""
    request = Request("GET", "https://localhost/")
    body = base64.b64encode(b"\xff").decode()
    answer = {"status": 200, "headers": [["A", "1"], ["a", "2"]], "body": body, "truncated": True, "seconds": 0.25}
    place = [str(Path("shop.py").absolute()), 3]
    leak = {"kind": "log", "where": "logging.StreamHandler", "place": place, "origin": "issued"}
    leak |= {"logger": "shop", "form": "in Base64", "digest": False}
    elsewhere = {**leak, "place": ["/elsewhere/x.py", 3]}
    made = exchange(request, {**answer, "leaks": [leak, elsewhere]}, Path())
    assert [each.place and str(each.place) for each in made.leaks or ()] == ["shop.py:3", None]
    response = exchange(request, {**answer, "leaks": None}, Path()).response
    assert response is not None
    assert (response.status, response.all_headers("A"), response.body) == (200, ("1", "2"), b"\xff")
    assert (response.truncated, response.seconds) == (True, 0.25)
    assert exchange(request, {"error": "timeout"}, Path()).error == "timeout"


def test_failures_name_target_and_cause(tmp_path: Path) -> None:
    """A line of failure holds target, cause and, where it is known, the place."""
    answer = {"kind": "raised", "stage": "import", "type": "OSError", "file": str(tmp_path / "a.py"), "line": 4}
    assert failure(answer, "shop:app", tmp_path, 30) == "shop:app raised OSError at import (a.py:4)"
    assert ended("shop:app", -63, "at work") == "shop:app: its process was ended by signal 63 at work"
    assert ended("shop:app", -11, "at work") == "shop:app: its process was ended by SIGSEGV at work"
