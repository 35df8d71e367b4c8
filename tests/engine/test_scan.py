"""Whole scans in process: what the report says when things go well, badly, and not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest
from flask import Flask, abort, redirect, request

from stopper.controls import Entry, catalogue
from stopper.engine import Event, Inputs, Limits, Scan, ScanFinished, ScanStarted, Target
from stopper.io.in_process import InProcess
from stopper.model import Accepted, Control, Endpoint, Place, Report, Severity, Silencer, Verdict, Witness
from stopper.observe.source import read_project
from stopper.observe.source.standing import EVERYTHING
from stopper.observe.source.suppressions import suppressions
from stopper.observe.spec import read
from stopper.observe.views import AppRoute, AppSnapshot, Credential, Exchange, Request
from stopper.report import json, sarif, terminal
from stopper.secret import Secret

TOKEN = "canary-5d41402abc4b2a76b9719d911017c592-token"

SPEC = b"""
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://shop.test}]
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
security: [{bearer: []}]
paths:
  /me: {get: {responses: {"200": {description: you}}}}
  /open: {get: {responses: {"200": {description: open}}}}
  /orders/{id}: {get: {parameters: [{name: id, in: path, required: true}], responses: {"200": {description: one}}}}
"""


def shop(accepted: str = TOKEN) -> Flask:
    """Return a small application that accepts one token and forgets one route."""
    app = Flask(__name__)

    @app.get("/me")
    def me() -> dict[str, str]:
        if request.headers.get("Authorization") != f"Bearer {accepted}":
            abort(401)
        return {"user": "ada", "echo": accepted}

    @app.get("/open")
    def forgotten() -> dict[str, str]:
        return {"user": "ada", "echo": accepted}

    return app


def target(app: Flask, **changes: object) -> Target:
    """Return the application as the wire, with the token as identity."""
    made = Target(Witness.WIRE, InProcess(app), "https://shop.test", token=Credential(Secret(TOKEN)))
    return replace(made, **changes)  # type: ignore[arg-type]


def scanned(inputs: Inputs, entries: dict[str, Entry] | None = None) -> tuple[Report, list[Event]]:
    """Run a scan to its end; return the report and what was told on the way."""
    events: list[Event] = []
    scan = Scan(inputs, entries or dict(catalogue()), Limits(), events.append)
    return asyncio.run(scan.run()), events


def inputs(*live: Target) -> Inputs:
    """Return the shop's specification with live targets."""
    return Inputs(("shop",), (read("openapi.yaml", SPEC, None),), live=live, secrets=(Secret(TOKEN),))


def test_events_begin_with_the_plan_and_end_with_the_report() -> None:
    """The plan is told before the first request, and the last event carries the report."""
    report, events = scanned(inputs(target(shop())))
    assert isinstance(events[0], ScanStarted)
    assert [str(endpoint) for endpoint in events[0].plan.endpoints] == ["GET /me", "GET /open"]
    assert events[-1] == ScanFinished(report)


def test_finding_and_coverage() -> None:
    """The forgotten route is found, the unfilled operation is named as not looked at, and the scan is complete."""
    report, _ = scanned(inputs(target(shop())))
    assert "BT601" in {finding.control for finding in report.findings}
    assert (report.coverage.eligible, report.coverage.reached) == (2, 2)
    assert any("/orders/{id}" in skip.what for skip in report.skips)
    assert not report.ungraded


def test_no_token_in_any_output() -> None:
    """A canary token that the application even repeats in its answers is in no report and no event."""
    report, events = scanned(inputs(target(shop())))
    outputs = [json.render(report), sarif.render(report), terminal.render(report), repr(report), repr(events)]
    assert report.findings
    assert not [text for text in outputs if TOKEN in text]


def test_token_that_is_accepted_nowhere() -> None:
    """A credential that no operation takes makes the scan incomplete: nothing was looked at behind any door."""
    report, _ = scanned(inputs(target(shop(accepted="another"))))
    assert "accepted nowhere" in report.incomplete
    assert report.ungraded


def test_login_that_fails() -> None:
    """A login that gives no credential is told with its reason, and there is no grade."""

    async def login(transport: object, base: str) -> str:
        return "login POST /login answered 401"

    report, _ = scanned(inputs(target(shop(), token=None, logins=(login,))))
    assert "login POST /login answered 401" in report.incomplete


