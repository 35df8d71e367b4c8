"""A protected operation answers a caller who sends nothing.

## What is wrong

An operation that is meant to be protected (the specification says so, or its neighbours in the code are guarded)
answers without a credential.

## Why it matters

It is the commonest way into an API: one decorator forgotten, one blueprint registered without its hook. Nothing has to
be broken to read what lies behind it (OWASP API2:2023, CWE-306).

## Bad

    @bp.get("/orders")
    @token_required
    def orders(): ...

    @bp.get("/orders/export")       # forgotten
    def export(): ...

## Good

    guard = Guard(app)              # every route demands a token unless it is @guard.public

## References

OWASP API Security Top 10 2023, API2 and API5; ASVS 5.0.0 8.3.1; CWE-306.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator, Iterable, Iterator, Sequence

from stopper.model import Control, Place, Scope, Severity, Strength, Verdict
from stopper.observe.source import Definition, Module, View, within
from stopper.observe.source.mending import guarded_as_others
from stopper.observe.spec.rewriting import SpecText
from stopper.observe.views import Access, Baseline, EndpointView, Exchange, Live, Request, Route
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Rewrite

CONTROL = Control(
    id="BT401",
    name="authentication_missing",
    severity=Severity.CRITICAL,
    title="A protected operation answers without a credential",
    witnesses="C S A J",
    requirements=("B16",),
    labels=("missing_auth",),
    cwe=(306,),
    implied_by=("BT601",),
    guard="Guard.require",
    scope=Scope.OPERATION,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Judge the door of an operation that the specification protects; the answers are there already."""
    yield from ()
    if not live.operation or not live.operation.protected:
        return ()
    if live.baseline.access is Access.OPEN:
        message = f"{live.endpoint} answers a caller who sends no credential"
        return (_open(live.baseline, message, Strength.PROVEN),)
    message = f"{live.endpoint} turns away a caller who sends no credential"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Support what the source says of a route that no specification describes: it does answer without a credential."""
    if view.operation or not view.route or view.route.public:
        return
    for baseline in view.baselines:
        if baseline.access is Access.OPEN:
            message = f"{view.endpoint} answers a caller who sends no credential"
            yield _open(baseline, message, Strength.SUPPORTING)


def _open(baseline: Baseline, message: str, strength: Strength) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        endpoints=(baseline.endpoint,),
        evidence=(evidence("answered without a credential", baseline.nothing, baseline.original),),
        strength=strength,
        witnesses=(baseline.witness,),
    )


# --------------------------------------------------------------------------- the source


_CHANGES = frozenset({"PUT", "PATCH", "DELETE"})
_MEANT_FOR_ALL = re.compile(
    r"log_?-?(in|out|on|off)|sign_?-?(in|up|out|on)|regist|auth(?!ors?(?![a-z]))|oauth|oidc|saml|sso|token|refresh|callback|forgot|reset"
    r"|confirm(?:ation)?(?!_(?!e?mail|account|user|regist|token|pass))|verif|activat|invit|unsubscrib|subscrib|recover|validat|webhook|hook|health|ping|status|ready|live|alive|metric"
    r"|version|static|asset|favicon|robots|sitemap|openapi|swagger|redoc|spec|docs?$|schema|well-known|jwks|public|anonym"
    r"|contact|feedback|search|graphql|captcha|csrf|cookie|consent|locale|language|lang|theme|about|terms|privacy|tos$"
    r"|(?<![a-z])open(?![a-z])|home|index|hello|echo|(?<!la)(?<!con)test|demo|error|404|session|setup|install|onboard|share|embed|preview|catalog|newsletter",
    re.IGNORECASE,
)
"""Words in a path or a view's name of what is open by its nature, or guards itself by what it is sent."""

_GIVES_AWAY = re.compile(
    r"users?(?![a-z])|accounts?|balance|transaction|transfer|payment|order|invoice|customer|client|employee|patient|member"
    r"|compan(y|ies)|admin|secret|backup|dump|audit|credential|private|internal",
    re.IGNORECASE,
)
"""Words in a path or a view's name of data that belongs to somebody."""

_PEOPLE = re.compile(r"/(users?|accounts?|members?|customers?|people|clients?)/?$", re.IGNORECASE)
_PERSON = re.compile(
    r"/(users?|accounts?|members?|customers?|employees?|patients?)/([a-z_-]+/)?\{[^}]*\}$", re.IGNORECASE
)
_EDITS = re.compile(r"(update|edit|change|save|set|delete|remove)_", re.IGNORECASE)
_CHECKS_ITSELF = re.compile(
    r"compare_digest|check_password|verify_password|check_pw|checkpw|signature|hmac|captcha|remote_addr|loads$|secret",
    re.IGNORECASE,
)
_SWITCH = re.compile(r"(?:[A-Z]+_)*(?:PUBLIC|ANONYMOUS|REGISTRATIONS?|SIGN_?UPS?)(?:_[A-Z]+)*")
"""Settings by which whoever runs the application decides whether strangers may do something."""

_SHOWS = frozenset({"render_template", "render_template_string", "send_from_directory", "send_static_file", "redirect"})
_PARAMETER = re.compile(r"\{(?!\w*(?:token|key|secret|code|hash|sign))[^}]*\}", re.IGNORECASE)
"""A part of a path that says nothing of what is behind it, and is no credential either."""

_SCHEME = re.compile(r"(?<![a-z])(?:basic|bearer|digest)(?![a-z])", re.IGNORECASE)
"""A method of authentication in a path: it is shown there, and says little of how the other operations are guarded."""

