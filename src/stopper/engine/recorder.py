"""What a running API is, and the one way to it: within the budget, labelled, and seen by the passive checks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from stopper.model import Endpoint, Skip, Verdict, Witness
from stopper.observe.views import Credential, Exchange, Purpose, Request, Throwaway, Tls
from stopper.proof import Ask
from stopper.secret import Secret

Result = TypeVar("Result")


class Transport(Protocol):
    """Carries one request and never raises for what the other side does."""

    async def send(self, request: Request) -> Exchange:
        """Return the exchange, its error set where no answer came."""
        ...


SILENCES = 6
"""So many requests in a row without an answer, more than one operation's door, and the target counts as down."""


HELD = 64 << 20
"""Bytes of bodies that a scan holds whole; after that it keeps the beginning of each, BEGINNING bytes."""

BEGINNING = 1 << 16


class CutShortError(Exception):
    """No more can be asked (budget or time is used up, the target is down); what is left was not looked at."""


class DocumentServer(Protocol):
    """Serves one document on loopback and counts who fetches it."""

    def serve(self, document: bytes) -> str:
        """Serve this document from now on; returns its URL."""
        ...

    def fetched(self) -> int:
        """Return how often it was fetched."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A running API as the engine asks it.

    `base` is its https address, `clear` the same over plain HTTP where there is one. `logins` make credentials over a
    transport; the first is the identity of the scan, the others are further token endpoints. `token` is a credential
    given directly. `may_send_clear` allows credentials over `clear` (loopback, or allowed by the user). `documents` is
    set where the user allowed that the API fetches something from us; `handshake` looks at how the server speaks TLS;
    `throwaway` is the identity that may be spent; `refresh` renews the credential that the first login made;
    `another` logs in as another user; `mint` makes a token where there is neither login nor token. `asked` is the
    number of requests that were made before the scan's own.
    """

    witness: Witness
    transport: Transport
    base: str
    clear: str = ""
    logins: tuple[Login, ...] = ()
    token: Credential | None = None
    loopback: bool = False
    may_send_clear: bool = False
    documents: DocumentServer | None = None
    handshake: Callable[[], Awaitable[Tls | None]] | None = None
    throwaway: Throwaway | None = None
    refresh: Refresh | None = None
    another: Login | None = None
    mint: Mint | None = None
    asked: int = 0


Login = Callable[[Transport, str], Awaitable[Credential | str]]
"""Logs in at a base URL; gives the credential, or one line that says why there is none."""

Mint = Callable[[Sequence[Request]], Awaitable[tuple[Secret, str] | None]]
"""Makes a token that lets one of these requests in; gives it with the library that made it, None where none can."""

Refresh = Callable[[Transport, str, Credential], Awaitable[Credential | str]]
"""Renews a credential at a base URL by its refresh token; gives the new one, or one line that says why not."""


class Listener(Protocol):
    """What the scan does with what was seen."""

    def exchanged(self, exchange: Exchange) -> None:
        """Take an exchange: passive checks and the record."""

    def judged(self, control: str, witness: Witness, verdict: Verdict) -> None:
        """Take a control's verdict."""

    def skipped(self, skip: Skip) -> None:
        """Take note of something that was not looked at."""

    def crashed(self, control: str, subject: str, error: Exception) -> None:
        """Take note of a control whose code failed."""

    def learnt(self, secret: Secret) -> None:
        """Take a credential that must not appear in any output."""

    def tried(self, keys: int) -> None:
        """Take note of how many keys were tried on the credential so far."""

    def noted(self, note: str) -> None:
        """Take a sentence that the report says."""


@dataclass(slots=True)
class Recorder:
    """A transport that counts against the budget, labels each exchange and tells the listener.

    `silent` counts the last requests to the base address that got no answer at all, `held` the bytes of bodies so far.
    """

    target: Target
    listener: Listener
    match: Callable[[str, str], Endpoint | None]
    budget: int
    deadline: float
    sent: int = 0
    silent: int = 0
    held: int = 0

    async def ask(self, request: Request, purpose: Purpose, endpoint: Endpoint | None = None) -> Exchange:
        """Send one request for a purpose; raises CutShortError instead of sending one too many."""
        if self.sent >= self.budget:
            raise CutShortError(f"the budget of {self.budget} requests is spent")
        if time.monotonic() > self.deadline:
            raise CutShortError("the scan's time is up")
        self.sent += 1
        if request.delay:
            await asyncio.sleep(request.delay)
        raw = self._bounded(await self.target.transport.send(request))
        exchange = replace(raw, endpoint=endpoint or self.named(request), purpose=purpose, witness=self.target.witness)
        self.listener.exchanged(exchange)
        self._heed_silence(exchange)
        return exchange

    def _bounded(self, exchange: Exchange) -> Exchange:
        response = exchange.response
        self.held += len(response.body) if response else 0
        if not response or self.held <= HELD or len(response.body) <= BEGINNING:
            return exchange
        return replace(exchange, response=replace(response, body=response.body[:BEGINNING], truncated=True))

    def named(self, request: Request) -> Endpoint | None:
        """Return the endpoint that a path belongs to, with or without the path of the user's base address."""
        path, base = urlsplit(request.url).path, urlsplit(self.target.base).path.rstrip("/")
        return self.match(request.method, path) or self.match(request.method, path.removeprefix(base) or "/")

    def _heed_silence(self, exchange: Exchange) -> None:
        if not exchange.request.url.startswith(self.target.base.rstrip("/")):
            return  # the plain twin may well be closed
        # An exception that leaves the application is an answer of sorts: a server in front would say 500.
        answered = exchange.response or exchange.error.startswith("exception: ")
        self.silent = 0 if answered else self.silent + 1
        if self.silent >= SILENCES:
            raise CutShortError(f"the target does not answer: {exchange.error}")

    async def drive(self, conversation: Generator[Ask, Exchange, Result], endpoint: Endpoint | None) -> Result:
        """Carry a conversation of the proof protocol to its end and return its result."""
        try:
            ask = next(conversation)
            while True:
                subject = None if ask.elsewhere else endpoint
                ask = conversation.send(await self.ask(ask.request, ask.purpose, subject))
        except StopIteration as stop:
            result: Result = stop.value
            return result

    async def send(self, request: Request) -> Exchange:
        """Send a request of a login flow."""
        return await self.ask(request, Purpose.LOGIN)
