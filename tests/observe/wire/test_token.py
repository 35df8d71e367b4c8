"""What a token is, told from its text: each form of the field is named, and a look-alike is not."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from stopper.observe.wire import jwt
from stopper.observe.wire.token import Form, read
from stopper.secret import opaque_checksum


def session() -> str:
    """Return a session cookie as Flask makes it."""
    app = Flask(__name__)
    app.secret_key = "a key of the test"
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return serializer.dumps({"user": "ada", "roles": ["a" * 40] * 20})


def now(scale: float = 1.0) -> int:
    """Return the time in fractions of a second."""
    return int(time.time() * scale)


def ulid(random: str = "0123456789ABCDEF") -> str:
    """Return a ULID of now."""
    alphabet, milliseconds, digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", now(1000), ""
    for _ in range(10):
        digits = alphabet[milliseconds % 32] + digits
        milliseconds //= 32
    return digits + random


def version_7() -> str:
    """Return a UUID of version 7 of now."""
    digits = f"{now(1000):012x}7abc8{secrets.token_hex(8)[:15]}"
    return str(uuid.UUID(digits))


SIGNED = URLSafeSerializer("a key", signer_kwargs={"digest_method": hashlib.sha256}).dumps({"user": "ada"})
BODY = f"shop_{secrets.token_hex(16)}"

FORMS = {
    "a JWT": (jwt.foreign(), Form.JWS, "HS256"),
    "a session": (session(), Form.SESSION, "HMAC-SHA1"),
    "signed without a time": (SIGNED, Form.SIGNED, "HMAC-SHA256"),
    "signed with a time": (URLSafeTimedSerializer("a key").dumps("ada"), Form.SIGNED, "HMAC-SHA1"),
    "a PASETO": ("v4.public." + jwt.encode(b'{"sub":"ada"}' + bytes(64)), Form.PASETO, "v4.public"),
    "an encrypted JWT": (jwt.encode(b'{"alg":"dir","enc":"A256GCM"}') + "..aa.bb.cc", Form.JWE, "dir"),
    "a checked token": (f"{BODY}_{opaque_checksum(BODY)}", Form.CHECKED, ""),
    "UUID 1": (str(uuid.uuid1()), Form.UUID, "version 1"),
    "UUID 4": (str(uuid.uuid4()), Form.UUID, "version 4"),
    "UUID 5": (str(uuid.uuid5(uuid.NAMESPACE_DNS, "ada")), Form.UUID, "version 5"),
    "UUID 7": (version_7(), Form.UUID, "version 7"),
    "UUID 1 without hyphens": (uuid.uuid1().hex, Form.UUID, "version 1"),
    "an ObjectId": (f"{now():08x}5f2b9c4de1000001", Form.OBJECT_ID, ""),
    "a ULID": (ulid(), Form.ULID, ""),
    "a snowflake": (str((now(1000) - 1_288_834_974_657) << 22 | 4711), Form.SNOWFLAKE, ""),
    "user and time": (base64.b64encode(f"ada:{now()}".encode()).decode(), Form.ENCODED, ""),
    "JSON in base64": (base64.urlsafe_b64encode(b'{"user":"ada"}').decode(), Form.ENCODED, ""),
    "text in hex": (b"ada:4711".hex(), Form.ENCODED, ""),
    "a digest": (hashlib.sha256(b"x").hexdigest(), Form.DIGEST, "SHA-256"),
    "random": ("Zx9-" + secrets.token_urlsafe(32), Form.OPAQUE, ""),
    "an old ObjectId": ("00000001" + "5f2b9c4de1000001", Form.OPAQUE, ""),
    "a number": ("99999999999999999999", Form.OPAQUE, ""),
    "nothing": ("", Form.OPAQUE, ""),
}


@pytest.mark.parametrize("name", list(FORMS))
def test_form(name: str) -> None:
    """Each form is named with its algorithm or version."""
    text, form, algorithm = FORMS[name]
    token = read(text)
    assert (token.form, token.algorithm) == (form, algorithm)


def test_random_tokens_are_not_mistaken() -> None:
    """Of ten thousand random tokens of several makes hardly one is taken for something else."""
    made = [text for _ in range(3333) for text in (secrets.token_urlsafe(24), secrets.token_hex(20))]
    forms = [read(text).form for text in (*made, *(secrets.token_urlsafe(32) for _ in range(3333)))]
    assert sum(form not in (Form.OPAQUE, Form.DIGEST) for form in forms) <= 2


def test_times_and_bits() -> None:
    """Times are told where the token holds them, and bits are no more than its form allows."""
    made = read(str(uuid.uuid1()))
    assert made.issued is not None and abs(made.issued - time.time()) < 5
    assert made.bits == 14
    assert read("0123456789").bits == pytest.approx(33.2, abs=0.1)
    assert read(secrets.token_hex(16)).bits == 128
    signed = read(jwt.hmac_signer(b"k")({"alg": "HS256"}, {"iat": 1000, "exp": 4600}).reveal())
    assert signed.lifetime == 3600
    assert signed.bits is None


def test_repr_shows_nothing_of_the_inside() -> None:
    """What stands in a token is not in its representation."""
    token = read(base64.b64encode(b"ada:swordfish-4711").decode())
    assert "swordfish" in token.content
    assert "swordfish" not in repr(token)
    assert "ada" not in repr(read(jwt.hmac_signer(b"k")({"alg": "HS256"}, {"sub": json.dumps("ada")}).reveal()))
