"""Awkward APIs through the real engine: nothing false is claimed of them, and nothing true is missed."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response, abort, redirect, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan, Target
from stopper.model import Report, Skip, Witness
from stopper.observe.spec import read
from stopper.observe.views import Credential, Exchange, Request
from stopper.observe.wire import jwt
from stopper.report import json
from stopper.secret import Secret
from tests.cases import InProcess

TOKEN = "canary-6f4922f45568161a8cdf4ad2299f6d23-token"
HEAD = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://shop.test}]
components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}
security: [{bearer: []}]
paths:
"""

View = Callable[[bool], ResponseReturnValue]
"""What an operation answers; it is told whether the caller has the right token."""


def known() -> bool:
    """Tell whether the request presents the right token."""
    return request.headers.get("Authorization") == f"Bearer {TOKEN}"


def api(**views: View) -> Flask:
    """Return an application with an operation for each view, and one that is rightly guarded."""
    app = Flask(__name__)

    @app.get("/me")
    def me() -> ResponseReturnValue:
        return {"user": "ada"} if known() else ({"message": "who are you?"}, 401)

    for name, view in views.items():
        app.add_url_rule(f"/{name}", name, lambda view=view: view(known()))
    return app


def scanned(app: Flask, *paths: str, identity: bool = True, methods: str = "get", **changes: object) -> Report:
    """Scan an application over the wire; every path is promised to be protected."""
    text = HEAD + "".join(f'  {path}: {{{methods}: {{responses: {{"200": {{description: x}}}}}}}}\n' for path in paths)
    target = Target(Witness.WIRE, InProcess(app), "https://shop.test")
    target = replace(target, **{"token": Credential(Secret(TOKEN)) if identity else None, **changes})  # type: ignore[arg-type]
    given = Inputs(("shop",), (read("openapi.yaml", text.encode(), None),), live=(target,), secrets=(Secret(TOKEN),))
    return asyncio.run(Scan(given, dict(catalogue()), Limits(), lambda event: None).run())


def severe(report: Report, path: str) -> set[str]:
    """Return the critical controls found broken at a path."""
    critical = [finding for finding in report.findings if finding.severity.value == "critical"]
    return {finding.control for finding in critical if any(e.path == path for e in finding.endpoints)}


COUNT = itertools.count()

