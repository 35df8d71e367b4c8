"""Joining endpoints across witnesses, and making findings out of observations."""

from __future__ import annotations

import pytest

from stopper import correlate
from stopper.correlate import Heard, Matcher
from stopper.model import (
    Control,
    Endpoint,
    Finding,
    Observation,
    Place,
    Severity,
    Status,
    Strength,
    Verdict,
    Witness,
)
from stopper.observe.views import Access, AppRoute, Baseline, Exchange, Operation, Request, Response, Route, Server

ALL = frozenset(Witness)
SPEC = Place("openapi.yaml", 7)


def operation(method: str, path: str, *servers: str) -> Operation:
    """Return a promised operation."""
    return Operation(Endpoint(method, path), SPEC, servers=tuple(Server(url, SPEC) for url in servers))


def route(method: str, path: str, line: int) -> Route:
    """Return a route of the source whose view is made at a line of shop.py."""
    return Route((Endpoint(method, path),), Place("shop.py", line), Place("shop.py", line), f"view{line}")


def app_route(method: str, path: str, line: int) -> AppRoute:
    """Return a rule of the running app whose view stands at a line of shop.py."""
    return AppRoute(Endpoint(method, path), f"view{line}", Place("shop.py", line))


def test_witnesses_meet_at_one_endpoint() -> None:
    """Specification, source and app name a parameter differently, and are one endpoint all the same."""
    joined = correlate.join(
        Heard(
            asked=ALL,
            operations=[operation("GET", "/orders/{orderId}")],
            routes=[route("GET", "/orders/{order_id}", 3)],
            app_routes=[app_route("GET", "/orders/{id}", 3)],
        )
    )
    (view,) = joined.views
    assert view.endpoint == Endpoint("GET", "/orders/{orderId}")
    assert view.operation and view.route and view.app_route


def test_app_ties_a_route_whose_prefix_the_source_does_not_know() -> None:
    """The running app's rule and the source's route meet at the view's file and line, whatever the source's path."""
    joined = correlate.join(
        Heard(
            asked=ALL,
            operations=[operation("GET", "/api/v1/me")],
            routes=[route("GET", "/me", 9)],
            app_routes=[app_route("GET", "/api/v1/me", 9)],
        )
    )
    (view,) = joined.views
    assert view.route and view.route.place.line == 9
    assert joined.canonical(Endpoint("GET", "/me")) == Endpoint("GET", "/api/v1/me")


def test_rules_of_one_view_are_tied_each_to_its_own() -> None:
    """A view with two rules, whose prefix the source does not know, is no third endpoint that nothing serves."""
    joined = correlate.join(
        Heard(
            asked=ALL,
            routes=[route("POST", "/revoke/{serial}", 9), route("POST", "/revoke", 9)],
            app_routes=[app_route("POST", "/token/revoke", 9), app_route("POST", "/token/revoke/{serial}", 9)],
        )
    )
    assert [str(view.endpoint) for view in joined.views] == ["POST /token/revoke", "POST /token/revoke/{serial}"]
    assert [view.route and view.route.endpoints[0].path for view in joined.views] == ["/revoke", "/revoke/{serial}"]
    assert joined.canonical(Endpoint("POST", "/revoke")) == Endpoint("POST", "/token/revoke")


def test_base_path_of_a_proxy_is_learnt_and_stated() -> None:
    """A server's base path that the application does not serve under is taken off, and the report says so."""
    joined = correlate.join(
        Heard(
            asked=ALL,
            operations=[operation("GET", "/gateway/me", "https://api.test/gateway")],
            app_routes=[app_route("GET", "/me", 4)],
        )
    )
    (view,) = joined.views
    assert view.operation and view.app_route
    assert "/gateway" in joined.learnt[0]


