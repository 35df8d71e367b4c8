"""No credential in OpenTelemetry: real providers of the SDK, and exporters that keep what they are given."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from opentelemetry import baggage, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    ConsoleLogRecordExporter,
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanProcessor,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from stopper.guard import opaque, redact
from stopper.guard.tracing import CleanBaggage, CleanLogs, CleanSpans

TOKEN = opaque.generate("shop")
REQUEST = "kv7Qm2Xw9-sLp4Td"  # has no form: hidden as the request at hand carries it
CREDENTIALS = (TOKEN, REQUEST)


@pytest.fixture(autouse=True)
def _request() -> Iterator[None]:
    """Stand in for a request that carries a credential."""
    redact.carry_anew(f"Bearer {REQUEST}")
    yield
    redact.carry_anew(None)


def _span(credential: str, processor: SpanProcessor) -> None:
    """End a span that has a credential in each of its places."""
    provider = TracerProvider(resource=Resource({"process.command_args": ("serve", credential)}))
    provider.add_span_processor(processor)
    other = SpanContext(1, 2, False, TraceFlags(1))
    link = Link(other, {"found": credential})
    span = provider.get_tracer("shop").start_span(f"GET {credential}", links=[link], attributes={"n": 3, "ok": True})
    span.set_attribute("url.full", f"https://shop.test/me?q={credential}")
    span.set_attribute("http.request.header.cookie", [credential, "theme=dark"])
    span.add_event(f"found {credential}", {"row": credential})
    span.record_exception(RuntimeError(f"no {credential}"))
    span.set_status(Status(StatusCode.ERROR, f"failed for {credential}"))
    span.end()
    provider.force_flush()


def _places(span: ReadableSpan) -> dict[str, str]:
    """Return the texts of a span by where they stand."""
    found, failed = span.events
    return {
        "name": span.name,
        "attribute": str((span.attributes or {})["url.full"]),
        "sequence": str((span.attributes or {})["http.request.header.cookie"]),
        "event": found.name,
        "attribute of an event": str(found.attributes),
        "exception": str((failed.attributes or {})["exception.message"]),
        "stack trace": str((failed.attributes or {})["exception.stacktrace"]),
        "status": str(span.status.description),
        "link": str(span.links[0].attributes),
        "resource": str(span.resource.attributes["process.command_args"]),
    }


@pytest.mark.parametrize("credential", CREDENTIALS, ids=("by form", "by value"))
def test_no_place_of_a_span_has_a_credential(credential: str) -> None:
    """Each place holds it before the processor and none after, also where another thread exports."""
    bare, clean = InMemorySpanExporter(), InMemorySpanExporter()
    _span(credential, SimpleSpanProcessor(bare))
    _span(credential, CleanSpans(BatchSpanProcessor(clean)))
    (before,), (after,) = bare.get_finished_spans(), clean.get_finished_spans()
    assert all(credential in text for text in _places(before).values())
    assert [name for name, text in _places(after).items() if credential in text] == []
    assert credential not in after.to_json()


def test_a_harmless_span_stays_as_it_is() -> None:
    """Times, kind, parent, numbers, harmless texts and what was dropped are those of the span itself."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    cleaned = InMemorySpanExporter()
    provider.add_span_processor(CleanSpans(SimpleSpanProcessor(cleaned)))
    tracer = provider.get_tracer("shop", "1")
    with tracer.start_as_current_span("GET /orders", kind=trace.SpanKind.SERVER) as span:
        span.set_attributes({f"n{number}": number for number in range(200)})
        span.set_attributes({"http.route": "/orders", "sizes": [1, 2], "ok": True})
        with tracer.start_as_current_span("inner"):
            span.add_event("retry", {"attempt": 2})
    before, after = kept.get_finished_spans(), cleaned.get_finished_spans()
    assert [span.to_json() for span in before] == [span.to_json() for span in after]
    assert [span.dropped_attributes for span in after] == [0, before[1].dropped_attributes]
    assert after[1].dropped_attributes > 0
    assert after[0].parent == after[1].context


