"""The leaky shop is honest: each fault works over HTTP as its comment says, and only where it is marked."""

from __future__ import annotations

import random
import re
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from joserfc import jws, jwt
from joserfc.jwk import OctKey
from werkzeug.test import TestResponse

from tests.examples.shops import CLEAR, EXAMPLES, PASSWORD, PROTECTED, SECURE, Shop, operations, printed

LEAKY = EXAMPLES / "leaky"
FOREIGN = OctKey.import_key("a key that is long enough and not the shop's")
MARK = re.compile(r"# (BT\d{3}(?: BT\d{3})*)$")


pytestmark = pytest.mark.filterwarnings('ignore:JWS algorithm "none" is deprecated')


# --------------------------------------------------------------------------- what a caller can try


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, without verifying it."""
    return dict(jwt.json.loads(jws.extract_compact(token.encode()).payload))


def signed(shop: Shop, **changes: Any) -> str:
    """Return Ada's token with some claims changed (None: left out), signed with the key that stands in the source."""
    key = re.search(r'^SIGNING_KEY = "(\w+)"', (LEAKY / "shop/tokens.py").read_text(), re.MULTILINE)
    assert key
    claims = {name: value for name, value in (claims_of(shop.token) | changes).items() if value is not None}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key[1]))


def foreign(shop: Shop) -> str:
    """Return Ada's claims signed with a key that is not the shop's."""
    return jwt.encode({"alg": "HS256"}, claims_of(shop.token), FOREIGN)


def flipped(shop: Shop) -> str:
    """Return Ada's token with one character of its signature changed."""
    head, _, signature = shop.token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def unsigned(shop: Shop, **changes: Any) -> str:
    """Return Ada's claims, some of them changed, in a token that says it needs no signature."""
    return jwt.encode({"alg": "none"}, claims_of(shop.token) | changes, FOREIGN, algorithms=["none"])


TRIALS: dict[str, Callable[[Shop, str], TestResponse]] = {
    "original": lambda shop, path: shop.get(path, shop.token),
    "lower-case scheme": lambda shop, path: shop.get(path, Authorization=f"bearer {shop.token}"),
    "minted": lambda shop, path: shop.get(path, signed(shop)),
    "nothing": lambda shop, path: shop.get(path),
    "opaque": lambda shop, path: shop.get(path, "x" * 43),
    "malformed": lambda shop, path: shop.get(path, "e30.bm90IGpzb24.AAAA"),
    "foreign": lambda shop, path: shop.get(path, foreign(shop)),
    "flipped": lambda shop, path: shop.get(path, flipped(shop)),
    "stripped": lambda shop, path: shop.get(path, shop.token.rpartition(".")[0] + "."),
    "unsigned": lambda shop, path: shop.get(path, unsigned(shop)),
    "unsigned and expired": lambda shop, path: shop.get(path, unsigned(shop, exp=1)),
    "expired": lambda shop, path: shop.get(path, signed(shop, exp=int(time.time()) - 3600)),
    "without expiry": lambda shop, path: shop.get(path, signed(shop, exp=None)),
    "other issuer": lambda shop, path: shop.get(path, signed(shop, iss="https://elsewhere.example")),
    "other audience": lambda shop, path: shop.get(path, signed(shop, aud="bakery")),
    "not yet valid": lambda shop, path: shop.get(path, signed(shop, nbf=int(time.time()) + 3600)),
    "in the query": lambda shop, path: shop.get(f"{path}?access_token={shop.token}"),
    "without a scheme": lambda shop, path: shop.get(path, Authorization=shop.token),
    "scheme twice": lambda shop, path: shop.get(path, Authorization=f"Bearer Bearer {shop.token}"),
    "other scheme": lambda shop, path: shop.get(path, Authorization=f"Basic {shop.token}"),
    "two at once": lambda shop, path: shop.get(path, Authorization=f"Bearer {shop.token}, Bearer {shop.token}"),
    "behind a TAB": lambda shop, path: shop.get(path, Authorization=f"Bearer\t{shop.token}"),
}

ALWAYS = {"original", "lower-case scheme", "minted"}
FLAWS: dict[str, set[str]] = {
    "/customers/1": set(TRIALS),
    "/suppliers": {
        *("foreign", "flipped", "stripped", "unsigned", "unsigned and expired"),
        *("expired", "without expiry", "other issuer", "other audience", "not yet valid"),
    },
    "/stock/lamp": {"unsigned"},
    "/tills/prices": {"expired", "without expiry"},
    "/orders/1/label": {"in the query"},
    "/account/vouchers": {"without a scheme", "scheme twice"},
}


@pytest.mark.parametrize("path", PROTECTED)
def test_each_operation_accepts_what_its_flaw_allows_and_refuses_all_else(leaky: Shop, path: str) -> None:
    """Twenty-two ways to call each protected operation: 200 where its own flaw lets it through, else 401."""
    expected = {trial: 200 if trial in ALWAYS | FLAWS.get(path, set()) else 401 for trial in TRIALS}
    if path == "/account/vouchers":
        del expected["lower-case scheme"]  # replace("Bearer ", "") refuses it: the same flaw seen from its other side.
    assert {trial: TRIALS[trial](leaky, path).status_code for trial in expected} == expected


