"""The guard's configuration: `STOPPER_*` keys of `app.config`, read once, checked, frozen."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stopper.secret import Secret

KEY_PREFIX = "STOPPER_"

LARGEST_LEEWAY = 120
"""Seconds by which clocks may differ, at most."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PREFIX_FORM = re.compile(r"[a-z][a-z0-9]{1,15}(?:_[a-z0-9]{1,15})?")
_PROXY_HEADERS = {"x-forwarded-proto": "HTTP_X_FORWARDED_PROTO", "forwarded": "HTTP_FORWARDED"}


class ConfigurationError(Exception):
    """A configuration that the guard refuses to run with; the message names the key and what is wrong."""


@dataclass(frozen=True, slots=True)
class RemoteIssuer:
    """An issuer whose tokens are taken: where its keys are and how it writes access tokens.

    `algorithm` is that of RSA keys that name none; `audiences` are ours, where they differ for this issuer.
    """

    jwks: str
    profile: str = "rfc9068"
    algorithm: str = "RS256"
    audiences: tuple[str, ...] = ()
    longest_lifetime: int = 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be configured, with safe values for what is not. Lifetimes and intervals are in seconds.

    Each field is the key `STOPPER_<NAME>` of the application's configuration.
    """

    trusted_proxies: tuple[Network | str, ...] = ()
    """Peers whose forwarding header is believed: addresses, networks, or `unix` for a Unix socket."""
    proxy_header: str = "HTTP_X_FORWARDED_PROTO"
    """The one header they set, overwriting what a client sent: `X-Forwarded-Proto` or `Forwarded` (RFC 7239)."""
    dev_http: bool = False
    """Accept plain HTTP from a loopback peer without forwarding headers; also as environment variable."""
    debug_remote: bool = False
    """Serve peers other than loopback although the application runs in debug mode."""
    revoke_exposed: bool = False
    """End a good token that crossed in clear; never one that a configured proxy forwards."""
    hsts: str = "max-age=63072000; includeSubDomains"
    """The Strict-Transport-Security header of secure answers (RFC 6797 §6.1); empty for none."""
    realm: str = "api"
    """The realm in challenges (RFC 9110 §11.5)."""
    token_prefix: str = "stop"
    """The start of opaque tokens, an environment after an underscore if wanted: `shop` or `shop_live`."""
    access_lifetime: int = 3600
    """How long an access token lives; RFC 6750 §5.3 asks for an hour or less."""
    token_format: str = "opaque"
    """`opaque`, or `jwt` for signed access tokens of RFC 9068, which need `issuer`."""
    issuer: str = ""
    """Our own name in signed tokens: an https URL (RFC 9068 §2.2, RFC 8414 §2)."""
    audiences: tuple[str, ...] = ()
    """The names under which this API is meant; our own issuer where none is given."""
    algorithm: str = "EdDSA"
    """What new keys sign with: EdDSA, Ed25519, ES256, PS256, RS256 or HS256."""
    key_storage: str = "file"
    """Where our keys are kept: `file`, or `store` for several hosts, which needs `key_encryption_key`."""
    key_file: str = ""
    """The file of our keys; empty for `stopper-keys.json` in the instance folder."""
    key_encryption_key: Secret | None = None
    """32 bytes in base64url that encrypt our keys where they are kept; also as environment variable."""
    signing_keys: Secret | None = None
    """Keys of your own in place of ours: PEM blocks, the signing one first; also as environment variable."""
    signing_keys_file: str = ""
    """A file with those PEM blocks; also as environment variable."""
    peppers: tuple[Secret, ...] = ()
    """Secrets that key the digests of opaque tokens, the newest first; an empty one stands for none. As environment
    variable, with spaces between them."""
    leeway: int = 30
    """Seconds by which the clocks of issuers may differ."""
    trusted_issuers: Mapping[str, RemoteIssuer] = field(default_factory=dict)
    """Remote issuers by name: `{"https://id.test/": {"jwks": "https://id.test/keys", "profile": "auth0"}}`."""
    store: str = ""
    """Where tokens are kept: an SQLAlchemy URL; empty for `stopper.db` in the instance folder."""
    refresh_lifetime: int = 30 * 86_400
    """When a line of refresh tokens ends, however often it was renewed."""
    refresh_idle: int = 14 * 86_400
    """When a refresh token ends that nobody uses."""
    refresh_grace: int = 10
    """For how long a refresh token may be used again because the answer was lost."""
    revocation_lag: int = 1
    """Within how many seconds every process knows of a revocation."""
    revocation_bound: int = 100_000
    """How many revocations a process keeps before it asks the store about each token instead."""
    store_grace: int = 0
    """For how many seconds tokens verified before are taken while the store is away."""
    cache_size: int = 10_000
    """How many verified tokens each process remembers."""
    bound: bool = False
    """Demand everywhere that tokens are bound to their sender's key, by `dpop` or `mtls`; or route by route."""
    dpop: tuple[str, ...] = ()
    """Where this API is reached, such as `https://shop.test`: binds tokens to DPoP proofs for there (RFC 9449)."""
    dpop_window: int = 60
    """How old a proof may be; for so long, and `leeway`, the store knows which were used."""
    dpop_nonce: int = 0
    """After how many seconds the nonce changes that proofs must hold; 0 asks for none (RFC 9449 §8)."""
    mtls: str = ""
    """Where client certificates are, which tokens are bound to (RFC 8705): `server`, or `Client-Cert` of a proxy."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any], instance_path: str) -> Settings:
        """Read the `STOPPER_*` keys; raise ConfigurationError for an unknown key or a value of the wrong kind."""
        known = {field.name: field for field in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in config.items():
            if not key.startswith(KEY_PREFIX):
                continue
            name = key.removeprefix(KEY_PREFIX).lower()
            if name not in known:
                raise ConfigurationError(_unknown(key, known))
            values[name] = _checked(key, name, value)
        values["store"] = values.get("store") or "sqlite:///" + str(Path(instance_path) / "stopper.db")
        values["key_file"] = values.get("key_file") or str(Path(instance_path) / "stopper-keys.json")
        if os.environ.get("STOPPER_DEV_HTTP") == "1":
            values["dev_http"] = True
        for name in _FROM_ENVIRONMENT & known.keys() - values.keys():
            key = KEY_PREFIX + name.upper()
            if key in os.environ:
                given = os.environ[key]
                values[name] = _checked(key, name, given.split() if name == "peppers" else given)
        settings = cls(**values)
        if settings.signing_keys and settings.signing_keys_file:
            raise ConfigurationError("STOPPER_SIGNING_KEYS and STOPPER_SIGNING_KEYS_FILE are both set")
        if settings.key_storage == "store" and config.get("STOPPER_KEY_FILE"):
            raise ConfigurationError("STOPPER_KEY_FILE is set, and STOPPER_KEY_STORAGE says the store")
        for name, remote in settings.trusted_issuers.items():
            if name == settings.issuer:
                raise ConfigurationError("STOPPER_TRUSTED_ISSUERS names STOPPER_ISSUER itself")
            if not (remote.audiences or settings.audiences or settings.issuer):  # RFC 9068 §4
                raise ConfigurationError(f"STOPPER_TRUSTED_ISSUERS[{name!r}] needs audiences, or STOPPER_AUDIENCES")
        if settings.bound and not (settings.dpop or settings.mtls):
            raise ConfigurationError("STOPPER_BOUND needs STOPPER_DPOP or STOPPER_MTLS")
        if settings.mtls == "Client-Cert" and not settings.trusted_proxies:
            raise ConfigurationError("STOPPER_MTLS = 'Client-Cert' needs STOPPER_TRUSTED_PROXIES")
        if settings.token_format == "jwt" and not settings.issuer:
            raise ConfigurationError("STOPPER_TOKEN_FORMAT = 'jwt' needs STOPPER_ISSUER")
        return settings


# What a deployment hands over as secrets rather than in code (ASVS 13.3.1).
_FROM_ENVIRONMENT = frozenset(("key_encryption_key", "signing_keys", "signing_keys_file", "peppers"))

SHORTEST_PEPPER = 32
"""Characters of a pepper: 256 bits in hexadecimal have 64, in base64 43."""


def _unknown(key: str, known: Mapping[str, object]) -> str:
    names = [KEY_PREFIX + name.upper() for name in known]
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0)[0]
    return f"{key} is no setting of the guard; the nearest is {nearest}"


_SMALLEST = {"refresh_grace": 0, "store_grace": 0, "dpop_nonce": 0}


def _checked(key: str, name: str, value: Any) -> Any:
    wanted = Settings.__annotations__[name]
    if name in _READERS:
        return _READERS[name](key, value)
    if wanted == "bool" and not isinstance(value, bool):
        raise ConfigurationError(f"{key} must be True or False")
    if wanted == "int" and (isinstance(value, bool) or not isinstance(value, int) or value < _SMALLEST.get(name, 1)):
        raise ConfigurationError(f"{key} must be a whole number, {_SMALLEST.get(name, 1)} or more")
    if wanted == "str" and not isinstance(value, str):
        raise ConfigurationError(f"{key} must be a text")
    if name == "token_prefix" and not _PREFIX_FORM.fullmatch(value):
        raise ConfigurationError(f"{key} must be lower-case letters and digits, with at most one underscore between")
    if name in ("realm", "hsts") and not re.fullmatch(r"[ !#-\[\]-~]*", value):
        raise ConfigurationError(f"{key} must be printable ASCII without quotes and backslashes")
    return value


def _proxies(key: str, value: Any) -> tuple[Network | str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{key} must be a list of addresses and networks")
    return tuple(_proxy(key, item) for item in value)


def _proxy(key: str, item: str) -> Network | str:
    if item == "unix":
        return item
    try:
        return ipaddress.ip_network(item)
    except ValueError:
        raise ConfigurationError(f"{key} holds {item!r}, which is no address, no network and not 'unix'") from None


def _proxy_header(key: str, value: Any) -> str:
    if not isinstance(value, str) or value.lower() not in _PROXY_HEADERS:
        raise ConfigurationError(f"{key} must be X-Forwarded-Proto or Forwarded")
    return _PROXY_HEADERS[value.lower()]


def _one_of(*choices: str) -> Callable[[str, Any], str]:
    def read(key: str, value: Any) -> str:
        if value not in choices:
            raise ConfigurationError(f"{key} must be one of {', '.join(choices)}")
        return str(value)

    return read


def _leeway(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_LEEWAY:
        raise ConfigurationError(f"{key} must be from 0 to {LARGEST_LEEWAY} seconds")
    return value


def _issuer(key: str, value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(f"{key} must be an https URL without query and fragment")  # RFC 8414 §2
    return str(value)


def _names(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise ConfigurationError(f"{key} must be a list of names")
    return tuple(value)


_DEFAULT_PORTS = {"https": 443, "http": 80}
LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


def origin(url: str) -> str | None:
    """Return scheme, host and port of an http or https URL in the one way to write them, or None (RFC 3986 §6.2)."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in _DEFAULT_PORTS or not host or parts.username is not None:
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port in (None, _DEFAULT_PORTS[scheme]) else f"{scheme}://{name}:{port}"


