"""The guarded shop has none of the leaky one's faults: what worked there is refused here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from werkzeug.test import TestResponse

from stopper.secret import opaque_checksum
from tests.examples.shops import CLEAR, EXAMPLES, PASSWORD, PROTECTED, SECURE, Shop, operations, printed, specification

KEY = OctKey.import_key("a key that is long enough and not the shop's")
GIVING = ("/auth/device", "/auth/legacy", "/auth/support", "/auth/token")


def stranger(shop: Shop) -> str:
    """Return a token of the right form and checksum that nobody issued."""
    prefix, body, _ = shop.token.rsplit("_", 2)
    made = f"{prefix}_{''.join(secrets.choice('0123456789ABCDEFabcdef') for _ in body)}"
    return f"{made}_{opaque_checksum(made)}"


def unsigned(algorithm: str, key: OctKey = KEY) -> str:
    """Return a JWT that names Ada."""
    return jwt.encode({"alg": algorithm}, {"sub": "ada", "exp": 4_000_000_000}, key, algorithms=[algorithm])


TRIALS: dict[str, Callable[[Shop, str], TestResponse]] = {
    "original": lambda shop, path: shop.get(path, shop.token),
    "lower-case scheme": lambda shop, path: shop.get(path, Authorization=f"bearer {shop.token}"),
    "nothing": lambda shop, path: shop.get(path),
    "opaque": lambda shop, path: shop.get(path, "x" * 43),
    "of the same form": lambda shop, path: shop.get(path, stranger(shop)),
    "foreign JWT": lambda shop, path: shop.get(path, unsigned("HS256")),
    "unsigned JWT": lambda shop, path: shop.get(path, unsigned("none")),
    "in the query": lambda shop, path: shop.get(f"{path}?access_token={shop.token}"),
    "without a scheme": lambda shop, path: shop.get(path, Authorization=shop.token),
    "scheme twice": lambda shop, path: shop.get(path, Authorization=f"Bearer Bearer {shop.token}"),
    "other scheme": lambda shop, path: shop.get(path, Authorization=f"Basic {shop.token}"),
    "two at once": lambda shop, path: shop.get(path, Authorization=f"Bearer {shop.token}, Bearer {shop.token}"),
    "behind a TAB": lambda shop, path: shop.get(path, Authorization=f"Bearer\t{shop.token}"),
}
# RFC 6750 section 3.1 gives invalid_request, 400, to a token that is presented in a wrong way.
WRONGLY_PRESENTED = {"in the query", "scheme twice", "two at once", "behind a TAB"}
ACCEPTED = {"original", "lower-case scheme"}


@pytest.mark.filterwarnings('ignore:JWS algorithm "none" is deprecated')
@pytest.mark.parametrize("path", PROTECTED)
def test_each_operation_accepts_the_token_that_was_issued_and_no_other(guarded: Shop, path: str) -> None:
    """Thirteen ways to call each protected operation, and two that get in."""
    expected = {trial: 200 if trial in ACCEPTED else 400 if trial in WRONGLY_PRESENTED else 401 for trial in TRIALS}
    assert {trial: call(guarded, path).status_code for trial, call in TRIALS.items()} == expected


@pytest.mark.parametrize("path", [*PROTECTED, "/products", "/no/such/path"])
def test_plain_http_is_refused_everywhere(guarded: Shop, path: str) -> None:
    """403 without a redirect, with a token and without, whatever a forwarding header claims."""
    answers = [
        guarded.get(path, base_url=CLEAR),
        guarded.get(path, guarded.token, base_url=CLEAR),
        guarded.get(path, guarded.token, base_url=CLEAR, **{"X-Forwarded-Proto": "https"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


@pytest.mark.parametrize("path", ["/auth/login", "/auth/remember", "/auth/resume", "/auth/partner", "/partners/keys"])
def test_nothing_is_posted_over_plain_http(guarded: Shop, path: str) -> None:
    """No credential is taken in or given out in clear."""
    assert guarded.post(path, guarded.token, base_url=CLEAR, json={}).status_code == 403


@pytest.mark.parametrize("path", PROTECTED)
def test_answers_stay_out_of_caches_and_refusals_carry_a_challenge(guarded: Shop, path: str) -> None:
    """BT307 and BT418: authenticated answers and refusals say no-store, every 401 how to be let in."""
    let_in, refused = guarded.get(path, guarded.token), guarded.get(path)
    assert {answer.headers["Cache-Control"] for answer in (let_in, refused)} == {"no-store"}
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="the shop"'


@pytest.mark.parametrize("path", GIVING)
def test_every_token_is_opaque_new_and_expires(guarded: Shop, path: str) -> None:
    """BT201, BT402 to BT411, BT501: no JWT to forge, never the same token, fifteen minutes."""
    first, second = (guarded.get(path, guarded.token).json for _ in range(2))
    assert re.fullmatch(r"shop_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", first["access_token"])
    assert first["access_token"] != second["access_token"]
    assert first["expires_in"] == 900


def test_no_credential_is_stored_in_clear(guarded: Shop) -> None:
    """BT301: digests in the database; what was handed out works."""
    remembered = guarded.post("/auth/remember", guarded.token).json["remember_token"]
    key = guarded.post("/partners/keys", guarded.token).json["partner_key"]
    stored = guarded.stored.upper()
    for credential in (guarded.token, remembered, key):
        assert credential.upper() not in stored
        assert credential.encode().hex().upper() not in stored
    assert guarded.post("/auth/resume", json={"remember_token": remembered}).json["token_type"] == "Bearer"
    assert guarded.post("/auth/partner", json={"partner_key": key}).json["token_type"] == "Bearer"


def test_no_token_is_written_to_the_log(tmp_path: Path) -> None:
    """BT302 and BT303: remembering is logged without the token, and a token in a log call is blotted out."""
    script = (
        f"client.post('/auth/remember', base_url={SECURE!r}, headers=headers)\n"
        "log.info('token ' + token); log.info('token %s', token)"
    )
    remembered, message, argument = printed("guarded", tmp_path, script).splitlines()
    assert remembered == "remembered ada"
    assert re.fullmatch(r"token \[redacted \w{12}\]", message)
    assert argument == message


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/login", {"username": "ada", "password": "wrong"}),
        ("/auth/login", {"username": "nobody", "password": PASSWORD}),
        ("/auth/login", ["ada", PASSWORD]),
        ("/auth/resume", {"remember_token": "wrong"}),
        ("/auth/partner", {"partner_key": ["wrong"]}),
    ],
)
def test_wrong_credentials_are_refused_with_a_challenge(guarded: Shop, path: str, body: Any) -> None:
    """Token endpoints refuse a wrong password, a wrong token and a body of the wrong shape with a whole 401."""
    answer = guarded.post(path, json=body)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="the shop"')


def test_both_shops_are_the_same_api(guarded: Shop) -> None:
    """Same operations and same protection as the leaky shop's, and the daily report, which is documented here."""
    promised = {key: operation.get("security") for key, operation in operations("guarded").items()}
    assert promised.pop(("GET", "/reports/daily")) == [{"bearer": []}]
    assert promised == {key: operation.get("security", []) for key, operation in operations("leaky").items()}
    assert guarded.served == set(operations("guarded"))


def test_specification_says_what_the_guard_enforces(guarded: Shop) -> None:
    """BT601 and BT605: `guard.openapi()`, made of what is enforced, finds nothing to change in the document."""
    document = specification("guarded")
    with guarded.app.app_context():
        assert guarded.package.security.guard.openapi(document) == document


def test_specification_offers_https_only() -> None:
    """BT104: no http address anywhere in the document."""
    assert "http://" not in (EXAMPLES / "guarded" / "openapi.yaml").read_text()


def test_shop_has_no_key_of_its_own(guarded: Shop) -> None:
    """BT205 and BT206: the shop signs nothing, so there is no key to lose."""
    assert guarded.app.secret_key is None