PRIVATE: dict[str, View] = {
    "error in a success": lambda known: {"user": "ada"} if known else {"error": "no token"},
    "message in a success": lambda known: {"message": "Hello, ada"} if known else {"message": "Token is missing!"},
    "same keys": lambda known: {"status": "ok", "data": "x"} if known else {"status": "error", "data": "y"},
    "only words differ": lambda known: {"message": "Hello, ada" if known else "Go away"},
    "login page": lambda known: {"user": "ada"} if known else "<form><input type='password' name='p'></form>",
    "redirect to login": lambda known: {"user": "ada"} if known else redirect("/auth/login?next=/x"),
    "personalised": lambda known: {"user": "ada" if known else None},
    "empty for strangers": lambda known: {"orders": [{"id": 1}] if known else []},
    "crashes for strangers": lambda known: {"user": "ada"} if known else Response("boom", 500),
    "overloaded for strangers": lambda known: {"user": "ada"} if known else Response("later", 503),
    "hidden from strangers": lambda known: {"user": "ada"} if known else Response("nothing", 404),
    "text": lambda known: "the list of orders" if known else "Unauthorized",
    "binary": lambda known: Response(bytes(range(256)), 200 if known else 403),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_operation_is_not_called_open(name: str) -> None:
    """However an API turns strangers away, that it does is no critical finding."""
    report = scanned(api(x=PRIVATE[name]), "/me", "/x")
    assert not severe(report, "/x")
    assert not report.incomplete or "reached" in report.incomplete


@pytest.mark.parametrize(("name", "status"), [("crashes for strangers", 500), ("hidden from strangers", 404)])
def test_a_credential_that_is_taken_is_not_called_refused(name: str, status: int) -> None:
    """Where no refusal is to be had to compare with, that is why nothing was proven: the credential works."""
    report = scanned(api(x=PRIVATE[name]), "/x")
    why = f"GET /x takes the credential, but without one it is no refusal that comes: status {status}"
    assert report.incomplete == f"wire: {why}"


STRANGERS = ["error in a success", "message in a success", "same keys", "login page", "redirect to login", "text"]


@pytest.mark.parametrize("name", STRANGERS)
def test_a_private_operation_is_not_called_open_without_an_identity(name: str) -> None:
    """The same where there is no right answer to compare with."""
    report = scanned(api(x=PRIVATE[name]), "/me", "/x", identity=False)
    assert not severe(report, "/x")
    assert report.ungraded == "no identity was given"


OPEN: dict[str, View] = {
    "plain": lambda known: {"orders": [1, 2]},
    "volatile": lambda known: {"id": next(COUNT), "at": f"12:00:{next(COUNT)}"},
    "growing list": lambda known: {"orders": [{"id": number} for number in range(1 + next(COUNT) % 5)]},
    "text": lambda known: f"request {next(COUNT)} of today",
}


@pytest.mark.parametrize("name", OPEN)
def test_an_open_operation_is_found(name: str) -> None:
    """An operation that answers anybody is found, whatever changes from call to call in its answers."""
    assert severe(scanned(api(x=OPEN[name]), "/me", "/x"), "/x") == {"BT601"}


ANY: dict[str, View] = {
    "any token": lambda known: {"user": "ada"} if request.headers.get("Authorization") else abort(401),
    "token repeated": lambda known: {"token": request.headers.get("Authorization") or abort(401), "ok": True},
}


@pytest.mark.parametrize("name", ANY)
def test_any_token_is_found(name: str) -> None:
    """An operation that any string opens is found."""
    assert severe(scanned(api(x=ANY[name]), "/me", "/x"), "/x") == {"BT402"}


def test_words_in_a_success_do_not_hide_a_door() -> None:
    """Where refusals have a status, an answer that speaks of tokens is an answer."""
    view: View = lambda known: {"message": "You need a token to see this"} if known else abort(401)  # noqa: E731
    report = scanned(api(x=view), "/x")
    assert not report.incomplete
    assert not report.ungraded


@pytest.mark.parametrize("body", ["not found: {}", '{{"path": "{}", "id": 7}}'])
def test_a_catch_all_opens_nothing(body: str) -> None:
    """An application that answers every path with 200, even naming it, is not open at each, and is not reached."""
    app = Flask(__name__)
    app.add_url_rule("/<path:path>", "all", lambda path: body.format(request.path))
    report = scanned(app, "/shop/a", "/shop/b")
    assert not severe(report, "/shop/a")
    assert "only 0 of 2" in report.incomplete


@pytest.mark.parametrize("methods", ["options", "head"])
def test_methods_without_a_body(methods: str) -> None:
    """OPTIONS answers everybody by its nature; a HEAD whose length differs is another answer."""
    app = api(x=lambda known: {"user": "ada, the admiral"} if known else {"error": "no"})
    assert not severe(scanned(app, "/x", methods=methods), "/x")


def test_all_operations_public() -> None:
    """Where no operation asks for a credential and none is promised to, there is nothing to grade."""
    report = scanned(api(x=OPEN["plain"], y=OPEN["plain"]), "/x", "/y")
    assert {f.control for f in report.findings if f.severity.value == "critical"} == {"BT601"}
    assert not report.ungraded
    text = HEAD.replace("security: [{bearer: []}]", "security: []") + "  /x: {get: {responses: {}}}\n"
    target = Target(Witness.WIRE, InProcess(api(x=OPEN["plain"])), "https://shop.test")
    target = replace(target, token=Credential(Secret(TOKEN)))
    given = Inputs(("shop",), (read("openapi.yaml", text.encode(), None),), live=(target,))
    public = asyncio.run(Scan(given, dict(catalogue()), Limits(), lambda event: None).run())
    assert public.ungraded == "no operation asked for a credential"
    assert not {"BT421", "BT422"} & {finding.control for finding in public.findings}
    assert not public.incomplete


def test_nothing_to_ask_is_not_clean() -> None:
    """An API of which no operation may be called was not looked at."""
    assert scanned(api(), "/me", methods="post").incomplete == "no operation could be asked"


def two(wire: Flask, app: Flask, **changes: object) -> Report:
    """Scan an API over the wire and its application in the child process, which may be another."""
    text = HEAD + '  /me: {get: {responses: {"200": {description: x}}}}\n'
    live = Target(Witness.WIRE, InProcess(wire), "https://shop.test", token=Credential(Secret(TOKEN)))
    child = replace(live, **{"witness": Witness.APP, "transport": Carried(app), **changes})  # type: ignore[arg-type]
    given = Inputs(("shop",), (read("openapi.yaml", text.encode(), None),), live=(live, child))
    return asyncio.run(Scan(given, dict(catalogue()), Limits(), lambda event: None).run())


class Carried(InProcess):
    """The application's own transport."""

    async def send(self, request: Request) -> Exchange:
        """Answer as the application."""
        return replace(await super().send(request), witness=Witness.APP)


def stranger_to_all() -> Flask:
    """Return an application that knows nobody: its database is another."""
    app = Flask(__name__)
    app.add_url_rule("/me", "me", lambda: ({"message": "who are you?"}, 401))
    return app


def test_application_that_does_not_know_the_token() -> None:
    """A token that only the served API knows: complete and graded, and said that the child was asked as a stranger."""
    report = two(api(), stranger_to_all())
    assert not report.incomplete and not report.ungraded
    assert Skip("the app with a credential", "the credential was accepted nowhere", "witness") in report.skips


def test_wire_that_does_not_know_the_token() -> None:
    """The other way round it is the API that was not looked at: incomplete, however well the application answers."""
    report = two(stranger_to_all(), api())
    assert report.incomplete == "wire: the credential was accepted nowhere"


def test_login_that_only_the_application_refuses() -> None:
    """The same for a login that fails in the child process alone."""

    async def login(transport: object, base: str) -> str:
        return "login POST /login answered 401"

    report = two(api(), api(), token=None, logins=(login,))
    assert not report.incomplete
    assert any(skip.kind == "witness" and "answered 401" in skip.why for skip in report.skips)


def test_application_alone_that_does_not_know_the_token() -> None:
    """Without the wire, a token that opens nothing makes the scan incomplete as well."""
    report = scanned(stranger_to_all(), "/me", witness=Witness.APP, transport=Carried(stranger_to_all()))
    assert report.incomplete == "app: the credential was accepted nowhere"


def test_application_that_dies_on_the_way() -> None:
    """An application that is gone in the middle makes the scan incomplete, however well the wire answers."""

    class Gone(Carried):
        calls = 0

        async def send(self, request: Request) -> Exchange:
            self.calls += 1
            return await super().send(request) if self.calls < 7 else Exchange(request, None, "application gone")

    report = two(api(), api(), transport=Gone(api()))
    assert report.incomplete.startswith("app: the target ")
    assert "application gone" in report.incomplete


def test_token_that_dies_on_the_way_is_noticed_beside_open_operations() -> None:
    """An open operation answers with a dead token as well: the last question goes to one that asks for it."""
    calls = itertools.count()
    app = Flask(__name__)
    app.add_url_rule("/a", "a", lambda: {"open": 1})
    app.add_url_rule("/b", "b", lambda: {"user": "ada"} if known() and next(calls) < 1 else abort(401))
    assert "no longer works" in scanned(app, "/a", "/b").incomplete


def test_a_target_that_is_down_is_not_asked_for_ever() -> None:
    """After a few requests without an answer the scan stops: it does not wait through all operations."""

    class Down(InProcess):
        async def send(self, request: Request) -> Exchange:
            return Exchange(request, None, "timeout")

    report = scanned(api(), *(f"/p{number}" for number in range(50)), transport=Down(api()))
    assert report.coverage.requests < 10
    assert report.incomplete == "wire: the target does not answer: timeout"


def test_probes_say_nothing_where_answers_prove_nothing() -> None:
    """A throttled probe is neither a promise kept nor one broken, and is stated."""

    def throttled() -> ResponseReturnValue:
        if known() and not request.args:
            return {"user": "ada"}
        return ({"message": "slow down"}, 429) if request.args else ({"message": "who are you?"}, 401)

    app = Flask(__name__)
    app.add_url_rule("/x", "x", throttled)
    report = scanned(app, "/x", token=Credential(Secret(TOKEN), disposable=True))
    assert not [o for o in report.observations if o.control == "BT306" and o.witness is Witness.WIRE]
    assert any(skip.what.startswith("BT306") and "429" in skip.why for skip in report.skips)


@pytest.mark.parametrize(("disposable", "asked"), [(True, True), (False, False)])
def test_a_given_token_is_not_written_into_urls(disposable: bool, asked: bool) -> None:
    """Off loopback only what the scan's own login made stands in a query, which every server on the way logs."""
    seen: list[str] = []
    app = api()
    app.before_request(lambda: seen.append(request.query_string.decode()))
    report = scanned(app, "/me", token=Credential(Secret(TOKEN), disposable=disposable))
    assert any(TOKEN in query for query in seen) is asked
    assert any("logs" in skip.why for skip in report.skips) is not asked


def test_the_same_input_gives_the_same_report() -> None:
    """Scans of one API differ in their seconds alone, though both witnesses are asked at once and none is punctual."""

    class Unpunctual(Carried):
        async def send(self, request: Request) -> Exchange:
            for _ in range(random.randrange(4)):
                await asyncio.sleep(0)
            return replace(await super().send(request), witness=self.witness)

        witness = Witness.APP

    class AlsoUnpunctual(Unpunctual):
        witness = Witness.WIRE

    text = HEAD + "".join(f'  /{name}: {{get: {{responses: {{"200": {{description: x}}}}}}}}\n' for name in "abc")
    app = api(**dict.fromkeys("ab", PRIVATE["personalised"]), c=OPEN["plain"], d=OPEN["plain"])
    token = Credential(Secret(TOKEN))
    texts = set()
    for _ in range(4):
        live = (
            Target(Witness.WIRE, AlsoUnpunctual(app), "https://shop.test", "http://shop.test", token=token),
            Target(Witness.APP, Unpunctual(app), "https://shop.test", "http://shop.test", token=token),
        )
        given = Inputs(("shop",), (read("openapi.yaml", text.encode(), None),), live=live)
        report = asyncio.run(Scan(given, dict(catalogue()), Limits(), lambda event: None).run())
        texts.add(json.render(replace(report, coverage=replace(report.coverage, seconds=0.0))))
    assert len(texts) == 1


def test_skips_are_told_once() -> None:
    """Nothing is listed twice, and what is listed stands in one order."""
    report = scanned(api(x=PRIVATE["personalised"]), "/me", "/x", "/things/{id}")
    assert len(set(report.skips)) == len(report.skips)
    assert list(report.skips) == sorted(report.skips, key=lambda skip: (skip.kind, skip.what, skip.why))


def _decoders(*opened: str) -> tuple[Flask, str]:
    """Return an API of JWTs with one guard per operation and a token; the guards of the opened ones take `none`."""
    key = b"a key of the test, long enough for HS256"
    app = Flask(__name__)

    def view(name: str) -> Callable[[], dict[str, str]]:
        def answer() -> dict[str, str]:
            token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
            parsed = jwt.parse(token)
            unsigned = parsed and parsed.header.get("alg") == "none" and not parsed.signature
            if not jwt.verifies(token, key) and not (name in opened and unsigned):
                abort(401)
            return {"operation": name}

        answer.__name__ = name
        return answer

    for name in ("a", "b", "c", "d"):
        app.get(f"/{name}")(view(name))
    claims = {"sub": "ada", "exp": int(time.time()) + 600}
    return app, jwt.hmac_signer(key)({"alg": "HS256"}, claims).reveal()


def _asked(app: Flask, token: str) -> tuple[Report, Counter[str]]:
    """Scan the four operations; return the report and how many mutants each was sent."""
    sent: Counter[str] = Counter()

    class Counting(InProcess):
        async def send(self, request: Request) -> Exchange:
            """Count what carries a JWT that is not the credential."""
            given = (request.header("Authorization") or "").removeprefix("Bearer ")
            if given.startswith("ey") and given != token:
                sent[urlsplit(request.url).path] += 1
            return await super().send(request)

    identity = Credential(Secret(token), jwt=jwt.parse(token))
    return scanned(app, "/a", "/b", "/c", "/d", transport=Counting(app), token=identity), sent


def test_mutants_are_sent_in_full_to_one_operation_only() -> None:
    """The first operation is sent every mutant, the others one of each control; a flaw that only they have is seen."""
    report, sent = _asked(*_decoders("c"))
    found = {finding.control: finding.endpoints for finding in report.findings}
    assert [str(endpoint) for endpoint in found["BT404"]] == ["GET /c"]
    assert sent["/a"] > 2 * sent["/b"] > 0


def test_one_root_is_one_finding() -> None:
    """Operations that accept the same mutant share a finding."""
    report, _ = _asked(*_decoders("a", "b", "d"))
    found = [finding for finding in report.findings if finding.control == "BT404"]
    assert [len(finding.endpoints) for finding in found] == [3]


def _falls_over(known: bool) -> ResponseReturnValue:
    """Let the right token in, and answer other tokens as the path says."""
    if known:
        return {"orders": [1, 2]}
    if request.headers.get("Authorization") is None:
        return {"message": "who are you?"}, 401
    return ANSWERS[request.path.rpartition("/")[2]]


ANSWERS: dict[str, ResponseReturnValue] = {
    "crash": ({"message": "something went wrong"}, 500),
    "slow-down": ({"message": "slow down"}, 429),
    "outage": ({"message": "come back later"}, 503),
    "error": {"error": "no such token"},
    "welcome": {"page": "welcome"},
}


@pytest.mark.parametrize("name", list(ANSWERS))
def test_no_answer_of_trouble_is_an_acceptance(name: str) -> None:
    """A 500, 429, 503, a success that says error, a page for everybody: none of them lets a token in."""
    report = scanned(api(**{name: _falls_over}), f"/{name}")
    accepting = {"BT306", "BT312", "BT402", "BT403", "BT404", "BT405", "BT421", "BT422", "BT426"}
    assert not [f for f in report.findings if f.control in accepting and any(e.path == f"/{name}" for e in f.endpoints)]


def test_a_large_api_is_scanned_to_its_end_within_the_budget() -> None:
    """Where the budget has no room for every check of every operation some are left out, and said; all are reached."""
    names = [f"part{number}" for number in range(110)]
    private: View = lambda known: {"user": "ada"} if known else ({"message": "who are you?"}, 401)  # noqa: E731
    report = scanned(api(**dict.fromkeys(names, private)), *(f"/{name}" for name in names))
    assert not report.incomplete
    assert report.coverage.requests <= 600
    assert report.coverage.reached == len(names)
    assert any("for the budget of requests" in skip.why for skip in report.skips)


def test_a_large_api_with_a_plain_twin_is_scanned_to_its_end() -> None:
    """Each operation is asked over plain HTTP too: what the budget lacks is left out and said, and no door unjudged."""
    names = [f"part{number}" for number in range(90)]
    private: View = lambda known: {"user": "ada"} if known else ({"message": "who are you?"}, 401)  # noqa: E731
    paths = [f"/{name}" for name in names]
    report = scanned(
        api(**dict.fromkeys(names, private)), *paths, clear="http://shop.test", loopback=True, may_send_clear=True
    )
    assert not report.incomplete
    judged = {e.path for o in report.observations if o.control == "BT401" for e in o.verdict.endpoints}
    assert judged == set(paths)
    (finding,) = [finding for finding in report.findings if finding.control == "BT102"]
    assert len(finding.endpoints) == len(names)


def test_a_salt_of_the_settings_opens_a_signed_token() -> None:
    """A token of itsdangerous under a salt that stands beside its key is dated anew, and taken however old it is."""
    key, salt = "5f2b9c4de1a7-8c1d2e3f4a5b-not-to-be-guessed", "orders-of-the-shop"
    signing = URLSafeTimedSerializer(key, salt=salt)
    app = Flask(__name__)

    @app.get("/me")
    def me() -> ResponseReturnValue:
        try:
            return {"user": signing.loads(request.headers.get("Authorization", "").removeprefix("Bearer "))}
        except BadSignature:
            return {"message": "who are you?"}, 401

    target = Target(Witness.WIRE, InProcess(app), "https://shop.test", token=Credential(Secret(signing.dumps("ada"))))
    document = read("openapi.yaml", f"{HEAD}  /me: {{get: {{responses: {{}}}}}}\n".encode(), None)
    entries = {name: entry for name, entry in catalogue().items() if name == "BT411"}
    for salts, broken in (((Secret(salt),), ["BT411"]), ((), [])):
        given = Inputs(("shop",), (document,), live=(target,), keys=(Secret(key), *salts))
        report = asyncio.run(Scan(given, entries, Limits(), lambda event: None).run())
        assert [finding.control for finding in report.findings] == broken