def test_without_an_identity_there_is_no_grade() -> None:
    """A scan without any credential is complete, and says that it has no grade for that reason."""
    report, _ = scanned(inputs(target(shop(), token=None)))
    assert report.ungraded == "no identity was given"
    assert not report.incomplete


def test_static_scan_has_no_grade() -> None:
    """Source and specification alone are read, reported and not graded."""
    project = read_project([("shop.py", b"from flask import Flask\napp = Flask(__name__)\n")])
    report, _ = scanned(Inputs(("shop",), (read("openapi.yaml", SPEC, None),), project))
    assert "neither the wire nor the application" in report.ungraded
    assert not report.incomplete


class Failing:
    """A transport over which the target dies after some requests."""

    def __init__(self, app: Flask, lives: int) -> None:
        self._inner, self._lives = InProcess(app), lives

    async def send(self, request: Request) -> Exchange:
        """Answer as long as there is life."""
        self._lives -= 1
        return await self._inner.send(request) if self._lives >= 0 else Exchange(request, None, "refused")


@pytest.mark.parametrize("lives", [0, 3, 5, 12])
def test_target_that_goes_down_is_never_clean(lives: int) -> None:
    """Whenever the target stops answering, the scan is incomplete and has no grade."""
    report, _ = scanned(inputs(target(shop(), transport=Failing(shop(), lives))))
    assert report.incomplete
    assert report.ungraded


def test_budget_that_is_spent_is_said() -> None:
    """A scan that runs out of requests says what it left out, and is incomplete."""
    scan = Scan(inputs(target(shop())), dict(catalogue()), Limits(requests=4), lambda event: None)
    report = asyncio.run(scan.run())
    assert report.coverage.requests == 4
    assert "budget" in report.incomplete


def crashing(hook: str) -> Entry:
    """Return a control whose hook raises an exception that holds a token."""

    def broken(_: object) -> Iterable[Verdict]:
        raise RuntimeError(TOKEN)

    return Entry(Control("BT999", "crashing", Severity.LOW, "crashes", "W A M"), "A page.", {hook: broken})


@pytest.mark.parametrize("hook", ["spec", "wire", "mutate", "probe", "source", "joint"])
def test_control_that_raises(hook: str) -> None:
    """A control that crashes is named with the exception's type alone; the others run, and the scan cannot be clean."""
    project = read_project([("shop.py", b"from flask import Flask\napp = Flask(__name__)\n")])
    given = replace(inputs(target(shop())), project=project)
    report, _ = scanned(given, {**catalogue(), "BT999": crashing(hook)})
    assert {(failure.control, failure.error) for failure in report.failures} == {("BT999", "RuntimeError")}
    assert "crashed" in report.incomplete
    assert "BT601" in {finding.control for finding in report.findings}
    assert TOKEN not in repr(report)


