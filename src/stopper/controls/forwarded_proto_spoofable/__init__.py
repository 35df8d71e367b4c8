"""Any client can claim that it came over TLS.

## What is wrong

The application decides by `X-Forwarded-Proto` (or a header like it) whether a request was secure, and believes it from
anybody: not only from the proxy that is meant to set it.

## Why it matters

A client, or somebody on the path, adds one header and plain HTTP passes for https: the refusal is gone, secure cookies
are set, and tokens are taken and given in clear. Behind a proxy the header is only as good as the proxy's habit of
overwriting it; in front of none it is the attacker's to write (ASVS 5.0.0 4.1.3, CWE-348).

## Bad

    if request.headers.get("X-Forwarded-Proto", "http") != "https":
        abort(403)

    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)    # reachable without the proxy

## Good

    app.config["STOPPER_TRUSTED_PROXIES"] = ["10.0.0.5"]
    guard = Guard(app)      # the header counts from that peer alone

## References

ASVS 5.0.0 4.1.3; RFC 7239 section 8.1; RFC 9700 section 4.13; CWE-348.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from stopper.model import Control, Endpoint, Place, Scope, Severity, Strength, Verdict, Witness
from stopper.observe.source import Module, within
from stopper.observe.source.mending import refused_in_clear
from stopper.observe.source.request import all_taken, taken
from stopper.observe.source.rewriting import at, replaced
from stopper.observe.views import Exchange, Live, Request
from stopper.observe.wire.compare import alike, succeeded, unstable
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import Rewrite

CONTROL = Control(
    id="BT107",
    name="forwarded_proto_spoofable",
    severity=Severity.HIGH,
    title="Any client can claim to have come over TLS",
    witnesses="C S A",
    requirements=("T06",),
    cwe=(290, 348),
    guard="transport.channel",
    scope=Scope.APPLICATION,
)

_CAUSE = "the forwarding header is believed"

_CLAIMS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("X-Forwarded-Proto", "https"),),
    (
        ("Forwarded", "proto=https"),
        ("X-Forwarded-Protocol", "https"),
        ("X-Forwarded-Scheme", "https"),
        ("X-Forwarded-Ssl", "on"),
        ("X-Url-Scheme", "https"),
        ("Front-End-Https", "on"),
    ),
)
"""The header that nearly everybody reads, then the others together."""


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask over plain HTTP, bare and with the claim, which must change nothing.

    A credential is sent only where the API looks at it before the channel, and only one that may cross plain HTTP.
    Nothing is said where plain HTTP is served as https is: there is no refusal that a claim could lift.
    """
    if not live.clear:
        return ()
    clear, secure = live.clear, live.baseline.nothing
    bare = live.clear_nothing or (yield clear)
    if live.expendable and alike(bare, secure) and not succeeded(bare):
        clear, secure = clear.with_headers(*live.expendable.headers()), live.baseline.original
        bare = yield clear
    if succeeded(bare) or alike(bare, secure) or unstable(bare):
        return ()
    for headers in _CLAIMS:
        claimed = yield clear.with_headers(*headers)
        if alike(claimed, secure):
            claimed = yield clear.with_headers(*headers)
            if alike(claimed, secure):
                return (_believed(live, bare, claimed, headers),)
        if unstable(claimed):
            return ()
    message = f"{live.endpoint} does not believe a client's claim to have come over TLS"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=_strength(live)),)


def _believed(live: Live, bare: Exchange, claimed: Exchange, headers: tuple[tuple[str, str], ...]) -> Verdict:
    names = ", ".join(name for name, _ in headers)
    return Verdict(
        kept=False,
        message=f"{live.endpoint} takes plain HTTP for https when the client says so ({names})",
        endpoints=(live.endpoint,),
        evidence=(evidence("refused, then served by one header", bare, claimed),),
        strength=_strength(live),
        cause=_CAUSE,
    )


def _strength(live: Live) -> Strength:
    """Over loopback the server may believe its peer by default (gunicorn does): only support for another witness."""
    return Strength.SUPPORTING if live.loopback and live.witness is Witness.WIRE else Strength.PROVEN


# --------------------------------------------------------------------------- the source


_HEADERS = frozenset(name.lower() for headers in _CLAIMS for name, _ in headers)
_BELIEVERS = {
    "flask_talisman.Talisman": "Flask-Talisman",
    "flask_talisman.talisman.Talisman": "Flask-Talisman",
    "flask_sslify.SSLify": "Flask-SSLify",
}
"""Extensions that take `X-Forwarded-Proto: https` from any client for TLS."""

_PROXY_FIX = ("werkzeug.middleware.proxy_fix.ProxyFix", "werkzeug.contrib.fixers.ProxyFix")
_MAY_BELIEVE = (
    "forwarded",
    "url-scheme",
    "url_scheme",
    "front-end-https",
    "front_end_https",
    "talisman",
    "sslify",
    "proxyfix",
)
_PEERS = frozenset({"remote_addr", "REMOTE_ADDR", "access_route", "trusted_proxies", "TRUSTED_PROXIES"})
_SECURE = frozenset({"https", "http", "on"})


def source(module: Module) -> Iterable[Verdict]:
    """Look at what decides by a forwarding header, and at extensions and middleware that do."""
    if module.mentions(*_MAY_BELIEVE):
        yield from _read_directly(module)
        yield from _extensions(module)


def _read_directly(module: Module) -> Iterator[Verdict]:
    for found in all_taken(module):
        if found.part != "headers" or found.name not in _HEADERS or not _decides(module, found.node):
            continue
        function = module.function_of(found.node)
        place, endpoints = module.place(found.node), module.endpoints(found.node)
        if function is not None and any(_looks_at_peer(node) for node in within(function)):
            yield Verdict(True, "the forwarding header counts only after a look at the peer", place, endpoints)
        else:
            message = f"the header {found.name} decides whether a request is secure, whoever sends it"
            yield Verdict(False, message, place, endpoints, cause=_CAUSE)


