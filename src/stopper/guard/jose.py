"""Compact JWS, read strictly: one parse, one key, one algorithm (RFC 7515, RFC 8725 and its successor draft).

Everything that leaves room for two readings is refused before a signature is computed: other serialisations,
non-canonical base64url, encodings other than UTF-8, duplicate members, numbers that are none, critical headers,
unencoded payloads, compression, encryption. The signature itself is checked by the key (see `keys`).
"""

from __future__ import annotations

import functools
import json
import re
import string
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError as LibraryError
from joserfc.jws import JWSRegistry

from stopper.guard.keys import Key

LONGEST_TOKEN = 16_384
LONGEST_HEADER = 4_096
DEEPEST = 16
"""How deep header and claims may nest."""


class JoseError(Exception):
    """A token that is not taken; the text says why and holds nothing of the token."""


class Parsed(NamedTuple):
    """A compact JWS taken apart, its signature not yet checked: nothing of it but `key_id` may be used before."""

    header: Mapping[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    def __repr__(self) -> str:
        """Return nothing of the token."""
        return "Parsed(...)"

    @property
    def key_id(self) -> str | None:
        """The header's `kid`: an opaque name to look up in a key ring and nothing else (RFC 8725 §3.10)."""
        value: str | None = self.header.get("kid")
        return value


_CHARACTERS = (string.ascii_letters + string.digits + "-_.").encode()
# Canonical base64url (RFC 7515 §2, RFC 4648 §3.5) has no spare bits set in a last, partial group: which characters may
# end a segment, by the length of that group.
_MAY_END = {2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")

# `crit` names extensions that must be understood (RFC 7515 §4.1.11), and none is; `b64` changes what is signed
# (RFC 7797); `zip` and `enc` belong to JWE.
_REFUSED_HEADERS = frozenset(("crit", "b64", "zip", "enc"))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith("https://")  # RFC 7515 §4.1.2, §4.1.5: over TLS only


# RFC 7515 §4.1. Of these only `alg`, `kid` and `typ` are ever used, but other readers look at the rest, and what is
# malformed to one of them is taken by none.
_FORMS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("alg", "kid", "typ", "cty", "x5t", "x5t#S256"), _is_text),
    "jku": _is_address,
    "x5u": _is_address,
    "jwk": lambda value: isinstance(value, dict),
    "x5c": lambda value: isinstance(value, list) and all(map(_is_text, value)),
}


def parse(token: str) -> Parsed:
    """Take a compact JWS apart; raise JoseError for whatever is not exactly one."""
    if len(token) > LONGEST_TOKEN:
        raise JoseError("token too long")
    data = token.encode("ascii", "replace")
    segments = data.split(b".")
    if len(segments) == 5:
        raise JoseError("encrypted tokens are not taken")
    if data.translate(None, _CHARACTERS) or len(segments) != 3 or not segments[0] or not segments[2]:
        raise JoseError("not a canonical compact JWS")
    first, second, third = segments
    if len(first) > LONGEST_HEADER:
        raise JoseError("header too long")
    return Parsed(_header(first), _decoded(second), data[: -len(third) - 1], _decoded(third))


@functools.lru_cache(maxsize=64)
def _header(segment: bytes) -> Mapping[str, Any]:
    """Return the header of a token. An issuer's tokens have one in common, so the last ones are remembered."""
    header = json_object(_decoded(segment))
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise JoseError("critical, unencoded, compressed or encrypted")
    for name, value in header.items():
        if name in _FORMS and not _FORMS[name](value):
            raise JoseError(f"{name} is malformed")
    return MappingProxyType(header)


def _decoded(segment: bytes) -> bytes:
    """Return the bytes of base64url characters; raise JoseError where another spelling would mean the same bytes."""
    partial = len(segment) % 4
    if partial and (partial == 1 or segment[-1] not in _MAY_END[partial]):
        raise JoseError("not canonical base64url")
    return a2b_base64(segment.translate(_TO_STANDARD) + b"==")


def verified(parsed: Parsed, key: Key) -> bytes:
    """Return the payload if this key signed it with its one algorithm; raise JoseError otherwise."""
    name = parsed.header.get("alg")
    if name not in key.names:  # the key decides, and the header may only agree (RFC 8725 §3.1)
        raise JoseError("the algorithm is not that of the key")
    try:
        genuine = key.verify(parsed.signing_input, parsed.signature)
    except (ValueError, LibraryError, UnsupportedAlgorithm):
        genuine = False
    if not genuine:
        raise JoseError("the signature does not match")
    return parsed.payload


def sign(claims: Mapping[str, Any], key: Key, token_type: str) -> str:
    """Return a compact JWS of claims with `alg`, `typ` and `kid` in its header."""
    header = {"alg": key.algorithm, "typ": token_type, "kid": key.id}
    signing_input = f"{_encoded(_json(header))}.{_encoded(_json(claims))}"
    signature = JWSRegistry.algorithms[key.algorithm].sign(signing_input.encode("ascii"), key.material)
    return f"{signing_input}.{_encoded(signature)}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


# --------------------------------------------------------------------------- strict JSON


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JoseError("duplicate member")  # RFC 7519 §4 allows refusing or last-wins; two readers may differ
    return members


def _no_number(text: str) -> NoReturn:
    raise JoseError("NaN and Infinity are no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
_STRUCTURE = re.compile(r'[\[{]|[\]}]|"(?:[^"\\]|\\.)*+"')


def json_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object of some UTF-8 bytes; raise JoseError for anything else, duplicate members included."""
    try:
        text = data.decode("utf-8")  # bis §3.7: UTF-8 only, and no byte order mark
        if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
            raise JoseError("nested too deeply")
        text = text.strip(" \t\n\r")  # RFC 8259 §2
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        raise JoseError("not JSON in UTF-8") from None
    if end != len(text):
        raise JoseError("more than one JSON value")
    if not isinstance(value, dict):
        raise JoseError("not a JSON object")
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _STRUCTURE.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest
