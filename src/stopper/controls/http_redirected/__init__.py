"""An API operation answers plain HTTP with a redirect to https.

## What is wrong

Called over plain HTTP, the operation does not refuse: it sends the client on to https, and the client follows.

## Why it matters

When the redirect arrives the token has already crossed the network in clear, and nobody notices: the call succeeds.
A refusal breaks the wrong client at its first call, in development; a redirect lets it leak for years. Browser pages
may be redirected, operations of an API must not be (ASVS 5.0.0 4.1.2).

## Bad

    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://"))

## Good

    guard = Guard(app)      # 403 over plain HTTP, no redirect

## References

ASVS 5.0.0 4.1.2; RFC 6750 section 5.3; RFC 9700 section 4.12; CWE-319.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from stopper.model import Control, Endpoint, Severity, Strength, Verdict
from stopper.observe.source import Function, Module, within
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT103",
    name="http_redirected",
    severity=Severity.MEDIUM,
    title="Plain HTTP is redirected instead of refused",
    witnesses="W S A",
    requirements=("T02",),
    cwe=(319,),
    guard="respond.InsecureTransport",
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at what a known operation answers to plain HTTP: on to https is broken, a refusal is kept."""
    response, endpoint = exchange.response, exchange.endpoint
    if exchange.request.secure or not response or not endpoint:
        return
    location = urljoin(exchange.request.url, response.header("Location") or "")
    if response.status in _REDIRECTS and _same_over_tls(exchange.request.url, location):
        yield Verdict(
            kept=False,
            message=f"{endpoint} answers plain HTTP with a redirect to https",
            endpoints=(endpoint,),
            evidence=(evidence("redirected instead of refused", exchange),),
            strength=Strength.PROVEN,
            cause="the way plain HTTP is answered",
        )
    elif response.status == 403:
        message = f"{endpoint} refuses plain HTTP"
        yield Verdict(True, message, endpoints=(endpoint,), strength=Strength.PROVEN)


def _same_over_tls(asked: str, location: str) -> bool:
    """Tell whether a redirect only changes the scheme (and port): elsewhere, it is the application's own business."""
    here, there = urlsplit(asked), urlsplit(location)
    same = (here.hostname, here.path.rstrip("/")) == (there.hostname, there.path.rstrip("/"))
    return there.scheme == "https" and same


# --------------------------------------------------------------------------- the source


_REDIRECTORS = {
    "flask_talisman.Talisman": "Flask-Talisman",
    "flask_talisman.talisman.Talisman": "Flask-Talisman",
    "flask_sslify.SSLify": "Flask-SSLify",
}
"""Extensions that answer plain HTTP with a redirect unless told otherwise."""

_MAY_REDIRECT = ("redirect", "talisman", "sslify", "guard(")
_ADDRESS = ("flask.request.url", "flask.request.base_url", "flask.request.url_root", "flask.request.host")


def source(module: Module) -> Iterable[Verdict]:
    """Look for code that sends plain HTTP on to https, and for the guard, which refuses it.

    Pages for browsers may be redirected: only what stands before operations with a token counts.
    """
    if not module.mentions(*_MAY_REDIRECT):
        return
    for call in module.nodes(ast.Call):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name == "redirect" and call.args and _to_https(module, call):
            yield from _broken(module, call, module.endpoints(call), "plain HTTP is redirected to https here")
        elif name in ("Talisman", "SSLify", "init_app", "Guard") and (call.args or call.keywords):
            yield from _extension(module, call)


def _extension(module: Module, call: ast.Call) -> Iterator[Verdict]:
    name = (module.qualified(call.func) or "").removesuffix(".init_app")
    everything = tuple(each for route in module.project.routes for each in route.endpoints)
    forced = [module.constant(keyword.value) for keyword in call.keywords if keyword.arg == "force_https"]
    if name in _REDIRECTORS and forced != [False]:
        yield from _broken(module, call, everything, f"{_REDIRECTORS[name]} redirects plain HTTP to https")
    elif name == "stopper.guard.Guard":
        message = "the guard refuses plain HTTP with 403"
        yield Verdict(True, message, module.place(call), tuple(sorted(set(everything))))


def _broken(module: Module, call: ast.Call, touched: Iterable[Endpoint], message: str) -> Iterator[Verdict]:
    endpoints = _with_token(module, touched)
    if endpoints:
        yield Verdict(False, message, module.place(call), endpoints, cause="the way plain HTTP is answered")


def _with_token(module: Module, touched: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Return those operations that take a bearer token by what guards them, or give one by their path."""
    routes = module.project.routes
    taking = {each for route in routes for each in route.endpoints if any(g.kind == "bearer" for g in route.guards)}
    return tuple(sorted(each for each in set(touched) if each in taking or _gives_token(each)))


def _gives_token(endpoint: Endpoint) -> bool:
    return any(word in endpoint.path.lower().rpartition("/")[2] for word in ("token", "login", "signin"))


def _to_https(module: Module, call: ast.Call) -> bool:
    """Tell whether a redirect goes to this request's own address with another scheme."""
    nodes = list(_flowing(module, call.args[0], 3))
    own = any(isinstance(node, ast.Attribute) and module.qualified(node) in _ADDRESS for node in nodes)
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    secure = any(text in ("https", "https://", "https:") or text.startswith("https://{") for text in texts)
    return secure and (own or any(text == "_scheme" for text in _keywords(nodes)))


def _keywords(nodes: Iterable[ast.AST]) -> Iterator[str]:
    yield from (node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg)


def _flowing(module: Module, value: ast.expr, steps: int) -> Iterator[ast.AST]:
    """Yield the nodes of an expression and of what its names were set to in the same function."""
    function = module.function_of(value)
    for node in within(value):
        yield node
        if isinstance(node, ast.Name) and function is not None and steps > 0:
            for assigned in _set_to(module, function, node.id):
                yield from _flowing(module, assigned, steps - 1)


def _set_to(module: Module, function: Function, name: str) -> Iterator[ast.expr]:
    for node in within(function):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            yield node.value
