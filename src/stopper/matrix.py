"""The auth matrix: who may come in at each endpoint, as specification, code, application and wire say. Pure.

A statement is only made where a witness makes one: a guard whose kind is unknown is "closed", a view without any guard
that was recognised is "no guard seen", an answer that proves nothing is "unclear".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from stopper.model import Agreement, Door, MatrixRow, Saying, Witness
from stopper.observe.views import Access, Baseline, EndpointView, Exchange, Guard, Purpose, Requirement, Route
from stopper.observe.wire.compare import succeeded

LIVE = (Witness.WIRE, Witness.APP)
"""The witnesses that show what happens; the others say what is meant."""

_NAMES = {
    Witness.SPEC: "the specification",
    Witness.SOURCE: "the code",
    Witness.APP: "the app",
    Witness.WIRE: "the wire",
}
_SHUT = frozenset({Door.BEARER, Door.OTHER, Door.CLOSED})
_OPEN = frozenset({Door.PUBLIC, Door.UNGUARDED})
_NO_CLAIM = frozenset({Door.UNCLEAR, Door.ABSENT, Door.NOT_ASKED})
_REFUSED = 401
_LOGIN = "the scan logged in here without a token"
_PLAIN = frozenset({"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"})
_BEARER_ACCESS = {Access.OPEN: Door.PUBLIC, Access.ANY_TOKEN: Door.ANY_TOKEN, Access.UNCLEAR: Door.UNCLEAR}


def matrix(views: Iterable[EndpointView]) -> tuple[MatrixRow, ...]:
    """Return one row per endpoint, in the order of the views."""
    every = tuple(views)
    catching = Counter(view.caught_by.path for view in every if view.caught_by)
    return tuple(_row(view, catching[view.endpoint.path]) for view in every)


def _row(view: EndpointView, caught: int) -> MatrixRow:
    """Return a view's row; `caught` promised operations are answered by this route, which takes any path."""
    sayings = {
        Witness.SPEC: _asked(view, Witness.SPEC) or _spec(view),
        Witness.SOURCE: _asked(view, Witness.SOURCE) or _source(view),
        Witness.APP: _asked(view, Witness.APP) or _app(view),
        Witness.WIRE: _asked(view, Witness.WIRE) or _wire(view),
    }
    agreement, why = _settled(view, sayings, caught)
    if caught:
        why = f"a route for many paths, {caught} of them promised; {why}"
    return MatrixRow(view.endpoint, sayings, agreement, why)


def _asked(view: EndpointView, witness: Witness) -> Saying | None:
    """Return that a witness took no part; None where it did."""
    return None if witness in view.asked else Saying((Door.NOT_ASKED,))


# --------------------------------------------------------------------------- what each witness says


def _spec(view: EndpointView) -> Saying:
    operation = view.operation
    if operation is None:
        outside = f", which speaks of {view.described} only" if _outside(view) else ""
        return Saying((Door.ABSENT,), f"not in the specification{outside}")
    place = operation.security_place or operation.place
    needed = [requirement for requirement in operation.security if requirement.schemes]
    if not operation.security:
        return Saying((Door.PUBLIC,), "no security in force", place=place)
    if len(needed) < len(operation.security):
        names = " or ".join(map(_named, needed)) or "nothing"
        return Saying((Door.PUBLIC,), f"a credential is optional ({names})", place=place)
    doors = tuple(dict.fromkeys(Door.BEARER if each.bearer else Door.OTHER for each in needed))
    scopes = dict.fromkeys(scope for each in needed for _, scopes in each.schemes for scope in scopes)
    return Saying(doors, " or ".join(map(_named, needed)), tuple(scopes), place)


def _named(requirement: Requirement) -> str:
    return " and ".join(f"{scheme.name} ({scheme.kind})" for scheme, _ in requirement.schemes)


def _source(view: EndpointView) -> Saying:
    route = view.route
    if route is None:
        return Saying((Door.ABSENT,), "no route in the code that was read")
    guards = [guard for guard in route.guards if not guard.optional]
    if guards:
        doors = tuple(dict.fromkeys(map(_door, guards)))
        scopes = dict.fromkeys(scope for guard in guards for scope in guard.scopes)
        return Saying(doors, ", ".join(dict.fromkeys(guard.how for guard in guards)), tuple(scopes), guards[0].place)
    return _unguarded(route)


def _door(guard: Guard) -> Door:
    """Return what a guard asks for: a bearer token, or something of which the code does not tell what it takes.

    A guard of the project's own is seen to refuse; that it touches the session or `request.authorization` ("session",
    "basic") does not keep it from taking a bearer token as well.
    """
    return Door.BEARER if guard.kind == "bearer" else Door.CLOSED


