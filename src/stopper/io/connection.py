"""Connections to vetted addresses only, and sessions that do nothing of their own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from stopper import __version__
from stopper.io.errors import CertificateFileError
from stopper.io.failures import BrokenConnectionError, InterimFloodError
from stopper.io.policy import Address, Policy, PolicyError

_MOST_INTERIM = 16


class Resolver(AbstractResolver):
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
        """Read the head of the final answer. Raises InterimFloodError."""
        protocol = connection.protocol
        assert protocol is not None
        read, heads = protocol.read, 0

        async def counted() -> object:
            nonlocal heads
            heads += 1
            if heads > _MOST_INTERIM + 1:
                raise InterimFloodError
            return await read()

        # The library reads interim heads in a loop of its own and offers no hook between two of them.
        protocol.__dict__["read"] = counted
        try:
            return await super().start(connection)
        finally:
            del protocol.__dict__["read"]


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
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


def session(
    resolver: Resolver, context: ssl.SSLContext, deadline: float, seconds_kept: float | None
) -> aiohttp.ClientSession:
    """Return a session that follows nothing, remembers nothing and takes nothing from the environment.

    `deadline` bounds a request from connecting to its last byte; idle connections are kept `seconds_kept`, or with
    None never used twice.
    """
    connector = aiohttp.TCPConnector(
        resolver=resolver,
        socket_factory=resolver.open_socket,
        happy_eyeballs_delay=None,
        use_dns_cache=False,
        ssl=context,
        keepalive_timeout=seconds_kept,
        force_close=seconds_kept is None,
        limit=0,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=deadline),
        headers={"User-Agent": f"stopper/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
        skip_auto_headers=("Content-Type",),
        auto_decompress=False,
        trust_env=False,
        response_class=_Answer,
        middlewares=(_keep_from_repeating,),
    )


async def _keep_from_repeating(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Hide a broken connection from the session, which would send the request again on its own."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenConnectionError from error
