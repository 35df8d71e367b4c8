"""The client that every request of a scan goes through: vetted, bounded, counted, and never surprised.

Whatever a server does comes back as an `Exchange`. Nothing is followed, remembered or taken from the environment:
no redirects, no cookies, no proxies.
"""

from __future__ import annotations

import asyncio
import email.utils
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import LineTooLong
from yarl import URL

from stopper import __version__
from stopper.io.policy import Address, Policy, PolicyError, Target
from stopper.observe.views import Credential, Exchange, Request, Response
from stopper.observe.wire import content
from stopper.secret import Secret, spellings

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: TAB may stand in a field value
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"})
_MOST_HOPS = 5
_MOST_INTERIM = 16

_CERTIFICATE = {
    9: "certificate not yet valid",
    10: "certificate expired",
    18: "certificate self-signed",
    19: "certificate of an unknown issuer",
    20: "certificate of an unknown issuer",
    21: "certificate of an unknown issuer",
    62: "certificate for another name",
    64: "certificate for another name",
    66: "certificate key too weak",
    67: "certificate key too weak",
    68: "certificate signed with a weak digest",
}
_HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "server does not speak TLS",
    "HTTP_REQUEST": "server does not speak TLS",
    "RECORD_LAYER_FAILURE": "server does not speak TLS",
    "PACKET_LENGTH_TOO_LONG": "server does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "no TLS version of 1.2 or above",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no TLS version of 1.2 or above",
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "server does not speak HTTP/1.1",
    "NO_APPLICATION_PROTOCOL": "server does not speak HTTP/1.1",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "client certificate demanded",
    "TLSV1_UNRECOGNIZED_NAME": "certificate for another name",
    "UNEXPECTED_EOF_WHILE_READING": "connection closed during the handshake",
    "DH_KEY_TOO_SMALL": "key exchange too weak",
    "EE_KEY_TOO_SMALL": "certificate key too weak",
}


class TransportError(Exception):
    """Something that came instead of an answer, in stable words ("timeout", "refused", "tls: certificate expired")."""


class _ClosedEarlyError(TransportError):
    """The connection ended before the answer did: the one failure that a GET is repeated for."""


class _BrokenConnectionError(Exception):
    """A connection that broke, kept from the session, which would repeat the request uncounted.

    The session repeats PUT and DELETE too, and takes only its own errors and OSErrors as a reason.
    """


class _InterimFloodError(Exception):
    """More interim answers than any server has a use for."""


class CertificateFileError(Exception):
    """The file of `--ca-file` cannot be read or holds no certificate."""


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


class _Resolver(AbstractResolver):
    """Resolves a name once a scan, vets all that it stands for, and remembers which addresses passed.

    A second answer cannot differ from the one that was vetted, because it is never asked for.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._vetted: set[Address] = set()
        self._answers: dict[tuple[str, int], list[ResolveResult]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises PolicyError where one of them may not be connected to."""
        if (host, port) in self._answers:
            return self._answers[host, port]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        self.vet(host, [_address(entry[4]) for entry in found])
        answer = [
            ResolveResult(
                hostname=host, host=str(place[0]), port=port, family=kind, proto=number, flags=socket.AI_NUMERICHOST
            )
            for kind, _, number, _, place in found
        ]
        return self._answers.setdefault((host, port), answer)

    async def close(self) -> None:
        """Hold nothing, release nothing."""

    def vet(self, host: str, addresses: list[Address]) -> None:
        """Let a host's addresses pass, or raise PolicyError."""
        self._policy.check_addresses(host, addresses)
        self._vetted.update(addresses)

    def open_socket(self, found: aiohttp.AddrInfoType) -> socket.socket:
        """Return a socket for an address that passed: literal addresses never see the resolver, so all end here."""
        family, kind, protocol, _, place = found
        if _address(place) not in self._vetted:
            raise PolicyError("target denied: address was not vetted")
        return socket.socket(family, kind, protocol)


def _address(place: tuple[object, ...]) -> Address:
    """Return the address of a socket address, without the zone that a link-local one carries."""
    return ip_address(str(place[0]).partition("%")[0])


class _Answer(aiohttp.ClientResponse):
    """An answer that gives up on a flood of interim ones (RFC 9110, 15.2), which the library would read for ever."""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the head of the final answer. Raises _InterimFloodError."""
        protocol = connection.protocol
        assert protocol is not None
        read, heads = protocol.read, 0

        async def counted() -> object:
            nonlocal heads
            heads += 1
            if heads > _MOST_INTERIM + 1:
                raise _InterimFloodError
            return await read()

        # The library reads interim heads in a loop of its own and offers no hook between two of them.
        protocol.__dict__["read"] = counted
        try:
            return await super().start(connection)
        finally:
            del protocol.__dict__["read"]


class _Pace:
    """Spaces requests evenly and lets a server ask for a pause, within the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._patience = limits.patience
        self._next = 0.0

    async def wait(self, target: Target) -> None:
        """Sleep until the next request may go."""
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start if target.loopback else start + 1 / self._limits.rate
        if start > now:
            await asyncio.sleep(start - now)

    def heed(self, response: Response) -> None:
        """Put the next request off where the answer asks for it (RFC 9110, 10.2.3)."""
        if response.status not in (429, 503):
            return
        pause = min(_retry_after(response.header("Retry-After") or ""), self._limits.longest_wait, self._patience)
        self._patience -= pause
        self._next = max(self._next, time.monotonic() + pause)