def _unguarded(route: Route) -> Saying:
    if route.public:
        return Saying((Door.PUBLIC,), "marked as public", place=route.place)
    if route.guards:
        return Saying((Door.PUBLIC,), f"a credential is optional ({route.guards[0].how})", place=route.guards[0].place)
    if route.misplaced:
        how = f"{route.misplaced[0].how} stands above the route and never runs"
        return Saying((Door.UNGUARDED,), how, place=route.misplaced[0].place)
    return Saying((Door.UNGUARDED,), "nothing that asks for a credential was recognised", place=route.place)


def _app(view: EndpointView) -> Saying:
    answered = _answered(view, Witness.APP)
    if answered:
        return answered
    if _logged_in(view, Witness.APP):
        return Saying((Door.PUBLIC,), _LOGIN)
    if view.app_route is None:
        return Saying((Door.ABSENT,), "not in the url_map")
    return Saying((Door.UNCLEAR,), f"in the url_map as {view.app_route.name}, not called", place=view.app_route.view)


def _wire(view: EndpointView) -> Saying:
    answered = _answered(view, Witness.WIRE)
    if answered:
        return answered
    if _logged_in(view, Witness.WIRE):
        return Saying((Door.PUBLIC,), _LOGIN)
    seen = [exchange for exchange in view.traffic if exchange.witness is Witness.WIRE and exchange.response]
    # A recording is often stripped of its credentials: only a refusal says something of the door.
    if any(exchange.response and exchange.response.status == _REFUSED for exchange in seen):
        return Saying((_challenged(seen),), "refused with 401 in traffic")
    return Saying((Door.UNCLEAR,), "seen in traffic, not asked" if seen else "not called")


def _logged_in(view: EndpointView, witness: Witness) -> bool:
    """Tell whether the scan's own login succeeded here, with nothing in its headers that could be a credential."""
    return any(
        exchange.purpose is Purpose.LOGIN
        and exchange.witness is witness
        and succeeded(exchange)
        and {name.lower() for name, _ in exchange.request.headers} <= _PLAIN
        for exchange in view.traffic
    )


def _answered(view: EndpointView, witness: Witness) -> Saying | None:
    """Return what the answers N, R and O say over one transport; where several servers differ, the most open one."""
    baselines = sorted((b for b in view.baselines if b.witness is witness), key=lambda b: list(Access).index(b.access))
    return _judged(baselines[0]) if baselines else None


def _judged(baseline: Baseline) -> Saying:
    how = _statuses(baseline)
    if baseline.access is Access.GUARDED:
        return Saying((_key(baseline),), how)
    nothing, random = baseline.nothing, baseline.random
    # RFC 9110, section 15.5.2: who gets 401 lacks valid credentials, though none that was tried was let in. Some refuse
    # what is no token of theirs with another status.
    if baseline.access is Access.UNCLEAR and _status(nothing) == _REFUSED and 400 <= _status(random) < 500:
        return Saying((_challenged([each for each in (nothing, random) if each]),), f"{how}: {baseline.why}")
    why = f": {baseline.why}" if baseline.why else ""
    return Saying((_BEARER_ACCESS[baseline.access],), f"{how}{why}")


def _key(baseline: Baseline) -> Door:
    """Return what opens a guarded door: what the credential was that came in, else what the refusal asks for."""
    if baseline.original:
        value = baseline.original.request.header("Authorization") or ""
        return Door.BEARER if value.lower().startswith("bearer ") else Door.OTHER
    return _challenged([each for each in (baseline.nothing, baseline.random) if each])


def _challenged(refusals: Sequence[Exchange]) -> Door:
    """Return what the challenges of these answers ask for (RFC 9110, section 11.6.1)."""
    challenges = [
        challenge.split(None, 1)[0].lower()
        for refusal in refusals
        if refusal.response
        for challenge in refusal.response.all_headers("WWW-Authenticate")
        if challenge.strip()
    ]
    if "bearer" in challenges:
        return Door.BEARER
    return Door.OTHER if challenges else Door.CLOSED


def _statuses(baseline: Baseline) -> str:
    tried = (("nothing", baseline.nothing), ("random", baseline.random), ("credential", baseline.original))
    return ", ".join(f"{name} {_status(exchange) or 'no answer'}" for name, exchange in tried if exchange)


def _status(exchange: Exchange | None) -> int:
    return exchange.response.status if exchange and exchange.response else 0


# --------------------------------------------------------------------------- what it comes to