def test_loosely_read_header_refuses_a_lower_case_scheme(leaky: Shop) -> None:
    """BT416 shows in both directions: it accepts what is no scheme and refuses one that is."""
    assert leaky.get("/account/vouchers", Authorization=f"bearer {leaky.token}").status_code == 401


# --------------------------------------------------------------------------- transport


@pytest.mark.parametrize("path", [*PROTECTED, "/products", "/no/such/path"])
def test_plain_http_is_refused_but_for_two_token_endpoints(leaky: Shop, path: str) -> None:
    """BT101 and BT610 on one, BT103 on another, 403 everywhere else, with a token and without."""
    expected = {"/auth/legacy": (401, 200), "/auth/token": (301, 301)}.get(path, (403, 403))
    answers = leaky.get(path, base_url=CLEAR), leaky.get(path, leaky.token, base_url=CLEAR)
    assert tuple(answer.status_code for answer in answers) == expected


@pytest.mark.parametrize("path", ["/auth/login", "/auth/remember", "/auth/resume", "/auth/partner", "/partners/keys"])
def test_nothing_is_posted_over_plain_http(leaky: Shop, path: str) -> None:
    """No credential is taken in or given out in clear by any operation that changes something."""
    assert leaky.post(path, leaky.token, base_url=CLEAR, json={}).status_code == 403


def test_redirect_leads_to_https(leaky: Shop) -> None:
    """BT103 is a redirect of the same address to https, sent when the token has already crossed."""
    answer = leaky.get("/auth/token?for=downloads", leaky.token, base_url=CLEAR)
    assert answer.headers["Location"] == f"{SECURE}/auth/token?for=downloads"


@pytest.mark.parametrize("path", ["/orders", "/products", "/auth/device"])
def test_anybody_can_claim_to_have_come_securely(leaky: Shop, path: str) -> None:
    """BT107: the header alone opens what plain HTTP is refused."""
    spoofed = leaky.get(path, leaky.token, base_url=CLEAR, **{"X-Forwarded-Proto": "https"})
    honest = leaky.get(path, leaky.token, base_url=CLEAR, **{"X-Forwarded-Proto": "http"})
    assert (spoofed.status_code, honest.status_code) == (200, 403)


# --------------------------------------------------------------------------- keys, storage, exposure


def test_partner_keys_follow_from_the_generator_state(leaky: Shop) -> None:
    """BT201: who knows the state of Python's generator knows the key; the key works, and only its digest is kept."""
    state = random.getstate()
    key = leaky.post("/partners/keys", leaky.token).json["partner_key"]
    random.setstate(state)
    assert key == "".join(random.choices(string.ascii_letters + string.digits, k=40))
    exchanged = leaky.post("/auth/partner", json={"partner_key": key})
    assert claims_of(exchanged.json["access_token"])["sub"] == "ada"
    assert key not in leaky.stored


def test_secret_key_has_a_published_default(leaky: Shop) -> None:
    """BT206: without the variable the application runs, with the key that stands in its source."""
    assert leaky.app.secret_key in (LEAKY / "shop/__init__.py").read_text()


def test_remembered_token_is_stored_in_clear(leaky: Shop) -> None:
    """BT301: the token lies in the table as it is, and works once it is found there."""
    token = leaky.post("/auth/remember", leaky.token).json["remember_token"]
    assert token in leaky.stored
    assert leaky.post("/auth/resume", json={"remember_token": token}).status_code == 200


def test_remembered_token_expires(leaky: Shop) -> None:
    """The token that is stored in clear is not also one without expiry."""
    token = leaky.post("/auth/remember", leaky.token).json["remember_token"]
    with time_machine.travel(time.time() + 31 * 86_400):
        assert leaky.post("/auth/resume", json={"remember_token": token}).status_code == 401


def test_remembered_token_is_logged_and_printed(tmp_path: Path) -> None:
    """BT302: the log's handler prints the token, the filter notwithstanding."""
    script = f"print(client.post('/auth/remember', base_url={SECURE!r}, headers=headers).json['remember_token'])"
    logged, token = printed("leaky", tmp_path, script).splitlines()
    assert logged == f"remembered ada by {token}"


def test_redaction_sees_the_message_and_not_its_arguments(tmp_path: Path) -> None:
    """BT303: the filter is in place and works on a token in the message; one in the arguments passes."""
    script = "log.info('token ' + token); log.info('token %s', token); print('token', token)"
    message, argument, plain = printed("leaky", tmp_path, script).splitlines()
    assert message == "token [redacted]"
    assert argument == plain


