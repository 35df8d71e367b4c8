"""Made-up tokens through what the proofs must not call: which operations, with what, and what the report says."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import jwt
import pytest
from flask import Flask, abort, request

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan, Target, canary
from stopper.io.in_process import InProcess
from stopper.model import Endpoint, Place, Status, Witness
from stopper.observe.source import read_project
from stopper.observe.views import AppRoute, Credential, EndpointView, Exchange, Request
from stopper.observe.wire.jwt import credential
from stopper.secret import Secret

KEY = "the key of this test, of thirty-two bytes and more"


HANDLE = logging.Handler.handle
"""As Python has it: the guard of another test puts its redaction into every handler of the process."""


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no other test's guard redact what is written here."""
    monkeypatch.setattr(logging.Handler, "handle", HANDLE)


def shop() -> Flask:
    """Return an application whose POST logs the token that it was let in with."""
    app = Flask("shop_of_canaries", static_folder=None)
    seen: set[str] = set()

    def caller() -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            jwt.decode(token, KEY, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            abort(401)
        return token

    @app.get("/me")
    def me() -> dict[str, str]:
        caller()
        return {"user": "ada"}

    @app.post("/orders/<int:number>")
    def order(number: int) -> dict[str, int]:
        token = caller()
        app.logger.warning("order %s by %s", number, token)  # logged
        seen.add(token)
        return {"callers": len(seen)}

    @app.route("/stock", methods=["PUT", "DELETE"])
    def stock() -> dict[str, str]:
        return {}

    return app


@dataclass
class Undoing:
    """Calls the application whatever a request asks to be undone, as its child process would, and keeps the requests.

    `failing` is the error of the exchanges that were to be undone, where they are to fail.
    """

    application: InProcess
    failing: str = ""
    asked: list[Request] = field(default_factory=list)
    answers: list[Exchange] = field(default_factory=list)

    async def send(self, request: Request) -> Exchange:
        """Return the exchange."""
        if not request.undone:
            return await self.application.send(request)
        self.asked.append(request)
        if self.failing:
            return Exchange(request, None, self.failing, witness=Witness.APP)
        made = await self.application.send(replace(request, undone=False))
        self.answers.append(made)
        return replace(made, request=request)


def token(**claims: object) -> str:
    """Return a token of the application's."""
    return jwt.encode({"sub": "ada", "exp": int(time.time()) + 3600, **claims}, KEY, algorithm="HS256")


def scanned(transport: Undoing | InProcess, witness: Witness = Witness.APP, source: str = "") -> Scan:
    """Return the finished scan of the shop, with its own key at hand."""
    application = transport.application if isinstance(transport, Undoing) else transport
    identity = credential(token())
    inputs = Inputs(
        targets=("shop:app",),
        project=read_project([(Path(__file__).name, source.encode())]) if source else None,
        snapshot=asyncio.run(application.snapshot()),
        live=(Target(witness, transport, "https://shop.test", token=identity),),
        keys=(Secret(KEY),),
    )
    entries = {name: catalogue()[name] for name in ("BT301", "BT302", "BT401")}
    scan = Scan(inputs, entries, Limits(), lambda event: None)
    asyncio.run(scan.run())
    return scan


@pytest.fixture
def application() -> InProcess:
    """The shop in this process."""
    app = shop()
    app.logger.addHandler(logging.NullHandler())
    return InProcess(app, Path(__file__).parent)


def sent_token(each: Request) -> str:
    """Return the token in a request's header."""
    return (each.header("Authorization") or "").removeprefix("Bearer ")


def test_each_operation_gets_tokens_of_its_own(application: InProcess) -> None:
    """A stranger's token and one that the API's key signed go to each operation, each once; the views really run."""
    transport = Undoing(application)
    scanned(transport)
    called = [(each.method, each.url.removeprefix("https://shop.test")) for each in transport.asked]
    assert called == [("POST", "/orders/1")] * 2 + [("PUT", "/stock")] * 2 + [("DELETE", "/stock")] * 2
    tokens = list(map(sent_token, transport.asked))
    assert len(set(tokens)) == 6
    assert [each.body for each in transport.asked] == [b"{}"] * 4 + [None] * 2
    assert [each.response and each.response.status for each in transport.answers[:2]] == [401, 200]


def test_what_is_seen_confirms_what_is_read(application: InProcess) -> None:
    """A log call that the source shows and a token that reaches the log by it are one finding of two witnesses."""
    handler = logging.StreamHandler()
    logging.getLogger("shop_of_canaries").addHandler(handler)
    try:
        report = scanned(Undoing(application), source=Path(__file__).read_text()).report()
    finally:
        logging.getLogger("shop_of_canaries").removeHandler(handler)
    lines = Path(__file__).read_text().splitlines()
    logged = next(number for number, line in enumerate(lines, 1) if line.endswith("# logged"))
    (finding,) = [each for each in report.findings if each.control == "BT302"]
    assert finding.status is Status.CONFIRMED
    assert finding.place is not None
    assert finding.place.line == logged
    assert Endpoint("POST", "/orders/{number}") in finding.endpoints
    assert Witness.APP in finding.witnesses
    assert "by the logger shop_of_canaries" in finding.message
    assert any("made-up tokens went through 3 further operations" in note for note in report.notes)


def test_what_is_answered_meanwhile_proves_nothing(application: InProcess) -> None:
    """Operations that answer a stranger under the seal are not called open: the exchanges do not count."""
    scan = scanned(Undoing(application))
    assert not [each for each in scan.exchanges if each.request.undone]
    assert not [each for each in scan.report().findings if each.control == "BT401"]


def test_where_it_cannot_be_undone_it_is_said(application: InProcess) -> None:
    """An application in a process that is not its own is not called, the report says so, and is whole all the same."""
    report = scanned(application).report()
    assert not report.incomplete
    (skip,) = [skip for skip in report.skips if "made-up tokens" in skip.what]
    assert skip.what == "made-up tokens through 3 further operations"
    assert skip.why == "what the application writes could not be undone: the process is not its own"
    assert not any("made-up tokens went" in note for note in report.notes)


def test_an_application_that_does_not_come_back_leaves_the_scan_whole(application: InProcess) -> None:
    """Trials without an answer end the sweep, are said, and take nothing from what was asked before."""
    transport = Undoing(application, failing="timeout")
    report = scanned(transport).report()
    assert not report.incomplete
    whys = [skip.why for skip in report.skips if "made-up tokens" in skip.what]
    assert whys == ["the target does not answer: timeout"]


def test_nothing_of_it_goes_over_the_wire(application: InProcess) -> None:
    """An API that is served is never sent what would have to be undone."""
    transport = Undoing(application)
    scanned(transport, Witness.WIRE)
    assert transport.asked == []


def view(method: str, path: str, *arguments: tuple[str, str], automatic: bool = False) -> EndpointView:
    """Return an operation that the application alone knows."""
    endpoint = Endpoint(method, path)
    route = AppRoute(endpoint, path.strip("/"), Place("shop.py", 1), automatic, arguments)
    return EndpointView(endpoint, frozenset({Witness.APP}), app_route=route)


def test_values_are_invented_by_their_converters() -> None:
    """Every converter of Werkzeug gets a value that it takes; what ends a session comes last."""
    arguments = (("a", "int"), ("b", "string(length=2)"), ("c", "any('x', 'y')"), ("d", "uuid"), ("e", "path"))
    made = canary.steps(
        [
            view("DELETE", "/things"),
            view("POST", "/logout"),
            view("POST", "/{a}/{b}/{c}/{d}/{e}", *arguments),
            view("OPTIONS", "/things", automatic=True),
            EndpointView(Endpoint("POST", "/elsewhere"), frozenset()),
        ]
    )
    uuid = "00000000-0000-4000-8000-000000000001"
    assert [step.target for step in made] == [f"/1/1/x/{uuid}/1", "/things", "/logout"]


def test_a_body_holds_a_token_where_one_is_expected() -> None:
    """An operation that refreshes or revokes by its name gets the token in its body, under the names of the RFCs."""
    made, working = Credential(Secret("made-up-token-1")), Credential(Secret("working-token"))
    (refresh,) = canary.steps([view("POST", "/auth/refresh")])
    body = canary.asked(refresh, "https://shop.test", made, made.token).body
    assert json.loads(body or b"") == dict.fromkeys(("token", "access_token", "refresh_token"), "made-up-token-1")
    assert canary.asked(refresh, "https://shop.test", working, None).body == b"{}"


def test_a_token_that_cannot_be_signed_stays_as_it_is() -> None:
    """Without its key a token is sent as it is."""
    opaque = Credential(Secret("f3b1c0d9e8a74625b1d0c3e2f5a69788"))
    assert canary.unique(opaque) is opaque


async def made_by_itself(requests: Sequence[Request]) -> tuple[Secret, str] | None:
    """Mint for the operations that may be called, as the application's child process does."""
    assert [request.url for request in requests] == ["https://shop.test/me"]
    return Secret(token()), "PyJWT"


def test_who_gives_no_login_is_given_a_token(application: InProcess) -> None:
    """Without login and token the application's own library makes one: the scan has an identity, and says whence."""
    inputs = Inputs(
        targets=("shop:app",),
        snapshot=asyncio.run(application.snapshot()),
        live=(Target(Witness.APP, application, "https://shop.test", mint=made_by_itself),),
        keys=(Secret(KEY),),
    )
    report = asyncio.run(Scan(inputs, {"BT401": catalogue()["BT401"]}, Limits(), lambda event: None).run())
    assert report.coverage.identity
    assert not report.ungraded
    assert "no identity was given: a token was made by PyJWT with the application's own key" in report.notes
