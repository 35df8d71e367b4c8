"""Any site's scripts may read what the API answers to a user.

## What is wrong

The API repeats the caller's `Origin` in `Access-Control-Allow-Origin`, together with
`Access-Control-Allow-Credentials: true`, because its CORS extension is given no origins to choose from, or because the
program writes back what the request names; or it allows every origin on operations that need a credential.

## Why it matters

With the first, a page that a user merely visits calls the API with the user's cookies, fetches fresh access tokens with
the refresh cookie, and reads the answers. Where no cookie logs anybody in, that is medium: the door is open, and
nothing stands behind it yet. The second lets a script use a token that it got hold of, from anywhere; browsers send
nothing of their own with it, so that it is low, and silent in the source (Fetch standard, CORS protocol, ASVS 5.0.0
3.4.2, CWE-942).

## Bad

    CORS(app, supports_credentials=True)

    response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    response.headers["Access-Control-Allow-Credentials"] = "true"

## Good

    CORS(app, origins=["https://shop.test"], supports_credentials=True)

    if origin in ALLOWED_ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = origin

## References

Fetch standard, CORS protocol; ASVS 5.0.0 3.4.2; OWASP HTML5 Security Cheat Sheet; CWE-346, CWE-942.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from stopper.controls.cors_exposes_credentials.extension import configured
from stopper.controls.cors_exposes_credentials.headers import written
from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.source import Module, Project
from stopper.observe.source.development import in_development_alone
from stopper.observe.source.flows import place
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import unstable
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT312",
    name="cors_exposes_credentials",
    severity=Severity.HIGH,
    title="Any site's scripts may read a user's answers",
    witnesses="C S A",
    requirements=("B13",),
    cwe=(346, 942),
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask with the credential from an origin that nobody can have allowed, though it begins like the API's own."""
    if not live.thorough or not live.credential or live.baseline.access is not Access.GUARDED:
        return ()
    origin = f"https://{urlsplit(live.request.url).hostname}.elsewhere.test"
    exchange = yield live.with_credential().with_headers(("Origin", origin))
    if unstable(exchange) or not exchange.response:
        return ()
    allowed = exchange.response.header("Access-Control-Allow-Origin") or ""
    credentials = (exchange.response.header("Access-Control-Allow-Credentials") or "").strip() == "true"
    if allowed == origin and credentials:
        return (_broken(live, exchange, "any origin with credentials", None),)
    if allowed in (origin, "*"):
        return (_broken(live, exchange, "any origin, though without credentials of the browser", Severity.LOW),)
    message = f"{live.endpoint} is not read from other origins"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)


def _broken(live: Live, exchange: Exchange, whom: str, severity: Severity | None) -> Verdict:
    """Say whom the API allows. Where browsers send nothing of their own a script needs a token first, hence low."""
    return Verdict(
        kept=False,
        message=f"{live.endpoint} allows {whom}",
        endpoints=(live.endpoint,),
        evidence=(evidence("the answer to another origin", exchange),),
        strength=Strength.PROVEN,
        cause="the origins that are allowed",
        severity=severity,
    )


# --------------------------------------------------------------------------- the source

_COOKIES = ("set_cookie", "cookies.get", "cookies[", "session[", "session.get", "flask_login", "set_access_cookies")
"""What the text of a program holds that logs its users in by cookie."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at what Flask-CORS is told, and at the headers that the program writes itself."""
    if not module.mentions("cors", "access-control-allow"):
        return
    weight = _weight(module.project)
    for node, what in _found(module):
        if what and weight is not None and not in_development_alone(module, node):
            message = f"every origin may send its visitors' credentials: {what}"
            yield Verdict(False, message, place(module, node), module.endpoints(node), severity=weight)
        elif not what:
            yield Verdict(True, "credentials are allowed to origins that are named", place(module, node))


def _found(module: Module) -> Iterator[tuple[ast.AST, str]]:
    yield from configured(module)
    yield from written(module)


def _weight(project: Project) -> Severity | None:
    """Return how much it matters: in full where cookies log users in, not at all where nothing is protected."""
    if any(each.mentions(*_COOKIES) for each in project.modules):
        return CONTROL.severity
    return Severity.MEDIUM if any(route.guards for route in project.routes) else None
