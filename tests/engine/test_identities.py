"""A credential that ends during the scan: it is renewed, what it cut off is asked again, or the scan is incomplete."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
import pytest
from flask import Flask, abort, request

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan, Target, Transport, identities
from stopper.io.in_process import InProcess
from stopper.io.login import LoginFlow, throwaway
from stopper.io.login import login as io_login
from stopper.model import Report, Witness
from stopper.observe.spec import read
from stopper.observe.views import Credential, Exchange, Request
from stopper.observe.wire.jwt import parse
from stopper.secret import Secret

BASE = "https://shop.test"
LIVES = 2.0
KEY = "a-key-that-nobody-guesses-1c9a7f0e5b2d"
NAMES = ("me", "orders", "basket", "bills")
SPEC = f"""
openapi: 3.1.0
info: {{title: Shop, version: "1"}}
servers: [{{url: "{BASE}"}}]
components: {{securitySchemes: {{bearer: {{type: http, scheme: bearer}}}}}}
security: [{{bearer: []}}]
paths: {{{", ".join(f'/{name}: {{get: {{responses: {{"200": {{description: one}}}}}}}}' for name in NAMES)}}}
"""


@dataclass
class Clock:
    """The time of scanner and application, which moves with each request."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Shop(InProcess):
    """An API whose tokens live for two seconds, with what was asked of it."""

    clock: Clock
    signed: bool = False
    checked: bool = True
    logins: int = 0
    refreshed: int = 0
    most: int = 1000
    seconds: float = 0.05
    lives: float = LIVES
    late: int = 0
    ends: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.app())

    async def send(self, request: Request) -> Exchange:
        """Let time pass, then answer."""
        self.clock.now += self.seconds
        return await super().send(request)

    def issue(self) -> str:
        """Return a token that ends two seconds from now."""
        if not self.signed:
            token = secrets.token_urlsafe(32)
            self.ends[token] = self.clock.now + self.lives
            return token
        claims = {"sub": "ada", "iat": int(self.clock.now), "exp": int(self.clock.now) + int(self.lives)}
        return jwt.encode(claims | {"jti": secrets.token_hex(8)}, KEY)

    def good(self, token: str) -> bool:
        """Tell whether a token is good now; without `checked` its signature is not looked at."""
        if not self.signed:
            return self.ends.get(token, 0) > self.clock.now
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_signature": self.checked}
        try:
            claims = jwt.decode(token, KEY, algorithms=["HS256"], options=options)
        except jwt.InvalidTokenError:
            return False
        self.late += claims.get("exp", 0) <= self.clock.now
        return bool(claims.get("exp", 0) > self.clock.now)

    def app(self) -> Flask:
        """Return the routes."""
        app = Flask("shop")

        def guarded() -> dict[str, str]:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self.good(token):
                abort(401)
            return {"user": "ada", "path": request.path}

        for name in NAMES:
            app.add_url_rule(f"/{name}", name, guarded)

        @app.post("/login")
        def login() -> tuple[dict[str, str], int]:
            self.logins += 1
            if self.logins > self.most:
                return {"error": "too many"}, 403
            return {"access_token": self.issue()}, 200

        @app.post("/refresh")
        def refresh() -> dict[str, str]:
            self.refreshed += 1
            return {"access_token": self.issue()}

        return app


async def login(transport: Transport, base: str) -> Credential | str:
    """Log in as a configured login would."""
    return _read(await transport.send(Request("POST", f"{base}/login")))


async def refresh(transport: Transport, base: str, _: Credential) -> Credential | str:
    """Renew as a configured refresh would."""
    return _read(await transport.send(Request("POST", f"{base}/refresh")))


def _read(exchange: Exchange) -> Credential | str:
    answer: Any = exchange.response
    token = jwt_token(answer.text) if answer.status == 200 else ""
    return Credential(Secret(token), jwt=parse(token), disposable=True) if token else f"status {answer.status}"


def jwt_token(text: str) -> str:
    """Return the token in an answer to a login."""
    return text.split('"access_token":"')[1].split('"')[0]


def scanned(shop: Shop, monkeypatch: pytest.MonkeyPatch, limits: Limits | None = None, **changes: Any) -> Report:
    """Scan the shop by its clock."""
    monkeypatch.setattr(identities, "monotonic", shop.clock)
    monkeypatch.setattr("stopper.engine.live.monotonic", shop.clock)
    target = Target(Witness.WIRE, shop, BASE, **({"logins": (login,)} | changes))
    inputs = Inputs(("shop",), (read("openapi.yaml", SPEC.encode(), None),), live=(target,))
    controls = {name: entry for name, entry in catalogue().items() if name not in SLOW}
    return asyncio.run(Scan(inputs, controls, limits or Limits(per_operation=150), lambda _: None).run())


SLOW = {"BT208", "BT407"}
"""Guessing keys and making RSA keys take real time and are no matter of this file."""


def broken(report: Report) -> set[str]:
    """Return the controls of which something of medium or more is found."""
    return {finding.control for finding in report.findings if finding.severity.rank >= 2}


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.15])
@pytest.mark.parametrize("signed", [False, True])
def test_a_token_that_ends_is_renewed(monkeypatch: pytest.MonkeyPatch, signed: bool, seconds: float) -> None:
    """Tokens that live for two seconds and a scan of many more: it is complete, whether or not the token tells."""
    shop = Shop(Clock(), signed, seconds=seconds)
    report = scanned(shop, monkeypatch)
    assert not report.incomplete
    assert not report.ungraded
    assert report.coverage.requests * seconds > 2 * LIVES
    assert shop.logins > 2
    assert report.coverage.reached == len(NAMES)
    assert not broken(report) & {"BT416", "BT421", "BT422", "BT402", "BT403"}
    kept = {observation.control for observation in report.observations if observation.verdict.kept}
    assert kept >= {"BT402", "BT416"} | ({"BT404", "BT405"} if signed else set())
    assert not [skip for skip in report.skips if "the answers prove nothing" in skip.why]


