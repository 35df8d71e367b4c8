"""One key serves several purposes.

## What is wrong

The key of the sessions signs the tokens too, one key is used by several algorithms, or tokens of several purposes are
signed by one key and salt with nothing in them that tells them apart.

## Why it matters

What is signed for one purpose is good for another: a confirmation link becomes a password reset. A key that leaks or is
guessed in one place opens all, and it cannot be rotated for one purpose alone. RFC 8725 section 3.1 and NIST SP 800-57
part 1 section 5.2 want one key for one purpose, with one algorithm (CWE-323).

## Bad

    app.config["JWT_SECRET_KEY"] = app.config["SECRET_KEY"]

    URLSafeTimedSerializer(key).dumps(user.id)      # in confirm_token(), and again in reset_token()

## Good

    app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]

    URLSafeTimedSerializer(key, salt="password reset").dumps(user.id)

The guard's keys are its own, one for each algorithm.

## References

RFC 8725 section 3.1; NIST SP 800-57 part 1 section 5.2; itsdangerous documentation, The Salt; ASVS 5.0.0 11.1.1;
CWE-323.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.app.extensions import session_keeper, token_keys
from stopper.observe.source import UNKNOWN, Instance, Module
from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, place
from stopper.observe.views import AppSnapshot
from stopper.secret import Secret

CONTROL = Control(
    id="BT210",
    name="one_key_many_uses",
    severity=Severity.MEDIUM,
    title="One key serves several purposes",
    witnesses="S A",
    requirements=("G10",),
    cwe=(323,),
)

_KEYS = frozenset(
    "SECRET_KEY JWT_SECRET_KEY JWT_SECRET JWT_KEY WTF_CSRF_SECRET_KEY CSRF_SECRET_KEY CSRF_SESSION_KEY "
    "SECURITY_PASSWORD_SALT JWT_ACCESS_SECRET JWT_REFRESH_SECRET ACCESS_TOKEN_SECRET REFRESH_TOKEN_SECRET "
    "JWT_REFRESH_SECRET_KEY REFRESH_SECRET_KEY ENCRYPTION_KEY FERNET_KEY TOKEN_SECRET SIGNING_KEY".split()
)
"""Settings that name the purpose of a key."""

_READS = frozenset({"get", "getenv", "config", "env"})
_SALT_AT = 1


def source(module: Module) -> Iterable[Verdict]:
    """Look at what the settings of keys are taken from, at the algorithms of each key, and at serializers' salts."""
    if module.mentions("secret", "_key", "jwt_", "salt"):
        yield from _shared(module)
    if module.mentions("jwt", "jose", "serializer"):
        calls = jose_calls(module)
        yield from _algorithms(module, calls)
        yield from _purposes(module, calls)


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Compare the keys that the running application is configured with."""
    found = {name: snapshot.config[name] for name in sorted(_KEYS & snapshot.config.keys())}
    keys = {name: value for name, value in found.items() if isinstance(value, Secret) and value}
    for name, value in keys.items():
        same = [other for other in keys if other < name and keys[other] == value]
        message = f"`{name}` is the same key as `{same[0]}`" if same else f"`{name}` is a key of its own"
        yield Verdict(not same, message, snapshot.place, strength=Strength.PROVEN, cause=name)
    keeper = session_keeper(snapshot)
    if keeper and any(signing.setting == "SECRET_KEY" for signing in token_keys(snapshot)):
        message = f"`SECRET_KEY` signs the sessions of {keeper} and, for want of `JWT_SECRET_KEY`, the tokens too"
        yield Verdict(False, message, snapshot.place, strength=Strength.PROVEN, cause="JWT_SECRET_KEY")


# --------------------------------------------------------------------------- settings


def _shared(module: Module) -> Iterator[Verdict]:
    """Yield a verdict on each setting of a key: whether another one of the same scope takes the same value."""
    before: defaultdict[ast.AST | None, dict[str, tuple[Hashable, bool]]] = defaultdict(dict)
    for node, name, value in sorted(_settings(module), key=lambda each: getattr(each[0], "lineno", 0)):
        origin, stands_in = _origin(module, value)
        known = before[module.scope(node)]
        if origin is None:
            continue
        same = [other for other, (value_of, _) in known.items() if other != name and origin in (value_of, other)]
        known[name] = (origin, stands_in)
        if not same:
            yield Verdict(True, f"{name} is a key of its own", place(module, node, _literal(module, value)))
        elif stands_in:
            message = f"{name} is the same key as {same[0]} where it is not set"
            yield Verdict(False, message, place(module, node, _literal(module, value)), severity=Severity.LOW)
        else:
            yield Verdict(False, f"{name} is the same key as {same[0]}", place(module, node, _literal(module, value)))


def _settings(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    for assign in module.nodes(ast.Assign, ast.AnnAssign):
        target = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
        name = _name(target)
        if name in _KEYS and assign.value is not None:
            yield assign, name, assign.value
    for call in module.nodes(ast.Call):
        if last_name(call) in ("update", "from_mapping"):
            yield from ((each, each.arg, each.value) for each in call.keywords if each.arg in _KEYS)


def _name(node: ast.expr) -> str:
    """Return the setting's name: `X`, `settings.X`, `config["X"]`, `app.secret_key`, `environ.get("X")`."""
    key: ast.expr | None = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and last_name(node) in _READS and node.args:
        key = node.args[0]
    if isinstance(key, ast.Constant):
        return str(key.value)
    name = "" if isinstance(node, ast.Call) else last_name(node)
    return "SECRET_KEY" if isinstance(node, ast.Attribute) and name == "secret_key" else name


