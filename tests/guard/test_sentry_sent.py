"""What arrives at Sentry over HTTP: the SDK's own transport and logging integration, and a server that reads."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
import structlog
from flask import Flask, request
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import EventScrubber

from stopper.guard import Guard, opaque, redact, sentry
from stopper.secret import spellings

CARRIED = "kv7Qm2Xw9-sLp4Td"  # has no form: hidden as the request at hand carries it
FOREIGN = opaque.generate("elsewhere")  # no request carries it and no application issued it: hidden by its form alone
logger = logging.getLogger("shop.orders")


class Collector(ThreadingHTTPServer):
    """Keeps all that is sent to it, headers and unpacked bodies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Reading)
        self.received: list[str] = []

    @property
    def dsn(self) -> str:
        """Where Sentry's SDK is told to send to."""
        return f"http://public@127.0.0.1:{self.server_port}/1"


class _Reading(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Encoding"] == "gzip"
        self.server.received.append(f"{self.path}\n{self.headers}\n{gzip.decompress(body).decode()}")
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Run the server; leave no client of Sentry behind."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        sentry_sdk.get_global_scope().set_client(None)
        server.shutdown()
        thread.join(5)


def _shop(instance: Path) -> Flask:
    app = Flask("shop", instance_path=str(instance))
    guard = Guard(app)
    events = structlog.wrap_logger(
        logging.getLogger("shop.events"),
        processors=[redact.structlog_processor, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    @app.get("/orders")
    @guard.public
    def orders() -> object:
        for found in (request.headers["Authorization"].split()[1], FOREIGN):
            logger.warning("looked up %s", found, extra={"row": {"found": found}})
            events.warning("looked up", found=found, url=f"/me?access_token={found}")
            try:
                _fail(found)
            except ExceptionGroup:
                logger.exception("failed for %s", found, extra={"found": [found]})
        _fail(FOREIGN)
        return {}

    return app


def _fail(found: str) -> None:
    """Raise a group of an exception with a cause, one with a context, and one with a note."""
    errors: list[Exception] = []
    for cause in (LookupError(f"no row for {found}"), None):
        try:
            try:
                raise KeyError(found)
            except KeyError:
                raise ValueError(f"not known: {found}") from cause
        except ValueError as error:
            errors.append(error)
    errors[1].add_note(f"while looking for {found}")
    raise ExceptionGroup(f"two for {found}", errors)


def _received(collector: Collector, instance: Path, **options: Any) -> str:
    """Return all that arrives of a request that fails, and of a thread of its own that knows no request."""
    collector.received.clear()
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            dsn=collector.dsn,
            traces_sample_rate=1.0,
            enable_logs=True,
            send_default_pii=True,
            max_request_body_size="always",
            event_scrubber=EventScrubber(denylist=[], pii_denylist=[]),  # so that the hooks alone are at work
            default_integrations=False,
            integrations=[FlaskIntegration(), LoggingIntegration(sentry_logs_level=logging.WARNING)],
            **options,
        )
        client = _shop(instance).test_client()
        headers = {"Authorization": f"Bearer {CARRIED}", "X-Forwarded-Token": FOREIGN}
        assert client.get(f"/orders?next={FOREIGN}", headers=headers).status_code == 500
        thread = threading.Thread(target=logger.error, args=("late: %s", FOREIGN))
        thread.start()
        thread.join()
        sentry_sdk.flush(5)
        sentry_sdk.get_client().close(5)
    return "\n".join(collector.received)


@pytest.mark.filterwarnings("ignore:The send_default_pii option is deprecated:DeprecationWarning")
def test_nothing_on_the_wire_holds_a_token(collector: Collector, tmp_path: Path) -> None:
    """Events, chained and grouped exceptions, breadcrumbs of loggers, logs and transactions arrive without a token."""
    bare = _received(collector, tmp_path / "bare")
    clean = _received(collector, tmp_path / "clean", **sentry.hooks())
    for token, least in ((CARRIED, 20), (FOREIGN, 40)):
        assert bare.count(token) > least
        assert not [spelling for spelling in spellings(token) if spelling in clean]
    kinds = '"type":"event"', '"type":"transaction"', '"type":"log"', '"breadcrumbs"', '"is_exception_group":true'
    for kind in kinds:
        assert clean.count(kind) == bare.count(kind) > 0
    assert clean.count("[redacted ") > 60
