"""No token in any log, whichever handler writes it and however it got into the record."""

from __future__ import annotations

import base64
import io
import json
import logging
import logging.handlers
import time
import urllib.parse
import warnings
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from stopper.guard import redact

CANARY = "8fKq2Zr7LwXn4TbVcYp9"


@pytest.fixture(autouse=True)
def redaction() -> Iterator[None]:
    """Install redaction and carry one credential that has no recognisable form."""
    redact.install()
    redact.carry_anew(f"Bearer {CANARY}")
    yield
    redact.carry_anew(None)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Return what a handler on a logger of its own writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(extra_field)s", defaults={"extra_field": ""}))
    logger = logging.getLogger("shop.parent")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield written
    logger.removeHandler(handler)


class _Shows:
    def __repr__(self) -> str:
        return f"<Session {CANARY}>"


def _raise_and_log(log: logging.Logger) -> None:
    try:
        raise ValueError(f"bad credential {CANARY}")
    except ValueError:
        log.exception("failed")


def _chain_and_log(log: logging.Logger) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise RuntimeError("outer") from cause
    except RuntimeError:
        log.error("failed", exc_info=True)


WAYS: list[Callable[[logging.Logger], None]] = [
    lambda log: log.info("token " + CANARY),
    lambda log: log.info("token %s", CANARY),
    lambda log: log.info("token %r", CANARY.encode()),
    lambda log: log.info("token %(value)s", {"value": CANARY}),
    lambda log: log.info("many %s %s", "a", ("b", {"c": [CANARY]})),
    lambda log: log.info(_Shows()),
    lambda log: log.info("object %s", _Shows()),
    lambda log: log.info("with extra", extra={"extra_field": CANARY}),
    lambda log: log.info("stack", stack_info=True, extra={"extra_field": CANARY}),
    lambda log: log.info("encoded %s", base64.b64encode(f"user:{CANARY}".encode()).decode()),
    lambda log: log.info("quoted %s", urllib.parse.quote(f"?{CANARY}&")),
    lambda log: log.info("json %s", json.dumps({"t": json.dumps(CANARY)})),
    lambda log: log.getChild("deep.child").warning("child %s", CANARY),
    _raise_and_log,
    _chain_and_log,
]


@pytest.mark.parametrize("way", WAYS)
def test_no_way_into_a_record_shows_a_token(way: Callable[[logging.Logger], None], stream: io.StringIO) -> None:
    """L01 L13, fault 85: message, arguments, extra, exceptions and children come out without the token."""
    way(logging.getLogger("shop.parent"))
    text = stream.getvalue()
    assert text
    assert CANARY not in text
    assert base64.b64encode(CANARY.encode()).decode()[:16] not in text
    assert "[redacted " in text