_PREFIX = re.compile(r"api|rest|v?\d+(\.\d+)*|\{.*", re.IGNORECASE)
_ENOUGH = 2
"""Guarded neighbours from which it is clear that this application guards its operations; of one collection, one is."""

_SHARE = 0.1
"""Share of guarded neighbours below which being open is the rule, and the guarded ones are the exception."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at every route: guarded is kept, open among guarded ones is not; a guard that never runs is BT608's."""
    views = {route: view for route, view in module.project.routing.views if route.place.uri == module.path}
    for route, view in views.items():
        if not route.endpoints or route.public:
            continue
        if route.guarded:
            message = f"{route.endpoints[0]} stands behind {_first(route)}"
            yield Verdict(True, message, _place(route, view), route.endpoints)
        elif not (route.guards or route.misplaced) and not _opens_by_nature(view, route) and _forgotten(module, route):
            message = f"{route.endpoints[0]} asks for no credential, although its neighbours do"
            yield Verdict(False, message, _place(route, view), route.endpoints)


def _place(route: Route, view: View) -> Place:
    """Return the line that makes the route; of a class with several methods, the method's."""
    return view.module.place(view.node) if "." in route.name else route.place


def _first(route: Route) -> str:
    return next(guard.how for guard in route.guards if not guard.optional)


def _forgotten(module: Module, route: Route) -> bool:
    """Tell whether an open route is out of place: it changes or gives away something where others are guarded."""
    neighbours = module.project.routing.neighbours(route)
    guarded = [each for each in neighbours if each.guarded]
    person = bool(guarded) and _one_of_people(route)
    if sum(not _SCHEME.search(each.endpoints[0].path) for each in guarded) < _SHARE * len(neighbours) and not person:
        return False
    beside = [each for each in guarded if each.place.uri == route.place.uri]
    related = any(_collection(each) == _collection(route) for each in beside)
    methods = _methods(route)
    if methods & _CHANGES:
        return related or person or (len(guarded) >= _ENOUGH and any(_methods(each) - {"GET"} for each in guarded))
    if methods - {"GET"}:
        signs_up = any(_PEOPLE.search(endpoint.path) for endpoint in route.endpoints) and not _EDITS.match(route.name)
        return len(beside) >= _ENOUGH and not signs_up
    gives_away = _GIVES_AWAY.search(f"{route.endpoints[0].path} {route.name}")
    return bool(gives_away) and (related or person or len(beside) >= _ENOUGH)


def _one_of_people(route: Route) -> bool:
    """Tell whether a route is about one person or account, chosen by the caller: `/users/{id}`, `/user/get/{id}`."""
    return any(_PERSON.search(endpoint.path) for endpoint in route.endpoints)


def _collection(route: Route) -> str:
    """Return the first segment of a route's path that names something: `users` of `/api/v1/users/{id}`."""
    segments = route.endpoints[0].path.split("/") if route.endpoints else []
    return next((each for each in segments if each and not _PREFIX.fullmatch(each)), "")


def _methods(route: Route) -> set[str]:
    return {endpoint.method for endpoint in route.endpoints}


def _opens_by_nature(view: View, route: Route) -> bool:
    """Tell whether a route is open on purpose by its name, shows a page, or checks the caller in a way of its own."""
    said = (route.name, *(_PARAMETER.sub("", each.path) for each in route.endpoints))
    if any(_MEANT_FOR_ALL.search(each) for each in said):
        return True
    if _methods(route) <= {"GET", "POST"} and not _edits_oneself(view, route) and _shows(view.module, view.node, 3):
        return True
    if _only_redirects(view.node.body):
        return True
    named = {_name(node) for node in within(view.node) if isinstance(node, ast.Name | ast.Attribute)}
    if any(_CHECKS_ITSELF.search(name) for name in named) or _raises_only(view.node.body[0]):
        return True
    return any(_SWITCH.fullmatch(text) for text in _texts(view.node))


def _texts(function: ast.AST) -> Iterator[str]:
    """Yield the texts that a function holds."""
    for node in within(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _edits_oneself(view: View, route: Route) -> bool:
    """Tell whether a view changes who is logged in, which nobody is where no credential is asked for."""
    if "GET" in _methods(route) or not _EDITS.match(view.node.name):
        return False
    return any(isinstance(node, ast.Name) and node.id == "current_user" for node in within(view.node))


def _only_redirects(body: list[ast.stmt]) -> bool:
    """Tell whether a view does nothing but send the caller elsewhere."""
    only = body[-1] if len(body) == 1 or (len(body) == 2 and isinstance(body[0], ast.Expr)) else None
    called = only.value if isinstance(only, ast.Return) else None
    return isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "redirect"


def _shows(module: Module, function: ast.AST, steps: int) -> bool:
    """Tell whether code makes a page or hands out a file, itself or through a function whose answer it returns."""
    for node in within(function):
        if isinstance(node, ast.Name | ast.Attribute) and _name(node) in _SHOWS:
            return True
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call) and steps > 0:
            target = module.resolve(node.value.func)
            if isinstance(target, Definition) and _shows(target.module, target.node, steps - 1):
                return True
    return False


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _raises_only(statement: ast.stmt) -> bool:
    """Tell whether a view does nothing but refuse: an operation that is switched off."""
    if isinstance(statement, ast.Raise):
        return True
    called = statement.value if isinstance(statement, ast.Expr | ast.Return) else None
    if not isinstance(called, ast.Call):
        return False
    return _name(called.func) == "abort" if isinstance(called.func, ast.Name | ast.Attribute) else False


# --------------------------------------------------------------------------- the repair


def fix(subject: Module | SpecText, where: Place) -> Rewrite | ByHand | None:
    """Put the decorator before the view that stands before the project's other protected views."""
    return guarded_as_others(subject, where)
