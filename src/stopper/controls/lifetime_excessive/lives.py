"""Where a module says how long its tokens live, and where it lets the caller say so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from stopper.controls.lifetime_excessive.lasting import bound, duration, from_now
from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, words


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """How long tokens live that are made or set at a node; `refresh` says that they only fetch others."""

    node: ast.AST
    what: str
    seconds: float
    refresh: bool


_SETTINGS = {
    "JWT_ACCESS_TOKEN_EXPIRES": False,
    "JWT_REFRESH_TOKEN_EXPIRES": True,
    "JWT_EXPIRATION_DELTA": False,
    "JWT_ACCESS_LIFESPAN": False,
    "JWT_REFRESH_LIFESPAN": True,
    "SECURITY_TOKEN_MAX_AGE": False,
    "OAUTH2_PROVIDER_TOKEN_EXPIRES_IN": False,
}
"""Settings of Flask-JWT-Extended, Flask-JWT, Flask-Praetorian, Flask-Security, Flask-OAuthlib: whether to refresh."""

_OWN = re.compile(r"(?=.*(?:TOKEN|JWT))(?=.*(?:EXP|LIFE|TTL|MAX_AGE|VALID)).*_(SECONDS|SEC|MINUTES|MINS|HOURS|DAYS)$")
_UNITS = {"SECONDS": 1, "SEC": 1, "MINUTES": 60, "MINS": 60, "HOURS": 3_600, "DAYS": 86_400}

_REFRESHES = frozenset({"refresh", "remember"})
_MEANT_TO_LAST = frozenset(
    "confirm confirmation invite invitation invites unsubscribe verification activate activation activated email mail "
    "download share sharing feed calendar key keys apikey personal pat device badge license licence service robot bot "
    "integration webhook max maximum min minimum cookie csrf state".split()
)
"""Words of tokens that are no login's, and of API keys, which are meant to last until somebody ends them."""

_LASTS = frozenset(
    "exp expires expire expiry expiration expiration_time ttl lifetime duration days hours minutes".split()
)
_TOKENS = frozenset({"token", "tokens", "access", "refresh", "jwt", "session"})
_FROM_CALLER = frozenset("request json args form values data body payload params query input dict req".split())
"""Words that alone make up the names of what the caller has sent."""


Given = tuple[ast.AST, str, ast.expr]
"""Where a setting is set, its name, the expression of its value."""


def lives(module: Module) -> Iterator[Life]:
    """Yield every lifetime that can be told, one for each place."""
    seen: set[ast.AST] = set()
    given = tuple(_written(module))
    for life in (
        *_configured(module, given),
        *_named(module, given),
        *_made(module),
        *_serialized(module),
        *_stored(module),
    ):
        if life.node not in seen:
            seen.add(life.node)
            yield life


# --------------------------------------------------------------------------- settings


def _configured(module: Module, given: Sequence[Given]) -> Iterator[Life]:
    for node, name, value in given:
        if name in _SETTINGS:
            life = _of_mapping(module, value) if isinstance(value, ast.Dict) else duration(module, value)
            if life is not None:
                yield Life(node, f"a token by {name}", life, _SETTINGS[name])


def _of_mapping(module: Module, value: ast.Dict) -> float | None:
    """Return the seconds of `{"hours": 24}`, as Flask-Praetorian has it."""
    units = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
    known = module.constant(value)
    if not isinstance(known, dict) or not known or not units.keys() >= known.keys():
        return None
    return float(sum(units[unit] * count for unit, count in known.items() if isinstance(count, int | float)))


def _named(module: Module, given: Sequence[Given]) -> Iterator[Life]:
    """Yield the project's own settings whose names say unit and purpose: `ACCESS_TOKEN_EXPIRE_MINUTES`."""
    for node, name, value in given:
        unit = _OWN.match(name)
        if unit is not None and _MEANT_TO_LAST.isdisjoint(words(name)):
            count = duration(module, value)
            if count is not None:
                yield Life(node, f"a token by {name}", count * _UNITS[unit[1]], "refresh" in words(name))


def _written(module: Module) -> Iterator[Given]:
    """Yield what is set: variables of modules and classes, `config["X"] = …`, `update(X=…)`, `from_mapping(X=…)`."""
    for assign in module.nodes(ast.Assign, ast.AnnAssign):
        target = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
        if assign.value is None:
            continue
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            yield assign, str(target.slice.value), assign.value
        elif isinstance(target, ast.Name) and target.id.isupper():
            yield assign, target.id, assign.value
    for call in module.nodes(ast.Call):
        if last_name(call) in ("update", "from_mapping"):
            yield from ((each, each.arg, each.value) for each in call.keywords if each.arg)


# --------------------------------------------------------------------------- tokens that are made


def _made(module: Module) -> Iterator[Life]:
    for call in jose_calls(module):
        if call.act is Act.SIGN and _ends_login(call):
            refresh = not _REFRESHES.isdisjoint(_said(call))
            for node, life in _of_call(call):
                if not _own_setting(module, node):
                    yield Life(node, "a refresh token" if refresh else "a token", life, refresh)


def _of_call(call: JoseCall) -> Iterator[tuple[ast.expr, float]]:
    """Yield each expression that gives a signed token its end, with the seconds until then."""
    delta = call.arguments.get("expires_delta")
    if delta is not None:
        life = duration(call.module, delta)
        if life is not None:
            yield bound(call.module, delta) or delta, life
    for ends in _expiries(call):
        life = from_now(call.module, ends)
        if life is not None:
            yield bound(call.module, ends) or ends, life


def _expiries(call: JoseCall) -> Iterator[ast.expr]:
    claims = call.arguments.get("claims")
    if isinstance(claims, ast.Dict):
        yield from _members(claims)
    if not isinstance(claims, ast.Name) or call.function is None:
        return
    for node in within(call.function):
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            if isinstance(target, ast.Subscript) and last_name(target.value) == claims.id:
                if isinstance(target.slice, ast.Constant) and target.slice.value == "exp":
                    yield node.value
            elif isinstance(target, ast.Name) and target.id == claims.id and isinstance(node.value, ast.Dict):
                yield from _members(node.value)
        elif _updates(node, claims.id):
            yield from (each for given in node.args if isinstance(given, ast.Dict) for each in _members(given))
            yield from (each.value for each in node.keywords if each.arg == "exp")


def _updates(node: ast.AST, name: str) -> TypeGuard[ast.Call]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr == "update" and last_name(node.func.value) == name


def _members(mapping: ast.Dict) -> Iterator[ast.expr]:
    pairs = zip(mapping.keys, mapping.values, strict=True)
    return (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "exp")


def _serialized(module: Module) -> Iterator[Life]:
    """Yield the ages that itsdangerous gives its tokens (`expires_in=3600`) or asks of them (`max_age=3600`)."""
    for call in module.nodes(ast.Call) if module.mentions("itsdangerous") else ():
        told = _told(module.function_of(call))
        given = _age(module, call, told)
        life = duration(module, given) if given is not None and _MEANT_TO_LAST.isdisjoint(told) else None
        if given is not None and life is not None and not _own_setting(module, given):
            yield Life(given, "a token", life, not _REFRESHES.isdisjoint(told))


def _age(module: Module, call: ast.Call, told: frozenset[str]) -> ast.expr | None:
    """Return the age that a serializer is made with, or that is asked of a token when it is read."""
    named = {each.arg: each.value for each in call.keywords}
    if (module.qualified(call.func) or "").endswith(".TimedJSONWebSignatureSerializer"):
        return named.get("expires_in", next(iter(call.args[1:2]), None))
    about_login = not told.isdisjoint({"token", "jwt", "auth", "login"})
    return named.get("max_age") if last_name(call) == "loads" and about_login else None


def _stored(module: Module) -> Iterator[Life]:
    """Yield the ends of tokens that are kept in a table: `user.token_expiration = …`, `Token(expires_at=…)`."""
    for told, value in _ends(module):
        life = from_now(module, value)
        if life is not None and _MEANT_TO_LAST.isdisjoint(told) and not _own_setting(module, value):
            refresh = not _REFRESHES.isdisjoint(told)
            yield Life(bound(module, value) or value, "a refresh token" if refresh else "a token", life, refresh)


