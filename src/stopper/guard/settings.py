"""The guard's configuration: `STOPPER_*` keys of `app.config`, read once, checked, frozen."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

KEY_PREFIX = "STOPPER_"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PREFIX_FORM = re.compile(r"[a-z][a-z0-9]{1,15}(?:_[a-z0-9]{1,15})?")
_PROXY_HEADERS = {"x-forwarded-proto": "HTTP_X_FORWARDED_PROTO", "forwarded": "HTTP_FORWARDED"}


class ConfigurationError(Exception):
    """A configuration that the guard refuses to run with; the message names the key and what is wrong."""


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
    hsts: str = "max-age=63072000; includeSubDomains"
    """The Strict-Transport-Security header of secure answers (RFC 6797 §6.1); empty for none."""
    realm: str = "api"
    """The realm in challenges (RFC 9110 §11.5)."""
    token_prefix: str = "stop"
    """The start of opaque tokens, an environment after an underscore if wanted: `shop` or `shop_live`."""
    access_lifetime: int = 3600
    """How long an access token lives; RFC 6750 §5.3 asks for an hour or less."""
    store: str = ""
    """Where tokens are kept: an SQLAlchemy URL; empty for `stopper.db` in the instance folder."""
    cache_size: int = 10_000
    """How many verified tokens each process remembers."""

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
        values.setdefault("store", "sqlite:///" + str(Path(instance_path) / "stopper.db"))
        if os.environ.get("STOPPER_DEV_HTTP") == "1":
            values["dev_http"] = True
        return cls(**values)


def _unknown(key: str, known: Mapping[str, object]) -> str:
    names = [KEY_PREFIX + name.upper() for name in known]
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0)[0]
    return f"{key} is no setting of the guard; the nearest is {nearest}"


def _checked(key: str, name: str, value: Any) -> Any:
    wanted = Settings.__annotations__[name]
    if name == "trusted_proxies":
        return _proxies(key, value)
    if wanted == "bool" and not isinstance(value, bool):
        raise ConfigurationError(f"{key} must be True or False")
    if wanted == "int" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ConfigurationError(f"{key} must be a whole number above zero")
    if wanted == "str" and not isinstance(value, str):
        raise ConfigurationError(f"{key} must be a text")
    if name == "proxy_header":
        if value.lower() not in _PROXY_HEADERS:
            raise ConfigurationError(f"{key} must be X-Forwarded-Proto or Forwarded")
        return _PROXY_HEADERS[value.lower()]
    if name == "token_prefix" and not _PREFIX_FORM.fullmatch(value):
        raise ConfigurationError(f"{key} must be lower-case letters and digits, with at most one underscore between")
    if name in ("realm", "hsts") and not re.fullmatch(r"[ !#-\[\]-~]*", value):
        raise ConfigurationError(f"{key} must be printable ASCII without quotes and backslashes")
    return value


def _proxies(key: str, value: Any) -> tuple[Network | str, ...]:
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{key} must be a list of addresses and networks")
    return tuple(_proxy(key, item) for item in value)


def _proxy(key: str, item: str) -> Network | str:
    if item == "unix":
        return item
    try:
        return ipaddress.ip_network(item)
    except ValueError:
        raise ConfigurationError(f"{key} holds {item!r}, which is no address, no network and not 'unix'") from None
