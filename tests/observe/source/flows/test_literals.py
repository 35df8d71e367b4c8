"""Secrets in the source: by their names, by their use, as what stands in for a setting, and look-alikes."""

from __future__ import annotations

import pytest

from stopper.observe.source.flows import Literal, literals
from stopper.observe.source.flows.secret_names import is_secret, means_secret
from tests.observe.source.projects import module, package


def found(text: str) -> list[Literal]:
    """Return the secrets of a module."""
    return list(literals(module(text)))


NAMES = {
    "SECRET_KEY": True,
    "jwt_secret": True,
    "clientSecret": True,
    "STRIPE_API_KEY": True,
    "ACCESS_TOKEN": True,
    "SIGNING_KEY_OLD": True,
    "PRIMARY_KEY": False,
    "cache_key": False,
    "public_key": False,
    "has_secret": False,
    "SECRET_KEY_FILE": False,
    "TOKEN_URL": False,
    "name": False,
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_mean_a_secret(name: str) -> None:
    """Keys that sign and secrets that are shared are meant; keys of tables, caches and files are not."""
    assert means_secret(name) is NAMES[name]


TEXTS = {
    ("SECRET_KEY", "dev"): True,
    ("SECRET_KEY", "changeme"): True,
    ("client_secret", "q8mZ27dkLw0P"): True,
    ("client_secret", "client_secret"): False,
    ("client_secret", "The secret of the client"): False,
    ("client_secret", "string"): False,
    ("api_key", "created_at"): False,
    ("api_key", "9f86d081884c7d659a2feaa0c55ad015"): True,
    ("SECRET_KEY", "<your-secret>"): False,
    ("SECRET_KEY", "${SECRET_KEY}"): False,
    ("SECRET_KEY", "{{ secret }}"): False,
    ("SECRET_KEY", "vault:secret/shop"): False,
    ("SECRET_KEY", "ENC[AES256_GCM,data:x]"): False,
    ("SECRET_KEY", "op://vault/item"): False,
    ("SECRET_KEY", "/run/secrets/key"): False,
    ("SECRET_KEY", "****"): False,
    ("private_key", "-----BEGIN PUBLIC KEY-----"): False,
    ("private_key", "-----BEGIN RSA PRIVATE KEY-----\nMIIB"): True,
}


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_texts_that_are_the_secret(name: str, text: str) -> None:
    """A placeholder that runs is a secret; what says where the secret is, or describes it, is not."""
    assert is_secret(name, text, default=False) is TEXTS[name, text]


DEFAULTS = {
    "os.environ.get('SECRET_KEY', 'dev')": ("dev", True),
    "os.environ.get('A') or os.environ.get('B') or 'dev'": ("dev", True),
    "os.getenv('A', os.getenv('B', 'dev')).encode()": ("dev", True),
    "env.str('A', default='dev')": ("dev", True),
    "getattr(settings, 'A', 'dev')": ("dev", True),
    "parser.get('shop', 'key', fallback='dev')": ("dev", True),
    "'dev' if debug else os.environ['SECRET_KEY']": ("", False),
    "os.environ['SECRET_KEY'] if known else 'dev'": ("dev", True),
    "os.environ['SECRET_KEY']": ("", False),
    "secrets.token_hex(32)": ("", False),
    "b'dev'": ("dev", False),
    "'dev'.encode()": ("dev", False),
}


@pytest.mark.parametrize("written", DEFAULTS)
def test_what_stands_in_for_a_setting(written: str) -> None:
    """The literal that is taken in the end is told, and whether it only stands in for what is missing."""
    (literal,) = found(f"import os, secrets\nSECRET_KEY = {written}")
    assert (literal.value.reveal(), literal.default) == DEFAULTS[written]


USED = {
    "jwt.encode({}, 'dev')": "the key of PyJWT",
    "jwt.decode(token, key='dev', algorithms=['HS256'])": "the key of PyJWT",
    "hmac.new(b'dev', body)": "an HMAC key",
    "URLSafeSerializer('dev')": "the key of URLSafeSerializer",
}


@pytest.mark.parametrize("written", USED)
def test_keys_by_their_use(written: str) -> None:
    """What signs is a secret whatever it is called, written there or behind a name."""
    head = "import hmac, jwt\nfrom itsdangerous import URLSafeSerializer\n"
    (there,) = found(f"{head}{written}")
    behind = written.replace("b'dev'", "K").replace("'dev'", "K")
    (named,) = found(f"{head}K = 'dev'\n{behind}")
    assert [(each.name, each.value.reveal()) for each in (there, named)] == [(USED[written], "dev")] * 2


def test_refused_values() -> None:
    """A default that some module compares with and refuses is told so, across files."""
    text = "import os\nSECRET_KEY = os.environ.get('SECRET_KEY', 'unsafe default')\n"
    refusing = (
        "import jwt\nfrom settings import SECRET_KEY\nif SECRET_KEY == 'unsafe default':\n    raise RuntimeError\n"
    )
    project = package({"settings.py": text, "start.py": refusing})
    (literal,) = literals(next(each for each in project.modules if each.path == "settings.py"))
    assert literal.default
    assert literal.refused
    (alone,) = found(text)
    assert not alone.refused


def test_nothing_shows_the_secret() -> None:
    """Neither the literal nor what it is made of shows its value."""
    (literal,) = found("SECRET_KEY = 'kJ83mZpQ77xV'")
    assert "kJ83mZpQ77xV" not in repr(literal)
