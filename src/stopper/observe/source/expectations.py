"""What a verification expects of a token's claims beyond its signature: whose token it must be, and for whom."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator

from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, reading
from stopper.observe.source.syntax import Function, within

_LIBRARIES = frozenset({"PyJWT", "python-jose"})
_CLAIMS_APART = {"Authlib": "claims_options", "joserfc": "JWTClaimsRegistry", "jwcrypto": "check_claims"}
"""Libraries that are told by claim what is wanted, and the parameter or class that is told it."""
_SHARED = ("jwks", "pyjwkclient", "openid-configuration", "signing_key_from_jwt")
"""What a module that verifies with the published keys of another issuer speaks of."""


class Expected(enum.Enum):
    """What is expected of one claim."""

    ASKED = "the call names the value that it wants"
    BY_HAND = "the program asks for the claim itself"
    OFF = "the check is switched off"
    NEVER = "the call names no value"
    UNKNOWN = "that cannot be told"


def expected(call: JoseCall, parameter: str, option: str, claims: frozenset[str]) -> Expected:
    """Return what a verification expects of a claim.

    `parameter` is the library's name for the wanted value, `option` switches the check off, `claims` are those that
    serve the same end when the program compares them itself.
    """
    if call.act is not Act.VERIFY or call.verifies is not True or reading.seeks_key(call):
        return Expected.UNKNOWN
    if call.library in _CLAIMS_APART:
        return _by_claim(call, claims)
    if call.library == "google-auth" and parameter == "audience":  # whose token it is, it looks at itself
        return Expected.ASKED if parameter in call.arguments else Expected.NEVER
    if call.library not in _LIBRARIES:
        return Expected.UNKNOWN
    off = call.option(option)
    if parameter in call.arguments and off is not False:
        return Expected.ASKED
    if off is not False and (call.spread or off is not None):
        return Expected.UNKNOWN
    if _by_hand(call, claims):
        return Expected.BY_HAND
    return Expected.OFF if off is False else Expected.NEVER


def _by_claim(call: JoseCall, claims: frozenset[str]) -> Expected:
    """Return what is expected where the wanted values are given by claim, in the call or beside it."""
    told = _CLAIMS_APART[call.library]
    options = call.values.get(told)
    if options is not None:
        if not claims.isdisjoint(options.items):
            return Expected.ASKED
        if not options.closed:
            return Expected.UNKNOWN
    for made in call.module.nodes(ast.Call):
        if last_name(made) == told and not claims.isdisjoint(str(keyword.arg) for keyword in made.keywords):
            return Expected.ASKED
    if call.spread or any(last_name(made) == told for made in call.module.nodes(ast.Call) if not made.keywords):
        return Expected.UNKNOWN
    return Expected.BY_HAND if _by_hand(call, claims) else Expected.NEVER


def shared_secret(call: JoseCall) -> bool | None:
    """Tell whether only HMAC is allowed, by a key that the service shares with nobody else; None if unknown."""
    given = call.constant("algorithms")
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return all(name.startswith("HS") for name in names)


def of_another_issuer(call: JoseCall) -> bool:
    """Tell whether tokens are verified with the published keys of an issuer that the module is not itself."""
    if call.library == "google-auth":
        return True
    shared = shared_secret(call)
    by_key = call.library in _CLAIMS_APART and "algorithms" not in call.arguments  # the key says which it is for
    if (shared is not False and not by_key) or not call.module.mentions(*_SHARED):
        return False
    return not any(other.act is Act.SIGN for other in jose_calls(call.module))


def _by_hand(call: JoseCall, claims: frozenset[str]) -> bool:
    """Tell whether the function, or one that calls it, reads one of the claims outside of the call's own options."""
    if not reading.uses(call).isdisjoint(claims):
        return True
    for function in _around(call):
        for node in within(function):
            named = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in claims
            if named and not any(outer is call.node or _demands(outer) for outer in call.module.ancestors(node)):
                return True
    return False


def _demands(node: ast.AST) -> bool:
    """Tell whether a mapping is options that demand claims (`{"require": ["exp"]}`), whatever they hold."""
    keys = node.keys if isinstance(node, ast.Dict) else ()
    return any(isinstance(key, ast.Constant) and key.value == "require" for key in keys)


def _around(call: JoseCall) -> Iterator[Function]:
    if call.function is None:
        return
    yield call.function
    for _, function, _ in reading.callers(call.module, call.function):
        if function is not None:
            yield function
