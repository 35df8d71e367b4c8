"""Which of the things that look like credentials are some: what a report may say of them must be true.

`secret.recognise` hides whatever may be a credential, and hides rather too much. Here the same forms are held to more:
a header must decode, a checksum be right, a value be none of the words that stand in for one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Iterator
from typing import Any

from stopper.secret import Match, opaque_checksum, recognise

__all__ = ["credentials", "expiry_passed"]

_EXACT = frozenset(("JWT", "opaque token", "vendor key", "signed value"))
"""Forms that need no name beside them."""

_OPAQUE = re.compile(r"([a-z0-9_]{1,40}_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})")
_COOKIE = re.compile(r"(?i:\b(?:set-)?cookie)[\"'\\]{0,4}[ \t]{0,3}[:=,][^\r\n]{0,8192}")
_COOKIE_VALUE = re.compile(
    r"(?i:(?<![\w-])(?:__(?:host|secure)-)?(?:(?:connect\.)?sid|s?auth|sso|remember(?:_me)?|id))=([A-Za-z0-9%._~+/|:-]{16,4096})"
)


def credentials(text: str) -> Iterator[Match]:
    """Yield the credentials of a text in their order; `text` is a line, or what of a long one can matter."""
    done = 0
    for match in sorted((*recognise(text), *_cookies(text)), key=lambda found: found.start):
        if match.start < done:
            continue
        exact = _exact(text, match)
        if exact is not None:
            done = exact.end
            yield exact


def _exact(text: str, match: Match) -> Match | None:
    value = text[match.start : match.end]
    if match.kind not in _EXACT:
        inner = next((found for found in recognise(value) if found.kind in _EXACT), None)
        if inner is not None:
            return _exact(text, Match(match.start + inner.start, match.start + inner.end, inner.kind))
    if _is_masked(text, match.end) or _in_data(text, match.start):
        return None
    if match.kind == "JWT":
        length = _token_length(value)
        return Match(match.start, match.start + length, match.kind) if length else None
    if match.kind == "vendor key" and value.startswith("ZXlK"):
        return match if _token_length(_decoded(value).decode("latin-1")) else None
    if match.kind == "vendor key":
        return None if _FILLED.search(value) else match
    if match.kind == "signed value":
        return match if _is_signed(value) else None
    if match.kind in _EXACT:
        return match
    if _is_placeholder(value):
        return None
    opaque = _OPAQUE.search(value)
    if opaque and opaque_checksum(opaque[1]) != opaque[2]:
        return None
    return match if _plausible(match.kind, value) else None


# --------------------------------------------------------------------------- JWS and JWE


def _token_length(value: str) -> int:
    """Return how long the JWS or JWE is that a text begins with, 0 for none: its header must decode (RFC 7515 §5.2)."""
    parts = value.split(".")
    header = _object(parts[0])
    if not isinstance(header.get("alg"), str):
        return 0
    if "enc" in header:  # RFC 7516 §7.1: five parts, of which the second may be empty
        return len(".".join(parts[:5])) if len(parts) >= 5 and all(parts[2:5]) else 0
    if len(parts) < 3 or not _decoded(parts[1]):
        return 0
    unsigned = header["alg"].lower() == "none"
    return len(".".join(parts[:3])) if len(parts[2]) >= 22 or unsigned else 0  # 128 bits at the least


def _object(segment: str) -> dict[str, Any]:
    try:
        read = json.loads(_decoded(segment))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _decoded(segment: str) -> bytes:
    plain = segment.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


def expiry_passed(token: str) -> bool | None:
    """Tell whether a JWT says that it has expired (RFC 7519 §4.1.4); None where it does not say."""
    parts = token.split(".")
    expiry = _object(parts[1]).get("exp") if len(parts) == 3 else None
    if isinstance(expiry, bool) or not isinstance(expiry, (int, float)):
        return None
    return expiry <= time.time()


def _is_signed(value: str) -> bool:
    """Tell a value of itsdangerous from the dotted name of a class, by its payload or by its signature."""
    payload, _, signature = value.rpartition(".")
    first = payload.split(".")[0]
    if payload.startswith(".eJ") or re.search(r"[0-9_-]", signature):
        return True
    try:
        json.loads(_decoded(first))
    except (ValueError, RecursionError):
        return False
    return True


# --------------------------------------------------------------------------- what stands in for a credential

# Files are taken a byte a character: there an ellipsis is three of them.
_MASK = re.compile(r"%2A|[*•…]|â\x80[¢¦]|\.\.\.|\[redacted")
_PLACEHOLDER = re.compile(
    r"""(?ix: .*(?<![a-z])(?: redacted | removed | filtered | masked | hidden | your[-_].* | your(?:own|api|access|token
    | secret|key|password|jwt|client)\w* | example | sample | changeme | change[-_]me | placeholder | dummy
    | replace[-_]?(?:me|with) | insert[-_]\w+ | foobar )(?![a-z]).* | .*(?: \*{3} | \.{3} | … | â\x80¦ | %[sdr] ).*
    | [<{$%\[(].* | .*[}>)\]] )\Z"""
)
_FILLED = re.compile(r"EXAMPLE|example|(?P<same>.)(?P=same){5}|1234567890|abcdefghij|0123456789")
"""What people write where an issuer writes random characters."""
_LONGEST_PLACEHOLDER = 128


def _is_masked(text: str, end: int) -> bool:
    """Tell whether a value was cut and goes on as dots or stars."""
    return _MASK.match(text, end) is not None


def _is_placeholder(value: str) -> bool:
    return len(value) <= _LONGEST_PLACEHOLDER and bool(_PLACEHOLDER.match(value) or _FILLED.search(value))


def _in_data(text: str, start: int) -> bool:
    """Tell whether a place lies in the base64 of a `data:` URL (RFC 2397), an image for one."""
    begin = text.rfind("base64,", 0, start)
    return begin >= 0 and re.fullmatch(r"[A-Za-z0-9+/=%]*", text[begin + 7 : start]) is not None


# --------------------------------------------------------------------------- credentials by their name

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HASHED = re.compile(r"(?i:\$|pbkdf2[:_(]|scrypt:|argon2|\{s?sha|hmac-|(?:sha-?\d+|md5|bcrypt|blake2\w?)[:=$-])")
_NO_SECRET = re.compile(
    r"(?i: [\d.,:/%+-]+ [a-z]{0,3} | \.{0,2}/.* | [a-z]:\\.* | [a-z][a-z0-9+.-]{1,10}://[^@]* | 0x[0-9a-f]{1,8}"
    r" | [a-z]{1,18} (?:[._/-][a-z]{1,18})* \d{0,2} | [\w.]+\.(?:py|js|json|pem|key|txt|ya?ml|toml|conf|html?|log) )\Z",
    re.VERBOSE,
)
_KEY_BODY = re.compile(r"-----[A-Z0-9 ]+-----|\\[nr]|[^A-Za-z0-9+/]")
_SHORTEST_KEY = 44  # characters of base64: 32 bytes
_PASSWORDS = ("pass", "pwd")
_STRONG = ("token", "jwt", "secret", "key", "authorization", "pepper", "bearer", "dpop")


def _plausible(kind: str, value: str) -> bool:
    """Tell a value that its name calls a credential from a count, a path, a hash or a word."""
    if kind == "basic credential":
        return True
    if kind == "private key":
        return len(_KEY_BODY.sub("", value)) >= _SHORTEST_KEY
    if _HASHED.match(value):
        return False
    if kind.startswith(_PASSWORDS) or kind == "URL password":
        return len(value) >= 4 and not re.match(r"\.{0,2}/|[\d.]+\Z|[({<$%&]", value) and not value.isspace()
    if _NO_SECRET.match(value) or " " in value:
        return False
    if _UUID.fullmatch(value):
        return kind.endswith(_STRONG) or kind.startswith(_STRONG)
    return len(value) >= (8 if kind.startswith(_STRONG) or kind.endswith("key") else 16) and _mixed(value)


def _mixed(value: str) -> bool:
    """Tell whether digits stand among the letters of a value, or its case changes within words."""
    digits = sum(map(str.isdigit, value))
    turns = len(re.findall(r"[a-z][A-Z]", value))
    return (digits >= 1 and any(map(str.isalpha, value))) or turns * 6 > len(value)


def _cookies(text: str) -> Iterator[Match]:
    """Yield the values of cookies whose names are customary for a login and say nothing outside of a cookie."""
    if "ookie" not in text and "OOKIE" not in text:
        return
    for line in _COOKIE.finditer(text):
        for found in _COOKIE_VALUE.finditer(text, line.start(), line.end()):
            yield Match(found.start(1), found.end(1), "session cookie")
