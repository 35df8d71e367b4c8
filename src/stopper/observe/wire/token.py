"""What a token is, told from its text alone: its form, what stands in it, and how much of it nobody can guess.

Nothing is verified here. A form is named only where the text could hardly be anything else.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import math
import re
import string
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stopper.observe.wire import jwt
from stopper.secret import opaque_checksum


class Form(enum.Enum):
    """The kinds of tokens that the field uses."""

    JWS = "JWT"
    JWE = "encrypted JWT"
    SIGNED = "value signed by itsdangerous"
    SESSION = "Flask session"
    PASETO = "PASETO"
    CHECKED = "opaque token with a checksum"
    UUID = "UUID"
    OBJECT_ID = "ObjectId"
    ULID = "ULID"
    SNOWFLAKE = "snowflake number"
    ENCODED = "encoded text"
    DIGEST = "hexadecimal digest"
    OPAQUE = "opaque token"


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart.

    `algorithm` is as told (`HS256`, `HMAC-SHA1`, `v4.public`, `version 4`). `claims` are those that can be read without
    a key. `issued` and `expires` are Unix times where the token tells them. `bits` is the most that can be unguessable
    of it by its form, None where a signature decides. `content` is the text inside of an encoded one: it may be secret.
    """

    form: Form
    algorithm: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    issued: float | None = None
    expires: float | None = None
    bits: float | None = None
    content: str = field(default="", repr=False)

    @property
    def lifetime(self) -> float | None:
        """Return how many seconds the token is good for by its own words."""
        return self.expires - self.issued if self.issued is not None and self.expires is not None else None


def read(text: str) -> Token:
    """Return what a token is."""
    for form in (_jose, _paseto, _itsdangerous, _uuid, _identifier, _encoded):
        found = form(text)
        if found is not None:
            return found
    return _opaque(text)


# --------------------------------------------------------------------------- signed and encrypted


def _jose(text: str) -> Token | None:
    parsed = jwt.parse(text)
    if parsed is not None:
        times = (_time(parsed.claims.get("iat")), _time(parsed.claims.get("exp")))
        return Token(Form.JWS, str(parsed.header.get("alg")), parsed.claims, *times)
    if text.count(".") == 4:  # RFC 7516, 7.1
        header = _object(jwt.decode(text.partition(".")[0]) or b"")
        if header is not None and "enc" in header:
            return Token(Form.JWE, str(header.get("alg")))
    return None


