"""Calls that sign, verify and read tokens, the same for every library."""

from __future__ import annotations

import pytest

from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.flows import JoseCall, jose_calls
from tests.observe.source.projects import module

HEAD = """
import jwt
import flask_jwt_extended
from auth0.authentication.token_verifier import TokenVerifier
from authlib.jose import JsonWebSignature, JsonWebToken, jwt as authlib_jwt
from google.oauth2 import id_token
from itsdangerous import URLSafeTimedSerializer
from jose import jws as jose_jws, jwt as jose_jwt
from joserfc import jws, jwt as joserfc_jwt
from jwcrypto import jwt as crypto_jwt
from jwt import PyJWT
from jwt.api_jws import PyJWS
"""


def only(written: str, before: str = "") -> JoseCall:
    """Return the one call of a function's body."""
    lines = "".join(f"    {line}\n" for line in [*before.split("\n"), written] if line)
    (call,) = jose_calls(module(f"{HEAD}def f(token, key, given):\n{lines}"))
    return call


ACTS = {
    "jwt.encode({}, key)": "SIGN PyJWT",
    "jwt.decode(token, key)": "VERIFY PyJWT",
    "jwt.decode_complete(token, key)": "VERIFY PyJWT",
    "PyJWT().decode(token, key)": "VERIFY PyJWT",
    "jwt.get_unverified_header(token)": "HEADER PyJWT",
    "PyJWS().decode(token, key)": "VERIFY PyJWS",
    "jose_jwt.encode({}, key)": "SIGN python-jose",
    "jose_jwt.decode(token, key)": "VERIFY python-jose",
    "jose_jwt.get_unverified_claims(token)": "READ python-jose",
    "jose_jwt.get_unverified_headers(token)": "HEADER python-jose",
    "jose_jws.sign({}, key)": "SIGN python-jose",
    "jose_jws.verify(token, key, ['HS256'])": "VERIFY python-jose",
    "joserfc_jwt.encode({}, {}, key)": "SIGN joserfc",
    "joserfc_jwt.decode(token, key)": "VERIFY joserfc",
    "jws.extract_compact(token)": "READ joserfc",
    "jws.deserialize_compact(token, key)": "VERIFY joserfc.jws",
    "authlib_jwt.encode({}, {}, key)": "SIGN Authlib",
    "authlib_jwt.decode(token, key)": "VERIFY Authlib",
    "JsonWebToken(['HS256']).decode(token, key)": "VERIFY Authlib",
    "JsonWebSignature().deserialize_compact(token, key)": "VERIFY Authlib JWS",
    "crypto_jwt.JWT(header={}, claims={})": "SIGN jwcrypto",
    "crypto_jwt.JWT(jwt=token, key=key)": "VERIFY jwcrypto",
    "crypto_jwt.JWT(jwt=token)": "READ jwcrypto",
    "flask_jwt_extended.create_access_token(given)": "SIGN Flask-JWT-Extended",
    "flask_jwt_extended.decode_token(token)": "VERIFY Flask-JWT-Extended",
    "URLSafeTimedSerializer(key).dumps({})": "SIGN_TEXT itsdangerous",
    "URLSafeTimedSerializer(key).loads(token)": "VERIFY_TEXT itsdangerous",
    "URLSafeTimedSerializer(key).loads_unsafe(token)": "READ itsdangerous",
    "TokenVerifier(given, issuer='i', audience='a').verify(token)": "VERIFY auth0-python",
    "id_token.verify_oauth2_token(token, given)": "VERIFY google-auth",
}


@pytest.mark.parametrize("written", ACTS)
def test_what_a_call_does(written: str) -> None:
    """Every library's calls are told by what they do, and the token's or claims' argument by its role."""
    call = only(written)
    act, _, library = ACTS[written].partition(" ")
    assert (call.act.name, call.library) == (act, library)
    wanted = {"SIGN": {"claims", "identity"}, "SIGN_TEXT": {"claims"}}.get(act, {"token"})
    assert wanted & set(call.arguments)


@pytest.mark.parametrize("written", ["loads(token)", "yaml.loads(token)", "other.decode(token)", "b.decode('utf-8')"])
def test_other_calls_are_none(written: str) -> None:
    """A method that is only called so is no library's."""
    assert not jose_calls(module(f"{HEAD}import yaml\ndef f(token, key, b):\n    {written}\n"))


VERIFIES = {
    "jwt.decode(token, key, algorithms=['HS256'])": True,
    "jwt.decode(token, key, verify=False)": False,
    "jwt.decode(token, key, False)": False,
    "jwt.decode(token, key, True, ['HS256'])": True,
    "jwt.decode(token, key, verify=given)": UNKNOWN,
    "jwt.decode(token, options={'verify_signature': False})": False,
    "jwt.decode(token, options={'verify_signature': given})": UNKNOWN,
    "jwt.decode(token, options=given)": UNKNOWN,
    "jwt.decode(token, key, options={'verify_exp': False})": True,
    "jose_jws.verify(token, key, ['HS256'], verify=False)": False,
    "jose_jwt.get_unverified_claims(token)": False,
}


@pytest.mark.parametrize("written", VERIFIES)
def test_whether_the_signature_is_checked(written: str) -> None:
    """Options, flags and PyJWT 1's third position say whether it is; what the caller decides stays open."""
    assert only(written).verifies is VERIFIES[written]


def test_options_are_read_where_they_are_put_together() -> None:
    """A mapping that is filled step by step says what it holds; a key set on some ways only is not sure."""
    call = only("jwt.decode(token, key, options=o)", "o = {'verify_aud': False}\no['verify_exp'] = True")
    assert (call.option("verify_aud"), call.option("verify_exp"), call.option("verify_iss")) == (False, True, None)
    call = only("jwt.decode(token, key, options=o)", "o = {}\nif given:\n        o['verify_exp'] = False")
    assert call.option("verify_exp") is UNKNOWN


def test_algorithms_of_old_and_new_positions() -> None:
    """PyJWT 1 took `verify` before the algorithms, and Authlib's object is told them when it is made."""
    assert only("jwt.decode(token, key, ['HS256'])").constant("algorithms") == ["HS256"]
    assert only("jwt.decode(token, key, True, ['HS256'])").constant("algorithms") == ["HS256"]
    assert only("jwt.decode(token, key, True)").constant("algorithms") is None
    assert only("JsonWebToken(['RS256']).decode(token, key)").constant("algorithms") == ["RS256"]
    assert only("authlib_jwt.decode(token, key)").constant("algorithms") is None
    assert only("jwt.decode(token, key, algorithms=given)").constant("algorithms") is UNKNOWN


@pytest.mark.parametrize(("written", "spread"), [("*given", True), ("**given", True), ("key", False)])
def test_spread(written: str, spread: bool) -> None:
    """Arguments from a sequence or mapping may be any."""
    assert only(f"jwt.decode(token, {written})").spread is spread