def _decides(module: Module, node: ast.expr) -> bool:
    """Tell whether a header's value is compared with a scheme, here or under the name that it is given."""
    for outer in module.ancestors(node):
        if isinstance(outer, ast.Compare):
            secure = any(isinstance(each, ast.Constant) and each.value in _SECURE for each in within(outer))
            return secure and not _only_names_scheme(module, outer)
        if isinstance(outer, ast.Assign) and isinstance(outer.targets[0], ast.Name):
            return _compared_later(module, outer, outer.targets[0].id)
        if isinstance(outer, ast.stmt):
            return False
    return False


def _only_names_scheme(module: Module, compare: ast.Compare) -> bool:
    """Tell whether a comparison does no more than choose a scheme's name that nothing is decided by: a URL's text."""
    for outer in module.ancestors(compare):
        if isinstance(outer, ast.If):
            return not outer.orelse and all(_names_scheme(module, statement) for statement in outer.body)
        if isinstance(outer, ast.IfExp):
            return _either_scheme(outer)
        if isinstance(outer, ast.Assign) and isinstance(outer.targets[0], ast.Name):
            return _only_chooses(module, outer, outer.targets[0].id)
        if isinstance(outer, ast.stmt):
            return False
    return False


def _either_scheme(choice: ast.IfExp) -> bool:
    return all(
        isinstance(each, ast.Constant) and each.value in ("http", "https") for each in (choice.body, choice.orelse)
    )


def _only_chooses(module: Module, assigned: ast.Assign, name: str) -> bool:
    """Tell whether a name is read only to choose between the names of two schemes."""
    scope = module.function_of(assigned)
    read = [each for each in within(scope) if isinstance(each, ast.Name) and each.id == name] if scope else []
    uses = [next(iter(module.ancestors(each)), None) for each in read if isinstance(each.ctx, ast.Load)]
    return bool(uses) and all(isinstance(use, ast.IfExp) and _either_scheme(use) for use in uses)


def _names_scheme(module: Module, statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    named = isinstance(statement.value, ast.Constant) and statement.value.value in ("http", "https")
    return named and not _compared_later(module, statement, statement.targets[0].id)


def _compared_later(module: Module, assigned: ast.Assign, name: str) -> bool:
    scope = module.function_of(assigned)
    for compare in module.nodes(ast.Compare):
        if module.function_of(compare) is scope:
            inside = list(within(compare))
            named = any(isinstance(each, ast.Name) and each.id == name for each in inside)
            scheme = any(isinstance(each, ast.Constant) and each.value in _SECURE for each in inside)
            if named and scheme and not _only_names_scheme(module, compare):
                return True
    return False


def _looks_at_peer(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _PEERS
    if isinstance(node, ast.Name):
        return node.id in _PEERS
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in _PEERS


def _extensions(module: Module) -> Iterator[Verdict]:
    endpoints: tuple[Endpoint, ...] = ()
    for call in module.nodes(ast.Call):
        written = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if written not in ("Talisman", "SSLify", "ProxyFix", "init_app"):
            continue
        name = (module.qualified(call.func) or "").removesuffix(".init_app")
        endpoints = endpoints or tuple(sorted({each for route in module.project.routes for each in route.endpoints}))
        if name in _BELIEVERS and (call.args or call.keywords) and _option(module, call, "force_https") is not False:
            message = f"{_BELIEVERS[name]} takes any client's X-Forwarded-Proto: https for TLS"
            yield Verdict(False, message, module.place(call), endpoints, cause=_CAUSE)
        elif name in _PROXY_FIX and _option(module, call, "x_proto") != 0:
            message = "ProxyFix believes X-Forwarded-Proto from every peer, also from one that is no proxy"
            yield Verdict(False, message, module.place(call), endpoints, strength=Strength.SUPPORTING, cause=_CAUSE)


def _option(module: Module, call: ast.Call, name: str) -> object:
    """Return the constant value of a keyword, None where it is absent."""
    return next((module.constant(keyword.value) for keyword in call.keywords if keyword.arg == name), None)


# --------------------------------------------------------------------------- the repair

_NAMES_SCHEME = frozenset({"x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-scheme", "x-url-scheme"})
_BEHIND_PROXY = (
    "behind a proxy put werkzeug's ProxyFix around the application too, so that `request.scheme` says what was asked "
    "for: the guard has looked at the peer before"
)


def fix(module: Module, where: Place) -> Rewrite | None:
    """Read the scheme that the server knows instead of the header, and bring the guard in, which knows the proxies."""
    for node in at(module, where, ast.Call, ast.Subscript):
        found = taken(module, node)
        if found is None or found.part != "headers" or found.name not in _NAMES_SCHEME:
            continue
        holder = _holder(node)
        request = holder.value if isinstance(holder, ast.Attribute) else None
        if request is None or module.qualified(request) != "flask.request":
            return None
        refused = refused_in_clear(module, replaced(module, found.node, f"{ast.unparse(request)}.scheme"))
        return refused and replace(refused, decide=(*refused.decide, _BEHIND_PROXY))
    return None


def _holder(node: ast.AST) -> ast.expr | None:
    """Return the mapping out of which one value is read: by an index, or by `get`."""
    if isinstance(node, ast.Subscript):
        return node.value
    method = node.func if isinstance(node, ast.Call) else None
    return method.value if isinstance(method, ast.Attribute) and method.attr == "get" else None
