"""No credential in Sentry: every event, transaction, breadcrumb, log and metric is cleaned before it leaves.

    sentry_sdk.init(dsn, **stopper.guard.sentry.hooks())

The hooks run on what Sentry is about to send, after its own scrubber and the application's event processors, in the
thread that captured it, where the request at hand is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stopper.guard.telemetry import cleaned

__all__ = ["hooks", "scrub"]

_HOOKS = (
    "before_send",
    "before_send_transaction",
    "before_breadcrumb",
    "before_send_log",
    "before_send_metric",
)


def scrub(event: Any, hint: Any) -> Any:
    """Return an event, transaction, breadcrumb, log or metric without credentials, as each of Sentry's hooks wants it.

    For an application that has hooks of its own: call it last. Attachments are not looked into. None, with which Sentry
    sends nothing, for what is too deep to be looked through.
    """
    return cleaned(event)


def hooks() -> dict[str, Callable[[Any, Any], Any]]:
    """Return the options for `sentry_sdk.init` that clean all it sends, as many as the installed version has.

    With `trace_lifecycle="stream"`, spans leave one by one: give `before_send_span=scrub` besides.
    """
    from sentry_sdk.consts import DEFAULT_OPTIONS

    return {name: scrub for name in _HOOKS if name in DEFAULT_OPTIONS}
