"""What a verification expects of the claims: asked for in the call, by hand, beside it, switched off or never."""

from __future__ import annotations

import pytest

from stopper.observe.source.expectations import Expected, expected, of_another_issuer, shared_secret
from stopper.observe.source.flows import Act, JoseCall, jose_calls
from tests.observe.source.projects import module

HEAD = (
    "import jwt\nfrom jose import jwt as jose_jwt\nfrom authlib.jose import JsonWebToken\nfrom jwt import PyJWKClient\n"
)


def verification(body: str, head: str = HEAD) -> JoseCall:
    """Return the one call of a function that verifies."""
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    (call,) = [
        each for each in jose_calls(module(f"{head}def f(token, key, given):\n{lines}")) if each.act is Act.VERIFY
    ]
    return call


EXPECTED = {
    "return jwt.decode(token, key, ['RS256'], audience='a')": Expected.ASKED,
    "return jose_jwt.decode(token, key, algorithms=['RS256'], audience='a')": Expected.ASKED,
    "return jwt.decode(token, key, ['RS256'])": Expected.NEVER,
    "return jwt.decode(token, key, ['RS256'], options={'verify_aud': False})": Expected.OFF,
    "return jwt.decode(token, key, ['RS256'], audience='a', options={'verify_aud': False})": Expected.OFF,
    "return jwt.decode(token, key, ['RS256'], options={'verify_aud': given})": Expected.UNKNOWN,
    "return jwt.decode(token, key, ['RS256'], **given)": Expected.UNKNOWN,
    "claims = jwt.decode(token, key, ['RS256'])\nreturn claims['aud'] == 'a'": Expected.BY_HAND,
    "return jwt.decode(token, key, ['RS256'], options={'require': ['aud']})": Expected.NEVER,
    "return JsonWebToken(['RS256']).decode(token, key, claims_options={'aud': {}})": Expected.ASKED,
    "return JsonWebToken(['RS256']).decode(token, key, claims_options={'iss': {}})": Expected.NEVER,
    "return JsonWebToken(['RS256']).decode(token, key, claims_options=given)": Expected.UNKNOWN,
    "return jwt.decode(token, options={'verify_signature': False})": Expected.UNKNOWN,
}


@pytest.mark.parametrize("body", EXPECTED)
def test_expected(body: str) -> None:
    """Each way to ask, not to ask or to leave it open is told for the audience."""
    assert expected(verification(body), "audience", "verify_aud", frozenset({"aud"})) is EXPECTED[body]


@pytest.mark.parametrize(
    ("algorithms", "shared"), [("['HS256', 'HS512']", True), ("'HS256'", True), ("['RS256']", False), ("given", None)]
)
def test_shared_secret(algorithms: str, shared: bool | None) -> None:
    """Only HMAC makes a secret that nobody else has; what is not known stays open."""
    assert shared_secret(verification(f"return jwt.decode(token, key, algorithms={algorithms})")) is shared


@pytest.mark.parametrize(
    ("body", "head", "is_one"),
    [
        ("return jwt.decode(token, key, ['RS256'])", HEAD, True),
        ("return jwt.decode(token, key, ['HS256'])", HEAD, False),
        ("return jwt.decode(token, key, ['RS256'])", "import jwt\n", False),
        ("return jwt.decode(token, key, ['RS256'])", HEAD + "made = jwt.encode({'a': 1}, 'k', 'RS256')\n", False),
        ("return JsonWebToken(['RS256']).decode(token, key)", HEAD, True),
        ("return JsonWebToken(['HS256']).decode(token, key)", HEAD, False),
    ],
)
def test_of_another_issuer(body: str, head: str, is_one: bool) -> None:
    """Published keys are another's, unless the module signs with them itself; a shared secret is nobody else's."""
    assert of_another_issuer(verification(body, head)) is is_one
