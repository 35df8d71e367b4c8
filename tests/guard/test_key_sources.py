"""Signing keys that the operator brings as PEM, in the configuration, the environment or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask

from stopper.guard import ConfigurationError
from stopper.guard.jose import parse
from stopper.guard.keys import RefusedKeyError
from stopper.guard.pem import PemKeys, read_file
from tests.guard.conftest import MakeApp

ISSUER = "https://shop.test"
OLD, NEW = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def private(key: Any, encryption: KeySerializationEncryption | None = None) -> str:
    """Return a private key as PEM."""
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return data.decode()


def public(key: Any) -> str:
    """Return the public part of a key as PEM."""
    data: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return data.decode()


def login(app: Flask) -> str:
    """Return a token that an application issues."""
    token: str = app.test_client().post("/login").get_json()["access_token"]
    return token


def opens(app: Flask, token: str) -> bool:
    """Tell whether an application takes a token."""
    return app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("source", ["configuration", "environment", "file", "file named by the environment"])
def test_a_key_comes_from_each_source(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """G12 G14: the given key signs, its id is the same everywhere, and no key file is made beside it."""
    settings = {"token_format": "jwt", "issuer": ISSUER}
    file = tmp_path / "signing.pem"
    file.touch(0o600)
    file.write_text(private(NEW))
    if source == "configuration":
        settings["signing_keys"] = private(NEW)
    elif source == "environment":
        monkeypatch.setenv("STOPPER_SIGNING_KEYS", private(NEW))
    elif source == "file":
        settings["signing_keys_file"] = str(file)
    else:
        monkeypatch.setenv("STOPPER_SIGNING_KEYS_FILE", str(file))
    app = make_app(**settings)
    token = login(app)
    expected = PemKeys(private(NEW), "EdDSA").ring()
    assert parse(token).key_id == next(iter(expected)).id
    assert opens(app, token)
    assert not (tmp_path / "stopper-keys.json").exists()


def test_the_first_key_signs_and_the_others_verify(make_app: MakeApp) -> None:
    """G13: a new key put in front signs, what the old one signed goes on, and ends when the old one is taken out."""
    signing = {"token_format": "jwt", "issuer": ISSUER}
    old = login(make_app(**signing, signing_keys=private(OLD)))
    both = make_app(**signing, signing_keys=private(NEW) + public(OLD))
    new = login(both)
    assert opens(both, old) and opens(both, new)
    alone = make_app(**signing, signing_keys=private(NEW))
    assert opens(alone, new) and not opens(alone, old)


@pytest.mark.parametrize(("configured", "used"), [("EdDSA", "PS256"), ("RS256", "RS256"), ("PS256", "PS256")])
def test_an_rsa_key_has_one_algorithm(configured: str, used: str) -> None:
    """G10: an RSA key is for PS256, or for RS256 where the configuration says so, and for nothing else."""
    assert next(iter(PemKeys(private(RSA), configured).ring())).names == (used,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no PEM block"),
        ("secret", "no PEM block"),
        (public(NEW), "public key"),
        (private(NEW) * 2, "same kid"),
        (private(x25519.X25519PrivateKey.generate()), "do not belong together"),
        (private(rsa.generate_private_key(65537, 1024)), "weak key"),
        (private(ec.generate_private_key(ec.SECP256K1())), "do not belong together"),
        (private(NEW, BestAvailableEncryption(b"password")), "encrypted"),
    ],
)
@pytest.mark.filterwarnings("ignore:Key size")
def test_a_key_that_will_not_do_is_refused_in_one_line(text: str, says: str) -> None:
    """G08 G11: weak, public, repeated, encrypted and foreign keys are refused, and the error holds nothing of them."""
    with pytest.raises(ConfigurationError, match=says) as refused:
        PemKeys(text, "EdDSA")
    assert "BEGIN" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_key_in_two_places_is_an_error(make_app: MakeApp) -> None:
    """Where configuration and file both name keys, nobody guesses which counts."""
    with pytest.raises(ConfigurationError, match="both set"):
        make_app(signing_keys=private(NEW), signing_keys_file="keys.pem")


def test_the_configuration_does_not_show_its_keys(make_app: MakeApp) -> None:
    """L01: neither the representation of the settings nor of the ring holds a key or a pepper."""
    app = make_app(token_format="jwt", issuer=ISSUER, signing_keys=private(NEW), peppers=["pepper" * 6])
    gate = app.extensions["stopper"]
    shown = repr(gate.settings) + repr(list(gate.tokens.keys.ring()))
    assert private(NEW).splitlines()[1] not in shown
    assert "pepperpepper" not in shown


def test_configured_keys_are_rotated_where_they_are_configured() -> None:
    """`flask keys rotate` and `retire` say where to go instead of changing nothing in silence."""
    keys = PemKeys(private(NEW), "EdDSA")
    for change in (keys.rotate, lambda: keys.retire("x")):
        with pytest.raises(RefusedKeyError, match="STOPPER_SIGNING_KEYS"):
            change()


def test_configured_keys_are_listed(make_app: MakeApp) -> None:
    """G12: `flask keys list` shows the given keys, which one signs, and that they cannot be rotated here."""
    runner = make_app(signing_keys=private(NEW) + public(OLD)).test_cli_runner()
    rows = [line.split() for line in runner.invoke(args=["keys", "list"]).output.splitlines()]
    assert [row[1:] for row in rows[1:]] == [["ES256", "signs"], ["Ed25519", "verifies"]]
    refused = runner.invoke(args=["keys", "rotate"])
    assert refused.exit_code == 1
    assert "STOPPER_SIGNING_KEYS" in refused.output


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o644])
def test_a_file_that_everybody_reads_is_refused(tmp_path: Path, mode: int) -> None:
    """G14: a PEM file that others than owner and group can read is no place for a key, and a missing one says so."""
    file = tmp_path / "signing.pem"
    file.write_text(private(NEW))
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod"):
        read_file(file)
    file.chmod(0o440)
    assert "PRIVATE KEY" in read_file(file)
    with pytest.raises(ConfigurationError, match=r"gone\.pem cannot be read"):
        read_file(tmp_path / "gone.pem")


def test_only_public_members_are_published(make_app: MakeApp) -> None:
    """G21: the key set of given keys has their public members only."""
    app = make_app(token_format="jwt", issuer=ISSUER, signing_keys=private(NEW) + private(RSA) + private(OLD))
    published = app.extensions["stopper"].tokens.keys.ring().public()["keys"]
    assert len(published) == 3
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & {name for key in published for name in key}
