"""No credential in Sentry: the real SDK, a guarded Flask application, and a transport that keeps the envelopes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sentry_sdk
from flask import Flask, request
from sentry_sdk import logger, metrics
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.scrubber import EventScrubber
from sentry_sdk.transport import Transport

from stopper.guard import Guard, opaque, sentry
from stopper.secret import spellings

REQUEST = "kv7Qm2Xw9-sLp4Td"  # has no form: hidden as the request at hand carries it
CONFIGURED = "orchard violet 4711 lantern"  # has no form either: hidden as the application is configured with it
KINDS = {
    "opaque": opaque.generate("shop"),
    "signed": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhbGljZSIsImlhdCI6MX0.c2lnbmF0dXJlLW9mLTY0LWJ5dGVz",
    "of the request": REQUEST,
    "configured": CONFIGURED,
}


class Sent(NamedTuple):
    """What the transport was given: the events by their order, and all of it as text."""

    error: dict[str, Any]
    form: dict[str, Any]
    message: dict[str, Any]
    transaction: dict[str, Any]
    text: str


Place = Callable[[Sent], Any]
PLACES: dict[str, Place] = {
    "header": lambda sent: sent.error["request"]["headers"]["X-Api-Key"],
    "cookie": lambda sent: sent.error["request"]["cookies"]["sid"],
    "cookie header": lambda sent: sent.error["request"]["headers"]["Cookie"],
    "query": lambda sent: sent.error["request"]["query_string"],
    "body as JSON": lambda sent: sent.error["request"]["data"]["filter"]["by"][0],
    "body as form": lambda sent: sent.form["request"]["data"]["by"],
    "body as text": lambda sent: sent.message["request"]["data"],
    "URL": lambda sent: sent.error["request"]["url"],
    "URL fragment": lambda sent: sent.message["request"]["fragment"],
    "environment": lambda sent: sent.message["request"]["env"]["REMOTE_USER"],
    "breadcrumb message": lambda sent: sent.error["breadcrumbs"]["values"][0]["message"],
    "breadcrumb data": lambda sent: sent.error["breadcrumbs"]["values"][0]["data"]["url"],
    "local": lambda sent: _last_frame(sent)["vars"]["found"],
    "local in a container": lambda sent: _last_frame(sent)["vars"]["kept"]["rows"][0],
    "exception": lambda sent: sent.error["exception"]["values"][-1]["value"],
    "chained exception": lambda sent: sent.error["exception"]["values"][0]["value"],
    "message": lambda sent: sent.message["logentry"]["message"],
    "parameters of a message": lambda sent: sent.message["logentry"]["params"][0],
    "tag": lambda sent: sent.error["tags"]["found"],
    "extra": lambda sent: sent.error["extra"]["deep"][0]["found"],
    "context": lambda sent: sent.error["contexts"]["order"]["found"],
    "user": lambda sent: sent.error["user"]["username"],
    "fingerprint": lambda sent: sent.error["fingerprint"][1],
    "transaction name": lambda sent: sent.transaction["transaction"],
    "span description": lambda sent: sent.transaction["spans"][0]["description"],
    "span data": lambda sent: sent.transaction["spans"][0]["data"]["http.url"],
}


def _last_frame(sent: Sent) -> dict[str, Any]:
    frame: dict[str, Any] = sent.error["exception"]["values"][-1]["stacktrace"]["frames"][-1]
    return frame


class Keeping(Transport):
    """Keeps what would go to Sentry."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.envelopes: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep an envelope, as the bytes that it is on the wire."""
        self.envelopes.append(Envelope.deserialize(envelope.serialize()))


def _shop(instance: Path, credential: str) -> Flask:
    """Return an application that tells Sentry a credential everywhere, in requests of anybody."""
    app = Flask("shop", instance_path=str(instance))
    guard = Guard(app)
    app.secret_key = CONFIGURED

    @app.post("/orders/<path:rest>")
    @guard.public
    def orders(rest: str) -> object:
        sentry_sdk.get_current_scope().set_transaction_name(f"orders {credential}")
        sentry_sdk.add_breadcrumb(message=f"asked with {credential}", data={"url": f"https://pay.test/?q={credential}"})
        sentry_sdk.set_tag("found", credential)
        sentry_sdk.set_extra("deep", [{"found": credential}])
        sentry_sdk.set_context("order", {"found": credential})
        sentry_sdk.set_user({"username": credential})
        sentry_sdk.get_current_scope().fingerprint = ["{{ default }}", credential]
        with sentry_sdk.start_span(op="http", name=f"GET {credential}") as span:
            span.set_data("http.url", f"https://pay.test/{credential}")
        _fail(credential)
        return {}

    @app.post("/form")
    @guard.public
    def form() -> object:
        sentry_sdk.capture_message(f"{len(request.form)} fields")
        return {}

    return app