def _origins(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{key} must be a list of origins, such as https://shop.test")
    return tuple(_origin(key, item) for item in value)


def _origin(key: str, item: str) -> str:
    found, parts = origin(item), urlsplit(item)
    if found is None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(f"{key} holds {item!r}, which is no origin such as https://shop.test")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES:
        raise ConfigurationError(f"{key} holds {item!r}: http is for loopback only")
    return found


def _secret(key: str, value: Any) -> Secret:
    if not isinstance(value, (str, Secret)):
        raise ConfigurationError(f"{key} must be a text")
    return value if isinstance(value, Secret) else Secret(value)


def _peppers(key: str, value: Any) -> tuple[Secret, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, (str, Secret)) for item in value):
        raise ConfigurationError(f"{key} must be a list of texts, the newest first")
    peppers = tuple(_secret(key, item) for item in value)
    if any(0 < len(pepper.reveal()) < SHORTEST_PEPPER for pepper in peppers):
        raise ConfigurationError(f"{key} holds a pepper of less than {SHORTEST_PEPPER} characters")
    return peppers


def _trusted_issuers(key: str, value: Any) -> Mapping[str, RemoteIssuer]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{key} must map issuers to their settings")
    if not all(isinstance(issuer, str) and issuer for issuer in value):
        raise ConfigurationError(f"{key} must name each issuer by the text of its iss claim")
    return {issuer: _remote_issuer(f"{key}[{issuer!r}]", given) for issuer, given in value.items()}


