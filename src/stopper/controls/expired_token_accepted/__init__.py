"""A token works after it has expired.

## What is wrong

The API accepts a JWT whose `exp` has passed: the check is switched off, forgotten, or allows hours of leeway.

## Why it matters

Expiry bounds the damage of every leak. A token from an old log, backup or laptop then works for ever
(RFC 7519 section 4.1.4, ASVS 5.0.0 9.2.1, CWE-613).

## Bad

    jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})

## Good

    jwt.decode(token, key, algorithms=["HS256"], options={"require": ["exp"]}, leeway=10)

## References

RFC 7519 section 4.1.4; RFC 9068 section 4; ASVS 5.0.0 9.2.1; CWE-613.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable
from dataclasses import replace

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import UNKNOWN, Definition, Module, within
from stopper.observe.source.flows import Act, JoseCall, jose_calls, place, reading, seconds, settings, words
from stopper.observe.source.mending import member, settings_at
from stopper.observe.source.rewriting import after, argument, named, replaced, written
from stopper.observe.views import Credential
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT411",
    name="expired_token_accepted",
    severity=Severity.HIGH,
    title="An expired token is accepted",
    witnesses="M C A S",
    requirements=("V12", "V13"),
    labels=("token_no_exp",),
    cwe=(613,),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_LONG_AGO = 10 * 365 * 86_400
"""Seconds since a token was made that only tells when: no age that anybody allows."""

_AGO = 7200
"""Seconds since the minted token's expiry: beyond any leeway that could be meant."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token again with the API's own key, all claims kept but its times, which lie in the past.

    Without the key nothing is sent: a foreign signature would be refused for its own sake and prove nothing.
    """
    now = int(time.time())
    if credential.redated is not None:
        token = credential.redated(now - _LONG_AGO)
        yield replace(credential, token=token, label="made ten years ago, signed with the API's own key")
    if credential.jwt is None or credential.sign is None:
        return
    times = {name: now - _AGO - 3600 for name in ("iat", "nbf", "auth_time") if name in credential.jwt.claims}
    claims = {**credential.jwt.claims, **times, "exp": now - _AGO}
    token = credential.sign(credential.jwt.header, claims)
    yield replace(credential, token=token, label="expired two hours ago, signed with the API's own key")


# --------------------------------------------------------------------------- the source

_ABSURD = 3600
"""Seconds of leeway from which on it is no allowance for wrong clocks but a second lifetime."""

_REVOKING = frozenset("logout revoke revocation blocklist blacklist denylist unrevoke".split())
_CLAIMS_APART = frozenset({"joserfc", "Authlib"})
"""Libraries whose `decode` checks the signature only: the claims are validated by a call of their own."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at every verification for an expiry that is switched off, forgotten or stretched."""
    for call in jose_calls(module):
        if call.act is Act.VERIFY and call.verifies is True and not reading.seeks_key(call):
            yield from _judged(module, call)
    for node, value in settings(module, frozenset({"JWT_DECODE_LEEWAY", "JWT_LEEWAY"})):
        if isinstance(value, int | float) and value >= _ABSURD:
            yield from _broken(module, node, "the setting allows an hour or more of leeway after the expiry")
    for node, value in settings(module, frozenset({"JWT_VERIFY_EXPIRATION", "JWT_VERIFY_CLAIMS"})):
        if value is False or (isinstance(value, list) and "exp" not in value):
            yield from _broken(module, node, "the setting leaves the expiry out of what Flask-JWT looks at")


def _judged(module: Module, call: JoseCall) -> Iterable[Verdict]:
    if call.function is not None and not _REVOKING.isdisjoint(words(call.function.name)):
        return  # an expired token may still be revoked
    checked = call.option("verify_exp") if "options" in call.values else call.constant("verify_expiration")
    expired = call.constant("allow_expired") if call.library == "Flask-JWT-Extended" else None
    leeway = seconds(module, call.arguments.get("leeway"))
    if checked is False and expired is not True and _looked_at_by_hand(module, call):
        yield Verdict(True, "the expiry is looked at after decoding", place=place(module, call.node))
    elif checked is False or expired is True:
        yield from _broken(module, call.node, f"{call.library} is told not to look at the expiry")
    elif leeway is not None and leeway >= _ABSURD:
        yield from _broken(module, call.node, "tokens are good for an hour or more after their expiry (leeway)")
    elif call.library in _CLAIMS_APART:
        yield from _validated_apart(module, call)
    elif checked is not UNKNOWN and expired is not UNKNOWN and call.library in ("PyJWT", "python-jose", "jwcrypto"):
        yield Verdict(True, f"{call.library} checks the expiry", place=place(module, call.node))


