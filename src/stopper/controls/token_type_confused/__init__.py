"""A token of another kind works as an access token.

## What is wrong

The API accepts a refresh token, an ID token or any other token of the same issuer where an access token belongs,
because it does not look at what kind it is.

## Why it matters

A refresh token lives for weeks and is kept elsewhere; an ID token is handed to front ends and logs. Each of them then
opens the API, and the short life of access tokens is worth nothing (RFC 8725 sections 3.11 and 3.12, RFC 9068
section 4, ASVS 5.0.0 9.2.2, CWE-863).

## Bad

    claims = jwt.decode(token, key, algorithms=["ES256"])

## Good

    claims = jwt.decode(token, key, algorithms=["ES256"], audience="shop")
    if jwt.get_unverified_header(token)["typ"] != "at+jwt":
        refuse()

## References

RFC 8725 sections 3.11 and 3.12; RFC 9068 sections 2.1 and 4; ASVS 5.0.0 9.2.2; CWE-863.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from stopper.model import Control, Endpoint, Severity, Verdict
from stopper.observe.source import UNKNOWN, Function, Module, within
from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, place, words, written
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import minted, parse

CONTROL = Control(
    id="BT415",
    name="token_type_confused",
    severity=Severity.HIGH,
    title="A token of another kind works as an access token",
    witnesses="M A S",
    requirements=("V15", "V16"),
    cwe=(863,),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_SAID = frozenset({"at+jwt", "application/at+jwt"})
_CLAIMS: Mapping[str, str] = {"type": "refresh", "token_type": "refresh", "token_use": "id", "typ": "Refresh"}
"""Claims by which issuers in the field tell their tokens apart, with the value of another kind."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Present the other tokens that the login gave, and the token minted again as one of another kind.

    It is minted only where it says what kind it is: an API that has one kind of token has nothing to tell apart.
    """
    for name, token in credential.siblings:
        made = replace(credential, token=token, jwt=parse(token.reveal()))
        yield replace(made, label=f"the login's {name} as an access token")
    if credential.jwt is None:
        return
    if str(credential.jwt.header.get("typ")).lower() in _SAID:
        yield from minted(credential, "of the type logout+jwt", {"typ": "logout+jwt"}, {})
    for claim, other in _CLAIMS.items():
        said = credential.jwt.claims.get(claim)
        if isinstance(said, str) and said.lower() not in ("bearer", "jwt", other.lower()):
            yield from minted(credential, f"with `{claim}` {other}", {}, {claim: other})


# --------------------------------------------------------------------------- the source

_REQUIRED = frozenset({"jwt_required", "verify_jwt_in_request"})
_REVOKING = frozenset("logout revoke revocation blocklist blacklist denylist".split())
_OTHER = frozenset("refresh reset confirm confirmation activation activate invite invitation unsubscribe".split())
"""Words of functions and variables that make a token of another kind."""

_TIMES = frozenset({"exp", "iat", "nbf"})
_LIBRARIES = frozenset({"PyJWT", "python-jose", "joserfc", "Authlib"})
_PARAMETERS = {"aud": "audience", "iss": "issuer"}
"""Claims that a verification asks for by a parameter."""


def source(module: Module) -> Iterable[Verdict]:
    """Look for checks of the kind that are switched off, and for tokens of two kinds that nothing tells apart."""
    if not module.mentions("jwt", "jose", "authlib"):
        return
    yield from _switched_off(module)
    signing = [call for call in jose_calls(module) if call.act is Act.SIGN and call.library in _LIBRARIES]
    for other in signing:
        kind = next(iter(sorted(_OTHER & _called(other))), "")
        access = next((call for call in signing if not _OTHER & _called(call) and _alike(call, other)), None)
        if kind and access is not None and _verified_by(module, _key(other)):
            yield _told_apart(module, access, other, kind)


def _switched_off(module: Module) -> Iterator[Verdict]:
    """Yield where Flask-JWT-Extended is told to let any kind of token in, but for taking it back."""
    for call in module.nodes(ast.Call) if module.mentions("verify_type") else ():
        off = any(word.arg == "verify_type" and module.constant(word.value) is False for word in call.keywords)
        holder = module.parent(call)
        function = holder if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef) else module.function_of(call)
        endpoints = module.endpoints(function or call)
        if off and last_name(call) in _REQUIRED and not (function and _revokes(function, endpoints)):
            message = "any kind of token is let in (verify_type=False): a refresh token opens it for weeks"
            yield Verdict(False, message, place(module, call), endpoints)


def _revokes(function: Function, endpoints: Iterable[Endpoint]) -> bool:
    """Tell whether a view is for taking a token back, or looks at the kind itself."""
    named = {*words(function.name), *(word for each in endpoints for word in words(each.path.replace("/", "_")))}
    looks = any(isinstance(node, ast.Constant) and node.value in ("jti", "type") for node in within(function))
    return looks or not _REVOKING.isdisjoint(named)


def _called(call: JoseCall) -> set[str]:
    """Return the words by which the code calls what a call makes: of its variable, else of its function."""
    for outer in call.module.ancestors(call.node):
        if isinstance(outer, ast.Assign | ast.AnnAssign):
            target = outer.targets[0] if isinstance(outer, ast.Assign) else outer.target
            named = set(words(last_name(target)))
            return named if "token" in named or named & _OTHER else named | _of_function(call)
        if isinstance(outer, ast.stmt):
            break
    return _of_function(call)


def _of_function(call: JoseCall) -> set[str]:
    return set(words(call.function.name)) if call.function is not None else set()


def _alike(one: JoseCall, other: JoseCall) -> bool:
    """Tell whether two calls sign with the same key, and all that is in their tokens can be told."""
    return _told(one) and _told(other) and _key(one) == _key(other) != ""


def _told(call: JoseCall) -> bool:
    claims = call.values.get("claims")
    plain = "headers" not in call.arguments and not call.spread
    return claims is not None and claims.closed and "claims" in call.arguments and plain


def _key(call: JoseCall) -> str:
    """Return the name of the key that a call is given: of a setting, a constant or a variable."""
    node = call.arguments.get("key")
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return last_name(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _verified_by(module: Module, key: str) -> bool:
    """Tell whether the project verifies tokens with this key."""
    return any(
        call.act is Act.VERIFY and call.verifies is True and _key(call) == key
        for other in module.project.modules
        if key in other.text
        for call in jose_calls(other)
    )


def _told_apart(module: Module, access: JoseCall, other: JoseCall, kind: str) -> Verdict:
    apart = _differences(module, access, other)
    where, endpoints = place(module, other.node), module.endpoints(other.node)
    if not apart:
        message = f"nothing tells this {kind} token from the access token that the same key signs: either one is let in"
        return Verdict(False, message, where, endpoints)
    asked = next((claim for claim in sorted(apart) if _asked(module, claim)), "")
    if asked:
        return Verdict(True, f"`{asked}` tells the {kind} token apart, and is asked for", where, endpoints)
    message = f"`{min(apart)}` alone tells this {kind} token from the access token, and nothing asks for it"
    return Verdict(False, message, where, endpoints)


def _differences(module: Module, access: JoseCall, other: JoseCall) -> set[str]:
    """Return the claims that only one of two tokens has, or that are not surely the same in both; times left out."""
    one, two = access.values["claims"].items, other.values["claims"].items
    shared = {name for name in one.keys() & two.keys() if _same(module, _value(access, name), _value(other, name))}
    return (one.keys() | two.keys()) - (shared - {"jti"}) - _TIMES  # a store may know by its `jti` what kind one is


def _value(call: JoseCall, name: str) -> ast.expr | None:
    """Return how the value of a claim is written, None where that cannot be told."""
    claims = written(call.module, call.arguments["claims"])
    if isinstance(claims, ast.Dict):
        for key, value in zip(claims.keys, claims.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                return value
    return call.values["claims"].items[name].expression


def _same(module: Module, one: ast.expr | None, two: ast.expr | None) -> bool:
    if one is None or two is None:
        return False
    known = module.constant(one)
    if known is not UNKNOWN:
        return bool(known == module.constant(two))
    return ast.dump(one) == ast.dump(two)


def _asked(module: Module, claim: str) -> bool:
    """Tell whether anything in the project reads a claim, or verifies with the parameter that asks for it."""
    return any(_asks(other, claim) for other in module.project.holding(claim))


def _asks(module: Module, claim: str) -> bool:
    parameter = _PARAMETERS.get(claim, "")
    if parameter and any(call.act is Act.VERIFY and parameter in call.arguments for call in jose_calls(module)):
        return True
    return any(node.value == claim and not _writes(module.parent(node), node) for node in module.nodes(ast.Constant))


def _writes(parent: ast.AST | None, node: ast.Constant) -> bool:
    """Tell whether a claim's name is where the claim is written: the key of a mapping, a member that is set."""
    if isinstance(parent, ast.Dict):
        return any(key is node for key in parent.keys)
    return isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)
