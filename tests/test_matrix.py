"""The auth matrix: what each witness says of a door, and where they contradict one another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stopper.matrix import matrix
from stopper.model import Agreement, Door, Endpoint, MatrixRow, Place, Witness
from stopper.observe.views import (
    Access,
    AppRoute,
    Baseline,
    EndpointView,
    Exchange,
    Guard,
    Operation,
    Purpose,
    Request,
    Requirement,
    Response,
    Route,
    Scheme,
)

ORDERS = Endpoint("GET", "/orders")
HERE = Place("shop/orders.py", 7)
BEARER = Requirement(((Scheme("token", "bearer", HERE), ()),))
KEY = Requirement(((Scheme("key", "apiKey", HERE, "header", "X-Key"), ()),))
ALL = frozenset(Witness)


def _scoped(*scopes: str) -> Requirement:
    return Requirement(((Scheme("oauth", "oauth2", HERE), scopes),))


def _operation(*security: Requirement) -> Operation:
    return Operation(ORDERS, HERE, security)


def _route(*guards: Guard, public: bool = False, misplaced: tuple[Guard, ...] = ()) -> Route:
    return Route((ORDERS,), HERE, HERE, "orders", guards, public, misplaced)


def _guard(kind: str = "bearer", *, optional: bool = False, scopes: tuple[str, ...] = ()) -> Guard:
    return Guard(kind, "@guarded", HERE, optional, scopes)


def _exchange(status: int, *headers: tuple[str, str], sent: tuple[tuple[str, str], ...] = ()) -> Exchange:
    return Exchange(Request("GET", "https://api.test/orders", sent), Response(status, headers), endpoint=ORDERS)


def _baseline(access: Access, *, witness: Witness = Witness.WIRE, with_token: str = "Bearer x") -> Baseline:
    original = _exchange(200, sent=(("Authorization", with_token),)) if with_token else None
    nothing = _exchange(200 if access is Access.OPEN else 401)
    return Baseline(witness, ORDERS, access, nothing, nothing, original)


def _of(**known: object) -> MatrixRow:
    view = {"asked": ALL, "app_route": AppRoute(ORDERS, "orders", HERE), **known}
    (row,) = matrix([EndpointView(ORDERS, **view)])  # type: ignore[arg-type]
    return row


def _doors(row: MatrixRow, witness: Witness) -> tuple[Door, ...]:
    return row.sayings[witness].doors


def test_all_four_agree() -> None:
    """A promise that the code keeps and both transports show is agreed on, each with how it was learnt."""
    both = (_baseline(Access.GUARDED), _baseline(Access.GUARDED, witness=Witness.APP))
    row = _of(operation=_operation(BEARER), route=_route(_guard()), baselines=both)
    assert [_doors(row, witness) for witness in Witness] == [(Door.BEARER,)] * 4
    assert row.agreement is Agreement.AGREED
    assert row.sayings[Witness.SPEC].how == "token (bearer)"
    assert row.sayings[Witness.SOURCE].how == "@guarded"
    assert row.sayings[Witness.WIRE].how == "nothing 401, random 401, credential 200"


@pytest.mark.parametrize(
    ("access", "door"), [(Access.OPEN, Door.PUBLIC), (Access.ANY_TOKEN, Door.ANY_TOKEN)], ids=["open", "any token"]
)
def test_a_promise_that_the_wire_breaks(access: Access, door: Door) -> None:
    """An operation that lets in whom the specification keeps out is drift, and the row says who says what."""
    row = _of(operation=_operation(BEARER), route=_route(_guard()), baselines=(_baseline(access),))
    assert _doors(row, Witness.WIRE) == (door,)
    assert (row.agreement, row.why) == (
        Agreement.DRIFT,
        f"the specification says bearer, the wire says {door.value}",
    )


def test_a_guard_that_the_code_does_not_show() -> None:
    """Where the running API refuses, a guard that was not recognised in the code is no contradiction, and is told."""
    row = _of(operation=_operation(BEARER), route=_route(), baselines=(_baseline(Access.GUARDED),))
    assert _doors(row, Witness.SOURCE) == (Door.UNGUARDED,)
    assert row.agreement is Agreement.AGREED
    assert "not recognised" in row.why


def test_an_explicitly_public_view_is_a_statement() -> None:
    """What the code marks as public and the wire refuses is drift: there nothing was overlooked."""
    row = _of(operation=_operation(BEARER), route=_route(public=True), baselines=(_baseline(Access.GUARDED),))
    assert row.agreement is Agreement.DRIFT


def test_promise_without_guard_and_nobody_called() -> None:
    """Without a live answer, a promise and a view without a guard contradict each other."""
    row = _of(operation=_operation(BEARER), route=_route())
    assert row.agreement is Agreement.DRIFT
    assert _doors(row, Witness.APP) == _doors(row, Witness.WIRE) == (Door.UNCLEAR,)


def test_misplaced_guard() -> None:
    """A guard above the route is told as what it is: never run."""
    row = _of(route=_route(misplaced=(_guard(),)))
    assert "never runs" in row.sayings[Witness.SOURCE].how


def test_alternatives_and_options() -> None:
    """Alternatives stand beside one another; an empty one makes the operation public."""
    either = _of(operation=_operation(BEARER, KEY), route=_route(_guard("session")))
    assert _doors(either, Witness.SPEC) == (Door.BEARER, Door.OTHER)
    assert either.agreement is Agreement.AGREED
    optional = _of(operation=_operation(BEARER, Requirement()), route=_route(_guard(optional=True)))
    assert _doors(optional, Witness.SPEC) == _doors(optional, Witness.SOURCE) == (Door.PUBLIC,)
    assert optional.agreement is Agreement.AGREED


def test_kinds_of_credentials() -> None:
    """Another kind of credential is drift; a guard that is only seen to refuse contradicts no kind."""
    assert _of(operation=_operation(KEY), route=_route(_guard())).agreement is Agreement.DRIFT
    for kind in ("basic", "session", "other", "unknown"):
        row = _of(operation=_operation(BEARER), route=_route(_guard(kind)))
        assert _doors(row, Witness.SOURCE) == (Door.CLOSED,)
        assert row.agreement is Agreement.AGREED


def test_scopes() -> None:
    """Scopes that differ are drift; where one side names none, nothing is compared."""
    read, write = _guard(scopes=("orders:read",)), _guard(scopes=("orders:write",))
    assert _of(operation=_operation(_scoped("orders:read")), route=_route(read)).agreement is Agreement.AGREED
    assert _of(operation=_operation(_scoped("orders:read")), route=_route(write)).agreement is Agreement.DRIFT
    assert _of(operation=_operation(_scoped("orders:read")), route=_route(_guard())).agreement is Agreement.AGREED


def test_undocumented_and_unserved() -> None:
    """A route that the document lacks, and an operation that the application lacks, are drift; static files are not."""
    assert _of(route=_route(_guard())).agreement is Agreement.DRIFT
    assert _of(operation=_operation(BEARER), app_route=None).why.endswith("the app has no such route")
    static = _of(app_route=AppRoute(ORDERS, "static", HERE))
    assert static.agreement is Agreement.SILENT
    assert _of(route=_route(_guard()), described="/api").agreement is Agreement.ALONE
    assert _of(route=_route(_guard()), app_route=None).agreement is Agreement.ALONE


def test_who_was_not_asked_says_nothing() -> None:
    """A witness that took no part is told apart from one that makes no statement."""
    row = _of(asked=frozenset({Witness.SPEC}), operation=_operation(BEARER), app_route=None)
    assert [_doors(row, witness) for witness in Witness] == [
        (Door.BEARER,),
        (Door.NOT_ASKED,),
        (Door.NOT_ASKED,),
        (Door.NOT_ASKED,),
    ]
    assert row.agreement is Agreement.ALONE


def test_what_opens_a_guarded_door() -> None:
    """The credential that came in says what opens; without one, the challenge does; else the kind stays open."""
    basic = _of(baselines=(_baseline(Access.GUARDED, with_token="Basic x"),))
    assert _doors(basic, Witness.WIRE) == (Door.OTHER,)
    for header, door in (("Bearer realm=x", Door.BEARER), ("Basic", Door.OTHER), ("", Door.CLOSED)):
        refused = _exchange(401, ("WWW-Authenticate", header))
        row = _of(baselines=(Baseline(Witness.WIRE, ORDERS, Access.GUARDED, refused, refused),))
        assert _doors(row, Witness.WIRE) == (door,)


def test_a_credential_that_opens_nothing() -> None:
    """401 with nothing and with a random token is a closed door, though the credential at hand does not open it."""
    refused = _exchange(401)
    unclear = Baseline(Witness.WIRE, ORDERS, Access.UNCLEAR, refused, refused, _exchange(403), "not accepted here")
    assert _doors(_of(baselines=(unclear,)), Witness.WIRE) == (Door.CLOSED,)


def test_recorded_traffic_claims_little() -> None:
    """A recording without a credential proves no open door, for it may be stripped; a refusal proves a closed one."""
    seen = Exchange(Request("GET", "https://api.test/orders"), Response(200), endpoint=ORDERS, purpose=Purpose.RECORDED)
    assert _doors(_of(traffic=(seen,)), Witness.WIRE) == (Door.UNCLEAR,)
    assert _doors(_of(traffic=(seen, _exchange(401))), Witness.WIRE) == (Door.CLOSED,)


def test_the_most_open_server_speaks() -> None:
    """Of two servers that differ the one that lets more in is told."""
    row = _of(baselines=(_baseline(Access.GUARDED), _baseline(Access.OPEN)))
    assert _doors(row, Witness.WIRE) == (Door.PUBLIC,)


def test_no_guard_seen_confirms_no_promise() -> None:
    """A promise of public access stands alone where the code only shows no guard: it may be of a kind unknown."""
    row = _of(operation=_operation(), route=_route())
    assert row.agreement is Agreement.ALONE
    assert "no guard was recognised" in row.why
    assert _of(operation=_operation(), route=_route(public=True)).agreement is Agreement.AGREED


@pytest.mark.parametrize(
    ("sent", "door"),
    [((), Door.PUBLIC), ((("Authorization", "Basic x"),), Door.UNCLEAR), ((("X-Key", "x"),), Door.UNCLEAR)],
)
def test_the_scan_logs_in_without_a_token(sent: tuple[tuple[str, str], ...], door: Door) -> None:
    """A login that succeeds shows its own door open, unless a header with it may hold a credential."""
    login = replace(_exchange(200, sent=(("Content-Type", "application/json"), *sent)), purpose=Purpose.LOGIN)
    assert _doors(_of(traffic=(login,)), Witness.WIRE) == (door,)
    assert _doors(_of(traffic=(replace(login, witness=Witness.APP),)), Witness.APP) == (door,)


def test_a_refusal_with_another_status_for_noise() -> None:
    """Who sends nothing gets 401 and noise gets 422: the door is shut, though the credential meets a 400 behind it."""
    refused = _exchange(401, ("WWW-Authenticate", "Bearer"))
    unclear = Baseline(Witness.WIRE, ORDERS, Access.UNCLEAR, refused, _exchange(422), _exchange(400), "not let in")
    assert _doors(_of(baselines=(unclear,)), Witness.WIRE) == (Door.BEARER,)
    noise = replace(unclear, random=_exchange(500))
    assert _doors(_of(baselines=(noise,)), Witness.WIRE) == (Door.UNCLEAR,)


def test_a_catch_all_is_no_drift_of_its_own() -> None:
    """A route for any path that answers promised operations need not be in the document itself."""
    every = Endpoint("GET", "/{path}")
    caught = EndpointView(ORDERS, ALL, operation=_operation(BEARER), caught_by=every)
    catching = EndpointView(every, ALL, app_route=AppRoute(every, "any", HERE))
    row = matrix([caught, catching])[1]
    assert row.agreement is Agreement.SILENT
    assert row.why.startswith("a route for many paths, 1 of them promised")
    assert matrix([catching])[0].agreement is Agreement.DRIFT


def test_a_route_that_the_app_has_not_registered() -> None:
    """A route in the code alone says what it would do, and that it is not served."""
    row = _of(route=_route(_guard()), app_route=None)
    assert row.agreement is Agreement.ALONE
    assert "not registered" in row.why
