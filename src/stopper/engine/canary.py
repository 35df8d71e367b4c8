"""Which operations a made-up token is sent through that no proof may call: those that write, where it can be undone.

Pure: what is sent goes through `live.py`. The answers are no evidence of an operation's door, as files and network are
refused to the application meanwhile; where the token went, and what a header or an error shows, is.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from stopper.engine import values
from stopper.engine.plan import Step, request_for, target_of, words
from stopper.observe.views import AppRoute, Credential, EndpointView, Request
from stopper.observe.wire.compare import succeeded
from stopper.secret import Secret

REFUSED = "not called: "
"""How the error of an exchange begins that the application was not asked for, because what it writes would stay."""

_INVENTED = {"int": "1", "float": "1.0", "uuid": "00000000-0000-4000-8000-000000000001"}
_ANY = re.compile(r"any\(\s*['\"]?([^'\",)\s]+)")
_BODIES = frozenset({"POST", "PUT", "PATCH"})
_TAKEN = ("token", "access_token", "refresh_token")
"""Members by whose names an API takes a token in the body: those of RFC 6749, RFC 7009 and RFC 7662."""

_TAKES = frozenset("token tokens refresh revoke introspect verify confirm activate reset exchange resume".split())
"""Words of operations that take a token in the body: the others may well write down what nobody would send them."""

_ENDING = frozenset("delete logout logoff signout revoke disable remove unsubscribe".split())


def steps(views: Iterable[EndpointView]) -> list[Step]:
    """Return the steps to the operations that the running application has; what may end the session comes last."""
    found = [Step(view, target) for view in views if (target := _target(view)) is not None]
    return sorted(found, key=lambda step: bool(_ENDING & {*words(step.view), step.endpoint.method.lower()}))


def _target(view: EndpointView) -> str | None:
    """Return path and query; values that nothing tells are invented, since most doors stand before they are read."""
    route = view.app_route
    if route is None or route.automatic:
        return None
    template = view.operation.endpoint.path if view.operation else view.endpoint.path
    return target_of(view, {**_invented(route), **values.recorded(template, filter(succeeded, view.traffic))})


def _invented(route: AppRoute) -> dict[str, str]:
    return {name: _value(converter) for name, converter in route.arguments}


def _value(converter: str) -> str:
    first = _ANY.match(converter)
    return first[1] if first else _INVENTED.get(converter.partition("(")[0], "1")


def asked(step: Step, base: str, credential: Credential, taken: Secret | None) -> Request:
    """Return the request of a step with a credential; a `taken` token stands in the body too, where one is expected."""
    request = replace(request_for(step, base).with_headers(*credential.headers()), undone=True)
    if request.method not in _BODIES:
        return request
    body = {name: taken.reveal() for name in _TAKEN} if taken and _TAKES & words(step.view) else {}
    return replace(request.with_headers(("Content-Type", "application/json")), body=json.dumps(body).encode())


def unique(credential: Credential) -> Credential:
    """Return the credential as the API's own key would have signed it for this use alone, where that is at hand."""
    if not credential.sign or not credential.jwt:
        return credential
    claims = {**credential.jwt.claims, "jti": secrets.token_hex(16)}
    return credential.changed(credential.sign(credential.jwt.header, claims).reveal(), "canary")


def names(left: Sequence[Step]) -> str:
    """Return in words what was not called."""
    return f"{len(left)} further operations" if len(left) > 1 else str(left[0].endpoint)