@pytest.mark.parametrize("credential", CREDENTIALS, ids=("by form", "by value"))
def test_no_place_of_a_log_record_has_a_credential(credential: str) -> None:
    """Body, nested body, attributes, exception and resource are clean, and other processors see the record itself."""
    bare, clean = InMemoryLogRecordExporter(), InMemoryLogRecordExporter()
    provider = LoggerProvider(resource=Resource({"process.command_line": f"serve {credential}"}))
    provider.add_log_record_processor(CleanLogs(BatchLogRecordProcessor(clean)))
    provider.add_log_record_processor(SimpleLogRecordProcessor(bare))
    logger = provider.get_logger("shop")
    for body in (f"got {credential}", {"rows": [credential, 3]}):
        logger.emit(
            LogRecord(
                body=body,
                severity_number=SeverityNumber.WARN,
                attributes={"found": credential, "n": 3},
                exception=RuntimeError(f"no {credential}"),
            )
        )
    provider.force_flush()
    before, after = bare.get_finished_logs(), clean.get_finished_logs()
    assert len(before) == len(after) == 2
    for record in before:
        assert record.to_json().count(credential) >= 4
    for record in after:
        assert credential not in record.to_json()
        assert record.log_record.attributes is not None
        assert record.log_record.attributes["n"] == 3
        assert record.log_record.exception is None
        assert record.log_record.severity_number is SeverityNumber.WARN


@pytest.mark.parametrize("credential", CREDENTIALS, ids=("by form", "by value"))
def test_baggage_leaves_without_a_credential(credential: str) -> None:
    """What a request to another service takes along is clean; what came in is read as it is."""
    context = baggage.set_baggage("user", f"alice {credential}", baggage.set_baggage("tier", "gold"))
    carrier: dict[str, str] = {}
    propagator = CleanBaggage(W3CBaggagePropagator())
    propagator.inject(carrier, context)
    assert credential not in str(carrier)
    assert "tier=gold" in carrier["baggage"]
    assert baggage.get_baggage("tier", propagator.extract({"baggage": "tier=gold"})) == "gold"
    assert propagator.fields == W3CBaggagePropagator().fields
    assert baggage.get_baggage("user", context) == f"alice {credential}"


@pytest.mark.filterwarnings("ignore:`LoggingHandler` in `opentelemetry-sdk` is deprecated:DeprecationWarning")
def test_what_the_sdk_s_exporters_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans and standard log records with chained exceptions are written without a token that no request carries."""
    monkeypatch.setattr(logging.Handler, "handle", _plain_handle)  # so that the processors alone are at work
    foreign, texts = opaque.generate("elsewhere"), []
    for clean in (False, True):
        out = io.StringIO()
        spans = SimpleSpanProcessor(ConsoleSpanExporter(out=out))
        records = SimpleLogRecordProcessor(ConsoleLogRecordExporter(out=out))
        traces, logs = TracerProvider(), LoggerProvider()
        traces.add_span_processor(CleanSpans(spans) if clean else spans)
        logs.add_log_record_processor(CleanLogs(records) if clean else records)
        logger = logging.Logger("shop")
        logger.addHandler(LoggingHandler(logger_provider=logs))
        for found in (foreign, REQUEST):
            try:
                with traces.get_tracer("shop").start_as_current_span(f"look up {found}"):
                    _fail(found)
            except LookupError:
                logger.exception("failed for %s", found, extra={"found": found})
        texts.append(out.getvalue())
    bare, written = texts
    for found in (foreign, REQUEST):
        assert bare.count(found) >= 10
        assert found not in written
    for kept in ("LookupError", "The above exception was the direct cause", "exception.stacktrace"):
        assert written.count(kept) == bare.count(kept) > 0


def _fail(found: str) -> None:
    try:
        raise ValueError(f"not known: {found}")
    except ValueError as error:
        raise LookupError(found) from error


def _plain_handle(handler: logging.Handler, record: logging.LogRecord) -> bool:
    """Handle a record as `logging.Handler` does that no guard has changed."""
    handler.emit(record)
    return True
