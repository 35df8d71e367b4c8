"""What will be asked of whom, decided before the first request: eligible operations, budget and rate. Pure."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from stopper.correlate import base_path
from stopper.engine import values
from stopper.model import Endpoint, Skip, Witness
from stopper.observe.views import Baseline, EndpointView, Guard, Operation, Request, fill
from stopper.observe.wire.compare import succeeded

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 section 9.2.1, TRACE left out."""

CHANGING = frozenset(
    "abort accept activate add approve archive assign ban buy cancel charge checkout clear confirm create "
    "createdb deactivate decline decrement delete deposit destroy disable drop dropdb edit enable enqueue enroll "
    "erase exec execute expire flush generate halt import increment init insert install invalidate invoke kill "
    "lock logoff logout mark migrate modify move notify pause pay populate publish purchase purge reboot rebuild "
    "refresh refund regenerate register reindex reject reload remove rename renew reset resetdb restart restore "
    "resume revoke rollback rotate run save seed send set shutdown signout start stop submit subscribe sync "
    "terminate toggle trigger truncate unban uninstall unlock unpublish unregister unsubscribe update upgrade "
    "upload wipe withdraw write".split()
)
"""Words that mark an operation as changing state although its method says otherwise (`GET /createdb`)."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


SMALLEST_BUDGET = 200
"""Requests that even the smallest API may be sent: its one operation is asked as much as the first of a large one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be sent: requests in all and per operation, requests a second off loopback, seconds.

    `per_group` is how many mutants of one control each group of operations after the first is sent, 0 meaning all.
    `jobs` is the number of processes that read source at a time.
    """

    requests: int = 600
    per_operation: int = 12
    per_second: float = 20.0
    request_seconds: float = 10.0
    scan_seconds: float = 600.0
    per_group: int = 1
    jobs: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class Step:
    """One operation that will be asked: the endpoint, its request's path and query, and what is known of it."""

    view: EndpointView
    target: str

    @property
    def endpoint(self) -> Endpoint:
        """Return the operation's endpoint."""
        return self.view.endpoint


