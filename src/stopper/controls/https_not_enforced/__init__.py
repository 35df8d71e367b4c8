"""An application that takes bearer tokens is served over plain HTTP.

## What is wrong

The application's own code starts a server without TLS on every interface, or has an extension serve plain HTTP again,
and nothing in the project refuses a request that came in clear or knows of a proxy that does.

## Why it matters

A bearer token that crosses the network in clear belongs to whoever reads it there (RFC 6750 section 5.2 demands TLS;
ASVS 5.0.0 12.2.1, CWE-319).

## Bad

    app.run(host="0.0.0.0", port=5000)

    Talisman(app, force_https=False)

## Good

    Guard(app)  # refuses every request that is not TLS

A server that speaks TLS, or a proxy in front of one that listens on the machine alone.

## References

RFC 6750 section 5.2; RFC 9700 section 2.6; ASVS 5.0.0 12.2.1; CWE-319, CWE-523.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.app.extensions import token_keys
from stopper.observe.source import Module
from stopper.observe.source.development import on_own_machine
from stopper.observe.source.flows import last_name, place
from stopper.observe.source.mending import refused_in_clear
from stopper.observe.source.rewriting import at, without_argument
from stopper.observe.source.starting import EVERYWHERE, listens_on, starts_application
from stopper.observe.views import AppSnapshot
from stopper.rewrite import Rewrite, Risk

CONTROL = Control(
    id="BT112",
    name="https_not_enforced",
    severity=Severity.HIGH,
    title="Plain HTTP is served where bearer tokens are taken",
    witnesses="S A",
    requirements=("T01", "T02"),
    labels=("cleartext_http",),
    cwe=(319, 523),
    guard="Guard",
)

_TALISMAN = "flask_talisman.talisman.Talisman"
_GUARD = "stopper.guard.Guard"

_REFUSES = (
    *("talisman", "sslify", "is_secure", "ssl_context", "forwarded_proto", "forwarded-proto", "proxyfix", "certfile"),
    *("stopper.guard", "preferred_url_scheme", "hsts", "strict-transport-security", "wsgi.url_scheme", "unix:"),
)
"""What a project says that refuses plain HTTP, speaks TLS, or knows of a proxy in front of it."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at how the application is started, and at extensions that are told to serve plain HTTP.

    What is served by another program (gunicorn, uWSGI) is not seen here: then nothing is said.
    """
    if not module.mentions(".run(", "run_simple", "talisman"):
        return
    for call in module.nodes(ast.Call):
        name = last_name(call)
        if name == "Talisman" and (module.qualified(call.func) or "").startswith(("flask_talisman", "talisman")):
            told = [each.value for each in call.keywords if each.arg == "force_https"]
            off = next((value for value in told if module.constant(value) is False), None)
            if off is None:
                yield Verdict(True, "Talisman sends every request to https", place(module, call))
            else:
                yield from _broken(module, call, off, "Talisman is told to serve plain HTTP")
        elif name in ("run", "run_simple") and starts_application(module, call) and _in_clear(module, call):
            yield from _broken(module, call, call, "the application is started without TLS on every interface")


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at what Flask-Talisman is told, and for the guard.

    What serves plain HTTP without any of them is for BT101 and BT102 to show, by a token.
    """
    for part in snapshot.parts.values():
        if part.kind == _GUARD:
            yield Verdict(True, "the guard refuses plain HTTP", strength=Strength.PROVEN)
        elif part.kind == _TALISMAN and part.options.get("force_https"):
            yield Verdict(True, "Talisman sends every request to https", strength=Strength.PROVEN)
        elif part.kind == _TALISMAN and _issues_tokens(snapshot):
            message = "Talisman is told to serve plain HTTP, and takes bearer tokens"
            strength, weight = Strength.PROVEN, Severity.MEDIUM  # a proxy may stand in front
            yield Verdict(False, message, snapshot.place, strength=strength, cause="force_https", severity=weight)


def _issues_tokens(snapshot: AppSnapshot) -> bool:
    """Tell whether the application signs JWTs, or has a route that gives tokens by its name."""
    named = any(route.endpoint.path.endswith(("token", "login")) for route in snapshot.routes)
    return named or any(token_keys(snapshot))


def _broken(module: Module, call: ast.Call, where: ast.AST, what: str) -> Iterable[Verdict]:
    if not on_own_machine(module, call) and _takes_tokens(module):
        message = f"{what}, and takes bearer tokens"
        # a proxy that only the operator knows may stand in front
        yield Verdict(False, message, place(module, where), severity=Severity.MEDIUM)


def _in_clear(module: Module, call: ast.Call) -> bool:
    """Tell whether a start listens on every interface without TLS, and the project knows nothing of TLS at all.

    A start with the debugger is for development, and a finding of BT305.
    """
    options = {each.arg: each.value for each in call.keywords}
    if None in options or not {"ssl_context", "certfile", "keyfile"}.isdisjoint(options):
        return False
    if any(module.constant(options[name]) is True for name in ("debug", "use_debugger") if name in options):
        return False
    hosts = [host for host in listens_on(module, call) if isinstance(host, str)]
    everywhere = any(host in EVERYWHERE for host in hosts)
    return everywhere and not any(other.mentions(*_REFUSES) for other in module.project.modules)


def _takes_tokens(module: Module) -> bool:
    """Tell whether the project has a route that demands a credential, and speaks of bearer tokens."""
    speaks = any(other.mentions("bearer", "jwt", "access_token") for other in module.project.modules)
    return speaks and any(route.guards for route in module.project.routes)


# --------------------------------------------------------------------------- the repair


def fix(module: Module, where: Place) -> Rewrite | None:
    """Let Talisman refuse as it does by itself, else bring the guard in, which leaves the checks of routes alone."""
    for value in at(module, where, ast.Constant):
        keyword = module.parent(value)
        call = module.parent(keyword) if isinstance(keyword, ast.keyword) and keyword.arg == "force_https" else None
        if isinstance(call, ast.Call):
            change = without_argument(module, call, "force_https")
            return Rewrite("Talisman sends every request to https, as it does by itself", (change,), Risk.STRICTER)
    if not any(last_name(call) in ("run", "run_simple") for call in at(module, where, ast.Call)):
        return None
    return refused_in_clear(module)