def _message(credential: str) -> Any:
    """Return an event with what the SDK leaves out of its own, and an application may put in."""
    return {
        "logentry": {"message": f"got {credential}", "params": [credential]},
        "request": {
            "data": f"by={credential}&n=1",
            "fragment": f"q={credential}",
            "env": {"REMOTE_USER": credential},
            "method": "POST",
        },
    }


def _fail(found: str) -> None:
    kept = {"rows": [found]}
    try:
        raise KeyError(f"no row for {found}")
    except KeyError as error:
        raise RuntimeError(f"failed for {found}, {len(kept)}") from error


def _sent(instance: Path, credential: str, **options: Any) -> Sent:
    """Return what Sentry is sent of three requests, its own scrubber left out so that only the hooks are at work."""
    transport = Keeping({})
    app = _shop(instance, credential)
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            dsn="https://public@sentry.test/1",
            transport=transport,
            traces_sample_rate=1.0,
            send_default_pii=True,
            event_scrubber=EventScrubber(denylist=[], pii_denylist=[]),
            default_integrations=False,
            integrations=[FlaskIntegration()],
            **options,
        )
        caller = app.test_client()
        caller.set_cookie("sid", credential)
        headers = {"Authorization": f"Bearer {REQUEST}", "X-Api-Key": credential}
        caller.post(f"/orders/{credential}?q={credential}", json={"filter": {"by": [credential]}}, headers=headers)
        caller.post("/form", data={"by": credential}, headers=headers)
        sentry_sdk.capture_event(_message(credential))
    items = [item.payload.json for envelope in transport.envelopes for item in envelope.items]
    errors = [item for item in items if item.get("type") != "transaction"]
    transaction = next(item for item in items if item.get("type") == "transaction")
    text = "\n".join(envelope.serialize().decode() for envelope in transport.envelopes)
    return Sent(errors[0], errors[1], errors[2], transaction, text)


@pytest.fixture(autouse=True)
def _no_client_after() -> Iterator[None]:
    """Leave no client behind, and none of the integration's patches at work."""
    yield
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.parametrize("kind", KINDS)
def test_no_place_of_an_event_has_a_credential(kind: str, tmp_path: Path) -> None:
    """26 places of what the SDK sends hold a credential without the hooks and none with them, whatever its kind."""
    credential = KINDS[kind]
    bare = _sent(tmp_path / "bare", credential)
    clean = _sent(tmp_path / "clean", credential, **sentry.hooks())
    assert len(PLACES) == 26
    holding = [name for name, place in PLACES.items() if _holds(json.dumps(place(bare)), credential)]
    assert holding == list(PLACES)
    assert [name for name, place in PLACES.items() if _holds(json.dumps(place(clean)), credential)] == []
    assert not _holds(clean.text, credential)
    assert all("[redacted " in json.dumps(place(clean)) for place in PLACES.values())


def _holds(text: str, credential: str) -> bool:
    return any(spelling in text for spelling in spellings(credential))


def test_harmless_data_is_sent_as_it_is(tmp_path: Path) -> None:
    """An event and a transaction of a real request that hold no credential are equal to what they were."""
    seen: list[tuple[Any, Any]] = []

    def compare(event: Any, hint: Any) -> Any:
        before = copy.deepcopy(event)
        seen.append((before, sentry.scrub(event, hint)))
        return event

    transport = Keeping({})
    app = Flask("plain", instance_path=str(tmp_path))

    @app.post("/orders/<int:order>")
    def orders(order: int) -> object:
        token, page_token, keys, password = None, "4", ["id", "sku"], "required"
        sentry_sdk.add_breadcrumb(message="3 articles, see https://shop.test/basket?page=2#top", data={"n": 3})
        sentry_sdk.set_user({"id": "4711", "email": "alice@shop.test"})
        raise ValueError(f"unknown token, order {order} {token} {page_token} {keys} {password}")

    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            dsn="https://public@sentry.test/1",
            transport=transport,
            traces_sample_rate=1.0,
            default_integrations=False,
            integrations=[FlaskIntegration()],
            before_send=compare,
            before_send_transaction=compare,
        )
        app.test_client().post("/orders/7?page=2", json={"tokens": 12, "max_token": 512, "author": "Bashō"})
    assert [event.get("type") for event, _ in seen] == [None, "transaction"]
    changed = [set(_leaves(before)) ^ set(_leaves(after)) for before, after in seen]
    assert changed == [set(), set()]