def test_interrupted_scan_gives_a_whole_report() -> None:
    """A report made in the middle holds what was seen so far and is labelled partial."""

    async def interrupted() -> Report:
        scan = Scan(
            inputs(target(shop(), transport=Hanging(shop(), 6))), dict(catalogue()), Limits(), lambda event: None
        )
        running = asyncio.ensure_future(scan.run())
        await asyncio.sleep(0.2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return scan.report(partial="interrupted")

    report = asyncio.run(interrupted())
    assert report.partial == "interrupted"
    assert report.ungraded == "interrupted"
    assert report.coverage.requests > 0


class Hanging(Failing):
    """A transport that never answers once its lives are used."""

    async def send(self, request: Request) -> Exchange:
        """Answer, then hang."""
        if self._lives == 0:
            await asyncio.sleep(3600)
        return await super().send(request)


def test_item_is_called_by_an_id_that_its_list_tells() -> None:
    """An operation whose parameter has no value is asked after all when a list has answered with an id."""
    app = shop()

    @app.get("/orders")
    def orders() -> list[dict[str, int]]:
        return [{"id": 41}]

    @app.get("/orders/<int:number>")
    def order(number: int) -> dict[str, int]:
        if number != 41:
            abort(404)
        return {"order": number}

    listed = SPEC + b'  /orders: {get: {responses: {"200": {description: all}}}}\n'
    told = Inputs(("shop",), (read("openapi.yaml", listed, None),), live=(target(app),), secrets=(Secret(TOKEN),))
    report, _ = scanned(told)
    assert report.coverage.eligible == report.coverage.reached == 4
    assert "GET /orders/{id}" not in [skip.what for skip in report.skips]
    without, _ = scanned(inputs(target(app)))
    assert without.coverage.eligible == 2
    assert "GET /orders/{id}" in [skip.what for skip in without.skips]


def test_pages_that_no_specification_promises_do_not_make_a_scan_incomplete() -> None:
    """A part of the application with a login of its own is not what the scan was for; without a specification it is."""
    app = shop()
    pages = [f"/page{number}" for number in range(5)]
    for page in pages:
        app.add_url_rule(page, page, lambda: redirect("/login"))
    routes = tuple(AppRoute(Endpoint("GET", path), path, Place("")) for path in ("/me", "/open", *pages))
    known = replace(inputs(target(app)), snapshot=AppSnapshot("shop:app", routes, {}))
    promised, _ = scanned(known)
    assert (promised.coverage.eligible, promised.coverage.reached, promised.incomplete) == (7, 2, "")
    unpromised, _ = scanned(replace(known, documents=()))
    assert unpromised.incomplete == "only 2 of 7 eligible operations were reached"


def test_what_is_asked_below_a_wide_rule_belongs_to_it() -> None:
    """A request with more segments than a rule's template is the rule's where its parameter takes several."""
    app = shop()
    app.add_url_rule("/files/<path:name>", "files", lambda name: {"name": name})
    route = AppRoute(Endpoint("GET", "/files/{name}"), "files", Place(""), arguments=(("name", "path"),))
    known = replace(inputs(target(app)), snapshot=AppSnapshot("shop:app", (route,), {}))
    running = Scan(known, dict(catalogue()), Limits(), lambda event: None)
    asyncio.run(running.run())
    recorder = running.lives[0].recorder
    assert recorder.named(Request("GET", f"{recorder.target.base}/files/a/b.txt")) == route.endpoint


def test_a_rule_for_everything_does_not_keep_the_scan_from_beginning() -> None:
    """Where one rule serves whatever is asked, no path is unknown, and the scan goes on with one that cannot exist."""
    app = shop()
    app.add_url_rule("/<path:rest>", "everything", lambda rest: abort(404))
    route = AppRoute(Endpoint("GET", "/{rest}"), "everything", Place(""), arguments=(("rest", "path"),))
    known = replace(inputs(target(app)), snapshot=AppSnapshot("shop:app", (route,), {}))
    report, _ = scanned(known)
    assert not report.incomplete
    assert report.coverage.reached == 2


# --------------------------------------------------------------------------- what stands where, what is suppressed

CODE = """from flask import Flask
app = Flask(__name__)
app.config["SECRET_KEY"] = "a9f1-secret-of-the-shop"{comment}


class TestingConfig:
    JWT_SECRET_KEY = "b2c3-secret-of-the-tests"
"""


def read_code(comment: str = "", above: str = "", **changes: object) -> Inputs:
    """Return a project of one program and one test, with a comment behind the secret and lines above all."""
    code = CODE.format(comment=comment)
    sources = {"shop.py": above + code, "tests/test_shop.py": CODE.format(comment="")}
    ignores = tuple(found for path, text in sources.items() for found in suppressions(path, text.encode()))
    project = read_project([(path, text.encode()) for path, text in sources.items()])
    return replace(Inputs(("shop",), project=project, ignores=ignores), **changes)  # type: ignore[arg-type]


def told(report: Report, words: str) -> list[str]:
    """Return the notes that hold these words."""
    return [note for note in report.notes if words in note]


def test_what_is_left_out_is_counted() -> None:
    """Tests are no findings and no analysed files; the report says how many files and findings are left out."""
    report, _ = scanned(read_code())
    assert [finding.place.line for finding in report.findings if finding.place] == [3]
    coverage = report.coverage
    assert (coverage.files, coverage.files_analysed, coverage.files_left_out) == (2, 1, 1)
    assert [skip.what for skip in report.skips if "--include-tests" in skip.why] == ["tests/test_shop.py"]
    (note,) = told(report, "left out")
    assert "1 whole file," in note and "1 broken promise in" in note


def test_everything_can_be_judged() -> None:
    """With everything in scope nothing is left out, and what stands in tests is low."""
    report, _ = scanned(read_code(scope=EVERYTHING))
    severities = {(f.place.uri, f.place.line): f.severity for f in report.findings if f.place}
    low = Severity.LOW
    assert severities == {
        ("shop.py", 3): Severity.HIGH,
        ("shop.py", 7): low,
        ("tests/test_shop.py", 3): low,
        ("tests/test_shop.py", 7): low,
    }
    assert report.coverage.files_left_out == 0 and not told(report, "left out")


def test_comment_in_the_source() -> None:
    """A suppressed finding stays in the report, apart; the fingerprint is the same with and without the comment."""
    (before,) = scanned(read_code())[0].findings
    report, _ = scanned(read_code("  # stopper: ignore[BT205] the shop of the tutorial"))
    assert report.findings == ()
    assert [finding.fingerprint for finding in report.suppressed] == [before.fingerprint]
    assert not told(report, "suppressions")


def test_comments_that_do_nothing_are_notes() -> None:
    """Without a reason the finding stays; an unknown id and an idle comment are told, and none of it is an error."""
    report, _ = scanned(read_code("  # stopper: ignore[BT205]"))
    assert len(report.findings) == 1 and told(report, "without a reason")
    report, _ = scanned(read_code("  # stopper: ignore[BT999, BT211] why"))
    assert len(report.findings) == 1
    assert told(report, "an id that no control has") and told(report, "suppress nothing")
    assert not report.incomplete


def test_idle_comments_are_told_of_what_was_asked_alone() -> None:
    """A comment for what only a running API shows is not called idle by a scan that did not ask it."""
    report, _ = scanned(read_code("  # stopper: ignore[BT402] any token will do in the tutorial"))
    assert not told(report, "suppress nothing")


def test_a_reason_lets_no_secret_out() -> None:
    """A reason that repeats the secret of its line is shown without it."""
    report, _ = scanned(read_code("  # stopper: ignore[BT205] a9f1-secret-of-the-shop is no secret"))
    for form in (terminal.render, json.render, sarif.render):
        assert "a9f1-secret-of-the-shop" not in form(report)
    assert report.suppressed


def test_fingerprints_stay_when_lines_move() -> None:
    """Lines that are inserted above move every finding and change no fingerprint, so that a baseline still matches."""
    before, _ = scanned(read_code(scope=EVERYTHING))
    accepted = tuple(Accepted(f.fingerprint, f.control, "shop.py", "known") for f in before.findings)
    after, _ = scanned(read_code(above="# a line\n" * 40, scope=EVERYTHING, accepted=accepted))
    moved = [finding.place.line for finding in after.suppressed if finding.place and finding.place.uri == "shop.py"]
    assert sorted(moved) == [43, 47]
    assert after.findings == () and len(after.suppressed) == len(before.findings) == 4
    assert not told(after, "match nothing")


def test_baseline_of_what_is_gone() -> None:
    """An entry that matches nothing is told by a whole scan, and not by one that was interrupted."""
    accepted = (Accepted("0" * 32, "BT205", "shop/old.py", "known"),)
    report, _ = scanned(read_code(accepted=accepted))
    assert "BT205 shop/old.py" in told(report, "match nothing")[0]
    scan = Scan(read_code(accepted=accepted), dict(catalogue()), Limits(), lambda _: None)
    assert not told(scan.report(partial="interrupted"), "match nothing")


def test_specification_suppresses() -> None:
    """`x-stopper-ignore` takes a finding of its operation out of the count, and the scan's grade is of the rest."""
    before, _ = scanned(inputs(target(shop())))
    assert "BT601" in {finding.control for finding in before.findings}
    spec = SPEC.replace(b"/open: {get: {", b"/open: {get: {x-stopper-ignore: {BT601: open to all}, ")
    report, _ = scanned(replace(inputs(target(shop())), documents=(read("openapi.yaml", spec, None),)))
    assert "BT601" not in {finding.control for finding in report.findings}
    (finding,) = (finding for finding in report.suppressed if finding.control == "BT601")
    assert finding.suppression and finding.suppression.by is Silencer.SPECIFICATION
    assert finding.suppression.reason == "open to all"
    assert not told(report, "suppressions")
