"""Stand-ins for credentials: of the same form, the same for the same value, and good for nothing.

What a recording is read for is the form of its credentials: where they stand, how long they are, of which alphabet,
what a signed one says of itself. Their values are not needed, so that they need not be kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
import string
import zlib
from collections.abc import Callable
from typing import Any

from stopper.observe.wire import jwt
from stopper.observe.wire.token import Form, read
from stopper.secret import opaque_checksum, suspicious

LONG = 12
"""Characters from which on a credential is looked for everywhere: a shorter one may be a word that means another."""

_RUN = re.compile(r"%[0-9A-Fa-f]{2}|\\(?:u[0-9A-Fa-f]{4}|.)|[A-Za-z0-9]+")
"""Letters and digits, and the escapes of addresses and JSON, which must stay what they are."""

_STRUCTURE = 8
_ENOUGH = 16
"""Shorter runs are prefixes and versions, and stay where so many other characters are replaced."""

_TIMES = {Form.OBJECT_ID: 8, Form.ULID: 10, Form.SNOWFLAKE: 10}
"""Characters that tell when such an identifier was made."""

_SIGNATURES = {"v1.public": 256, "v2.public": 64, "v3.public": 96, "v4.public": 64}
_RANDOM = re.compile(r"[A-Za-z0-9_-]{16,}")
_STANDARD = frozenset({"alg", "aud", "iss", "kid", "scope", "scp", "token_use", "typ"})


class StandIns:
    """The stand-ins of one recording, made with a key that is never written and ends with it.

    `disguise(text)` hides the credentials that a text inside a credential holds. `learnt` are the long credentials so
    far with their stand-ins, in the order of their first sight.
    """

    def __init__(self, disguise: Callable[[str], str]) -> None:
        """Draw a key."""
        self._key = secrets.token_bytes(32)
        self._disguise = disguise
        self._given: set[str] = set()
        self.learnt: dict[str, str] = {}

    def of(self, value: str) -> str:
        """Return the stand-in of a credential, and look for it everywhere from now on if it is long enough."""
        if not value or value in self._given:
            return value
        made = self.learnt.get(value) or self._made(value)
        self._given.add(made)
        if len(value) >= LONG:
            self.learnt[value] = made
        return made

    def in_place(self, value: str) -> str:
        """Return the stand-in of what may be a credential and may be a mere identifier: it is looked for nowhere."""
        return value if value in self._given else self.learnt.get(value) or self._made(value)

    def private_key(self, value: str) -> str:
        """Return a PEM private key with another inside, between the same lines."""
        begin, line, rest = value.partition("KEY-----")
        inside, end, ending = rest.partition("-----END")
        return f"{begin}{line}{self._drawn(value, inside, 1)}{end}{ending}"

    def password(self, value: str) -> str:
        """Return twelve letters and digits: neither the length nor the alphabet of a password is kept.

        The hash of one is a long text with a form of its own.
        """
        return self.of(value) if len(value) > 30 else base64.b32encode(self._bytes(value, 8)).decode()[:12].lower()

    def _made(self, value: str) -> str:
        token = read(value)
        makers = {
            Form.JWS: self._jws,
            Form.SIGNED: self._signed,
            Form.SESSION: self._signed,
            Form.PASETO: self._paseto,
            Form.CHECKED: self._checked,
            Form.ENCODED: self._encoded,
        }
        maker = makers.get(token.form)
        if maker:
            return maker(value)
        kept = _TIMES.get(token.form, 0)
        return value[:kept] + self._replaced(value, value[kept:])

    # ------------------------------------------------------------------ characters

    def _bytes(self, value: str, number: int) -> bytes:
        return hashlib.shake_256(self._key + value.encode("utf-8", "surrogatepass")).digest(number)

    def _replaced(self, value: str, text: str) -> str:
        """Return a part of a value with its long runs of letters and digits replaced; all, where few are long."""
        long = [run for run in _RUN.findall(text) if len(run) >= _STRUCTURE]
        return self._drawn(value, text, _STRUCTURE if sum(map(len, long)) >= _ENOUGH else 1)

    def _drawn(self, value: str, text: str, shortest: int) -> str:
        """Replace each letter and digit of the runs that are as long by another of the alphabet that they are of."""
        noise = iter(self._bytes(value, 2 * len(text)))

        def other(run: re.Match[str]) -> str:
            if len(run[0]) < shortest or run[0][0] in "%\\":
                return run[0]
            alphabets = _alphabets(run[0])
            return "".join(character(next(each for each in alphabets if old in each)) for old in run[0])

        def character(alphabet: str) -> str:
            return alphabet[int.from_bytes((next(noise), next(noise)), "big") % len(alphabet)]

        return _RUN.sub(other, text)

    # ------------------------------------------------------------------ forms with an inside

    def _jws(self, value: str) -> str:
        """Keep the header and the claims; without a right signature they open nothing."""
        header, payload, signature = value.split(".")
        claims = jwt.parse(value)
        said = self._told(dict(claims.claims)) if claims else {}
        inside = payload if claims is None or said == claims.claims else jwt.encode(_compact(said))
        return f"{header}.{inside}.{self._signature(value, signature)}"

    def _signed(self, value: str) -> str:
        """Keep what itsdangerous signed, and when."""
        body, _, signature = value.rpartition(".")
        payload, dot, moment = body.rpartition(".")
        if len(moment) != 6 or not payload.strip("."):
            payload, dot, moment = body, "", ""
        return f"{self._payload(payload)}{dot}{moment}.{self._signature(value, signature)}"

    def _payload(self, payload: str) -> str:
        data = jwt.decode(payload.removeprefix(".")) or b""
        try:
            packed = zlib.decompressobj().decompress(data, 1 << 20) if payload.startswith(".") else data
            content = json.loads(packed)
        except (zlib.error, ValueError, RecursionError):
            return self._replaced(payload, payload)
        told = self._told(content)
        if told == content:
            return payload
        return (
            f".{jwt.encode(zlib.compress(_compact(told)))}" if payload.startswith(".") else jwt.encode(_compact(told))
        )

    def _told(self, content: Any, name: str = "", depth: int = 8) -> Any:
        """Return JSON without its credentials, and without the long identifiers that may be used as such."""
        if not depth:
            return None
        if isinstance(content, dict):
            return {key: self._told(member, str(key), depth - 1) for key, member in content.items()}
        if isinstance(content, list):
            return [self._told(member, name, depth - 1) for member in content]
        if not isinstance(content, str):
            return content
        if name not in _STANDARD and (_RANDOM.fullmatch(content) or suspicious(name)):
            return self.in_place(content)
        return self._disguise(content)

    def _signature(self, value: str, signature: str) -> str:
        data = jwt.decode(signature)
        drawn = jwt.encode(self._bytes(value, len(data))) if data else ""
        return drawn if len(drawn) == len(signature) else self._replaced(value, signature)

    def _paseto(self, value: str) -> str:
        """Keep the claims of a public one before its signature; the inside of a local one is replaced whole."""
        version, purpose, payload, *footer = value.split(".")
        data, signed = jwt.decode(payload) or b"", _SIGNATURES.get(f"{version}.{purpose}", 0)
        kept = data[: len(data) - signed] if signed else b""
        made = jwt.encode(kept + self._bytes(value, len(data) - len(kept)))
        return ".".join((version, purpose, made, *footer))

    def _checked(self, value: str) -> str:
        body, _, _ = value.rpartition("_")
        made = self._replaced(value, body)
        return f"{made}_{opaque_checksum(made)}"

    def _encoded(self, value: str) -> str:
        """Encode a stand-in of the text inside: a token that is the base64 of something is told by that."""
        content = read(value).content
        made = self._drawn(value, content, 1).encode()
        if re.fullmatch(r"[0-9a-fA-F]{12,}", value) and len(value) % 2 == 0:
            return made.hex()
        coded = base64.urlsafe_b64encode(made) if set("-_") & set(value) else base64.b64encode(made)
        return coded.decode() if value.endswith("=") else coded.decode().rstrip("=")

    def basic(self, value: str) -> str:
        """Return the credentials of Basic (RFC 7617) with another password, the user kept."""
        try:
            user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return self.of(value)
        return base64.b64encode(f"{user}{colon}{self.password(password)}".encode()).decode()


def _alphabets(run: str) -> tuple[str, ...]:
    """Return the digits, small and capital letters of the smallest usual alphabet that a run is made of."""
    digits, small, capital = string.digits, string.ascii_lowercase, string.ascii_uppercase
    used = set(run)
    if used <= set("0123456789abcdefABCDEF") and used & set(digits):
        return digits, "abcdef", "ABCDEF"
    if used <= set(capital + "234567") and used & set("234567"):
        return "234567", small, capital
    if used <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ"):
        return digits, small, "ABCDEFGHJKMNPQRSTVWXYZ"
    return digits, small, capital


def _compact(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
