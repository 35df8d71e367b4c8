"""Reading, making and imitating tokens."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stopper.observe.wire import jwt
from stopper.secret import Secret, opaque_checksum

KEY = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
CLAIMS = {"sub": "alice", "iat": 1_600_000_000, "exp": 1_600_000_900, "jti": "a1b2c3d4e5f6a7b8", "scope": "read"}


def _token(algorithm: str = "HS256") -> str:
    return pyjwt.encode(CLAIMS, KEY, algorithm=algorithm, headers={"kid": "one"})


def test_a_token_of_another_library_is_read() -> None:
    """Header, claims and signature come out as PyJWT put them in."""
    parsed = jwt.parse(_token())
    assert parsed
    assert dict(parsed.header) == {"alg": "HS256", "typ": "JWT", "kid": "one"}
    assert dict(parsed.claims) == CLAIMS
    assert len(parsed.signature) == 32


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b.c",
        "..",
        "e30.e30",
        "e30.e30.a.b.c",
        "e30.W10.",
        "IjEi.e30.",
        "e30.e30.ü",
        "e30.e30.a b",
        "e30.e30.abcde",
        "e30." + base64.urlsafe_b64encode(b'{"a":' * 20_000).decode() + ".e30",
        "e30." + "A" * 100_000 + ".e30",
    ],
)
def test_what_is_no_compact_jws_is_none(token: str) -> None:
    """Wrong part counts, parts that are no JSON objects, other characters, too deep or too long: None, no error."""
    assert jwt.parse(token) is None


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_or_the_imitator_fail(text: str) -> None:
    """Whatever a server calls a token can be looked at and imitated."""
    jwt.parse(text)
    jwt.parse(f"e30.{text}.e30")
    assert jwt.random_like(text) != text


def test_a_careless_encoding_is_read_as_careless_servers_read_it() -> None:
    """Padding and the standard alphabet do not hide a token's inside."""
    header = base64.b64encode(b'{"alg":"none"}').decode()
    claims = base64.b64encode(json.dumps({"sub": "???>>>~~~"}).encode()).decode()
    parsed = jwt.parse(f"{header}.{claims}.")
    assert parsed
    assert parsed.claims["sub"] == "???>>>~~~"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_signer_makes_tokens_that_another_library_verifies(algorithm: str) -> None:
    """PyJWT accepts what the signer made, and only with the same key."""
    made = jwt.hmac_signer(KEY)({"alg": algorithm, "typ": "JWT"}, {"sub": "alice"}).reveal()
    assert pyjwt.decode(made, KEY, algorithms=[algorithm]) == {"sub": "alice"}
    with pytest.raises(pyjwt.InvalidSignatureError):
        pyjwt.decode(made, KEY[::-1], algorithms=[algorithm])


def test_an_unsigned_token_ends_in_a_dot() -> None:
    """Its signature is empty and its header is kept as given."""
    made = jwt.unsigned({"alg": "nOnE"}, {"sub": "alice"})
    parsed = jwt.parse(made)
    assert parsed
    assert made.endswith(".")
    assert (dict(parsed.header), parsed.signature) == ({"alg": "nOnE"}, b"")


def test_a_credential_signs_only_with_the_key_that_signed_it() -> None:
    """A key that does not verify the token at hand is not used to mint others."""
    assert jwt.credential(_token()).sign is None
    assert jwt.credential(_token(), key=b"another key").sign is None
    signer = jwt.credential(_token(), key=KEY).sign
    assert signer
    minted = signer({"alg": "HS256"}, {"sub": "bob"}).reveal()
    assert pyjwt.decode(minted, KEY, algorithms=["HS256"])["sub"] == "bob"