@pytest.mark.parametrize("server", ["https://api.test/gateway", ""])
def test_the_wire_meets_what_it_was_asked_for(server: str) -> None:
    """The wire is asked under the promised paths; what it answers belongs to the routes that have no such prefix."""
    paths = ("/me", "/orders")
    promised = [operation("GET", f"/gateway{path}", *([server] if server else [])) for path in paths]
    asked = Endpoint("GET", "/gateway/me")
    exchange = Exchange(Request("GET", "https://api.test/gateway/me"), Response(200), endpoint=asked)
    routes = [app_route("GET", path, line) for line, path in enumerate(paths, 1)]
    baseline = Baseline(Witness.WIRE, asked, Access.GUARDED)
    heard = Heard(ALL, promised, app_routes=routes, baselines=[baseline], exchanges=[exchange])
    joined = correlate.join(heard)
    assert [view.endpoint.path for view in joined.views] == ["/me", "/orders"]
    assert all(view.operation and view.app_route for view in joined.views)
    assert joined.views[0].baselines == (baseline,) and joined.views[0].traffic == (exchange,)
    assert joined.canonical(asked) == Endpoint("GET", "/me")
    assert "/gateway" in joined.learnt[0]


def test_base_path_that_is_served_stays() -> None:
    """A server's base path that the application does serve under is not touched."""
    joined = correlate.join(
        Heard(
            asked=ALL,
            operations=[operation("GET", "/api/me", "https://api.test/api")],
            app_routes=[app_route("GET", "/api/me", 4)],
        )
    )
    assert [view.endpoint.path for view in joined.views] == ["/api/me"]
    assert not joined.learnt


def test_prefix_of_the_application_is_learnt_and_stated() -> None:
    """Operations that are served under a prefix of their own meet their routes there, and the report says so."""
    joined = correlate.join(
        Heard(
            asked=ALL,
            operations=[operation("GET", "/orders"), operation("GET", "/orders/{id}"), operation("GET", "/status")],
            app_routes=[
                app_route("GET", "/api/v1/orders", 3),
                app_route("GET", "/api/v1/orders/{order}", 4),
                app_route("GET", "/old/orders", 5),
                app_route("GET", "/status", 6),
            ],
        )
    )
    described = {str(view.endpoint) for view in joined.views if view.operation and view.app_route}
    assert described == {"GET /api/v1/orders", "GET /api/v1/orders/{id}", "GET /status"}
    assert joined.learnt == ("2 operations of the specification are served under the prefix /api/v1",)
    assert joined.canonical(Endpoint("GET", "/orders")) == Endpoint("GET", "/api/v1/orders")


def test_prefix_that_is_not_plain_is_not_learnt() -> None:
    """Two prefixes that fit equally well, or one operation alone, teach nothing."""
    twice = [app_route("GET", f"/v{version}/{name}", 3) for version in (1, 2) for name in ("a", "b")]
    for operations, routes in (
        ([operation("GET", "/a"), operation("GET", "/b")], twice),
        ([operation("GET", "/a"), operation("GET", "/x")], twice[:2]),
    ):
        joined = correlate.join(Heard(asked=ALL, operations=operations, app_routes=routes))
        assert not joined.learnt
        assert not [view for view in joined.views if view.operation and view.app_route]


def test_prefix_of_a_proxy_in_the_traffic_is_learnt_and_stated() -> None:
    """Recorded requests that a proxy serves under its own prefix meet their operations; others do not."""
    paths = ("/shop/orders", "/shop/orders/7", "/elsewhere")
    joined = correlate.join(
        Heard(
            asked=ALL,
            operations=[operation("GET", "/orders"), operation("GET", "/orders/{id}")],
            exchanges=[Exchange(Request("GET", f"https://shop.test{path}"), Response(200)) for path in paths],
        )
    )
    assert [len(view.traffic) for view in joined.views] == [1, 1]
    assert joined.learnt == ("the recorded traffic has the prefix /shop before the API's own paths",)


def test_parameter_that_takes_several_segments() -> None:
    """A path converter takes what is longer than its template, behind every template that fits exactly."""
    files = Endpoint("GET", "/files/{name}/raw")
    exact = Endpoint("GET", "/files/{name}/{version}/raw")
    matcher = Matcher([files, exact], {correlate.key_of(files): 1})
    assert matcher.match("GET", "/files/a/raw") == files
    assert matcher.match("GET", "/files/a/b/raw") == exact
    assert matcher.match("GET", "/files/a/b/c/raw") == files
    assert matcher.match("GET", "/files/a/b/c") is None
    assert matcher.match("POST", "/files/a/b/c/raw") is None