def _ends(module: Module) -> Iterator[tuple[set[str], ast.expr]]:
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        told = set(words(target.attr)) if isinstance(target, ast.Attribute) else set()
        if not _TOKENS.isdisjoint(told) and not _LASTS.isdisjoint(told):
            yield told | _told(module.function_of(assign)), assign.value
    for call in module.nodes(ast.Call):
        kind = words(last_name(call))
        if kind[-1:] == ("token",) and last_name(call)[:1].isupper():
            ends = (each for each in call.keywords if each.arg and not _LASTS.isdisjoint(words(each.arg)))
            yield from ((set(kind) | _told(module.function_of(call)), each.value) for each in ends)


def _own_setting(module: Module, node: ast.expr) -> bool:
    """Tell whether a lifetime is that of a setting which is judged where it is set."""
    named = (part for part in within(node) if isinstance(part, ast.Name | ast.Attribute))
    return any(_OWN.match(last_name(each)) or last_name(each) in _SETTINGS for each in named)


def _told(function: Function | None) -> frozenset[str]:
    return frozenset(words(function.name)) if function is not None else frozenset()


def _said(call: JoseCall) -> frozenset[str]:
    """Return the words of all that names a token: the function around, the variable, the library's, its type claim."""
    said = {*_told(call.function), *words(last_name(call.node))}
    parent = call.module.parent(call.node)
    if isinstance(parent, ast.Assign):
        said.update(words(last_name(parent.targets[0])))
    elif isinstance(parent, ast.keyword):
        said.update(words(parent.arg or ""))
    claims = call.values.get("claims")
    for key, value in claims.items.items() if claims is not None else ():
        said.update(words(key) if key not in ("exp", "iat", "email") else ())
        if isinstance(value.expression, ast.Constant):
            said.update(words(str(value.expression.value)))
    return frozenset(said)


def _ends_login(call: JoseCall) -> bool:
    return _MEANT_TO_LAST.isdisjoint(_said(call))


# --------------------------------------------------------------------------- what the caller says


def chosen_by_caller(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield where the request says how long the token lives that is made with it, and nothing bounds it."""
    for call in module.nodes(ast.Call):
        if last_name(call) not in ("get", "pop") or not isinstance(call.func, ast.Attribute) or not call.args:
            continue
        key = module.constant(call.args[0])
        told = words(key) if isinstance(key, str) else ()
        if not told or told[-1] not in _LASTS or not _is_sent(call.func.value):
            continue
        maker = _maker_given(module, call)
        if maker is not None:
            yield call, f"the token of {last_name(maker)}()"


def _is_sent(node: ast.expr) -> bool:
    """Tell whether an object is what the caller has sent, by its name: `request.json`, `data`, `request_dict`."""
    told = words(last_name(node))
    return bool(told) and _FROM_CALLER.issuperset(told)


def _maker_given(module: Module, taken: ast.Call) -> ast.Call | None:
    """Return the call that makes a token and is given what was taken, as it is or through one variable."""
    parent = module.parent(taken)
    uses: list[ast.AST] = [taken]
    function = module.function_of(taken)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name) and function is not None:
        name = parent.targets[0].id
        loads = [each for each in within(function) if isinstance(each, ast.Name) and each.id == name]
        if sum(isinstance(each.ctx, ast.Store) for each in loads) > 1 or _compared(module, loads):
            return None
        uses = [each for each in loads if isinstance(each.ctx, ast.Load)]
    for use in uses:
        holder = module.parent(use)
        call = module.parent(holder) if isinstance(holder, ast.keyword) else holder
        if isinstance(call, ast.Call) and _makes_token(call):
            return call
    return None


def _compared(module: Module, uses: list[ast.Name]) -> bool:
    """Tell whether a value is held against a bound."""
    return any(isinstance(module.parent(use), ast.Compare) for use in uses)


def _makes_token(call: ast.Call) -> bool:
    told = set(words(last_name(call)))
    makes = not told.isdisjoint({"generate", "create", "make", "issue", "encode", "new", "get"})
    return makes and not told.isdisjoint({"token", "jwt"}) and _MEANT_TO_LAST.isdisjoint(told)