def _validated_apart(module: Module, call: JoseCall) -> Iterable[Verdict]:
    function = call.function
    if function is None:
        return
    if _validates(function):
        yield Verdict(True, "the claims are validated after decoding", place=place(module, call.node))
    elif not _handed_on(module, call) and not any(
        user is not None and _validates(user) for _, user, _ in reading.callers(module, function)
    ):
        message = f"{call.library} verifies the signature only, and nothing here looks at the expiry afterwards"
        yield from _broken(module, call.node, message)


def _looked_at_by_hand(module: Module, call: JoseCall) -> bool:
    """Tell whether the claims are compared by their `exp` where they are decoded, or where they are handed to."""
    statement = module.parent(call.node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    if call.function is None or not names:
        return False
    if _compares_expiry(call.function):
        return True
    for user in within(call.function):
        if isinstance(user, ast.Call) and any(isinstance(each, ast.Name) and each.id in names for each in user.args):
            target = module.resolve(user.func)
            if isinstance(target, Definition) and _compares_expiry(target.node):
                return True
    return False


def _compares_expiry(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops)
        and any(isinstance(each, ast.Constant) and each.value == "exp" for each in ast.walk(node))
        for node in ast.walk(function)
    )


def _validates(function: ast.AST) -> bool:
    """Tell whether a function validates claims, or looks at `exp` itself."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr in ("validate", "validate_exp"))
        or (isinstance(node, ast.Constant) and node.value == "exp")
        for node in ast.walk(function)
    )


def _handed_on(module: Module, call: JoseCall) -> bool:
    """Tell whether the token object itself is returned, for the caller to validate."""
    return isinstance(module.parent(call.node), ast.Return)


def _broken(module: Module, node: ast.AST, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
    )


# --------------------------------------------------------------------------- the repair

_LEEWAY = "60"
"""Seconds by which clocks may differ."""
_WHY = "a token is refused once it has expired"


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Switch the check on, or validate the claims after their signature where that is a call of its own."""
    for call in jose_calls(module):
        if call.act is Act.VERIFY and module.place(call.node) == where:
            return _checked(module, call)
    for name, _, value in settings_at(module, where):
        if name in ("JWT_DECODE_LEEWAY", "JWT_LEEWAY"):
            return _rewrite(replaced(module, value, _LEEWAY))
        if name == "JWT_VERIFY_EXPIRATION":
            return _rewrite(replaced(module, value, "True"))
    return None


def _rewrite(*changes: Change) -> Rewrite:
    return Rewrite(_WHY, changes, Risk.STRICTER, ("callers whose token has expired have to ask for a new one",))


def _checked(module: Module, call: JoseCall) -> Rewrite | ByHand | None:
    keywords = {each.arg: each.value for each in call.node.keywords}
    off = member(keywords.get("options"), "verify_exp") or keywords.get("verify_expiration")
    if off is not None and module.constant(off) is False:
        return _rewrite(replaced(module, off, "True"))
    if "allow_expired" in keywords:
        return _rewrite(replaced(module, keywords["allow_expired"], "False"))
    if "leeway" in keywords:
        return _rewrite(argument(module, call.node, "leeway", _LEEWAY))
    return _validated(module, call) if call.library in _CLAIMS_APART else None


def _validated(module: Module, call: JoseCall) -> Rewrite | ByHand | None:
    """Validate what one variable is given: the claims, or the token that has them."""
    inner = module.parent(call.node)
    claims = isinstance(inner, ast.Attribute) and inner.attr == "claims"
    assign = module.parent(inner) if claims and inner is not None else inner
    target = assign.targets[0] if isinstance(assign, ast.Assign) and len(assign.targets) == 1 else None
    if not isinstance(assign, ast.Assign) or not isinstance(target, ast.Name):
        return ByHand("what is decoded has no name here: give it one, and validate it", _LINES[call.library])
    if call.library == "Authlib":
        return _rewrite(after(module, assign, f"{target.id}.validate()"))
    registry, imports = _registry(module, call.node.func)
    held = target.id if claims else f"{target.id}.claims"
    demanded = f'{registry}(exp={{"essential": True}}).validate({held})'
    return _rewrite(after(module, assign, demanded), *imports)


def _registry(module: Module, function: ast.expr) -> tuple[str, tuple[Change, ...]]:
    """Return how joserfc's registry is written beside a call of its `decode`, and the import that it needs."""
    if isinstance(function, ast.Attribute) and module.qualified(function.value) == "joserfc.jwt":
        return f"{written(module, function.value)}.JWTClaimsRegistry", ()
    return named(module, "joserfc.jwt.JWTClaimsRegistry")


_LINES = {
    "Authlib": ("claims = jwt.decode(token, key)", "claims.validate()"),
    "joserfc": (
        'claims = jwt.decode(token, key, algorithms=["HS256"]).claims',
        'jwt.JWTClaimsRegistry(exp={"essential": True}).validate(claims)',
    ),
}