def test_renewals_take_no_check_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the smallest budget, what is left out is the same for tokens of two seconds and of an hour."""
    short, long = (
        scanned(shop, monkeypatch, Limits())
        for shop in (Shop(Clock(), signed=True, seconds=0.15), Shop(Clock(), signed=True, seconds=0.15, lives=3600))
    )
    left_out = [{skip for skip in report.skips if "budget" in skip.why} for report in (short, long)]
    assert left_out[0] == left_out[1]
    assert long.coverage.requests < short.coverage.requests <= 200 + identities.ON_TOP


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.15])
def test_a_fault_is_found_although_the_token_ended(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Mutants of a token that has ended would be refused for its end: they are made of the next one, and accepted."""
    shop = Shop(Clock(), signed=True, checked=False, seconds=seconds)
    report = scanned(shop, monkeypatch)
    assert "BT403" in broken(report)
    assert not report.incomplete


def test_the_refresh_flow_goes_before_another_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user named how a token is renewed, the scan logs in once and renews."""
    shop = Shop(Clock(), signed=True)
    assert not scanned(shop, monkeypatch, refresh=refresh).incomplete
    assert shop.logins == 1
    assert shop.refreshed > 2
    assert shop.late == 0, "a token that tells its end is renewed before it"


def test_a_refresh_that_fails_leaves_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh flow that gives nothing is followed by a login."""

    async def refused(*_: object) -> str:
        return "refresh answered 400"

    shop = Shop(Clock(), signed=True)
    assert not scanned(shop, monkeypatch, refresh=refused).incomplete
    assert shop.logins > 2


@pytest.mark.parametrize("signed", [False, True])
def test_a_renewal_that_fails_makes_the_scan_incomplete(monkeypatch: pytest.MonkeyPatch, signed: bool) -> None:
    """A login that works only once leaves the rest of the scan undone, and the report says why."""
    report = scanned(Shop(Clock(), signed, most=1), monkeypatch)
    assert "the credential ended and could not be renewed: status 403" in report.incomplete
    assert not broken(report) & {"BT416", "BT421", "BT422"}


def test_a_given_token_that_ends_makes_the_scan_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing renews a token that the user gave: the scan says that it ended."""
    shop = Shop(Clock())
    report = scanned(shop, monkeypatch, logins=(), token=Credential(Secret(shop.issue())))
    assert report.incomplete


def test_the_same_token_again_is_no_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that gives the token that has ended once more cannot go on."""
    shop = Shop(Clock())
    only = Credential(Secret(shop.issue()))

    async def same(*_: object) -> Credential:
        return only

    report = scanned(shop, monkeypatch, logins=(same,))
    assert "gives the same one again" in report.incomplete


def test_an_end_that_nothing_announced_is_noticed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that do not tell when they end cost little more than ones that never do: not all is asked again."""
    monkeypatch.setattr(f"{__name__}.LIVES", 1e6)
    lasting = scanned(Shop(Clock()), monkeypatch).coverage.requests
    monkeypatch.setattr(f"{__name__}.LIVES", 2.0)
    shop = Shop(Clock())
    ending = scanned(shop, monkeypatch).coverage.requests
    assert shop.logins > 2
    assert ending - lasting <= 20 + 3 * shop.logins


@pytest.mark.parametrize("spendable", [False, True])
def test_what_crosses_plain_http_can_be_lost(spendable: bool) -> None:
    """Off this machine the throw-away identity's password and token cross in clear, and the user's own do not."""
    app = Flask("shop")
    owners: dict[str, str] = {}
    crossed: set[str] = set()

    @app.before_request
    def heard() -> None:
        if not request.is_secure:
            crossed.add(owners.get(request.headers.get("Authorization", "").removeprefix("Bearer "), ""))
            crossed.add((request.get_json(silent=True) or {}).get("user", ""))

    @app.post("/login")
    def sign_in() -> dict[str, str]:
        token = secrets.token_urlsafe(32)
        owners[token] = request.get_json()["user"]
        return {"access_token": token}

    @app.get("/me")
    def me() -> dict[str, str]:
        return {"user": owners.get(request.headers.get("Authorization", "").removeprefix("Bearer ")) or abort(401)}

    def flow(user: str) -> LoginFlow:
        return LoginFlow("/login", "POST", (("Content-Type", "application/json"),), f'{{"user": "{user}"}}'.encode())

    async def own(transport: Transport, base: str) -> Credential | str:
        made = await io_login(transport, base, flow("ada"))
        return made if isinstance(made, Credential) else made.why

    target = Target(Witness.WIRE, InProcess(app), BASE, "http://shop.test", (own,), may_send_clear=True)
    given = throwaway(flow("bin"), BASE, lambda _: None) if spendable else None
    document = read("openapi.yaml", SPEC.replace("orders:", "gone:").encode(), None)
    inputs = Inputs(("shop",), (document,), live=(replace(target, throwaway=given),))
    chosen = {name: entry for name, entry in catalogue().items() if name in ("BT101", "BT102", "BT107")}
    report = asyncio.run(Scan(inputs, chosen, Limits(), lambda _: None).run())
    assert "BT102" in {finding.control for finding in report.findings}
    assert crossed - {""} == ({"bin"} if spendable else {"ada"})
