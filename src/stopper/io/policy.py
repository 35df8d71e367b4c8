"""Where the client may connect and where a credential may go.

One parser serves the check and the use: what `Target.parse` returns is what is vetted, and its `url` is what is sent.
"""

from __future__ import annotations

import enum
import re
import socket
import string
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote

Address = IPv4Address | IPv6Address

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?://(?P<authority>[^/?#]*))?(?P<rest>[^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_URL = 8000
_SENT_AS_WRITTEN = string.ascii_letters + string.digits + "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"
_PORTS = {"http": 80, "https": 443}

_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog"})
_TRANSLATED = IPv6Network("64:ff9b::/96")
_TRANSLATED_LOCALLY = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = IPv6Network("::/96")


class PolicyError(Exception):
    """A request that is not sent; the text is one line that names the rule, never a token.

    It is no OSError on purpose: the connector takes those as "try the next address".
    """


class Reach(enum.Enum):
    """How far away an address is, as far as the policy cares."""

    METADATA = "cloud metadata address"
    UNUSABLE = "address of no host"
    LOOPBACK = "loopback address"
    PRIVATE = "private address"
    PUBLIC = "public address"


def reach(address: Address) -> Reach:
    """Say how far away an address is; IPv6 forms that carry an IPv4 address are judged by that one."""
    if address in _METADATA:
        return Reach.METADATA
    inner = _carried(address)
    if inner is not None:
        return reach(inner)
    this_network = isinstance(address, IPv4Address) and address.packed[0] == 0
    if address.is_unspecified or address.is_multicast or address == IPv4Address("255.255.255.255") or this_network:
        return Reach.UNUSABLE
    if address.is_loopback:
        return Reach.LOOPBACK
    if not address.is_global or address in _TRANSLATED_LOCALLY:
        return Reach.PRIVATE
    return Reach.PUBLIC


def _carried(address: Address) -> IPv4Address | None:
    """Return the IPv4 address inside a mapped, compatible, 6to4, Teredo or NAT64 address."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    low = int(address) & 0xFFFF_FFFF
    compatible = address in _COMPATIBLE and low > 1
    return IPv4Address(low) if compatible or address in _TRANSLATED else None


@dataclass(frozen=True, slots=True)
class Target:
    """An absolute http(s) URL taken apart and brought into one form.

    `host` is lower-case ASCII or a canonical IP address (decimal, octal and hexadecimal forms are resolved);
    `path` holds path and query as they go on the wire.
    """

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Target:
        """Take a URL apart. Raises PolicyError where readers could disagree on it or nothing could be sent to it."""
        if len(url) > _LONGEST_URL:
            raise PolicyError(f"not sendable: URL of more than {_LONGEST_URL} characters")
        if _CONTROL.search(url):
            raise PolicyError("not sendable: control character in the URL")
        match = _URL.match(url)
        scheme = match["scheme"].lower() if match else ""
        if match is None or scheme not in _PORTS:
            raise PolicyError("not sendable: not an http or https URL")
        host, port = _authority(match["authority"] or "")
        return cls(scheme, host, port or _PORTS[scheme], _path(match["rest"]))

    @property
    def address(self) -> Address | None:
        """Return the host as an address, or None for a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def loopback(self) -> bool:
        """Tell whether the host is this machine by its own words: a loopback address or `localhost` (RFC 6761, 6.3)."""
        if self.address is not None:
            return reach(self.address) is Reach.LOOPBACK
        return self.host == "localhost" or self.host.endswith(".localhost")

    @property
    def origin(self) -> str:
        """Return scheme, host and port, the port always written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL that is sent."""
        return self.origin + self.path


