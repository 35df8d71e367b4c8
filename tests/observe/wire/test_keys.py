"""Keys of signatures: the one that verifies a token is found, and taken for a secret in the forms of the field."""

from __future__ import annotations

import json
import time

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from stopper.observe.views import Credential
from stopper.observe.wire.jwt import credential, foreign
from stopper.observe.wire.keys import as_secrets, members, own, recovered, with_public_keys

KEYS = {"RS256": RSAKey.generate_key(2048), "ES256": ECKey.generate_key("P-256"), "EdDSA": OKPKey.generate_key()}


def signed(algorithm: str) -> Credential:
    """Return a token of this algorithm."""
    claims = {"sub": "ada", "exp": int(time.time()) + 600}
    return credential(joserfc_jwt.encode({"alg": algorithm}, claims, KEYS[algorithm], algorithms=[algorithm]))


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_only_the_verifying_key_is_kept(algorithm: str) -> None:
    """Of several keys, in PEM and as JWK, those that verify the token are kept, and never their private parts."""
    mine, others = KEYS[algorithm], [key for name, key in KEYS.items() if name != algorithm]
    stranger = type(mine).generate_key(2048 if algorithm == "RS256" else mine.as_dict()["crv"])
    texts = [key.as_pem(private=False).decode() for key in (*others, stranger)]
    texts += [mine.as_pem(private=True).decode(), json.dumps(mine.as_dict(private=False)), "no key", "{}", "[1"]
    found = with_public_keys(signed(algorithm), texts).public_keys
    assert len(found) == 2
    assert not [text for text in found if "PRIVATE" in text or '"d"' in text]


def test_a_shared_secret_has_no_public_key() -> None:
    """A token with an HMAC is left as it is, whatever keys are offered."""
    secret = OctKey.import_key("a key of the test, long enough for HS256")
    token = joserfc_jwt.encode({"alg": "HS256"}, {"sub": "ada"}, secret)
    assert with_public_keys(credential(token), [KEYS["RS256"].as_pem().decode()]).public_keys == ()


@pytest.mark.parametrize(
    ("document", "number"),
    [
        (b'{"keys": [{"kty": "RSA"}, {"kty": "EC"}]}', 2),
        (b'{"kty": "RSA", "n": "x"}', 1),
        (b'{"keys": {"kty": "RSA"}}', 0),
        (b'{"keys": [1, null, {"alg": "RS256"}]}', 0),
        (b"[" * 100_000, 0),
        (b"<html>", 0),
    ],
)
def test_members_of_key_sets(document: bytes, number: int) -> None:
    """A key set is read tolerantly, and what is none gives nothing."""
    assert len(members(document)) == number


def test_forms_of_a_public_key() -> None:
    """A public key is a secret in PEM, DER, PKCS#1, OpenSSH and JSON, each form once."""
    text = json.dumps(KEYS["RS256"].as_dict(private=False))
    forms = dict(as_secrets(text, "RS256"))
    assert len(set(forms.values())) == len(forms) == 9
    assert forms["its JWK as published"] == text.encode()
    assert not [data for data in forms.values() if b"PRIVATE" in data]


@pytest.mark.parametrize(("algorithm", "made"), [("ES256", "ES256"), ("EdDSA", "EdDSA"), ("HS256", "RS256")])
def test_own_key(algorithm: str, made: str) -> None:
    """A key of our own has the algorithm asked for, shows no private part, and is the same throughout a run."""
    key = own(algorithm)
    assert key.algorithm == made
    assert "d" not in key.jwk
    assert own(algorithm) is key
    assert bool(key.certificates) == (made != "EdDSA")


def test_a_key_is_recovered_from_two_tokens() -> None:
    """Two tokens of an RSA key with a small exponent tell it; two of different keys, or one twice, tell nothing."""
    private = rsa.generate_private_key(public_exponent=3, key_size=2048)
    other = rsa.generate_private_key(public_exponent=3, key_size=2048)
    one, two, stranger = (
        pyjwt.encode({"sub": name}, key, "RS256") for name, key in (("ada", private), ("bob", private), ("ada", other))
    )
    assert recovered([one, two]) == (
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )
    assert recovered([one, stranger]) == ()
    assert recovered([one, one, "opaque", foreign()]) == ()