def test_wider_route_answers_a_promised_path() -> None:
    """A promised path without a route of its own is told with the route that answers it; one without any is not."""
    wide = AppRoute(Endpoint("GET", "/files/{rest}"), "files", Place("shop.py", 3), arguments=(("rest", "path"),))
    promised = [operation("GET", "/files/a/b"), operation("GET", "/gone"), operation("GET", "/files/{name}")]
    joined = correlate.join(Heard(asked=ALL, operations=promised, app_routes=[wide]))
    caught = {view.endpoint.path: view.caught_by for view in joined.views}
    assert caught == {"/files/a/b": wide.endpoint, "/gone": None, "/files/{name}": None}
    assert [view.served for view in joined.views] == [1 / 3] * 3


def test_automatic_methods_are_known_where_they_are_promised() -> None:
    """HEAD, which the framework answers by itself, has its route where it is promised and is no endpoint elsewhere."""
    automatic = [
        AppRoute(Endpoint("HEAD", path), "status", Place("shop.py", 3), automatic=True)
        for path in ("/status", "/other")
    ]
    joined = correlate.join(Heard(asked=ALL, operations=[operation("HEAD", "/status")], app_routes=automatic))
    assert [(str(view.endpoint), view.app_route is not None) for view in joined.views] == [("HEAD /status", True)]


def test_literal_segment_beats_a_parameter() -> None:
    """`/users/me` belongs to its own template although `/users/{id}` fits as well."""
    matcher = Matcher([Endpoint("GET", "/users/{id}"), Endpoint("GET", "/users/me")])
    assert matcher.match("GET", "/users/me") == Endpoint("GET", "/users/me")
    assert matcher.match("GET", "/users/7") == Endpoint("GET", "/users/{id}")
    assert matcher.match("GET", "/users/7/orders") is None
    assert matcher.match("POST", "/users/7") is None


def test_recorded_traffic_finds_its_endpoint() -> None:
    """An exchange without an endpoint of its own is put where its path fits."""
    exchange = Exchange(Request("GET", "https://api.test/orders/7?page=2"), Response(200))
    joined = correlate.join(Heard(asked=ALL, operations=[operation("GET", "/orders/{id}")], exchanges=[exchange]))
    assert joined.views[0].traffic == (exchange,)


# --------------------------------------------------------------------------- findings


def control(name: str, *implied_by: str) -> Control:
    """Return a control of high severity."""
    return Control(name, name.lower(), Severity.HIGH, name, "M S", implied_by=implied_by)


CONTROLS = {c.id: c for c in (control("BT402"), control("BT403", "BT402"), control("BT416"))}
ONE, TWO, THREE = (Endpoint("GET", path) for path in ("/one", "/two", "/three"))


def seen(
    name: str,
    witness: Witness,
    *endpoints: Endpoint,
    line: int = 0,
    strength: Strength = Strength.CLAIMED,
    kept: bool = False,
    cause: str = "",
) -> Observation:
    """Return an observation; `line` is a place in shop.py."""
    place = Place("shop.py", line) if line else None
    return Observation(name, witness, Verdict(kept, f"{name} here", place, endpoints, strength=strength, cause=cause))


def findings(*observations: Observation) -> list[Finding]:
    """Return the findings of these observations, without knowledge of any endpoint."""
    return correlate.findings(observations, CONTROLS, correlate.join(Heard(asked=ALL)))


def test_source_and_wire_are_one_confirmed_finding() -> None:
    """A place in the source and an exchange at an endpoint that it serves are one finding, at the source's place."""
    (finding,) = findings(
        seen("BT416", Witness.SOURCE, ONE, TWO, line=5),
        seen("BT416", Witness.WIRE, ONE, strength=Strength.PROVEN),
    )
    assert finding.status is Status.CONFIRMED
    assert str(finding.place) == "shop.py:5"
    assert finding.witnesses == (Witness.WIRE, Witness.SOURCE)