def _leaves(tree: Any, path: str = "") -> list[tuple[str, str]]:
    """Return where the values of a tree stand, and the values."""
    if isinstance(tree, (dict, list)):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [leaf for key, item in items for leaf in _leaves(item, f"{path}/{key}")]
    return [(path, repr(tree))]


MEMBERS = (
    {"password": "hunter2"},
    {"password": 424242},
    {"client_secret": 'a "quoted" one'},
    {"vars": {"api_key": "'abcdef'"}},
    {"headers": [["X-Api-Key", "abcdef"]]},
    {"query": [("access_token", "abcdef")]},
    {"refresh_token": ["abcdef"]},
    {b"raw".decode(): b"password=hunter2"},
)


@pytest.mark.parametrize("event", MEMBERS, ids=str)
def test_what_its_name_calls_a_credential_is_hidden(event: dict[str, Any]) -> None:
    """A value without any form is hidden for the name of its member, whole, also in lists and pairs."""
    text = repr(sentry.scrub(event, {}))
    assert "[redacted " in text
    assert not any(value in text for value in ("hunter2", "424242", "quoted", "abcdef"))
    assert ("*" in text) == ("passw" in text)


def test_what_an_application_is_configured_with_is_hidden_in_any_thread(tmp_path: Path) -> None:
    """Peppers, Flask's key, its predecessors and the store's password are hidden by value without a request."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["STOPPER_PEPPERS"] = ("lantern-orchard-violet-harbour-meadow",)
    app.config["STOPPER_STORE"] = "postgresql+psycopg://shop:p%40rl%20grey@db.test/shop"
    Guard(app)
    app.config.update(SECRET_KEY=b"set after the guard", SECRET_KEY_FALLBACKS=["set long before"])
    for value in ("lantern-orchard-violet-harbour-meadow", "p@rl grey", "set after the guard", "set long before"):
        assert value not in str(sentry.scrub({"message": f"with {value} in it"}, {}))


def test_a_word_that_is_configured_is_no_secret(tmp_path: Path) -> None:
    """A key for development and the well-known password of a database do not blacken events with the same word."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="dev", STOPPER_STORE="postgresql+psycopg://postgres:postgres@db.test/shop")
    Guard(app)
    event = {"message": "connected to postgres on dev-7", "tags": {"stage": "dev"}}
    assert sentry.scrub(event, {}) == event


def test_logs_and_metrics_of_sentry_have_no_credential() -> None:
    """Structured logs and metrics leave without credentials in body, parameters and attributes."""
    credential = KINDS["opaque"]
    texts = []
    for options in ({}, sentry.hooks()):
        transport = Keeping({})
        with sentry_sdk.isolation_scope():
            sentry_sdk.init(
                dsn="https://public@sentry.test/1",
                transport=transport,
                enable_logs=True,
                default_integrations=False,
                **options,
            )
            logger.warning("got {found}", found=credential, attributes={"url": f"/me?q={credential}"})
            metrics.count("orders", 1, attributes={"found": credential})
            sentry_sdk.flush()
        texts.append("\n".join(envelope.serialize().decode() for envelope in transport.envelopes))
    bare, clean = texts
    assert bare.count(credential) >= 4
    assert not _holds(clean, credential)
    assert "orders" in clean
    assert "[redacted " in clean


def test_what_cannot_be_looked_through_is_not_sent() -> None:
    """A breadcrumb that holds itself is left out, and adding it is no error in the application."""
    transport = Keeping({})
    endless: dict[str, Any] = {"found": KINDS["opaque"]}
    endless["again"] = endless
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(dsn="https://p@s.test/1", transport=transport, default_integrations=False, **sentry.hooks())
        sentry_sdk.add_breadcrumb(message="endless", data=endless)
        sentry_sdk.add_breadcrumb(message="short")
        sentry_sdk.capture_message("sent")
    (event,) = (item.payload.json for envelope in transport.envelopes for item in envelope.items)
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["short"]


def test_every_hook_of_the_installed_sdk_is_used() -> None:
    """What the SDK lets an application see before it leaves, the hooks clean; the rest is named on the page."""
    from sentry_sdk.consts import DEFAULT_OPTIONS

    offered = {name for name in DEFAULT_OPTIONS if name.startswith("before_")}
    assert offered - set(sentry.hooks()) == {"before_send_span"}
    assert set(sentry.hooks()) <= offered