def _retry_after(value: str) -> float:
    """Return the seconds that a Retry-After value asks for, 0 where it makes no sense."""
    if value.strip().isascii() and value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


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
        self._context = _tls_context(ca_file)
        self._pace = _Pace(self._limits)
        self._slots = asyncio.Semaphore(self._limits.concurrency)
        self._resolver = _Resolver(policy)
        self._protected: set[str] = set()
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pools."""
        # Only a GET may run into a connection that the server is closing, because only a GET is repeated.
        self._kept = self._open(seconds_kept=5)
        self._fresh = self._open(seconds_kept=None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        for session in (self._kept, self._fresh):
            if session:
                await session.close()

    def _open(self, seconds_kept: float | None) -> aiohttp.ClientSession:
        """Return a session whose idle connections are kept so long, or never used twice."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            socket_factory=self._resolver.open_socket,
            happy_eyeballs_delay=None,
            use_dns_cache=False,
            ssl=self._context,
            keepalive_timeout=seconds_kept,
            force_close=seconds_kept is None,
            limit=0,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._limits.deadline),
            headers={"User-Agent": f"stopper/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
            skip_auto_headers=("Content-Type",),
            auto_decompress=False,
            trust_env=False,
            response_class=_Answer,
            middlewares=(_keep_from_repeating,),
        )

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
            if target.scheme == "https" and following.scheme == "http":
                raise TransportError("redirected from https to http")
            target = following
        raise TransportError(f"more than {_MOST_HOPS} redirects")

    async def _carry(self, request: Request, target: Target, cap: int) -> Response:
        _check_sendable(request)
        if self._holds_credential(request):
            self._policy.check_credential(target)
        if target.address:
            self._resolver.vet(target.host, [target.address])
        try:
            return await self._attempt(request, target, cap)
        except _ClosedEarlyError:
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
            with _translated():
                response = await self._ask(request, target, cap)
        self._pace.heed(response)
        return response

    async def _ask(self, request: Request, target: Target, cap: int) -> Response:
        session = self._kept if request.method == "GET" else self._fresh
        if session is None:
            raise RuntimeError("the client is not open: use it in `async with`")
        started = time.monotonic()
        async with session.request(
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


async def _keep_from_repeating(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Hide a broken connection from the session, which would send the request again on its own."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenConnectionError from error


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


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a verifying context; Python's own default asks for TLS 1.2. Raises CertificateFileError."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except ssl.SSLError:
            raise CertificateFileError(f"{ca_file}: no certificate in PEM form") from None
        except OSError as error:
            raise CertificateFileError(f"{ca_file}: {error.strerror or 'cannot be read'}") from None
    return context


# --------------------------------------------------------------------------- errors in stable words


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the library raises into TransportError. Its own texts quote the server and are dropped."""
    try:
        yield
    except (aiohttp.ClientError, _BrokenConnectionError, _InterimFloodError, TimeoutError, ValueError) as error:
        causes = tuple(_causes(error))
        words = _words(error, causes)
        raise (_ClosedEarlyError if words == "closed early" else TransportError)(words) from None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _words(error: BaseException, causes: tuple[BaseException, ...]) -> str:
    # The library's own errors are SSLErrors too, but only the last one in the chain knows the reason.
    tls = [cause for cause in causes if isinstance(cause, ssl.SSLError)]
    if tls:
        return f"tls: {_tls_words(tls[-1])}"
    match error:
        case TimeoutError():
            return "timeout"
        case _InterimFloodError():
            return "too many interim answers"
        case aiohttp.ClientConnectorDNSError():
            return "name not found"
        case aiohttp.ClientConnectorError():
            return _connection_words(error.os_error)
        case aiohttp.ClientResponseError():
            flooded = "Too many headers" in error.message or any(isinstance(c, LineTooLong) for c in causes)
            return "header flood" if flooded else "malformed answer"
        case aiohttp.ClientPayloadError():
            return _payload_words(causes)
        case _BrokenConnectionError():
            return "closed early"
        case ValueError():
            return "not sendable: refused by the HTTP library"
    return "network error"


def _connection_words(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "refused"
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return "closed early"
    return "unreachable"


def _payload_words(causes: tuple[BaseException, ...]) -> str:
    # The parser has one class for "broken" and "not all there"; only its text tells them apart.
    unfinished = any("Not enough data" in str(cause) or isinstance(cause, OSError) for cause in causes)
    return "closed early" if unfinished else "malformed answer"


def _tls_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, "certificate not trusted")
    reason = str(error.reason or "").upper().replace(" ", "_")
    return _HANDSHAKE.get(reason, reason.lower().replace("_", " ") or "handshake failed")