def test_a_handler_that_formats_by_itself(stream: io.StringIO) -> None:
    """A handler class that overrides `format` is covered too."""

    class Own(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.lines: list[str] = []

        def format(self, record: logging.LogRecord) -> str:
            return f"own {record.getMessage()}"

        def emit(self, record: logging.LogRecord) -> None:
            self.lines.append(self.format(record))

    handler = Own()
    logger = logging.getLogger("shop.own")
    logger.addHandler(handler)
    logger.warning("token %s", CANARY)
    assert handler.lines == [f"own token {redact.clean(CANARY)}"]


def test_a_formatter_set_later_is_covered(stream: io.StringIO) -> None:
    """Changing a handler's formatter after its first record changes nothing."""
    logger = logging.getLogger("shop.parent")
    logger.info("first")
    logger.handlers[0].setFormatter(logging.Formatter("changed %(message)s"))
    logger.info("token %s", CANARY)
    assert "changed token [redacted " in stream.getvalue()


@pytest.mark.parametrize("raw", [logging.handlers.SocketHandler, logging.handlers.HTTPHandler])
def test_handlers_that_send_the_record_itself(raw: type[logging.Handler], monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that travels whole has no token in any of its fields."""
    sent: list[logging.LogRecord] = []
    monkeypatch.setattr(raw, "emit", lambda self, record: sent.append(record))
    handler = raw("127.0.0.1", 9) if raw is logging.handlers.SocketHandler else raw("127.0.0.1:9", "/")  # type: ignore[call-arg, arg-type]
    logger = logging.Logger("shop.raw")
    logger.addHandler(handler)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("token %s", CANARY, extra={"token_field": {"deep": CANARY}}, stack_info=True)
    assert CANARY not in str(vars(sent[0]))


def test_a_queue_in_between(stream: io.StringIO) -> None:
    """A record that passes a queue arrives clean in the listener's handler."""
    import queue

    waiting: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    logger = logging.Logger("shop.queue")
    logger.addHandler(logging.handlers.QueueHandler(waiting))
    logger.error("token %s", CANARY)
    assert CANARY not in waiting.get_nowait().getMessage()


def test_a_broken_record_is_reported_without_its_arguments(
    capsys: pytest.CaptureFixture[str], stream: io.StringIO
) -> None:
    """Fault 85: a record that cannot be formatted reports its place and not its arguments."""
    logging.getLogger("shop.parent").info("number %d", CANARY)
    text = capsys.readouterr().err
    assert "Logging error" in text
    assert CANARY not in text


def test_warnings_that_are_captured(stream: io.StringIO) -> None:
    """`captureWarnings` sends warnings through handlers, and so through redaction."""
    logger = logging.getLogger("py.warnings")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger.addHandler(handler)
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn(f"deprecated use with {CANARY}", stacklevel=1)
    finally:
        logging.captureWarnings(False)
        logger.removeHandler(handler)
    assert "deprecated" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_structlog_events(stream: io.StringIO) -> None:
    """The structlog processor cleans nested values and leaves the rest as it is."""
    event = {"event": f"used {CANARY}", "n": 5, "deep": {"list": [CANARY, 1.5, None, True]}, "object": _Shows()}
    cleaned = redact.structlog_processor(None, "info", event)
    assert CANARY not in str(cleaned)
    assert cleaned["n"] == 5
    assert cleaned["deep"]["list"][1:] == [1.5, None, True]


def test_requests_hide_what_they_carry_and_issue(app: Flask, client: FlaskClient, token: str) -> None:
    """L01: inside and just after a request, its own credential is hidden by value, of whatever form it is."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    app.logger.addHandler(handler)
    odd = "just-words-and-no-form"

    client.get("/me", headers={"Authorization": f"Bearer {odd}"})
    app.logger.warning("afterwards %s", odd)
    client.post("/login")
    app.logger.warning("another request %s", odd)
    app.logger.removeHandler(handler)
    first, second = written.getvalue().splitlines()
    assert odd not in first
    assert odd in second


def test_installing_again_changes_nothing() -> None:
    """Two guards in one process wrap each handler once."""
    before = logging.Handler.handle
    redact.install()
    assert logging.Handler.handle is before


def test_a_huge_header_costs_nothing_to_hide() -> None:
    """V22, fault 87: a header that was refused for its length is not spelt out for the log."""
    redact.carry_anew("Bearer " + "A" * 4_000_000)
    began = time.process_time()
    assert redact.clean("a line") == "a line"
    assert time.process_time() - began < 0.05


def test_issuing_without_end_holds_on_to_the_latest_only() -> None:
    """Memory is flat where many tokens are issued outside of a request, and the latest is still hidden by value."""
    for number in range(1000):
        redact.carry(f"just-words-{number}-more")
    assert len(redact._carried.get()) == redact.MOST_CARRIED + 1
    assert "just-words-999-more" not in redact.clean("made just-words-999-more")
    assert CANARY not in redact.clean(f"still {CANARY}")


def test_a_password_is_hidden_without_a_fingerprint() -> None:
    """L01: what people think of themselves is hidden whole: a fingerprint of it could be looked for in a dictionary."""
    header = "Basic " + base64.b64encode(b"alice:hunter2").decode()
    lines = (
        "password=hunter2",
        "postgresql://shop:hunter2@db/shop",
        f"Authorization: {header}",
        f"got {header[6:]} here",
    )
    redact.carry_anew(header)
    for line in lines:
        hidden = redact.clean(line)
        assert "[redacted ************]" in hidden
        assert "hunter2" not in hidden and header[6:] not in hidden
        assert redact.clean(hidden) == hidden
    redact.carry_anew(None)
