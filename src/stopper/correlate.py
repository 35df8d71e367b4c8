"""Join what the witnesses saw: one view per endpoint, and findings out of observations. Pure."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from stopper.model import (
    Control,
    Endpoint,
    Finding,
    Observation,
    Place,
    Status,
    Strength,
    Verdict,
    Witness,
)
from stopper.observe.views import AppRoute, Baseline, EndpointView, Exchange, Operation, Purpose, Route
from stopper.suppression import Comments

_QUOTED = re.compile(r"`(\w+)`")
_PARAMETER = re.compile(r"\{[^{}]*\}")

Key = tuple[str, str, str]


def key_of(endpoint: Endpoint) -> Key:
    """Return what two spellings of one endpoint share: parameter names and a trailing slash do not count."""
    path = _PARAMETER.sub("{}", endpoint.path)
    return endpoint.application, endpoint.method.upper(), path.rstrip("/") or "/"


# --------------------------------------------------------------------------- endpoints


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that names an endpoint, by witness, and what the application is configured with; `join`'s input.

    `hosts` are those of the API that is asked; without any, recorded traffic says by itself which host is the API's.
    """

    asked: frozenset[Witness]
    operations: Sequence[Operation] = ()
    routes: Sequence[Route] = ()
    app_routes: Sequence[AppRoute] = ()
    baselines: Sequence[Baseline] = ()
    exchanges: Sequence[Exchange] = ()
    hosts: frozenset[str] = frozenset()
    configured: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """One view per endpoint, and the way from any witness's spelling of an endpoint to the one that is shown.

    `learnt` states in words what the join had to learn (a base path that the API is not served under).
    """

    views: tuple[EndpointView, ...]
    names: Mapping[Key, Endpoint]
    learnt: tuple[str, ...] = ()

    def canonical(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint as it is shown; one that no view knows stays as it is."""
        return self.names.get(key_of(endpoint), endpoint)


def unprefixed(operations: Sequence[Operation], served: Iterable[Endpoint]) -> tuple[list[Operation], tuple[str, ...]]:
    """Take a base path off the promised endpoints where the code serves them without it, and state so.

    A document's `servers` or `basePath` often describes the proxy in front; the application knows nothing of it. Where
    the document writes that prefix (or `APPLICATION_ROOT`) into each path, it is the head that they share.
    """
    known = {key_of(endpoint) for endpoint in served}
    bases = Counter(base_path(operation) for operation in operations)
    result, learnt = list(operations), []
    for base in (base for base in bases if base):
        mine = [operation for operation in operations if base_path(operation) == base]
        bare = [replace(operation, endpoint=_without(operation.endpoint, base)) for operation in mine]
        if _matches(bare, known) > _matches(mine, known):
            shorter = dict(zip(map(id, mine), bare, strict=True))
            result = [shorter.get(id(operation), operation) for operation in result]
            learnt.append(f"the specification's base path {base} is not part of the application's own paths")
    head = "" if any(bases) else described(operations)
    bare = [replace(operation, endpoint=_without(operation.endpoint, head)) for operation in operations]
    if head and not _matches(operations, known) and _matches(bare, known) >= _ENOUGH:
        return bare, (f"the specification's paths begin with {head}, the application's own do not",)
    return result, tuple(learnt)


def prefixed(operations: Sequence[Operation], served: Iterable[Endpoint]) -> tuple[list[Operation], tuple[str, ...]]:
    """Put a prefix before promised endpoints that the code serves under it, and state so.

    Blueprints and whole applications are registered under prefixes that a document's author need not know. A prefix is
    learnt where two operations that are served nowhere else are served under it, and under no other as often.
    """
    known = {key_of(endpoint): endpoint for endpoint in served}
    heads = _heads(known.values())
    result, learnt = list(operations), list[str]()
    taken = {key_of(operation.endpoint) for operation in operations}
    while True:
        alone = [operation for operation in result if key_of(operation.endpoint) not in known]
        found = Counter(head for operation in alone for head in heads.get(key_of(operation.endpoint), ()))
        (best, count), (_, second) = (*found.most_common(2), ("", 0), ("", 0))[:2]
        if count < _ENOUGH or count == second:
            return result, tuple(learnt)
        moved = {}
        for operation in alone:
            endpoint = replace(operation.endpoint, path=best + operation.endpoint.path)
            if key_of(endpoint) in known and key_of(endpoint) not in taken:
                moved[id(operation)] = replace(operation, endpoint=endpoint)
                taken.add(key_of(endpoint))
        if not moved:
            return result, tuple(learnt)
        result = [moved.get(id(operation), operation) for operation in result]
        learnt.append(f"{len(moved)} operations of the specification are served under the prefix {best}")


_ENOUGH = 2
"""Operations under one prefix from which it is no coincidence."""


def _heads(served: Iterable[Endpoint]) -> dict[Key, set[str]]:
    """Return, by what is left of each endpoint's path without its first literal segments, those segments."""
    found: dict[Key, set[str]] = defaultdict(set)
    for endpoint in served:
        segments = endpoint.path.strip("/").split("/")
        for count in range(1, len(segments)):
            if "{" in segments[count - 1]:
                break
            rest = replace(endpoint, path="/" + "/".join(segments[count:]))
            found[key_of(rest)].add("/" + "/".join(segments[:count]))
    return found


def base_path(operation: Operation) -> str:
    """Return the path of the operation's first server where the operation's path holds it, else an empty text."""
    path = urlsplit(operation.servers[0].url).path.rstrip("/") if operation.servers else ""
    return path if path and operation.endpoint.path.startswith(path) else ""


def _without(endpoint: Endpoint, base: str) -> Endpoint:
    return replace(endpoint, path=endpoint.path[len(base) :] or "/")


def _matches(operations: Sequence[Operation], known: set[Key]) -> int:
    return sum(key_of(operation.endpoint) in known for operation in operations)


def join(heard: Heard) -> Joined:
    """Return one view per endpoint, each witness's part where it has one.

    The application ties source and specification together: its rules carry the path, and its view functions the file
    and line at which the source has the route. Without it the source's own rules are the key.
    """
    served = [r.endpoint for r in heard.app_routes] or [e for r in heard.routes for e in r.endpoints]
    bare, without = unprefixed(heard.operations, served)
    operations, within = prefixed(bare, served)
    by_operation = {key_of(operation.endpoint): operation for operation in operations}
    by_app = {
        key_of(route.endpoint): route
        for route in heard.app_routes
        if not route.automatic or key_of(route.endpoint) in by_operation
    }
    by_route = _routes_by_key(heard.routes, by_app)
    names: dict[Key, Endpoint] = {}
    for key in (*by_operation, *by_app, *by_route):
        names.setdefault(key, _name(key, by_operation, by_app, by_route))
    met = _meeting(heard.operations, operations, {*by_app, *by_route})
    for baseline in heard.baselines:
        names.setdefault(met(baseline.endpoint), baseline.endpoint)
    wide = wide_parameters(heard.app_routes)
    traffic, proxies, unknown = _traffic(heard.exchanges, Matcher(names.values(), wide), met)
    for endpoint, exchanges in _only_seen(unknown, heard.hosts or _hosts(heard.exchanges, unknown)).items():
        names.setdefault(key_of(endpoint), endpoint)
        traffic[key_of(endpoint)] = exchanges
    part = described(operations)
    tied = Tied(by_operation, by_app, by_route, wide)
    baselines: dict[Key, list[Baseline]] = defaultdict(list)
    for baseline in heard.baselines:
        baselines[met(baseline.endpoint)].append(baseline)
    views = tuple(
        EndpointView(
            endpoint=endpoint,
            asked=heard.asked,
            operation=by_operation.get(key),
            route=by_route.get(key),
            app_route=by_app.get(key),
            baselines=tuple(baselines.get(key, ())),
            traffic=tuple(traffic.get(key, ())),
            described=part,
            caught_by=tied.caught_by(key),
            served=tied.served,
            recognised=tied.recognised,
            configured=heard.configured,
        )
        for key, endpoint in sorted(names.items())
    )
    spelled = _all_names(names, heard.routes, by_route)
    for written, operation in zip(heard.operations, operations, strict=True):
        spelled.setdefault(key_of(written.endpoint), names[key_of(operation.endpoint)])
    return Joined(views, spelled, (*without, *within, *proxies))


def _meeting(written: Sequence[Operation], moved: Sequence[Operation], served: set[Key]) -> Callable[[Endpoint], Key]:
    """Return what gives the key at which an endpoint meets the others, whoever spells it.

    The wire is asked under the paths that the document promises, and those may have a prefix that the code lacks.
    """
    keys = {key_of(one.endpoint): key_of(other.endpoint) for one, other in zip(written, moved, strict=True)}

    def met(endpoint: Endpoint) -> Key:
        key = key_of(endpoint)
        return key if key in served else keys.get(key, key)

    return met


class Tied:
    """What the join says of specification and code as a whole."""

    def __init__(
        self,
        operations: Mapping[Key, Operation],
        apps: Mapping[Key, AppRoute],
        routes: Mapping[Key, Route],
        wide: Mapping[Key, int],
    ) -> None:
        """Take what each knows by key; where the application was asked, its word on what is served counts alone."""
        known = apps or routes
        promised = [key for key in operations if key in known]
        written = [routes[key] for key, operation in operations.items() if operation.protected and key in routes]
        guarded = [route for route in written if route.guards or route.misplaced]
        self.served = len(promised) / len(operations) if operations else 0.0
        self.recognised = len(guarded) / len(written) if written else 0.0
        self._alone = {key for key in operations if key not in known}
        self._operations = operations
        self._matcher = Matcher((route.endpoint for route in apps.values()), wide)

    def caught_by(self, key: Key) -> Endpoint | None:
        """Return the route that answers a promised path which the application has no route of its own for."""
        if key not in self._alone:
            return None
        endpoint = self._operations[key].endpoint
        return self._matcher.match(endpoint.method, endpoint.path)


def described(operations: Sequence[Operation]) -> str:
    """Return the path of literal segments that all documented paths begin with; empty for less than two paths."""
    heads = {tuple(operation.endpoint.path.strip("/").split("/")[:-1]) for operation in operations}
    if len({operation.endpoint.path for operation in operations}) < 2:
        return ""
    shared = itertools.takewhile(lambda segments: len(set(segments)) == 1, zip(*heads, strict=False))
    literal = itertools.takewhile(lambda segments: "{" not in segments[0], shared)
    return "".join(f"/{segments[0]}" for segments in literal)


def _routes_by_key(routes: Sequence[Route], by_app: Mapping[Key, AppRoute]) -> dict[Key, Route]:
    """Return the source's route of each key: by the view's file and line where the app is known, else by its rule."""
    at_line: dict[tuple[str, int, str], list[tuple[Route, Endpoint]]] = defaultdict(list)
    for route in routes:
        for endpoint in route.endpoints:
            at_line[route.view.uri, route.view.line, endpoint.method].append((route, endpoint))
    found: dict[Key, Route] = {}
    for key, app_route in by_app.items():
        written = at_line.get((app_route.view.uri, app_route.view.line, key[1]))
        if written:
            found[key] = _rule_of(key, written)
    tied = {id(route) for route in found.values()}
    for route in routes:
        if id(route) not in tied:
            for endpoint in route.endpoints:
                found.setdefault(key_of(endpoint), route)
    return found


def _rule_of(key: Key, written: Sequence[tuple[Route, Endpoint]]) -> Route:
    """Return which of a view's rules the application has under a key, perhaps with a prefix: the longest that fits."""

    def ends(rule: tuple[Route, Endpoint]) -> int:
        path = key_of(rule[1])[2]
        return len(path) if key[2].endswith(path) else -1

    return max(reversed(written), key=ends)[0]


def _name(
    key: Key, operations: Mapping[Key, Operation], apps: Mapping[Key, AppRoute], routes: Mapping[Key, Route]
) -> Endpoint:
    if key in operations:
        return operations[key].endpoint
    if key in apps:
        return apps[key].endpoint
    return next((e for e in routes[key].endpoints if key_of(e) == key), Endpoint(key[1], key[2], key[0]))


def _all_names(
    names: Mapping[Key, Endpoint], routes: Sequence[Route], found: Mapping[Key, Route]
) -> dict[Key, Endpoint]:
    """Add the source's own spelling of each tied route, which may lack a prefix that only the app knows."""
    complete = dict(names)
    key_for = {id(route): key for key, route in found.items()}
    for route in routes:
        key = key_for.get(id(route))
        for endpoint in route.endpoints if key else ():
            if key and key[1] == endpoint.method:
                complete.setdefault(key_of(endpoint), names[key])
    return complete


def wide_parameters(routes: Iterable[AppRoute]) -> dict[Key, int]:
    """Return the position of the parameter that takes several segments (`<path:name>`), by the route's key."""
    found: dict[Key, int] = {}
    for route in routes:
        taking = {f"{{{name}}}" for name, converter in route.arguments if converter.startswith("path")}
        for position, segment in enumerate(_segments(route.endpoint.path)):
            if segment in taking:
                found[key_of(route.endpoint)] = position
    return found


_VALUE = re.compile(r"\d+|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-HJKMNP-TV-Z]{26}", re.I)
"""A segment that is an item's identifier: a number, hex, a UUID, a ULID."""


def _hosts(exchanges: Sequence[Exchange], unknown: Sequence[Exchange]) -> frozenset[str]:
    """Return the hosts of an API by its recorded traffic: those of known endpoints, and those that are sent tokens."""
    strange = set(map(id, unknown))
    own = [each for each in exchanges if id(each) not in strange or each.request.header("Authorization")]
    return frozenset(urlsplit(exchange.request.url).netloc for exchange in own)


def _only_seen(unknown: Sequence[Exchange], hosts: frozenset[str]) -> dict[Endpoint, list[Exchange]]:
    """Return the endpoints that recorded traffic alone knows: what answered with JSON on one of the API's hosts."""
    found: dict[Endpoint, list[Exchange]] = defaultdict(list)
    for exchange in unknown:
        parts, response = urlsplit(exchange.request.url), exchange.response
        if exchange.purpose is not Purpose.RECORDED or parts.netloc not in hosts or response is None:
            continue
        if 200 <= response.status < 300 and "json" in (response.header("Content-Type") or "").lower():
            found[Endpoint(exchange.request.method.upper(), _template(parts.path))].append(exchange)
    return found


def _template(path: str) -> str:
    """Return a path with its identifiers as parameters: `/orders/{id}/lines/{id2}` of `/orders/7/lines/3`."""
    segments = path.split("/")
    places = [place for place, segment in enumerate(segments) if _VALUE.fullmatch(segment)]
    for number, place in enumerate(places, 1):
        segments[place] = "{id}" if number == 1 else f"{{id{number}}}"
    return "/".join(segments)


def _traffic(
    exchanges: Sequence[Exchange], matcher: Matcher, met: Callable[[Endpoint], Key]
) -> tuple[dict[Key, list[Exchange]], tuple[str, ...], list[Exchange]]:
    """Group exchanges by endpoint: as told by who sent them, else by matching the path, literal segments first.

    What matches nothing is looked at once more without the prefix of a proxy, where the traffic shows one; it is
    stated. The last part are the exchanges that are of no known endpoint.
    """
    grouped: dict[Key, list[Exchange]] = defaultdict(list)
    left: list[Exchange] = []
    for exchange in exchanges:
        endpoint = exchange.endpoint or matcher.match(exchange.request.method, urlsplit(exchange.request.url).path)
        if endpoint:
            grouped[met(endpoint)].append(exchange)
        else:
            left.append(exchange)
    prefix = _proxy_prefix(left, matcher)
    unknown = [] if prefix else left
    for exchange in left if prefix else ():
        path = urlsplit(exchange.request.url).path
        behind = matcher.match(exchange.request.method, path[len(prefix) :]) if path.startswith(prefix + "/") else None
        if behind:
            grouped[key_of(behind)].append(exchange)
        else:
            unknown.append(exchange)
    stated = (f"the recorded traffic has the prefix {prefix} before the API's own paths",) if prefix else ()
    return grouped, stated, unknown


def _proxy_prefix(exchanges: Sequence[Exchange], matcher: Matcher) -> str:
    """Return the first segments without which most endpoints are met, two at least; empty where there are none.

    `/` alone is met by any path that ends there, and says nothing.
    """
    met: dict[str, set[Endpoint]] = defaultdict(set)
    for exchange in exchanges:
        segments = _segments(urlsplit(exchange.request.url).path)
        for count in range(1, len(segments)):
            endpoint = matcher.match(exchange.request.method, "/" + "/".join(segments[count:]))
            if endpoint and any(segment and "{" not in segment for segment in _segments(endpoint.path)):
                met["/" + "/".join(segments[:count])].add(endpoint)
    best = max(met, key=lambda prefix: (len(met[prefix]), -len(prefix)), default="")
    return best if best and len(met[best]) >= _ENOUGH else ""


class Matcher:
    """Finds the template that a concrete path belongs to; a literal segment beats a parameter.

    `wide` gives, by key, the position of a parameter that takes several segments: such templates come last.
    """

    def __init__(self, endpoints: Iterable[Endpoint], wide: Mapping[Key, int] | None = None) -> None:
        """Index the templates by method and number of segments."""
        self._by_size: dict[tuple[str, int], list[tuple[tuple[str, ...], Endpoint]]] = defaultdict(list)
        self._wide: list[tuple[tuple[str, ...], int, Endpoint]] = []
        for endpoint in endpoints:
            segments = _segments(endpoint.path)
            self._by_size[endpoint.method.upper(), len(segments)].append((segments, endpoint))
            if wide and key_of(endpoint) in wide:
                self._wide.append((segments, wide[key_of(endpoint)], endpoint))
        self._wide.sort(key=lambda template: -len(template[0]))
        for candidates in self._by_size.values():
            candidates.sort(key=lambda candidate: ["{" in segment for segment in candidate[0]])

    def match(self, method: str, path: str) -> Endpoint | None:
        """Return the endpoint whose template fits the path, or None."""
        segments = _segments(path)
        for template, endpoint in self._by_size.get((method.upper(), len(segments)), ()):
            if _fits(template, segments):
                return endpoint
        for template, position, endpoint in self._wide:
            behind = len(template) - position - 1
            more = len(segments) - len(template)
            shorter = (*segments[: position + 1], *segments[len(segments) - behind :])
            if endpoint.method.upper() == method.upper() and more > 0 and _fits(template, shorter):
                return endpoint
        return None


def _fits(template: Sequence[str], segments: Sequence[str]) -> bool:
    return all("{" in wanted or wanted == got for wanted, got in zip(template, segments, strict=True))


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


# --------------------------------------------------------------------------- findings


_ANCHORED = "at "
"""How the cause begins of what is broken at one place."""

_ALONE = "on "
"""How the cause begins of what is broken at one endpoint and has no other cause."""

_MANY = 3
"""Endpoints of one file from which it is no coincidence that all of them break a promise."""


def findings(
    observations: Sequence[Observation],
    controls: Mapping[str, Control],
    joined: Joined,
    comments: Comments | None = None,
) -> list[Finding]:
    """Group broken observations by control and cause, tell how sure they are, and fold the narrower into the broader.

    A group in which every verdict is only supporting is no finding. Sorted by severity, control, place, endpoint.
    What is suppressed on one endpoint is not grouped with what is broken on others.
    """
    named = [_renamed(observation, joined) for observation in observations]
    broken = [observation for observation in named if not observation.verdict.kept]
    kept = [observation for observation in named if observation.verdict.kept]
    anchors = _anchors(broken, controls)
    causes = [_cause(observation, anchors.get(observation.control, [])) for observation in broken]
    excepted = _excepted(broken, causes, joined, comments or Comments(()))
    counting = [pair for pair, apart in zip(zip(broken, causes, strict=True), excepted, strict=True) if not apart]
    shared = _throughout(counting, kept, joined)
    groups: dict[tuple[str, str, bool], list[Observation]] = defaultdict(list)
    for observation, cause, apart in zip(broken, causes, excepted, strict=True):
        whole = cause if apart else shared.get((observation.control, cause), cause)
        groups[observation.control, whole, apart].append(observation)
    made = [
        _finding(controls[control], group, kept, joined)
        for (control, _, _), group in groups.items()
        if any(o.verdict.strength is not Strength.SUPPORTING for o in group)
    ]
    return _numbered(sorted(_folded(made, controls), key=_order))


def _numbered(ordered: Sequence[Finding]) -> list[Finding]:
    """Tell findings apart whose fingerprints are equal: two equal lines of a file, in the order of the lines."""
    seen: Counter[str] = Counter()
    result: list[Finding] = []
    for finding in ordered:
        seen[finding.fingerprint] += 1
        result.append(replace(finding, occurrence=seen[finding.fingerprint]))
    return result


def _renamed(observation: Observation, joined: Joined) -> Observation:
    endpoints = tuple(dict.fromkeys(joined.canonical(endpoint) for endpoint in observation.verdict.endpoints))
    return replace(observation, verdict=replace(observation.verdict, endpoints=endpoints))


def _anchors(
    broken: Sequence[Observation], controls: Mapping[str, Control]
) -> dict[str, list[tuple[Place, set[Endpoint]]]]:
    """Return, per control, the places in the source that can be its cause, with the endpoints each one serves.

    A place where a narrower control is broken (a decode without verification) is a cause of the broader one as well.
    """
    anchors: dict[str, list[tuple[Place, set[Endpoint]]]] = defaultdict(list)
    for observation in broken:
        if observation.witness is Witness.SOURCE and observation.verdict.place and not observation.verdict.witnesses:
            entry = (observation.verdict.place, set(observation.verdict.endpoints))
            for control in (observation.control, *controls[observation.control].implied_by):
                anchors[control].append(entry)
    for entries in anchors.values():
        entries.sort(key=lambda entry: entry[0])
    return anchors


def _cause(observation: Observation, anchors: Sequence[tuple[Place, set[Endpoint]]]) -> str:
    """Return the key of the group that an observation belongs to."""
    verdict = observation.verdict
    if observation.witness is Witness.SOURCE and verdict.place and not verdict.witnesses:
        return f"{_ANCHORED}{verdict.place}"
    for place, endpoints in anchors:
        if endpoints & set(verdict.endpoints) or _writes(place, observation):
            return f"{_ANCHORED}{place}"
    if verdict.cause:
        return f"because {verdict.cause}"
    if verdict.endpoints:
        return f"{_ALONE}{min(verdict.endpoints)}"
    return f"{_ANCHORED}{verdict.place}"


def _writes(place: Place, observation: Observation) -> bool:
    """Tell whether a place of the source is where that is written which the application says of itself as a whole.

    It holds what the verdict names (a setting, in backquotes), or stands in the file of the code that the application
    showed at fault.
    """
    verdict = observation.verdict
    if observation.witness is not Witness.APP or verdict.endpoints:
        return False
    names = filter(None, (verdict.cause, *_QUOTED.findall(verdict.message)))
    shown = verdict.place is not None and verdict.place.line > 0 and verdict.place.uri == place.uri
    return shown or any(name.lower() in place.text.lower() for name in names)


def _excepted(broken: Sequence[Observation], causes: Sequence[str], joined: Joined, comments: Comments) -> list[bool]:
    """Tell of each whether it is suppressed on all its endpoints, and its cause is no place that others share."""
    places = {view.endpoint: view.place for view in joined.views}

    def silent(control: str, endpoint: Endpoint) -> bool:
        return bool(comments.of(control, endpoint) or comments.at(control, places.get(endpoint)))

    return [
        bool(endpoints := o.verdict.endpoints)
        and not cause.startswith(_ANCHORED)
        and all(silent(o.control, endpoint) for endpoint in endpoints)
        for o, cause in zip(broken, causes, strict=True)
    ]


def _throughout(
    broken: Sequence[tuple[Observation, str]], kept: Sequence[Observation], joined: Joined
) -> dict[tuple[str, str], str]:
    """Return the causes that are one in truth, by control: endpoints of a file break the promise, and none keeps it.

    A hook that nobody registered opens all operations of a module; that is one thing to mend, not thirty. Where it is
    so in several files and no operation at all keeps the promise, it is one thing of the whole application.
    """
    files = {view.endpoint: view.place.uri for view in joined.views if view.place}
    intact = {(o.control, files.get(endpoint)) for o in kept for endpoint in o.verdict.endpoints}
    alone: dict[tuple[str, str], set[str]] = defaultdict(set)
    for observation, cause in broken:
        uri = files.get(min(observation.verdict.endpoints)) if cause.startswith(_ALONE) else None
        if uri is not None and (observation.control, uri) not in intact:
            alone[observation.control, uri].add(cause)
    whole = {pair: causes for pair, causes in alone.items() if len(causes) >= _MANY}
    spread = Counter(control for control, _ in whole)
    somewhere = {control for control, _ in intact}
    return {
        (control, cause): "throughout" if spread[control] > 1 and control not in somewhere else f"throughout {uri}"
        for (control, uri), causes in whole.items()
        for cause in causes
    }


def _finding(control: Control, group: Sequence[Observation], kept: Sequence[Observation], joined: Joined) -> Finding:
    endpoints = tuple(sorted({endpoint for o in group for endpoint in o.verdict.endpoints}))
    group = sorted(group, key=_weight)
    spokesman = group[0]
    severities = [o.verdict.severity or control.severity for o in group]
    return Finding(
        control=control.id,
        name=control.name,
        title=control.title,
        severity=max(severities, key=lambda severity: severity.rank),
        status=_status(control, group, endpoints, kept),
        message=_message(spokesman.verdict, len(endpoints)),
        place=_place(group, endpoints, joined),
        endpoints=endpoints,
        observations=tuple(group),
    )


def _message(verdict: Verdict, endpoints: int) -> str:
    more = endpoints - len(verdict.endpoints)
    if not verdict.endpoints or more < 1:
        return verdict.message
    return f"{verdict.message}; so it is with {more} more operation{'s' if more > 1 else ''}"


def _weight(observation: Observation) -> tuple[int, int, str, tuple[Endpoint, ...]]:
    """Return the order in which witnesses speak: what was shown before what was read, the wire before the app."""
    strengths = list(Strength)
    witnesses = (Witness.WIRE, Witness.APP, Witness.SOURCE, Witness.SPEC)
    verdict = observation.verdict
    return strengths.index(verdict.strength), witnesses.index(observation.witness), verdict.message, verdict.endpoints


def _status(
    control: Control, group: Sequence[Observation], endpoints: Sequence[Endpoint], kept: Sequence[Observation]
) -> Status:
    """Confirmed: shown by an exchange or a run, or said by two. Contradicted: a better witness shows it kept.

    What is only read is contradicted by any proof; what only the application in its child process shows, by the wire:
    that is the API which is served.
    """
    proofs = {o.witness for o in group if o.verdict.strength is Strength.PROVEN}
    better = {Witness.WIRE} if proofs else {Witness.WIRE, Witness.APP}
    shown_kept = {
        endpoint
        for o in kept
        if o.control == control.id and o.verdict.strength is Strength.PROVEN and o.witness in better
        for endpoint in o.verdict.endpoints
    }
    if Witness.WIRE not in proofs and endpoints and shown_kept.issuperset(endpoints):
        return Status.CONTRADICTED
    if proofs or len({o.witness for o in group if o.verdict.strength is not Strength.PARTIAL}) > 1:
        return Status.CONFIRMED
    return Status.SINGLE_WITNESS


def _place(group: Sequence[Observation], endpoints: Sequence[Endpoint], joined: Joined) -> Place | None:
    """Return where to mend it: the source's place, else another verdict's, else the endpoint's own."""
    for wanted in (Witness.SOURCE, Witness.SPEC, Witness.APP, Witness.WIRE):
        for observation in group:
            if observation.witness is wanted and observation.verdict.place:
                return observation.verdict.place
    views = {view.endpoint: view for view in joined.views}
    for endpoint in endpoints:
        if endpoint in views and views[endpoint].place:
            return views[endpoint].place
    return None


def _folded(made: Sequence[Finding], controls: Mapping[str, Control]) -> list[Finding]:
    """Put each finding under a broader, proven one that shares an endpoint."""
    inner: dict[int, list[Finding]] = defaultdict(list)
    gone: set[int] = set()
    # The narrowest first, so that a chain (BT403 under BT402) carries its own folded findings along.
    for finding in sorted(made, key=lambda f: -_depth(f.control, controls)):
        broader = next((other for other in made if _takes_in(other, finding, controls)), None)
        if broader:
            inner[id(broader)].append(replace(finding, folded=tuple(inner.pop(id(finding), ()))))
            gone.add(id(finding))
    return [_with_folded(finding, inner.get(id(finding), [])) for finding in made if id(finding) not in gone]


def _takes_in(broader: Finding, finding: Finding, controls: Mapping[str, Control]) -> bool:
    if broader.control not in controls[finding.control].implied_by or not broader.proven:
        return False
    return bool(set(broader.endpoints) & set(finding.endpoints))


def _depth(control: str, controls: Mapping[str, Control]) -> int:
    """Return how many controls stand above this one (BT402 0, BT403 1, its mutants 2)."""
    above = [parent for parent in controls[control].implied_by if parent in controls]
    return 1 + max(_depth(parent, controls) for parent in above) if above else 0


def _with_folded(finding: Finding, inner: Sequence[Finding]) -> Finding:
    """Add the narrower findings; a source place among them is where the broader one is mended too."""
    if not inner:
        return finding
    source = next((o for f in inner for o in f.observations if o.witness is Witness.SOURCE and o.verdict.place), None)
    spoke = any(o.witness is Witness.SOURCE and o.verdict.place for o in finding.observations)
    place = source.verdict.place if source and not spoke else finding.place
    return replace(finding, place=place, folded=tuple(sorted(inner, key=_order)))


def _order(finding: Finding) -> tuple[int, str, str, int, str]:
    place = finding.place or Place("")
    first = str(finding.endpoints[0]) if finding.endpoints else ""
    return -finding.severity.rank, finding.control, place.uri, place.line, first
