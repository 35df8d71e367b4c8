"""A stand-in has the form of its credential and nothing of its value."""

from __future__ import annotations

import base64
import json
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from stopper.observe.wire import jwt
from stopper.observe.wire.token import Form, read
from stopper.proxy.disguise import Disguise
from stopper.secret import base62, opaque_checksum, recognise

KEY = b"a key that is long enough for anybody"
BODY = f"shop_{base62(3**160, 43)}"
MOMENT = int(time.time())
TOKENS = {
    "a JWT": jwt.hmac_signer(KEY)({"alg": "HS256"}, {"sub": "ada", "iat": MOMENT, "exp": MOMENT + 60}).reveal(),
    "an opaque token": "kQ7vT0xZ2mB9cR4yW6nL8pJ1hF3dS5aG_uEoIi-KXwq",
    "a token with a checksum": f"{BODY}_{opaque_checksum(BODY)}",
    "a value of itsdangerous": URLSafeSerializer("k").dumps({"user": "ada"}),
    "a value of itsdangerous with its time": URLSafeTimedSerializer("k").dumps({"user": "ada"}),
    "a UUID": "7d3f21c0-9a4b-4c58-8e21-5b6f0c9d1a2e",
    "a UUID of the time": str(uuid.uuid1()),
    "an ObjectId": f"{MOMENT:08x}a1b2c3d4e5f6a7b8",
    "a snowflake": str(int((time.time() - 1_288_834_974.657) * 1000) << 22 | 12345),
    "a digest": "9e107d9d372bb6826bd81d3542a419d6",
    "an encoded text": base64.b64encode(b'{"user": "ada", "role": "admin"}').decode(),
    "a PASETO": "v4.public." + jwt.encode(b'{"sub":"ada"}' + bytes(range(64))),
    "a local PASETO": "v4.local." + jwt.encode(bytes(range(120))),
    "a key of a vendor": "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cD1fG3iJ5",
    "the hash of a password": "scrypt:32768:8:1$kT3vQ9xLmZ8bN2cW$" + "0123456789abcdef" * 8,
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_stand_in_keeps_the_form(token: str) -> None:
    """Form, length but for what is packed, recognition, and that it is another value."""
    made = Disguise().stand_ins.of(token)
    assert made != token
    assert len(made) == len(token)
    assert (read(made).form, read(made).algorithm) == (read(token).form, read(token).algorithm)
    assert [match.kind for match in recognise(made)] == [match.kind for match in recognise(token)]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_recording_has_one_stand_in_for_a_value_and_another_has_another(token: str) -> None:
    """The key is drawn anew, so that recordings of the same token cannot be laid beside each other."""
    first, second = Disguise().stand_ins, Disguise().stand_ins
    assert first.of(token) == first.of(token) == first.of(first.of(token))
    assert first.of(token) != second.of(token)


@given(st.text("abcdef0123456789ABCDEFXYZxyz-_.~+/=:", min_size=16, max_size=90))
@settings(max_examples=150, deadline=None)
def test_no_long_run_of_a_credential_is_left(token: str) -> None:
    """Of what has no inside of its own, no run of eight letters and digits is the one that was there."""
    if read(token).form is not Form.OPAQUE:
        return
    made = Disguise().stand_ins.of(token)
    runs = {run for run in "".join(c if c.isalnum() else " " for c in token).split() if len(run) >= 8}
    assert not any(run in made for run in runs)


def test_claims_stay_and_what_may_open_something_does_not() -> None:
    """Times and names are what the claims are read for; a session's id and a password in them are credentials."""
    claims = {
        "sub": "ada",
        "exp": 1,
        "jti": "0123456789abcdef0123",
        "password": "wonderland",
        "iss": "https://issuer.test",
    }
    made = Disguise().stand_ins.of(jwt.hmac_signer(KEY)({"alg": "HS256", "kid": "7"}, claims).reveal())
    parsed = jwt.parse(made)
    assert parsed
    assert parsed.header == {"alg": "HS256", "kid": "7", **({"typ": "JWT"} if "typ" in parsed.header else {})}
    assert {name: parsed.claims[name] for name in ("sub", "exp", "iss")} == {
        "sub": "ada",
        "exp": 1,
        "iss": "https://issuer.test",
    }
    assert set(parsed.claims) == set(claims)
    assert parsed.claims["jti"] != claims["jti"]
    assert parsed.claims["password"] != claims["password"]


def test_a_packed_session_keeps_its_form_and_loses_its_token() -> None:
    """What a session holds is read by anybody, so that a token in it is replaced there too."""
    token = "kQ7vT0xZ2mB9cR4yW6nL8pJ1hF3dS5aGuEoIiKXwq"
    packed = URLSafeTimedSerializer("k").dumps({"access_token": token, "text": "a b" * 100})
    assert packed.startswith(".")
    made = Disguise().stand_ins.of(packed)
    assert read(made).form is read(packed).form
    assert token not in json.dumps(dict(read(made).claims))
    assert read(made).claims["text"] == "a b" * 100


def test_a_password_shows_neither_its_length_nor_its_letters() -> None:
    """Twelve letters and digits stand for any."""
    stand_ins = Disguise().stand_ins
    assert len(stand_ins.password("x")) == len(stand_ins.password("correct horse battery")) == 12