def _settled(view: EndpointView, sayings: dict[Witness, Saying], caught: int) -> tuple[Agreement, str]:
    """Hold the statements against one another; the first contradiction is told, the gravest kind first."""
    claims = {witness: said for witness, said in sayings.items() if not _NO_CLAIM.issuperset(said.doors)}
    live = [witness for witness in LIVE if witness in claims]
    refused = next((witness for witness in live if _SHUT.issuperset(claims[witness].doors)), None)
    unseen = refused and Door.UNGUARDED in sayings[Witness.SOURCE].doors
    if unseen:
        # What runs knows better than what was not recognised in the code.
        del claims[Witness.SOURCE]
    witnesses = [witness for witness in Witness if witness in claims]
    for position, one in enumerate(witnesses):
        for other in witnesses[position + 1 :]:
            if not _compatible(claims[one], claims[other]):
                return Agreement.DRIFT, f"{_words(one, claims[one])}, {_words(other, claims[other])}"
    absent = "" if caught else _absent(view, sayings)
    if absent:
        return Agreement.DRIFT, absent
    if not claims:
        return Agreement.SILENT, "no witness makes a statement"
    alone = _only_promise(claims) or _unregistered(sayings, claims)
    if alone:
        return Agreement.ALONE, alone
    if unseen and refused:
        return _agreement(
            witnesses
        ), f"the code shows no guard, but {_NAMES[refused]} meets one that was not recognised"
    if len(claims) == 1:
        return Agreement.ALONE, f"only {_words(witnesses[0], claims[witnesses[0]])}"
    return Agreement.AGREED, " and ".join(_NAMES[witness] for witness in witnesses) + " agree"


def _only_promise(claims: Mapping[Witness, Saying]) -> str:
    """Return that a promise stands alone although nothing contradicts it, or an empty text.

    That no guard was recognised in the code confirms nobody's word that all may come in: it may be of a kind unknown.
    """
    if set(claims) != {Witness.SPEC, Witness.SOURCE} or Door.UNGUARDED not in claims[Witness.SOURCE].doors:
        return ""
    return f"only {_words(Witness.SPEC, claims[Witness.SPEC])}; no guard was recognised in the code"


def _unregistered(sayings: Mapping[Witness, Saying], claims: Mapping[Witness, Saying]) -> str:
    """Return that only the code has a route, which the application did not register, or an empty text."""
    if set(claims) != {Witness.SOURCE} or Door.ABSENT not in sayings[Witness.APP].doors:
        return ""
    return f"only {_words(Witness.SOURCE, claims[Witness.SOURCE])}, of a route that the app has not registered"


def _agreement(witnesses: Sequence[Witness]) -> Agreement:
    return Agreement.AGREED if len(witnesses) > 1 else Agreement.ALONE


def _words(witness: Witness, said: Saying) -> str:
    doors = " or ".join(door.value for door in said.doors)
    scopes = f" with {' '.join(said.scopes)}" if said.scopes else ""
    return f"{_NAMES[witness]} says {doors}{scopes}"


def _compatible(one: Saying, other: Saying) -> bool:
    """Tell whether two statements can both be true."""
    mine, theirs = frozenset(one.doors), frozenset(other.doors)
    if one.scopes and other.scopes and set(one.scopes) != set(other.scopes):
        return False
    if mine & theirs or (mine & _OPEN and theirs & _OPEN):
        return True
    return bool(mine & _SHUT and theirs & _SHUT and Door.CLOSED in mine | theirs)


def _absent(view: EndpointView, sayings: dict[Witness, Saying]) -> str:
    """Return that the document and what is served do not name the same endpoints, or an empty text.

    The url_map is all that an application serves; the code that was read may not be. Flask's static folder, and what
    lies outside the part that the document speaks of, is left out of documents on purpose.
    """
    served = view.app_route is not None or (Witness.APP not in view.asked and view.route is not None)
    missing = Door.ABSENT in sayings[Witness.SPEC].doors
    if (
        missing
        and served
        and not _outside(view)
        and not _static(view)
        and view.endpoint.method not in ("HEAD", "OPTIONS")
    ):
        return "it is served, and the specification does not know it"
    if view.operation and Door.ABSENT in sayings[Witness.APP].doors:
        return "the specification promises it, and the app has no such route"
    return ""


def _outside(view: EndpointView) -> bool:
    return not (view.endpoint.path + "/").startswith(view.described + "/")


def _static(view: EndpointView) -> bool:
    return view.app_route is not None and view.app_route.name.rpartition(".")[2] == "static"
