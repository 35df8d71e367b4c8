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
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from stopper.guard.present import LONGEST_HEADER
from stopper.secret import GUESSABLE, fingerprint, redact, spellings, suspicious

__all__ = ["carry", "carry_anew", "clean", "install", "structlog_processor"]


# The Authorization header of the request at hand and what it issued. It outlives the request until the next one of the
# same worker: servers write their access line after the answer.
_carried: ContextVar[tuple[str | None, ...]] = ContextVar("stopper_carried", default=(None,))

_Replacements = tuple[tuple[str, str], ...]
# What is replaced for those last carried, in any text and in one that is not suspicious.
_latest: tuple[tuple[str | None, ...], _Replacements, _Replacements] = ((None,), (), ())


def carry_anew(header: str | None) -> None:
    """Forget the last request's credentials and know those of this Authorization header instead."""
    _carried.set((header,))


MOST_CARRIED = 16
"""How many issued credentials are known by value; outside of a request, nothing else would bound them."""


def carry(value: str) -> None:
    """Know one more credential until the next request, and of many the latest."""
    header, *issued = _carried.get()
    _carried.set((header, *issued[1 - MOST_CARRIED :], value))


def clean(text: str) -> str:
    """Return a text without what looks like a credential and without this request's own."""
    carried = _carried.get()
    if not suspicious(text):  # almost every line, and nearly all spellings of a credential are suspicious themselves
        return _replaced(text, _replacements(carried)[1])
    return redact(_replaced(text, _replacements(carried)[0]))


def _replaced(text: str, replacements: _Replacements) -> str:
    for spelling, label in replacements:
        if spelling in text:
            text = text.replace(spelling, label)
    return text


def _replacements(carried: tuple[str | None, ...]) -> tuple[_Replacements, _Replacements]:
    """Return what to replace by what, in any text and in one that is not suspicious.

    The last answer is kept, as most records come several to a request.
    """
    global _latest
    known, replacements, unsuspicious = _latest
    if known != carried:
        header, *values = carried
        pairs = [(value, f"[redacted {fingerprint(value)}]") for value in values if value]
        if header:
            scheme, _, credential = header.partition(" ")
            value = credential.strip() or header
            pairs.append((value, GUESSABLE if scheme.lower() == "basic" else f"[redacted {fingerprint(value)}]"))
        # What is longer was refused unread; to spell it out would let a caller buy seconds of work with one header.
        replacements = tuple(
            (form, label) for value, label in pairs if len(value) <= LONGEST_HEADER for form in spellings(value)
        )
        unsuspicious = tuple(pair for pair in replacements if not suspicious(pair[0]))
        _latest = carried, replacements, unsuspicious
    return replacements, unsuspicious


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


def structlog_processor(logger: object, method: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
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