def test_two_decoders_are_two_findings() -> None:
    """Operations that fail alike but through different code are split by the places in the source."""
    found = findings(
        seen("BT416", Witness.SOURCE, ONE, line=5),
        seen("BT416", Witness.SOURCE, TWO, line=9),
        seen("BT416", Witness.WIRE, ONE, strength=Strength.PROVEN, cause="the header"),
        seen("BT416", Witness.WIRE, TWO, strength=Strength.PROVEN, cause="the header"),
        seen("BT416", Witness.WIRE, THREE, strength=Strength.PROVEN, cause="the header"),
    )
    assert [(str(f.place), f.endpoints) for f in found] == [
        ("None", (THREE,)),
        ("shop.py:5", (ONE,)),
        ("shop.py:9", (TWO,)),
    ]


def test_one_cause_is_one_finding_with_its_operations() -> None:
    """Without the source, operations that fail for the same cause are one finding."""
    (finding,) = findings(
        *(seen("BT416", Witness.WIRE, e, strength=Strength.PROVEN, cause="the header") for e in (ONE, TWO, THREE))
    )
    assert finding.endpoints == (ONE, THREE, TWO)


def test_broader_control_takes_in_the_narrower() -> None:
    """A decode without verification in the source is a second witness of the acceptance on the wire, and its place."""
    (finding,) = findings(
        seen("BT402", Witness.WIRE, ONE, strength=Strength.PROVEN),
        seen("BT403", Witness.SOURCE, ONE, line=5),
    )
    assert finding.control == "BT402"
    assert [inner.control for inner in finding.folded] == ["BT403"]
    assert finding.witnesses == (Witness.WIRE, Witness.SOURCE)
    assert str(finding.place) == "shop.py:5"


def test_broader_control_elsewhere_takes_in_nothing() -> None:
    """Two different endpoints are two causes."""
    found = findings(
        seen("BT402", Witness.WIRE, ONE, strength=Strength.PROVEN),
        seen("BT403", Witness.SOURCE, TWO, line=5),
    )
    assert [finding.control for finding in found] == ["BT402", "BT403"]


def test_broader_claim_without_proof_takes_in_nothing() -> None:
    """Only what was proven folds: a claim of the source about BT402 leaves BT403 standing."""
    found = findings(
        seen("BT402", Witness.SOURCE, ONE, line=5),
        seen("BT403", Witness.SOURCE, ONE, line=5),
    )
    assert len(found) == 2


def test_what_the_application_says_of_itself_meets_the_line_that_writes_it() -> None:
    """A setting of the running application is mended where the source names it, faulty code in its own file."""
    written = Verdict(False, "", Place("settings.py", 3, text='app.config["COOKIES"] = False'))
    source = Observation("BT416", Witness.SOURCE, written)
    for told in (
        Verdict(False, "", cause="cookies"),
        Verdict(False, "`COOKIES` is off", cause="x"),
        Verdict(False, "", Place("settings.py", 9), cause="a filter"),
    ):
        (finding,) = findings(source, Observation("BT416", Witness.APP, told))
        assert (finding.place, finding.status) == (written.place, Status.CONFIRMED)
    for other in (Verdict(False, "", cause="debug"), Verdict(False, "", Place("settings.py"), cause="a filter")):
        assert len(findings(source, Observation("BT416", Witness.APP, other))) == 2


def test_claim_that_is_shown_kept_is_contradicted() -> None:
    """What the source says and the wire disproves on every endpoint of it is drift, and marked so."""
    (finding,) = findings(
        seen("BT416", Witness.SOURCE, ONE, line=5),
        seen("BT416", Witness.WIRE, ONE, strength=Strength.PROVEN, kept=True),
    )
    assert finding.status is Status.CONTRADICTED


