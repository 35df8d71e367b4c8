"""No credential in OpenTelemetry: processors that clean spans and log records and hand them to those that export.

    provider.add_span_processor(CleanSpans(BatchSpanProcessor(exporter)))
    log_provider.add_log_record_processor(CleanLogs(BatchLogRecordProcessor(exporter)))
    set_global_textmap(CleanBaggage(get_global_textmap()))

They clean where a span ends and a record is emitted, in the thread of the request: an exporter runs in another one,
which does not know what the request carries. A span is read-only there, so that the next processor gets a copy.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Link, Status

from stopper.guard.telemetry import cleaned

__all__ = ["CleanBaggage", "CleanLogs", "CleanSpans"]


class _CleanSpan(ReadableSpan):
    """A copy of an ended span without credentials: in its name, attributes, events, links, status and resource."""

    def __init__(self, span: ReadableSpan, resource: Resource) -> None:
        super().__init__(
            name=cleaned(span.name),
            context=span.context,
            parent=span.parent,
            resource=resource,
            attributes=_attributes(span.attributes),
            events=[
                Event(cleaned(event.name), _attributes(event.attributes), event.timestamp) for event in span.events
            ],
            links=[Link(link.context, _attributes(link.attributes)) for link in span.links],
            kind=span.kind,
            status=Status(span.status.status_code, cleaned(span.status.description)),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )
        self._original = span

    @property
    def dropped_attributes(self) -> int:
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        return self._original.dropped_links


def _attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(cleaned(attributes or {}))


class _CleanResources:
    """What describes the process, cleaned once: it is the same one for every span and record of a provider."""

    def __init__(self) -> None:
        self._seen: tuple[Resource, Resource] | None = None

    def cleaned(self, resource: Resource) -> Resource:
        """Return a resource without credentials, such as those of a command line."""
        if self._seen is None or self._seen[0] is not resource:
            self._seen = resource, Resource(_attributes(resource.attributes), resource.schema_url)
        return self._seen[1]


class CleanSpans(SpanProcessor):
    """Hands each span that ends to another processor, without credentials."""

    def __init__(self, following: SpanProcessor) -> None:
        """Take the processor that exports."""
        self._following = following
        self._resources = _CleanResources()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Tell the other processor that a span begins, as it may add to it."""
        self._following.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on a cleaned copy."""
        self._following.on_end(_CleanSpan(span, self._resources.cleaned(span.resource)))

    def shutdown(self) -> None:
        """End the other processor."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the other processor export now; tell whether it did within the time."""
        return self._following.force_flush(timeout_millis)


class CleanLogs(LogRecordProcessor):
    """Hands each log record to another processor, without credentials."""

    def __init__(self, following: LogRecordProcessor) -> None:
        """Take the processor that exports."""
        self._following = following
        self._resources = _CleanResources()

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Hand on a cleaned copy; the exception of a record is in its attributes by now, as text."""
        record = copy.copy(log_record.log_record)
        record.body = cleaned(record.body)
        record.event_name = cleaned(record.event_name)
        record.attributes = _attributes(record.attributes)
        record.exception = None
        resource = log_record.resource and self._resources.cleaned(log_record.resource)
        self._following.on_emit(replace(log_record, log_record=record, resource=resource))

    def shutdown(self) -> None:
        """End the other processor."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the other processor export now; tell whether it did within the time."""
        return self._following.force_flush(timeout_millis)


class CleanBaggage(TextMapPropagator):
    """Sends baggage along with requests to other services (W3C Baggage) as another propagator does, cleaned."""

    def __init__(self, propagator: TextMapPropagator) -> None:
        """Take the propagator that writes and reads the headers."""
        self._propagator = propagator

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write the context into the headers of a request, its baggage without credentials."""
        for name, value in baggage.get_all(context).items():
            context = baggage.remove_baggage(name, context)
            context = baggage.set_baggage(cleaned(name), cleaned(value, name), context)
        self._propagator.inject(carrier, context, setter)

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Read the context of a request's headers as they are."""
        return self._propagator.extract(carrier, context, getter)

    @property
    def fields(self) -> Set[str]:  # type: ignore[override]  # a set, which they annotate as typing.Set
        """The headers that are written."""
        return self._propagator.fields
