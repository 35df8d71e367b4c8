"""Minting with the application's own private key."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from stopper.observe.app.signing import with_private_key
from stopper.observe.wire.jwt import credential
from stopper.secret import Secret

RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
ED = OKPKey.generate_key("Ed25519")
KEYS: dict[str, Any] = {"RS256": RSA, "PS384": RSA, "ES256": EC, "EdDSA": ED}


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("form", ["PEM", "JWK"])
def test_the_private_key_signs_what_its_public_key_verifies(algorithm: str, form: str) -> None:
    """A minted token verifies under the application's public key, by another library, with the changed claim."""
    key = KEYS[algorithm]
    text = key.as_pem(private=True).decode() if form == "PEM" else json.dumps(key.as_dict(private=True))
    original = jwt.encode({"sub": "ada"}, key.as_pem(private=True), algorithm)
    others = [Secret("no key"), Secret(RSAKey.generate_key(2048).as_pem(private=True).decode())]
    found = with_private_key(credential(original), [*others, Secret(text)])
    assert found.sign is not None
    minted = found.sign({"alg": algorithm, "typ": "JWT"}, {"sub": "eve"})
    assert jwt.decode(minted.reveal(), key.as_pem(private=False), [algorithm]) == {"sub": "eve"}


def test_keys_that_did_not_sign_make_no_signer() -> None:
    """Foreign keys, public keys, opaque tokens and unknown algorithms give no signer."""
    original = jwt.encode({"sub": "ada"}, RSA.as_pem(private=True), "RS256")
    foreign = Secret(RSAKey.generate_key(2048).as_pem(private=True).decode())
    public = Secret(RSA.as_pem(private=False).decode())
    own = Secret(RSA.as_pem(private=True).decode())
    assert with_private_key(credential(original), [foreign, public]).sign is None
    assert with_private_key(credential("opaque"), [own]).sign is None
    header = "eyJhbGciOiJSUzk5OSJ9"
    assert with_private_key(credential(header + original[original.index(".") :]), [own]).sign is None