def token_answers(shop: Shop) -> Iterator[tuple[str, TestResponse]]:
    """Call every operation that gives out an access token."""
    yield "/auth/login", shop.post("/auth/login", json={"username": "ada", "password": PASSWORD})
    for path in ("/auth/device", "/auth/legacy", "/auth/support", "/auth/token"):
        yield path, shop.get(path, shop.token)
    remembered = shop.post("/auth/remember", shop.token)
    yield "/auth/resume", shop.post("/auth/resume", json=remembered.json)
    yield "/auth/partner", shop.post("/auth/partner", json=shop.post("/partners/keys", shop.token).json)


def test_only_one_token_answer_may_be_cached(leaky: Shop) -> None:
    """BT307: every answer that holds a token says no-store, but one."""
    policies = {path: answer.headers["Cache-Control"] for path, answer in token_answers(leaky)}
    assert policies.pop("/auth/support") == "max-age=600"
    assert set(policies.values()) == {"no-store"}


@pytest.mark.parametrize("path", [path for path in PROTECTED if path != "/auth/support"])
def test_authenticated_answers_may_not_be_cached(leaky: Shop, path: str) -> None:
    """Neither an answer to a caller with a token nor a refusal stays in a cache."""
    answers = leaky.get(path, leaky.token), leaky.get(path)
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_only_one_token_never_expires(leaky: Shop) -> None:
    """BT501: every token expires within fifteen minutes, but the one for a device, which is accepted at the till."""
    claims = {path: claims_of(answer.json["access_token"]) for path, answer in token_answers(leaky)}
    assert "exp" not in claims.pop("/auth/device")
    assert {claim["exp"] - claim["iat"] for claim in claims.values()} == {900}
    device = leaky.get("/auth/device", leaky.token).json["access_token"]
    assert (leaky.get("/tills/prices", device).status_code, leaky.get("/orders", device).status_code) == (200, 401)


def test_only_one_refusal_lacks_its_challenge(leaky: Shop) -> None:
    """BT418: every 401 says how to be let in, but that of the addresses; without a token it names no error."""
    refusing = [path for path in PROTECTED if path != "/customers/1"]
    challenges = {path: leaky.get(path).headers.get("WWW-Authenticate") for path in refusing}
    assert challenges.pop("/account/addresses") is None
    assert set(challenges.values()) == {'Bearer realm="shop"'}
    assert 'error="invalid_token"' in leaky.get("/orders", "x" * 43).headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/login", {"username": "ada", "password": "wrong"}),
        ("/auth/login", {"username": "nobody", "password": PASSWORD}),
        ("/auth/login", ["ada", PASSWORD]),
        ("/auth/resume", {"remember_token": "wrong"}),
        ("/auth/resume", {"remember_token": None}),
        ("/auth/partner", {"partner_key": ["wrong"]}),
    ],
)
def test_wrong_credentials_are_refused_with_a_challenge(leaky: Shop, path: str, body: Any) -> None:
    """Token endpoints refuse a wrong password, a wrong token and a body of the wrong shape with a whole 401."""
    answer = leaky.post(path, json=body)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="shop"')


# --------------------------------------------------------------------------- specification and marks


def test_specification_knows_every_route_but_one(leaky: Shop) -> None:
    """BT605: the application serves the daily report besides what is promised, and all that is promised."""
    assert leaky.served - set(operations("leaky")) == {("GET", "/reports/daily")}
    assert set(operations("leaky")) - leaky.served == set()


def test_specification_protects_what_the_shop_protects(leaky: Shop) -> None:
    """BT601: nothing is open that the specification protects, but the customers; nothing is closed that it opens."""
    refused = {("GET", path) for path in PROTECTED} | {("POST", "/auth/remember"), ("POST", "/partners/keys")}
    promised = {key for key, operation in operations("leaky").items() if operation.get("security")}
    concrete = {(m, p.replace("{number}", "1").replace("{article}", "lamp")) for m, p in promised}
    assert concrete == refused - {("GET", "/reports/daily")}
    assert leaky.get("/customers/1").json == {"name": "ada", "email": "ada@shop.example.com"}


def test_one_operation_offers_http(leaky: Shop) -> None:
    """BT104: one operation has a server of its own in clear; the document's is https."""
    offering = [key for key, operation in operations("leaky").items() if "http://" in str(operation.get("servers"))]
    assert offering == [("GET", "/orders/{number}")]


def marks() -> Iterator[tuple[str, str]]:
    """Yield each control's id that a comment marks, with the file."""
    for path in sorted(LEAKY.rglob("*")):
        if path.suffix in {".py", ".yaml", ".toml"}:
            for line in path.read_text().splitlines():
                if match := MARK.search(line):
                    yield from ((control, path.name) for control in match[1].split())


def test_each_fault_is_marked_once() -> None:
    """Twenty-one controls, each at one line; BT401 and BT403 are folded into BT601 and BT402."""
    counted = Counter(control for control, _ in marks())
    expected = "101 103 104 107 201 205 206 301 302 303 306 307 402 404 411 416 418 501 601 605 610"
    assert counted == {f"BT{number}": 1 for number in expected.split()}