def test_claim_that_is_shown_kept_elsewhere_stands() -> None:
    """An endpoint that was not asked keeps the claim standing."""
    (finding,) = findings(
        seen("BT416", Witness.SOURCE, ONE, TWO, line=5),
        seen("BT416", Witness.WIRE, ONE, strength=Strength.PROVEN, kept=True),
    )
    assert finding.status is Status.SINGLE_WITNESS


def test_support_alone_is_no_finding() -> None:
    """A spoofed header over loopback is nothing by itself, and a second witness beside the source."""
    assert not findings(seen("BT416", Witness.WIRE, ONE, strength=Strength.SUPPORTING))
    (finding,) = findings(
        seen("BT416", Witness.WIRE, ONE, strength=Strength.SUPPORTING),
        seen("BT416", Witness.SOURCE, ONE, line=5),
    )
    assert finding.status is Status.CONFIRMED


def test_fingerprint_survives_moved_lines() -> None:
    """A finding keeps its fingerprint when lines are added above it, and changes it with the line's text."""
    texts = [("token = x", 5), ("token = x", 50), ("token = y", 5)]
    prints = []
    for text, line in texts:
        place = Place("shop.py", line, text=text)
        verdict = Verdict(False, "", place, (ONE,))
        (finding,) = findings(Observation("BT416", Witness.SOURCE, verdict))
        prints.append(finding.fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_equal_lines_have_fingerprints_of_their_own() -> None:
    """Two equal lines of a file are two findings that a baseline can tell apart."""
    found = findings(
        *(
            Observation("BT416", Witness.SOURCE, Verdict(False, "", Place("shop.py", line, text="token = x"), (ONE,)))
            for line in (5, 9)
        )
    )
    assert len({finding.fingerprint for finding in found}) == 2


def test_part_that_a_specification_describes() -> None:
    """What all documented paths begin with is the described part: whole literal segments, of two paths at least."""
    assert described("/api/v1/orders", "/api/v1/goods/{id}", "/api/v1/goods") == "/api/v1"
    assert described("/api/orders", "/apix/goods") == ""
    assert described("/{shop}/orders", "/{shop}/goods") == ""
    assert described("/api/orders") == ""


def described(*paths: str) -> str:
    """Return the described part that a view of documented paths carries."""
    return correlate.join(Heard(asked=ALL, operations=[operation("GET", path) for path in paths])).views[0].described


def test_one_missing_hook_is_one_finding() -> None:
    """Where every operation of a file breaks a promise and none keeps it, that is one cause with all its operations."""
    routes = [route("GET", f"/r{number}", number) for number in range(1, 31)]
    joined = correlate.join(Heard(asked=ALL, routes=routes))
    broken = [seen("BT416", Witness.WIRE, *r.endpoints, strength=Strength.PROVEN) for r in routes]
    (finding,) = correlate.findings(broken, CONTROLS, joined)
    assert len(finding.endpoints) == 30
    assert "29 more operations" in finding.message
    kept = seen("BT416", Witness.WIRE, Endpoint("GET", "/r7"), strength=Strength.PROVEN, kept=True)
    assert len(correlate.findings([*broken[:6], *broken[7:], kept], CONTROLS, joined)) == 29


def test_one_missing_hook_of_the_application_is_one_finding() -> None:
    """Where it is so in every file, it is one cause; where one operation keeps the promise, each file is its own."""
    routes = [
        Route((Endpoint("GET", f"/{name}{number}"),), place, place, f"{name}{number}")
        for name in ("a", "b")
        for number in range(3)
        for place in [Place(f"{name}.py", number + 1)]
    ]
    kept_route = Route((Endpoint("GET", "/c"),), Place("c.py", 1), Place("c.py", 1), "c")
    joined = correlate.join(Heard(asked=ALL, routes=[*routes, kept_route]))
    broken = [seen("BT416", Witness.WIRE, *r.endpoints, strength=Strength.PROVEN) for r in routes]
    (finding,) = correlate.findings(broken, CONTROLS, joined)
    assert len(finding.endpoints) == 6
    kept = seen("BT416", Witness.WIRE, Endpoint("GET", "/c"), strength=Strength.PROVEN, kept=True)
    assert [len(each.endpoints) for each in correlate.findings([*broken, kept], CONTROLS, joined)] == [3, 3]


def test_findings_do_not_depend_on_the_order_of_observations() -> None:
    """The same observations give the same findings and fingerprints, whatever was seen first."""
    observations = [
        seen("BT416", Witness.SOURCE, ONE, TWO, line=5),
        seen("BT416", Witness.SOURCE, TWO, line=9),
        seen("BT416", Witness.WIRE, TWO, strength=Strength.PROVEN, cause="the header"),
        seen("BT402", Witness.WIRE, ONE, strength=Strength.PROVEN),
        seen("BT403", Witness.SOURCE, ONE, line=5),
        seen("BT403", Witness.APP, THREE, strength=Strength.PROVEN),
    ]
    orders = (observations, observations[::-1], observations[3:] + observations[:3])
    assert len({repr([(f, f.fingerprint) for f in findings(*order)]) for order in orders}) == 1


def test_two_claims_against_a_proof_are_contradicted() -> None:
    """Specification and source agree on what the wire disproves: that is drift, and no confirmation."""
    (finding,) = findings(
        seen("BT416", Witness.SOURCE, ONE, line=5),
        seen("BT416", Witness.SPEC, ONE),
        seen("BT416", Witness.WIRE, ONE, strength=Strength.PROVEN, kept=True),
    )
    assert finding.status is Status.CONTRADICTED


def test_wire_overrules_the_application_alone() -> None:
    """What the application shows by itself and the served API does not is drift; the reverse stays a finding."""
    for broken, kept, status in (
        (Witness.APP, Witness.WIRE, Status.CONTRADICTED),
        (Witness.WIRE, Witness.APP, Status.CONFIRMED),
    ):
        (finding,) = findings(
            seen("BT416", broken, ONE, strength=Strength.PROVEN),
            seen("BT416", kept, ONE, strength=Strength.PROVEN, kept=True),
        )
        assert finding.status is status


def test_methods_that_answer_by_themselves_are_no_drift() -> None:
    """HEAD and OPTIONS beside a documented GET are neither missing in the document nor endpoints of their own."""
    routes = [
        AppRoute(Endpoint(method, "/orders"), "orders", Place("shop.py", 3), automatic=method != "GET")
        for method in ("GET", "HEAD", "OPTIONS")
    ]
    joined = correlate.join(Heard(asked=ALL, operations=[operation("GET", "/orders/")], app_routes=routes))
    assert [str(view.endpoint) for view in joined.views] == ["GET /orders/"]
    assert joined.views[0].app_route is routes[0]


def recorded(url: str, status: int = 200, kind: str = "application/json", **headers: str) -> Exchange:
    """Return an exchange of a recording."""
    return Exchange(
        Request("GET", url, tuple(headers.items())), Response(status, (("Content-Type", kind),), b'{"a": 1}')
    )


def test_what_only_traffic_knows_is_an_endpoint() -> None:
    """Recorded calls of no known endpoint are endpoints with their identifiers as parameters, other hosts' left out."""
    shop, other = "https://shop.test", "https://ads.test"
    uuid = "0b9f2a4e-6f0e-4d0e-9c57-1f0c1c1a2b3c"
    seen = (
        recorded(f"{shop}/orders/7/lines/{uuid}", Authorization="Bearer x"),
        recorded(f"{shop}/orders/9/lines/{uuid}"),
        recorded(f"{shop}/status"),
        recorded(f"{shop}/gone", 404),
        recorded(f"{shop}/app.js", kind="text/javascript"),
        recorded(f"{other}/track"),
    )
    joined = correlate.join(Heard(frozenset({Witness.WIRE}), exchanges=seen))
    assert [str(view.endpoint) for view in joined.views] == ["GET /orders/{id}/lines/{id2}", "GET /status"]
    assert len(joined.views[0].traffic) == 2
    asked = correlate.join(Heard(frozenset({Witness.WIRE}), exchanges=seen, hosts=frozenset({"ads.test"})))
    assert [str(view.endpoint) for view in asked.views] == ["GET /track"]
