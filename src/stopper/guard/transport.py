"""Is this request really TLS? What is not is refused, never redirected (ASVS 4.1.2).

A forwarding header from a peer that is not configured means *not TLS*, whatever `wsgi.url_scheme` says: servers such
as gunicorn believe any peer on loopback, and middleware believes anybody. Where ProxyFix stands before the
application, the values that it replaced decide.
"""

from __future__ import annotations

import enum
import ipaddress
import logging
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from stopper.guard.settings import Settings


logger = logging.getLogger("stopper")


class Channel(enum.Enum):
    """How a request came."""

    TLS = "TLS"
    """Over TLS up to this process or up to a configured proxy."""
    DEVELOPMENT = "development"
    """In clear from this machine itself, which the configuration allows."""
    CLEAR = "clear"
    """In clear, or nobody trustworthy says otherwise."""


_TLS = Channel.TLS  # looked up once, as nearly every request has it

# Presence decides, so every header by which a proxy, or a client that plays one, may speak of the original request.
_FORWARDING = frozenset(
    "HTTP_" + name
    for name in (
        "FORWARDED",
        "X_FORWARDED_PROTO",
        "X_FORWARDED_PROTOCOL",
        "X_FORWARDED_SCHEME",
        "X_FORWARDED_SSL",
        "X_FORWARDED_HTTPS",
        "X_FORWARDED_PREFIX",
        "X_FORWARDED_FOR",
        "X_FORWARDED_HOST",
        "X_FORWARDED_PORT",
        "X_FORWARDED_SERVER",
        "X_FORWARDED",
        "X_URL_SCHEME",
        "X_SCHEME",
        "X_HTTPS",
        "X_ARR_SSL",
        "CLOUDFRONT_FORWARDED_PROTO",
        "CF_VISITOR",
        "X_REAL_IP",
        "FRONT_END_HTTPS",
    )
)
_SCHEME_CLAIMS = (
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_PROTOCOL",
    "HTTP_X_FORWARDED_SCHEME",
    "HTTP_X_URL_SCHEME",
    "HTTP_X_SCHEME",
    "HTTP_CLOUDFRONT_FORWARDED_PROTO",
)
_SWITCHES = ("HTTP_X_FORWARDED_SSL", "HTTP_X_FORWARDED_HTTPS", "HTTP_X_HTTPS", "HTTP_FRONT_END_HTTPS")


def check_at_start(settings: Settings) -> None:
    """Say where the configuration lets everybody speak for a proxy."""
    if any(not isinstance(network, str) and network.prefixlen == 0 for network in settings.trusted_proxies):
        logger.warning("STOPPER_TRUSTED_PROXIES holds every address: any client can claim to have come over TLS")


def channel(environ: WSGIEnvironment, settings: Settings) -> Channel:
    """Tell how a request came, from its WSGI environment alone."""
    original: dict[str, Any] = environ.get("werkzeug.proxy_fix.orig") or environ
    if _FORWARDING.isdisjoint(environ):
        if original.get("wsgi.url_scheme") == "https":
            return _TLS
        if settings.dev_http and is_loopback(peer(environ)):
            return Channel.DEVELOPMENT
        return Channel.CLEAR
    if is_trusted_proxy(peer(environ), settings) and _claims_tls(environ, settings.proxy_header):
        return Channel.TLS
    return Channel.CLEAR


def peer(environ: WSGIEnvironment) -> str:
    """Return the address that the connection comes from, not the one that a header names; empty for a Unix socket."""
    original: dict[str, Any] = environ.get("werkzeug.proxy_fix.orig") or environ
    return original.get("REMOTE_ADDR") or ""


def is_loopback(address: str) -> bool:
    """Tell whether an address is this machine."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def is_trusted_proxy(address: str, settings: Settings) -> bool:
    """Tell whether a peer is one of the configured proxies."""
    if not settings.trusted_proxies:
        return False
    if not address:
        return "unix" in settings.trusted_proxies
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(not isinstance(network, str) and parsed in network for network in settings.trusted_proxies)


def _claims_tls(environ: WSGIEnvironment, header: str) -> bool:
    """Tell whether a trusted proxy's header says https for every hop and no other header contradicts it.

    Each hop adds to the list, so that one `http` in it means that some stretch was in clear.
    """
    if header not in environ:
        return False
    for name in _SCHEME_CLAIMS:
        if name in environ and any(hop.strip().lower() != "https" for hop in environ[name].split(",")):
            return False
    if "HTTP_FORWARDED" in environ and not _forwarded_is_tls(environ["HTTP_FORWARDED"], header):
        return False
    return all(environ.get(name, "on").lower() in ("on", "1", "yes", "true", "https") for name in _SWITCHES)


# RFC 7239 §4. The grammar must match as a whole: a client could open a quote that swallows what its proxy appends.
_PAIR = r'[ \t]*([A-Za-z]+)=("(?:[^"\\]|\\.)*+"|[^\s",;=]+)[ \t]*'
_PAIRS = re.compile(_PAIR)
_ELEMENT = re.compile(rf"{_PAIR}(?:;{_PAIR})*+")


def _forwarded_is_tls(value: str, believed: str) -> bool:
    """Tell whether each element of a Forwarded header says https (RFC 7239 §5.4).

    Only where another header is the one that is believed may an element leave the protocol out.
    """
    position = 0
    while element := _ELEMENT.match(value, position):
        named = {name.lower(): text.strip('"').lower() for name, text in _PAIRS.findall(element[0])}
        if named.get("proto", "https" if believed != "HTTP_FORWARDED" else "") != "https":
            return False
        if element.end() == len(value):
            return True
        if value[element.end()] != ",":
            return False
        position = element.end() + 1
    return False
