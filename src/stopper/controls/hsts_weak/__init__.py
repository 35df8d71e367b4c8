"""Strict-Transport-Security is missing, or protects little.

## What is wrong

An answer over TLS has no such header, or the header's max-age is short or 0, it is malformed or sent twice, it is
switched off in the extension that would send it, or it is sent over plain HTTP.

## Why it matters

A browser that knows a host by HSTS never speaks plain HTTP to it: no first request that carries a cookie or token in
clear, no certificate warning to click away. A header that a browser cannot read, or forgets within days, leaves all
that open, and looks as if it were done (RFC 6797 sections 6.1, 7.2 and 8.1, ASVS 5.0.0 3.4.1, CWE-319). Programs take
no notice of it: it is low, and it does not replace refusing plain HTTP. Nor do browsers take it from a host that is
an IP address (section 8.1.1): there its absence is not judged.

## Bad

    response.headers["Strict-Transport-Security"] = "max-age=86400"

    Talisman(app, strict_transport_security=False)

## Good

    response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"

The guard sends it on each answer over TLS, and on no other.

## References

RFC 6797 sections 6.1, 7.2, 8.1; ASVS 5.0.0 3.4.1; CWE-319, CWE-523.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from stopper.controls.hsts_weak.policy import short, weakness, weakness_of_all
from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.source import UNKNOWN, Module
from stopper.observe.source.development import in_development_alone
from stopper.observe.source.flows import last_name, place
from stopper.observe.views import AppSnapshot, Exchange
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT106",
    name="hsts_weak",
    severity=Severity.LOW,
    title="Strict-Transport-Security is missing, or protects little",
    witnesses="W S A",
    requirements=("T04", "T05"),
    cwe=(319, 523),
)

_TALISMAN = "flask_talisman.talisman.Talisman"
_HEADER = "strict-transport-security"
_SETTERS = frozenset({"set", "setdefault", "add", "add_header", "__setitem__"})
_DEFAULT_AGES = {"Talisman": 31_556_926, "SSLify": 31_536_000}


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the header of every answer, and that every answer over TLS has one.

    The application need not send it where it is served behind something that does: only the wire shows it missing.
    """
    if exchange.response is None or exchange.endpoint is None:
        return
    values = exchange.response.all_headers(_HEADER)
    clear = not exchange.request.secure
    if not values and (clear or exchange.witness is not Witness.WIRE or _by_address(exchange.request.url)):
        return
    wrong = weakness_of_all(values) if values else "is missing"
    if values and clear:
        wrong = "is sent over plain HTTP, where browsers must pass over it"
    yield Verdict(
        kept=not wrong,
        message=f"Strict-Transport-Security of {exchange.endpoint} {wrong or 'holds for a year or longer'}",
        endpoints=(exchange.endpoint,),
        evidence=(evidence("the answer", exchange),) if wrong else (),
        strength=Strength.PROVEN,
        cause=f"Strict-Transport-Security {wrong}",
    )


def _by_address(url: str) -> bool:
    """Tell whether a host is an IP address, of which browsers keep no policy (RFC 6797 section 8.1.1)."""
    try:
        ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return True


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at what Flask-Talisman is told of the header, where it stands in the running application."""
    for part in snapshot.parts.values():
        if part.kind == _TALISMAN:
            sent = part.options.get("strict_transport_security")
            age = part.options.get("strict_transport_security_max_age")
            wrong = "is switched off in Flask-Talisman" if sent is False else ""
            if sent and isinstance(age, int | float):
                wrong = short(age)
            message = f"Strict-Transport-Security {wrong or 'is sent by Flask-Talisman'}"
            yield Verdict(not wrong, message, snapshot.place, strength=Strength.PROVEN, cause="strict_transport")


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at every header that the program writes, and at extensions that write it."""
    if not module.mentions(_HEADER, "talisman", "sslify"):
        return
    for node, value in _headers(module):
        known = module.constant(value)
        if isinstance(known, str):
            yield _judged(module, node, weakness(known))
    for call in module.nodes(ast.Call) if module.mentions("talisman", "sslify") else ():
        kind = _extension(module, call)
        if kind and not in_development_alone(module, call):
            yield from _configured(module, call, kind)


def _headers(module: Module) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Yield where the header is given a value: by key, by a setter of headers, in a mapping or a pair."""
    if not module.mentions(_HEADER):
        return
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        if isinstance(target, ast.Subscript) and _names_header(target.slice):
            yield assign, assign.value
    for call in module.nodes(ast.Call):
        if last_name(call) in _SETTERS and len(call.args) > 1 and _names_header(call.args[0]):
            yield call, call.args[1]
    for mapping in module.nodes(ast.Dict):
        pairs = zip(mapping.keys, mapping.values, strict=True)
        yield from ((key, value) for key, value in pairs if key is not None and _names_header(key))
    for pair in module.nodes(ast.Tuple):
        if len(pair.elts) == 2 and _names_header(pair.elts[0]):
            yield pair, pair.elts[1]


def _names_header(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() == _HEADER


def _extension(module: Module, call: ast.Call) -> str:
    """Return Talisman or SSLify for a call that configures one, "" for any other."""
    qualified = module.qualified(call.func) or ""
    if not qualified.startswith(("flask_talisman", "talisman", "flask_sslify")):
        return ""
    name = qualified.removesuffix(".init_app").rpartition(".")[2]
    configures = call.args or call.keywords
    return name if name in _DEFAULT_AGES and configures else ""


def _configured(module: Module, call: ast.Call, kind: str) -> Iterator[Verdict]:
    options = {each.arg: module.constant(each.value) for each in call.keywords}
    if options.get("strict_transport_security") is False:
        if not _elsewhere(module, call):
            yield _judged(module, call, f"is switched off in {kind}")
        return
    age = options.get("strict_transport_security_max_age", options.get("age", _DEFAULT_AGES[kind]))
    unknown = UNKNOWN in (options.get("strict_transport_security"), age) or None in options
    if isinstance(age, int | float) and not unknown:
        yield _judged(module, call, short(age))


def _elsewhere(module: Module, call: ast.Call) -> bool:
    """Tell whether the header is sent all the same: from another branch's configuration, or by hand."""
    if any(True for _ in _headers(module)):
        return True
    in_branch = any(isinstance(outer, ast.If) for outer in module.ancestors(call))
    others = (each for each in module.nodes(ast.Call) if each is not call and _extension(module, each))
    return in_branch and any(
        module.constant(option.value) is not False
        for each in others
        for option in each.keywords
        if option.arg == "strict_transport_security"
    )


def _judged(module: Module, node: ast.AST, wrong: str) -> Verdict:
    message = f"Strict-Transport-Security {wrong or 'holds for a year or longer'}"
    return Verdict(not wrong, message, place(module, node), module.endpoints(node) if wrong else ())