def test_the_right_one_of_several_keys_is_found() -> None:
    """Keys given as text are tried as UTF-8 and, where they are not ASCII, byte for byte."""
    keys = [Secret("wrong"), Secret(KEY.decode())]
    assert jwt.with_key(jwt.credential(_token()), keys).sign
    assert jwt.with_key(jwt.credential(_token()), keys[:1]).sign is None
    odd = pyjwt.encode(CLAIMS, b"\xff\xfe" * 20, algorithm="HS256")
    assert jwt.with_key(jwt.credential(odd), [Secret("ÿþ" * 20)]).sign


def test_an_asymmetric_or_opaque_token_has_no_signer() -> None:
    """An HMAC key says nothing of tokens that carry no HMAC."""
    assert jwt.credential("opaque-token", key=KEY).sign is None
    rs256 = jwt.compact({"alg": "RS256"}, CLAIMS, lambda _: bytes(256))
    assert jwt.credential(rs256, key=KEY).sign is None


def test_no_token_and_no_key_is_shown() -> None:
    """What a credential prints holds neither."""
    credential = jwt.credential(_token(), key=KEY)
    assert _token() not in repr(credential)
    assert KEY.decode() not in repr(credential)


# --------------------------------------------------------------------------- random credentials of the same shape


def test_a_random_jwt_keeps_what_is_claimed_and_not_who_signed_it() -> None:
    """Header and claims stay but for the times, which are in force now, and the id; the key is nobody's."""
    made = jwt.parse(jwt.random_like(_token()))
    assert made
    assert dict(made.header) == {"alg": "HS256", "typ": "JWT", "kid": "one"}
    assert (made.claims["sub"], made.claims["scope"]) == ("alice", "read")
    assert made.claims["iat"] <= time.time() < made.claims["exp"]
    assert re.fullmatch("[0-9a-f]{16}", made.claims["jti"])
    assert made.claims["jti"] != CLAIMS["jti"]
    assert not jwt.verifies(jwt.random_like(_token()), KEY)
    assert len(made.signature) == 32


def test_a_random_jwt_of_another_algorithm_has_a_signature_as_long() -> None:
    """Where there is no key to sign with, random bytes of the same number stand in."""
    original = jwt.compact({"alg": "RS256"}, CLAIMS, lambda _: bytes(256))
    made = jwt.parse(jwt.random_like(original))
    assert made
    assert len(made.signature) == 256
    assert made.signature != bytes(256)


@pytest.mark.parametrize(
    ("token", "form"),
    [
        ("12345678", r"\d{8}"),
        ("deadbeefdeadbeefdeadbeef", r"[0-9a-f]{24}"),
        ("DEADBEEF0000", r"[0-9A-F]{12}"),
        ("sk_live_51HxyzABCDEFGHIJ1234", r"sk_live_[0-9A-Za-z]{20}"),
        ("ab-CD_ef.gh=", r"\w{2}-\w{2}_\w{2}\.\w{2}="),
        (str(uuid.UUID(int=1, version=4)), r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"),
    ],
)
def test_a_random_opaque_token_has_the_same_form(token: str, form: str) -> None:
    """Length, prefix, alphabet and punctuation stay; the rest differs."""
    for _ in range(20):
        made = jwt.random_like(token)
        assert made != token
        assert re.fullmatch(form, made)


def test_a_checksum_stays_right() -> None:
    """A token of Stopper's opaque form is not refused for its checksum alone."""
    body = "shop_" + "A1b2C3d4E5f" * 3 + "0123456789"
    made = jwt.random_like(f"{body}_{opaque_checksum(body)}")
    made_body, _, ending = made.rpartition("_")
    assert made_body.startswith("shop_")
    assert made_body != body
    assert ending == opaque_checksum(made_body)


def test_a_foreign_token_is_in_force_and_never_the_same() -> None:
    """It is a JWT whose times hold now, signed with a key of its own."""
    first, second = jwt.foreign(), jwt.foreign()
    parsed = jwt.parse(first)
    assert parsed
    assert parsed.claims["nbf"] <= time.time() < parsed.claims["exp"]
    assert first != second