def _authority(text: str) -> tuple[str, int]:
    """Return host and port (0 where none is written)."""
    if "@" in text:
        raise PolicyError("not sendable: user name or password in the URL")
    if not text.isascii():
        raise PolicyError("not sendable: host with other than ASCII letters (write its xn-- form)")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise PolicyError("not sendable: malformed host")
    port = int(match["port"]) if match["port"] else 0
    if match["port"] and not 0 < port < 65536:
        raise PolicyError("not sendable: no such port")
    return (_six(match["six"]) if match["six"] else _name(match["name"].lower())), port


def _six(text: str) -> str:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise PolicyError("not sendable: malformed IPv6 address") from None
    return str(address.ipv4_mapped or address)


def _name(text: str) -> str:
    name = text.removesuffix(".")
    if _NUMERIC.fullmatch(name):
        try:
            return str(IPv4Address(socket.inet_aton(name)))
        except OSError:
            raise PolicyError("not sendable: malformed IPv4 address") from None
    if not all(name.split(".")) or max(map(len, name.split("."))) > 63:
        raise PolicyError("not sendable: malformed host")
    return name


def _path(rest: str) -> str:
    """Return path and query, whatever could not stand in a request line percent-encoded, an empty query left out."""
    try:
        path, _, query = quote(rest, safe=_SENT_AS_WRITTEN).partition("?")
    except UnicodeEncodeError:
        raise PolicyError("not sendable: URL is no text") from None
    return (path if path.startswith("/") else "/" + path) + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user's own words allow.

    `hosts` are the hosts that the user typed: only these may be private or loopback. `origins` are the origins that
    may be shown a credential; over plain http only a loopback one, unless `clear_allowed`.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    clear_allowed: bool = False

    @classmethod
    def typed(cls, urls: Iterable[str], clear_allowed: bool = False) -> Policy:
        """Return the policy for the URLs that the user typed. Raises PolicyError for a URL that is none."""
        targets = [Target.parse(url) for url in urls]
        return cls(frozenset(t.host for t in targets), frozenset(t.origin for t in targets), clear_allowed)

    def check_typed(self, target: Target) -> None:
        """Raise PolicyError for a host that the user did not type."""
        if target.host not in self.hosts:
            raise PolicyError(f"target denied: {target.host} was not named by the user")

    def check_port(self, target: Target) -> None:
        """Raise PolicyError for a port that is neither the web's own nor one that the user typed for this host.

        A redirect must not lead to what listens beside an API: mail, databases, shells.
        """
        named = {origin.partition("://")[2] for origin in self.origins}
        if target.port not in _PORTS.values() and target.origin.partition("://")[2] not in named:
            raise PolicyError(f"target denied: port {target.port} of {target.host} was not named by the user")

    def check_credential(self, target: Target) -> None:
        """Raise PolicyError where a credential may not go."""
        if target.origin not in self.origins:
            raise PolicyError(f"credential withheld: {target.origin} was not named by the user")
        if target.scheme == "http" and not target.loopback and not self.clear_allowed:
            raise PolicyError(f"credential withheld: {target.origin} is plain http")

    def check_addresses(self, host: str, addresses: Iterable[Address]) -> None:
        """Raise PolicyError unless every address that a host stands for may be connected to."""
        if host in _METADATA_NAMES:
            raise PolicyError(f"target denied: {host} is a cloud metadata address")
        reached = {reach(address) for address in addresses}
        for forbidden in (Reach.METADATA, Reach.UNUSABLE):
            if forbidden in reached:
                raise PolicyError(f"target denied: {host} is or resolves to a {forbidden.value}")
        inside = reached - {Reach.PUBLIC}
        if inside and host not in self.hosts:
            raise PolicyError(f"target denied: {host} is or resolves to a {min(r.value for r in inside)}")
        # A name that stands for inside and outside at once is how rebinding looks at the first answer.
        if inside and Reach.PUBLIC in reached:
            raise PolicyError(f"target denied: {host} resolves to public and private addresses")
        if (host == "localhost" or host.endswith(".localhost")) and reached - {Reach.LOOPBACK}:
            raise PolicyError(f"target denied: {host} resolves to another machine")