def is_key_set_address(value: object) -> bool:
    """Tell whether keys may be fetched from an address: over https, with a host, without credentials and fragment."""
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and bool(
        parts.scheme == "https" and parts.hostname and parts.username is None and not parts.fragment
    )


def _remote_issuer(key: str, given: Any) -> RemoteIssuer:
    known = {name.name for name in fields(RemoteIssuer)}
    if not isinstance(given, Mapping) or "jwks" not in given or not given.keys() <= known:
        raise ConfigurationError(f"{key} must hold jwks, and may hold {', '.join(sorted(known - {'jwks'}))}")
    if not is_key_set_address(given["jwks"]):
        raise ConfigurationError(f"{key} jwks must be an https URL with a host and without credentials and fragment")
    longest = given.get("longest_lifetime", 1)
    if isinstance(longest, bool) or not isinstance(longest, int) or longest < 1:
        raise ConfigurationError(f"{key} longest_lifetime must be a whole number of seconds, 1 or more")
    _one_of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")(f"{key} algorithm", given.get("algorithm", "RS256"))
    _one_of("rfc9068", "auth0", "keycloak", "entra", "cognito")(f"{key} profile", given.get("profile", "rfc9068"))
    return RemoteIssuer(**{**given, "audiences": _names(f"{key} audiences", given.get("audiences", ()))})


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "trusted_proxies": _proxies,
    "proxy_header": _proxy_header,
    "token_format": _one_of("opaque", "jwt"),
    "key_storage": _one_of("file", "store"),
    "algorithm": _one_of("EdDSA", "Ed25519", "ES256", "PS256", "RS256", "HS256"),
    "leeway": _leeway,
    "issuer": _issuer,
    "audiences": _names,
    "key_encryption_key": _secret,
    "signing_keys": _secret,
    "peppers": _peppers,
    "trusted_issuers": _trusted_issuers,
    "dpop": _origins,
    "mtls": _one_of("", "server", "Client-Cert"),
}