@dataclass(frozen=True, slots=True)
class Plan:
    """What the scan will do: the operations it will ask, the ones it will not and why, and the budget it keeps to.

    `unfilled` are operations that would be asked if their path's parameters had values; answers may tell some.
    `spent` is how many requests the throw-away identity may make on top of the budget, `renewing` how many may renew a
    token that ends. `changing` are operations that
    may change state: an application in a process of its own is asked for them where it can be undone.
    """

    steps: tuple[Step, ...]
    skips: tuple[Skip, ...]
    witnesses: tuple[Witness, ...]
    budget: int
    per_second: float
    unfilled: tuple[EndpointView, ...] = ()
    per_group: int = 1
    spent: int = 0
    renewing: int = 0
    changing: tuple[EndpointView, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the endpoints of all eligible operations."""
        return tuple(step.endpoint for step in self.steps)


def make(views: Sequence[EndpointView], witnesses: Sequence[Witness], limits: Limits) -> Plan:
    """Return the plan for these endpoints."""
    steps: list[Step] = []
    skips: list[Skip] = []
    unfilled: list[EndpointView] = []
    changing: list[EndpointView] = []
    for view in views:
        why = ineligible(view)
        template = view.operation.endpoint.path if view.operation else view.endpoint.path
        target = None if why else target_of(view, values.recorded(template, filter(succeeded, view.traffic)))
        if why:
            skips.append(Skip(str(view.endpoint), why))
            changing.append(view)
        elif target is None:
            unfilled.append(view)
        else:
            steps.append(Step(view, target))
    budget = min(limits.requests, max(SMALLEST_BUDGET, limits.per_operation * len(views)))
    return Plan(
        tuple(steps),
        tuple(skips),
        tuple(witnesses),
        budget,
        limits.per_second,
        tuple(unfilled),
        limits.per_group,
        changing=tuple(changing),
    )


def filled(unfilled: Sequence[EndpointView], baselines: Sequence[Baseline]) -> list[Step]:
    """Return steps for the operations whose path can be filled now that lists have answered."""
    steps = []
    for view in unfilled:
        operation = view.operation
        template = operation.endpoint.path if operation else view.endpoint.path
        target = target_of(view, values.learnt(template, operation, baselines))
        if target is not None:
            steps.append(Step(view, target))
    return steps


def ineligible(view: EndpointView) -> str:
    """Return why an operation must not be called under the given permissions, or an empty text."""
    if view.endpoint.method not in SAFE_METHODS:
        return f"{view.endpoint.method} may change state"
    if Witness.APP in view.asked and not view.app_route and not view.operation:
        return "the running application has no such route"
    found = sorted(words(view) & CHANGING)
    return f"its name says that it changes state ({found[0]})" if found else ""


def words(view: EndpointView) -> set[str]:
    """Return the words of the path's literal segments and of its names, and the verb that its summary begins with."""
    literal = re.sub(r"\{[^{}]*\}", " ", view.endpoint.path)
    names = [literal]
    if view.operation:
        names.append(view.operation.operation_id)
    if view.app_route:
        names.append(view.app_route.name)
    if view.route:
        names.append(view.route.name)
    found = {word.lower() for name in names for word in _WORDS.findall(name)}
    verb = _WORDS.match(view.operation.summary.strip()) if view.operation else None
    return found | ({verb[0].lower(), verb[0].lower().removesuffix("s")} if verb else set())


def target_of(view: EndpointView, learnt: Mapping[str, str]) -> str | None:
    """Return path and query with every needed parameter filled, from the specification or else as learnt, or None."""
    operation = view.operation
    parameters = operation.parameters if operation else ()
    filling = {**learnt, **{p.name: p.values[0] for p in parameters if p.location == "path" and p.values}}
    # The endpoint may be named by another witness: its template is the one that is filled.
    path = fill(operation.endpoint.path if operation else view.endpoint.path, filling)
    if path is None:
        return None
    query: list[tuple[str, str]] = []
    for parameter in parameters:
        if parameter.location == "query" and parameter.required:
            if not parameter.values:
                return None
            query.append((parameter.name, parameter.values[0]))
    return f"{path}?{urlencode(query)}" if query else path


def request_for(step: Step, base: str) -> Request:
    """Return the step's request against the user's base URL, whose path takes the place of the servers' own."""
    parts = urlsplit(base)
    operation = step.view.operation
    own = base_path(operation) if operation else ""
    required = _required_headers(operation)
    told = any(name.lower() == "accept" for name, _ in required)
    headers = required if told else (("Accept", "application/json, */*;q=0.5"), *required)
    url = f"{parts.scheme}://{parts.netloc}{_below(parts.path, step.target, own)}"
    return Request(step.endpoint.method, url, headers)


def _below(prefix: str, target: str, own: str) -> str:
    """Return a target below the path of a base URL, unless it is there already; `own` is what the prefix replaces."""
    prefix = prefix.rstrip("/")
    if not prefix or target == prefix or target.startswith((f"{prefix}/", f"{prefix}?")):
        return target
    return prefix + (target.removeprefix(own) if target.startswith(f"{own}/") else target)


def common_folder(urls: Sequence[str]) -> str:
    """Return the path below which all URLs stand: empty, or without its last slash."""
    folders = [urlsplit(url).path.rpartition("/")[0].split("/") for url in urls]
    return "/".join(part[0] for part in itertools.takewhile(_all_equal, zip(*folders, strict=False)))


def _all_equal(parts: tuple[str, ...]) -> bool:
    return len(set(parts)) == 1


_NOT_SENT = frozenset(
    {"authorization", "cookie", "host", "x-http-method", "x-http-method-override", "x-method-override"}
)
"""Headers that a specification does not decide: who calls, which host is meant, and that the method is safe."""


def _required_headers(operation: Operation | None) -> tuple[tuple[str, str], ...]:
    if not operation:
        return ()
    return tuple(
        (p.name, p.values[0])
        for p in operation.parameters
        if p.location == "header" and p.required and p.values and p.name.lower() not in _NOT_SENT
    )


def guard_of(view: EndpointView) -> tuple[str, ...]:
    """Return what operations that share a credential check have in common; an unknown check is each one's own.

    A decorator counts as written, arguments included: `@token_required(decode_old)` is another check than
    `@token_required(decode)`. Anything else counts by the place where it stands.
    """
    if not view.route or not view.route.guards:
        return (str(view.endpoint),)
    return tuple(sorted(_check(guard) for guard in view.route.guards))


def _check(guard: Guard) -> str:
    written = guard.place.text.strip()
    return written if guard.how.startswith("@") and written.startswith("@") else f"{guard.how} {guard.place}"