def _origin(module: Module, value: ast.expr) -> tuple[Hashable, bool]:
    """Return what a key is taken from (a setting's name, a literal) and whether that only stands in for a missing one.

    None where it cannot be told, or is made here.
    """
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        return _origin(module, value.values[-1])[0], True
    if isinstance(value, ast.Call):
        if last_name(value) not in _READS or not value.args:
            return None, False
        default = [*value.args[1:2], *(each.value for each in value.keywords if each.arg == "default")]
        if default and _name(default[0]) in _KEYS:
            return _name(default[0]), _name(default[0]) != _name(value)
    if isinstance(value, ast.Constant):
        return (
            ((value.value, "literal"), False) if isinstance(value.value, str | bytes) and value.value else (None, False)
        )
    name = _name(value)
    return (name, False) if name and (name.isupper() or name in _KEYS) else (None, False)


def _literal(module: Module, value: ast.expr) -> Secret | None:
    known = module.constant(value)
    return Secret(known) if isinstance(known, str) and known else None


# --------------------------------------------------------------------------- algorithms and purposes


def _algorithms(module: Module, calls: Iterable[JoseCall]) -> Iterator[Verdict]:
    """Yield a verdict on each call that signs or verifies under a key of its algorithm, or of several."""
    first: dict[str, str] = {}
    for call in calls:
        key = call.arguments.get("key")
        name = _name(key) if key is not None else ""
        used = _used(call)
        if not name.isupper() or not used:
            continue
        if len(used) > 1:
            message = f"{name} verifies under {', '.join(used)}: a key belongs to one algorithm"
            yield Verdict(False, message, place(module, call.node), module.endpoints(call.node), severity=Severity.LOW)
        elif first.setdefault(name, used[0]) != used[0]:
            message = f"{name} is used with {used[0]} here and with {first[name]} elsewhere"
            yield Verdict(False, message, place(module, call.node), module.endpoints(call.node))
        else:
            yield Verdict(True, f"{name} is used with {used[0]} alone", place(module, call.node))


def _used(call: JoseCall) -> tuple[str, ...]:
    """Return the HMAC algorithms that a call uses its key with; none where others are among them.

    Public-key algorithms in a list are each for a key of its own, which the token's header names.
    """
    if call.act not in (Act.SIGN, Act.VERIFY) or call.library not in ("PyJWT", "python-jose"):
        return ()
    given = call.constant("algorithm" if call.act is Act.SIGN else "algorithms")
    if given is None and call.act is Act.SIGN and not call.spread:
        given = "HS256"
    every = (given,) if isinstance(given, str) else given
    if not isinstance(every, list | tuple | frozenset) or not all(str(each).startswith("HS") for each in every):
        return ()
    return tuple(sorted({str(each) for each in every}))


def _purposes(module: Module, calls: Iterable[JoseCall]) -> Iterator[Verdict]:
    """Yield a verdict on each text that is signed with itsdangerous: whether another function's tokens pass for it."""
    signed: defaultdict[Hashable, list[JoseCall]] = defaultdict(list)
    for call in calls:
        made = module.resolve(call.node.func.value) if isinstance(call.node.func, ast.Attribute) else None
        if call.act is Act.SIGN_TEXT and isinstance(made, Instance) and made.call is not None and made.call.args:
            salt = _salt(call, made.call)
            if salt is not UNKNOWN:
                signed[_name(made.call.args[0]), salt, _form(call)].append(call)
    for (key, _, form), alike in ((group, each) for group, each in signed.items() if isinstance(group, tuple)):
        functions = {call.function for call in alike}
        for call in alike:
            if form is None or not key:
                continue
            if len(functions) == 1:
                yield Verdict(True, "no other token is signed like this one", place(module, call.node))
            else:
                names = " and ".join(sorted({each.name for each in functions if each is not None}))
                message = f"tokens of {names} pass for one another: one key, one salt, nothing in them tells them apart"
                yield Verdict(False, message, place(module, call.node), module.endpoints(call.node))


def _salt(call: JoseCall, made: ast.Call) -> Hashable:
    given = [call.arguments["salt"]] if "salt" in call.arguments else []
    given.extend(each.value for each in made.keywords if each.arg == "salt")
    if "TimedJSON" not in call.serializer and "JSONWeb" not in call.serializer:
        given.extend(made.args[_SALT_AT : _SALT_AT + 1])
    known = call.module.constant(given[0]) if given else ""
    return known if isinstance(known, str | bytes) or known is UNKNOWN else UNKNOWN


def _form(call: JoseCall) -> Hashable:
    """Return what tells the payloads of one purpose from another's: the keys of a mapping and what is constant in it.

    None where that cannot be told.
    """
    written = call.arguments.get("claims")
    claims = call.values.get("claims")
    if written is None or claims is None:
        return None
    if not claims.items and not claims.closed:
        return "" if isinstance(written, ast.Attribute | ast.Name) else None
    told = ((key, each.expression) for key, each in claims.items.items())
    return frozenset((key, node.value if isinstance(node, ast.Constant) else None) for key, node in told)
