"""No token in any log: redaction of the formatted text of every handler, present and later added.

`install` puts one step into `logging.Handler.handle`, through which each record of each logger passes on its way into
a handler. There it wraps what the handler uses to make text: message, arguments, extra fields, tracebacks and stack
are hidden by form (`stopper.secret.recognise`) and by value (what this request carries or issued). A token that is
split over two log calls is out of reach.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from stopper.secret import fingerprint, redact, spellings

__all__ = ["carry", "carry_anew", "clean", "install", "structlog_processor"]


class _Carried:
    """The credentials of one request, and their spellings once a record had to be cleaned of them."""

    __slots__ = ("replacements", "values")

    def __init__(self, values: tuple[str, ...]) -> None:
        self.values = values
        self.replacements: tuple[tuple[str, str], ...] | None = None


_NOTHING = _Carried(())
# It outlives the request until the next one of the same worker: servers write their access line after the answer.
_carried: ContextVar[_Carried] = ContextVar("stopper_carried", default=_NOTHING)


def carry_anew(*values: str) -> None:
    """Forget the last request's credentials and know these instead."""
    _carried.set(_Carried(values) if values else _NOTHING)


def carry(value: str) -> None:
    """Know one more credential until the next request."""
    _carried.set(_Carried((*_carried.get().values, value)))


def clean(text: str) -> str:
    """Return a text without what looks like a credential and without this request's own."""
    carried = _carried.get()
    if carried.values:
        if carried.replacements is None:
            carried.replacements = tuple(
                (spelling, f"[redacted {fingerprint(value)}]")
                for value in carried.values
                for spelling in spellings(value)
            )
        for spelling, label in carried.replacements:
            if spelling in text:
                text = text.replace(spelling, label)
    return redact(text)


# --------------------------------------------------------------------------- handlers


def install() -> None:
    """Let every handler of this process write redacted text from now on. Calling it again changes nothing."""
    if not getattr(logging.Handler.handle, "stopper_redacts", False):
        logging.Handler.handle = _redacting(logging.Handler.handle)  # type: ignore[method-assign]


def _redacting(handle: Callable[[logging.Handler, logging.LogRecord], Any]) -> Any:
    def redacting(handler: logging.Handler, record: logging.LogRecord) -> Any:
        if getattr(handler.format, "stopper_redacts", False) is False:
            _wrap(handler)
        if isinstance(handler, _RAW_HANDLERS):
            record = _cleaned_record(record)
        return handle(handler, record)

    redacting.stopper_redacts = True  # type: ignore[attr-defined]
    return redacting


# These send the record itself and not its formatted text.
_RAW_HANDLERS = (logging.handlers.SocketHandler, logging.handlers.HTTPHandler)


def _wrap(handler: logging.Handler) -> None:
    """Put redaction around one handler's `format`, whether its class overrides it or not, and its error report."""
    make_text = handler.format

    def format_redacted(record: logging.LogRecord) -> str:
        text = clean(make_text(record))
        record.exc_text = record.exc_text and clean(record.exc_text)  # kept for the handlers that come next
        return text

    format_redacted.stopper_redacts = True  # type: ignore[attr-defined]
    handler.format = format_redacted  # type: ignore[method-assign]
    handler.handleError = _report_error  # type: ignore[method-assign]


def _report_error(record: logging.LogRecord) -> None:
    """Report a record that could not be written, as `logging.Handler.handleError` does but without its arguments."""
    if logging.raiseExceptions and sys.stderr:
        sys.stderr.write(
            f"--- Logging error at {record.pathname}:{record.lineno} ---\n{clean(traceback.format_exc())}\n"
        )


_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({})))


def _cleaned_record(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of a record with nothing left to format and no credential in any of its texts."""
    fields = dict(vars(record))
    fields.update(msg=clean(record.getMessage()), args=None, exc_info=None)
    if record.exc_info:
        fields["exc_text"] = clean(logging.Formatter().formatException(record.exc_info))
    for name in fields.keys() - _STANDARD_FIELDS | {"stack_info"}:
        if fields[name] is not None:
            fields[name] = clean(str(fields[name]))
    return logging.makeLogRecord(fields)


def structlog_processor(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Clean the texts of a structlog event; stands last before the renderer."""
    return {key: _cleaned_value(value) for key, value in event.items()}


def _cleaned_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_cleaned_value(key): _cleaned_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_cleaned_value(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    hidden = clean(text)
    return value if hidden == text else hidden