def _time(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_PASETO = re.compile(r"(v[1-4]\.(?:local|public))\.([A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]+)?")
_PASETO_SIGNATURES = {"v1.public": 256, "v2.public": 64, "v3.public": 96, "v4.public": 64}


def _paseto(text: str) -> Token | None:
    found = _PASETO.fullmatch(text)
    if not found:
        return None
    signature = _PASETO_SIGNATURES.get(found[1])
    claims = _object((jwt.decode(found[2]) or b"")[:-signature]) if signature else None
    return Token(Form.PASETO, found[1], claims or {})


_SIGNATURES = {27: "HMAC-SHA1", 43: "HMAC-SHA256", 64: "HMAC-SHA384", 86: "HMAC-SHA512"}
_FIRST_MOMENT, _LAST_MOMENT = 1_300_000_000, 2_900_000_000


def _itsdangerous(text: str) -> Token | None:
    """Read `payload.signature` and `payload.timestamp.signature`; Flask's session is an object in the second form."""
    parts = text.rsplit(".", 2)
    algorithm = _SIGNATURES.get(len(parts[-1]))
    if len(parts) < 2 or algorithm is None or not re.fullmatch(r"[A-Za-z0-9_-]+", parts[-1]):
        return None
    moment = int.from_bytes(jwt.decode(parts[1]) or b"", "big") if len(parts) == 3 and len(parts[1]) == 6 else 0
    dated = _FIRST_MOMENT < moment < _LAST_MOMENT
    payload = parts[0] if dated else text.rpartition(".")[0]
    content = _payload(payload)
    if content is None:
        return None
    form = Form.SESSION if dated and isinstance(content, dict) and algorithm == "HMAC-SHA1" else Form.SIGNED
    claims = content if isinstance(content, dict) else {}
    return Token(form, algorithm, claims, issued=float(moment) if dated else None)


def _payload(payload: str) -> Any:
    """Return the JSON value of a payload, None where it is none; a leading dot says that it is compressed."""
    data = jwt.decode(payload.removeprefix(".")) or b""
    try:
        if payload.startswith("."):
            data = zlib.decompressobj().decompress(data, 1 << 20)
        return json.loads(data)
    except (zlib.error, ValueError, RecursionError):
        return None


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


# --------------------------------------------------------------------------- identifiers

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?([1-8])[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE)
_UUID_BITS = {"1": 14.0, "2": 8.0, "3": 0.0, "4": 122.0, "5": 0.0, "6": 14.0, "7": 74.0, "8": 122.0}
"""What RFC 9562 leaves to chance: of versions 1 and 6 the clock sequence, of 3 and 5 nothing."""

_UUID_EPOCH = 12_219_292_800  # seconds from 1582-10-15, RFC 9562 section 5.1


def _uuid(text: str) -> Token | None:
    found = _UUID.fullmatch(text)
    # Without hyphens 32 digits are a UUID by chance once in 32 times: only those of a plausible time count.
    if not found:
        return None
    version, digits = found[1], text.replace("-", "").lower()
    moment = _uuid_time(version, digits)
    if "-" not in text and version != "4" and moment is None:
        return None
    if "-" not in text and version == "4":
        return None
    return Token(Form.UUID, f"version {version}", issued=moment, bits=_UUID_BITS[version])


def _uuid_time(version: str, digits: str) -> float | None:
    if version == "1":
        ticks = int(digits[13:16] + digits[8:12] + digits[:8], 16)
    elif version == "6":
        ticks = int(digits[:12] + digits[13:16], 16)
    elif version == "7":
        return _plausible(int(digits[:12], 16) / 1000)
    else:
        return None
    return _plausible(ticks / 1e7 - _UUID_EPOCH)


def _plausible(moment: float) -> float | None:
    """Return a time if a token of today can have been made then: in the last ten years, at most a day ahead."""
    now = time.time()
    return moment if now - 315_360_000 < moment < now + 86_400 else None


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SNOWFLAKE_EPOCHS = (1_288_834_974.657, 1_420_070_400.0, 1_314_220_021.721)
"""From when three large services count their snowflakes."""


def _identifier(text: str) -> Token | None:
    if re.fullmatch(r"[0-9a-f]{24}", text):
        moment = _plausible(float(int(text[:8], 16)))
        # 40 bits are chosen once a process, 24 count up: nothing is left to chance from one to the next.
        return Token(Form.OBJECT_ID, issued=moment, bits=0.0) if moment else None
    if re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", text):
        moment = _plausible(_crockford(text[:10]) / 1000)
        return Token(Form.ULID, issued=moment, bits=80.0) if moment else None
    if re.fullmatch(r"[1-9][0-9]{16,18}", text):
        moments = [_plausible((int(text) >> 22) / 1000 + epoch) for epoch in _SNOWFLAKE_EPOCHS]
        moment = next((moment for moment in moments if moment), None)
        return Token(Form.SNOWFLAKE, issued=moment, bits=0.0) if moment else None
    return None


def _crockford(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 32 + _CROCKFORD.index(digit)
    return value


# --------------------------------------------------------------------------- encoded and opaque

_READABLE = frozenset(string.printable) - set("\x0b\x0c\r")
_DIGESTS = {32: "MD5", 40: "SHA-1", 56: "SHA-224", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}
_WORDLIKE = re.compile(r"[A-Za-z]{2,}|\d{4,}")


def _encoded(text: str) -> Token | None:
    content = _content(text)
    if content is None:
        return None
    claims = _object(content.encode()) or {}
    return Token(Form.ENCODED, claims=claims, bits=None, content=content)


def _content(text: str) -> str | None:
    """Return the text that a token is the base64 or hexadecimal form of, None where it is no text."""
    for data in _decodings(text):
        try:
            content = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        # Random bytes are seldom text: of eight, once in three thousand times.
        if len(content) >= 6 and set(content) <= _READABLE and _WORDLIKE.search(content):
            return content
    return None


def _decodings(text: str) -> Iterator[bytes]:
    if len(text) % 2 == 0 and re.fullmatch(r"[0-9a-fA-F]{12,}", text):
        yield bytes.fromhex(text)
    elif len(text) >= 8 and re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", text):
        plain = text.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except (binascii.Error, ValueError):
            return


def _opaque(text: str) -> Token:
    body, _, ending = text.rpartition("_")
    if body and body.isascii() and ending == opaque_checksum(body):
        return Token(Form.CHECKED, bits=_most_bits(body.rpartition("_")[2]))
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text) and len(text) in _DIGESTS:
        return Token(Form.DIGEST, _DIGESTS[len(text)], bits=4.0 * len(text))
    return Token(Form.OPAQUE, bits=_most_bits(text))


_ALPHABETS = (
    string.digits,
    string.digits + "abcdef",
    string.digits + "ABCDEF",
    string.ascii_uppercase + "234567",
    string.digits + string.ascii_lowercase,
    string.digits + string.ascii_uppercase,
    string.digits + string.ascii_letters,
    string.digits + string.ascii_letters + "-_",
)


def _most_bits(text: str) -> float:
    """Return the bits that so many characters of the smallest usual alphabet can hold."""
    used = set(text)
    size = next((len(alphabet) for alphabet in _ALPHABETS if used <= set(alphabet)), 85)
    return len(text) * math.log2(size)
