"""The client that every request of a scan goes through: vetted, bounded, counted, and never surprised.

Whatever a server does comes back as an `Exchange`. Nothing is followed, remembered or taken from the environment:
no redirects, no cookies, no proxies.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from stopper.io.connection import Resolver, session, tls_context
from stopper.io.errors import ClosedEarlyError, TransportError
from stopper.io.failures import translated
from stopper.io.handshake import examined
from stopper.io.pace import Pace
from stopper.io.policy import Policy, PolicyError, Target
from stopper.observe.views import Credential, Exchange, Request, Response, Tls
from stopper.observe.wire import content
from stopper.secret import Secret, spellings

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: TAB may stand in a field value
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"})
_MOST_HOPS = 5
_SECONDS_OF_HANDSHAKE = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one client. Sizes in bytes, times in seconds, `rate` in requests a second off loopback.

    `patience` bounds all waiting that servers ask for with Retry-After together, `longest_wait` a single one.
    """

    body: int = 1 << 20
    document: int = 16 << 20
    deadline: float = 10.0
    requests: int = 600
    rate: float = 20.0
    concurrency: int = 8
    longest_wait: float = 5.0
    patience: float = 30.0


class Client:
    """Sends requests and brings back what came of them.

    An async context manager. `sent` counts the requests that went out, repetitions included. Values told to
    `protect` go only where the policy lets credentials go.
    """

    def __init__(self, policy: Policy, limits: Limits | None = None, ca_file: Path | None = None) -> None:
        """Take the policy, the bounds, and certificates to trust besides the system's. Raises CertificateFileError."""
        self.sent = 0
        self._policy = policy
        self._limits = limits or Limits()
        self._context = tls_context(ca_file)
        self._pace = Pace(self._limits.rate, self._limits.longest_wait, self._limits.patience)
        self._slots = asyncio.Semaphore(self._limits.concurrency)
        self._resolver = Resolver(policy)
        self._protected: set[str] = set()
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pools."""
        # Only a GET may run into a connection that the server is closing, because only a GET is repeated.
        self._kept = session(self._resolver, self._context, self._limits.deadline, seconds_kept=5)
        self._fresh = session(self._resolver, self._context, self._limits.deadline, seconds_kept=None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        for pool in (self._kept, self._fresh):
            if pool:
                await pool.close()

    def protect(self, secret: Secret) -> None:
        """Treat every request that holds this value, in any usual spelling, as one that carries a credential."""
        if secret:
            self._protected.update(spellings(secret.reveal()))

    async def send(self, request: Request) -> Exchange:
        """Send a request to a host that the user typed, and return what came of it.

        Never raises for what the server does: the exchange then has an error. A GET whose connection closed early is
        repeated once.
        """
        try:
            target = Target.parse(request.url)
            self._policy.check_typed(target)
            return Exchange(request, await self._carry(request, target, self._limits.body))
        except (PolicyError, TransportError) as error:
            return Exchange(request, None, str(error))

    async def fetch(self, url: str, credential: Credential | None = None) -> bytes:
        """Return the document at a URL, following up to five redirects, each vetted, none from https to http.

        The credential goes to the URL's own origin only. Raises TransportError or PolicyError that say why.
        """
        first = target = Target.parse(url)
        for _ in range(_MOST_HOPS + 1):
            headers = credential.headers() if credential and target.origin == first.origin else ()
            response = await self._carry(Request("GET", target.url, headers), target, self._limits.document)
            location = response.header("Location")
            if response.status not in (301, 302, 303, 307, 308) or location is None:
                return _document(response)
            following = _following(target, location)
            self._policy.check_port(following)
            if target.scheme == "https" and following.scheme == "http":
                raise TransportError("redirected from https to http")
            target = following
        raise TransportError(f"more than {_MOST_HOPS} redirects")

    async def handshake(self, url: str) -> Tls | None:
        """Return how the server at an https URL that the user typed speaks TLS, None where it cannot be looked at."""
        try:
            target = Target.parse(url)
            self._policy.check_typed(target)
            found = await self._resolver.resolve(target.host, target.port)
        except (PolicyError, OSError):
            return None
        if target.scheme != "https" or not found:
            return None
        seconds = min(self._limits.deadline, _SECONDS_OF_HANDSHAKE)
        return await asyncio.to_thread(examined, found[0]["host"], target.port, target.host, self._context, seconds)

    async def _carry(self, request: Request, target: Target, cap: int) -> Response:
        _check_sendable(request)
        if self._holds_credential(request):
            self._policy.check_credential(target)
        if target.address:
            self._resolver.vet(target.host, [target.address])
        try:
            return await self._attempt(request, target, cap)
        except ClosedEarlyError:
            if request.method != "GET":
                raise
            return await self._attempt(request, target, cap)

    def _holds_credential(self, request: Request) -> bool:
        if request.header("Authorization") is not None or request.header("Cookie") is not None:
            return True
        texts = [request.url, *(value for _, value in request.headers), (request.body or b"").decode("latin-1")]
        return any(secret in text for secret in self._protected for text in texts)

    async def _attempt(self, request: Request, target: Target, cap: int) -> Response:
        if self.sent >= self._limits.requests:
            raise TransportError("budget spent")
        self.sent += 1
        await self._pace.wait(target)
        async with self._slots:
            with translated():
                response = await self._ask(request, target, cap)
        self._pace.heed(response)
        return response

    async def _ask(self, request: Request, target: Target, cap: int) -> Response:
        pool = self._kept if request.method == "GET" else self._fresh
        if pool is None:
            raise RuntimeError("the client is not open: use it in `async with`")
        started = time.monotonic()
        async with pool.request(
            request.method,
            URL(target.url, encoded=True),
            headers=_spelled_alike(request.headers),
            data=request.body,
            allow_redirects=False,
        ) as answer:
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers)
            body, cut = await _read(answer.content, cap)
        coding = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
        decoded = content.decode(body, coding, cap)
        return Response(
            status=answer.status,
            headers=headers,
            body=decoded.body,
            truncated=cut or decoded.truncated,
            seconds=time.monotonic() - started,
            undecoded=decoded.undecoded,
        )


async def _read(stream: aiohttp.StreamReader, cap: int) -> tuple[bytes, bool]:
    """Return a body up to `cap` bytes, and whether there was more."""
    body = bytearray()
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > cap:
            return bytes(body[:cap]), True
    return bytes(body), False


def _spelled_alike(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers, repeated names spelled as they first were: the session drops the first of two spellings."""
    spelling: dict[str, str] = {}
    return [(spelling.setdefault(name.lower(), name), value) for name, value in headers]


def _check_sendable(request: Request) -> None:
    """Raise PolicyError for what could be read as more than one request, or as another one, on the way."""
    if not _TOKEN.fullmatch(request.method):
        raise PolicyError("not sendable: malformed method")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name):
            raise PolicyError("not sendable: malformed header name")
        if _CONTROL.search(value):
            raise PolicyError(f"not sendable: control character in the header {name}")
        if name.lower() in _FRAMING:
            raise PolicyError(f"not sendable: {name} is the client's own to set")


def _following(target: Target, location: str) -> Target:
    """Return where a redirect leads. Raises PolicyError."""
    try:
        return Target.parse(urljoin(target.url, location))
    except ValueError:
        raise PolicyError("not sendable: malformed redirect") from None


def _document(response: Response) -> bytes:
    """Return the body of a fetched document that arrived whole. Raises TransportError."""
    if response.status != 200:
        raise TransportError(f"answered with status {response.status}")
    if response.truncated:
        raise TransportError("document too large")
    if response.undecoded:
        raise TransportError(f"unknown content coding {response.undecoded}")
    return response.body
