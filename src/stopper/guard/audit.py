"""What happened to tokens: one structured event each, as a log line and as a blinker signal, never with the token.

    @stopper.guard.audit.happened.connect_via(app)
    def keep(app, event): ...

The signal gets every event. The log gets all but what one process would write in a flood of refusals: beyond
`REFUSALS_A_SECOND` they are counted, and the next line that is written says how many were left out.
"""

from __future__ import annotations

import enum
import json
import logging
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from blinker import Namespace
from flask import Flask, has_request_context, request

from stopper.guard import transport
from stopper.guard.settings import Settings
from stopper.guard.token import Token

logger = logging.getLogger("stopper.audit")

happened = Namespace().signal("stopper-audit")
"""Sent with the application as sender and the `event`."""

REFUSALS_A_SECOND = 20
"""How many refusals a process writes into its log in a second."""


class Kind(enum.Enum):
    """What happened."""

    ISSUED = "issued"
    REFRESHED = "refreshed"
    REFUSED = "refused"
    REVOKED = "revoked"
    KEY_ROTATED = "key rotated"
    KEY_RETIRED = "key retired"
    OLD_ACCEPTED = "old token accepted"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when (UTC), to whose token, through which client, from which address, and why.

    `token_id` is the id to revoke by, or the fingerprint of a credential that no token was found for; `peer` is empty
    on the command line. What is not known is empty.
    """

    kind: Kind
    at: datetime
    subject: str = ""
    client: str = ""
    token_id: str = ""
    peer: str = ""
    reason: str = ""


class Recorder:
    """Writes the events of one application."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Take the application, which is the sender, and the settings, which say whose proxies are believed."""
        self._app = app
        self._settings = settings
        self._lock = threading.Lock()
        self._second = 0
        self._written = 0
        self._left_out = 0

    def record(
        self, kind: Kind, token: Token | None = None, token_id: str = "", reason: str = "", subject: str = ""
    ) -> None:
        """Tell the signal's receivers and the log what happened, to a token or to what is known of one."""
        event = Event(
            kind,
            datetime.now(UTC),
            token.subject if token else subject,
            token.client if token else "",
            token.id if token else token_id,
            self._peer(),
            reason,
        )
        happened.send(self._app, event=event)
        self._write(event)

    def _peer(self) -> str:
        """Return who called: the peer, or whom a configured proxy in its place names through ProxyFix."""
        if not has_request_context():
            return ""
        peer = transport.peer(request.environ)
        return (request.remote_addr or "") if transport.is_trusted_proxy(peer, self._settings) else peer

    def _write(self, event: Event) -> None:
        refused = event.kind is Kind.REFUSED
        left_out = self._left_out_before(refused)
        if left_out is None:
            return
        members = {**asdict(event), "kind": event.kind.value, "at": event.at.isoformat()}
        if left_out:
            members["refusals_left_out"] = left_out
        # JSON of ASCII characters, in which no subject can begin a line of its own or steer a terminal (CWE-117)
        text = json.dumps({name: value for name, value in members.items() if value})
        logger.log(logging.WARNING if refused else logging.INFO, "%s", text, extra={"stopper_event": event})

    def _left_out_before(self, refused: bool) -> int | None:
        """Return how many refusals were left out since the last line, or None where this one is left out too."""
        with self._lock:
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._written = second, 0
            if refused and self._written >= REFUSALS_A_SECOND:
                self._left_out += 1
                return None
            self._written += refused
            left_out, self._left_out = self._left_out, 0
            return left_out
