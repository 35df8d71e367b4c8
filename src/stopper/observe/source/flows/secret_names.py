"""Which names mean a secret, and which texts under such a name are one rather than a word about it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from stopper.observe.source.flows.naming import words

_PAIRS = (
    *(("secret", "key"), ("signing", "key"), ("jwt", "key"), ("hmac", "key"), ("encryption", "key")),
    *(("private", "key"), ("master", "key"), ("session", "key"), ("fernet", "key"), ("jwt", "secret")),
    *(("client", "secret"), ("app", "secret"), ("token", "secret"), ("consumer", "secret"), ("api", "secret")),
    *(("session", "secret"), ("cookie", "secret"), ("shared", "secret"), ("signing", "secret")),
)
_TAILS = frozenset(
    {"hmac", "default", "dev", "prod", "old", "new", "bytes", "b64", "str", "value", "fallback", "current", "hex"}
)
_CONFIGURES = frozenset({"SECRET_KEY", "JWT_SECRET_KEY", "secret_key"})
_PUBLIC = frozenset(
    "public publishable site primary foreign sort cache partition pub routing lookup natural row group map dict json "
    "name field header param parameter column cookie env session redis".split()
)
_ADDRESSES = frozenset({"url", "uri", "dsn"})
_STORES = frozenset(
    "database db sqlalchemy mongo mongodb redis broker postgres postgresql mysql amqp celery rabbitmq sql dsn".split()
)
_WITH_PASSWORD = re.compile(r"[\w+.-]+://[^:/@\s]*:(?P<password>[^@/\s]+)@(?P<host>[\w.-]*)")
_OF_DRIVER = re.compile(
    r"(?:^|;)\s*(?:server|host|data source)\s*=\s*(?:tcp:)?(?P<host>[\w.-]+).*;\s*(?:pwd|password)\s*=\s*"
    r"(?P<password>[^;{}<\s]+)",
    re.I | re.S,
)
"""What an ODBC or ADO driver connects by: `SERVER=…;UID=…;PWD=…`."""
_REMOTE = re.compile(
    r"(?!127\.|0\.0\.0\.0)(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[\w-]+\.)+(?!local$|localhost$|internal$|example$|test$)[a-z]{2,})",
    re.I,
)
"""A machine that has an address of its own: neither this one nor the name of a container beside it."""
_PLAIN_WORD = re.compile(r"pass|pwd|secret|example|change|your|test|dummy|user|admin|root|postgres|mysql|x{3}|\*", re.I)
_PASSWORDS = frozenset({"password", "passwd", "pwd"})
_GENERATED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)")
"""Upper and lower case and digits: a password that a generator made for a service, not one of an example."""
_NAMED_KEYS = frozenset({"key", "token", "apikey", "jwt"})

ELSEWHERE = re.compile(
    r"^(\$|\{|<|%\(|https?://|/[\w.-]+/|\./|arn:|alias/|vault[:. ]|file:|env:|op://|ENC\[|ref\+|\*+$|x+$|\.+$"
    r"|-----BEGIN (PUBLIC|CERT)|ssh-|pk_(live|test)_)",
    re.I,
)
"""Texts that only point at a secret, and keys that are public by their form: a payment service's publishable ones."""

_SETTING = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")

_DESCRIBES = frozenset(
    "string str text password hidden required optional true false none null secret_text bearer basic header query "
    "body form json access refresh token secret key foo bar baz example client_secret api_key "
    "apikey default auto unknown".split()
)


def _is_address(parts: Sequence[str]) -> bool:
    """Tell whether the words of a name mean the address of a store, in which a password may stand."""
    return parts[-1] in _ADDRESSES and not _STORES.isdisjoint(parts)


@functools.lru_cache(maxsize=20_000)
def strength(name: str) -> int:
    """Return 2 where a name can only mean a secret, 1 where the value must look like one too, 0 for other names."""
    parts = [part for part in words(name) if not part.isdigit()]
    if parts and parts[0] in ("is", "has", "no", "use", "with", "show", "require"):
        return 0
    while len(parts) > 2 and parts[-1] in _TAILS:
        parts.pop()
    if len(parts) >= 2 and tuple(parts[-2:]) in _PAIRS:
        return 1 if parts[-2:] == ["session", "key"] or "public" in parts else 2
    if parts and parts[-1] == "secret":
        return 2
    if parts and parts[-1] in _NAMED_KEYS and _PUBLIC.isdisjoint(parts):
        return 1
    return 1 if parts and (parts[-1] in _PASSWORDS or _is_address(parts)) else 0


def means_secret(name: str) -> bool:
    """Tell whether a name may mean a secret."""
    return strength(name) > 0


def is_secret(name: str, text: str, default: bool) -> bool:
    """Tell whether a text under such a name is the secret: neither a reference to it nor what it is described by.

    What stands in for a missing setting may hold blanks.
    """
    if text == name or not re.search("[A-Za-z0-9]", text) or ELSEWHERE.match(text.strip()):
        return False
    if text.startswith("-----BEGIN") and "PRIVATE KEY" in text:
        return "..." not in text  # no letter of base64: an abridged key opens nothing
    last = words(name)[-1:]
    if last and _is_address(words(name)):
        held = _WITH_PASSWORD.match(text)
        return held is not None and (
            is_secret("password", held["password"], default) or opens(held["host"], held["password"])
        )
    if last and last[0] in _PASSWORDS:
        return bool(_GENERATED.match(text)) and looks_random(text, 16)
    if strength(name) == 1:
        return looks_random(text, 20 if words(name)[-1] == "key" and "api" not in words(name) else 12)
    if name in _CONFIGURES or "SECRET_KEY" in name or "JWT" in name.upper():
        return True
    plain = text.strip().lower()
    same = "".join(words(text)) == "".join(words(name))
    return plain not in _DESCRIBES and not same and not _names_setting(name, text) and (default or " " not in plain)


def driver_password(text: str) -> str:
    """Return the password in a text by which a driver connects to another machine, "" where there is none."""
    held = _OF_DRIVER.search(text)
    return held["password"] if held is not None and opens(held["host"], held["password"]) else ""


def opens(machine: str, password: str) -> bool:
    """Tell whether a password opens a machine that has an address of its own, and is no word of an example."""
    machine = re.sub(r"^\w+://|:\d+/?$", "", machine)
    if not _REMOTE.fullmatch(machine) or "example" in machine or ELSEWHERE.match(password):
        return False
    return len(password) >= 6 and any(map(str.isdigit, password)) and not _PLAIN_WORD.search(password)


def _names_setting(name: str, text: str) -> bool:
    """Tell whether a text is the name of the setting that holds the secret: `client_secret: "SHOP_CLIENT_SECRET"`."""
    return bool(_SETTING.fullmatch(text)) and not name.isupper() and text.lower().endswith("_" + "_".join(words(name)))


def looks_random(text: str, shortest: int) -> bool:
    """Tell whether a text looks made by a generator or a vendor: long, without blanks, letters mixed with digits."""
    if len(text) < shortest or not re.fullmatch(r"[\w.+/=:~-]+", text) or re.search(r"[a-z]{12}", text):
        return False
    return sum(character.isdigit() for character in text) >= 3 and any(character.isalpha() for character in text)
