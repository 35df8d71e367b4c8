"""A token that never expires.

## What is wrong

The API issues a JWT without `exp`, or the code makes its tokens without a lifetime.

## Why it matters

Nothing ends such a token but the change of the signing key: every copy in a log, a backup or a lost phone works as
long as the key lives (RFC 6750 section 5.3 asks for an hour or less, RFC 9068 section 2.2 demands `exp`, CWE-613).

## Bad

    jwt.encode({"sub": user.id}, key, algorithm="HS256")

    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = False

## Good

    jwt.encode({"sub": user.id, "exp": now + timedelta(hours=1)}, key, algorithm="HS256")

    guard.issue(subject=user.id)        # one hour

## References

RFC 6750 section 5.3; RFC 7519 section 4.1.4; RFC 9068 section 2.2; ASVS 5.0.0 9.2.1; CWE-613.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from stopper.model import Control, Endpoint, Place, Severity, Strength, Verdict
from stopper.observe.app.extensions import JWT_EXTENDED
from stopper.observe.source import Module
from stopper.observe.source.flows import (
    Act,
    Column,
    JoseCall,
    Says,
    columns,
    credential,
    jose_calls,
    place,
    settings,
    words,
)
from stopper.observe.source.mending import settings_at, with_member
from stopper.observe.source.rewriting import argument, named, replaced, without_argument
from stopper.observe.views import AppSnapshot, Exchange
from stopper.observe.wire.answers import issued
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse
from stopper.observe.wire.token import Form, read
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT501",
    name="token_without_expiry",
    severity=Severity.HIGH,
    title="A token that never expires",
    witnesses="W S A",
    requirements=("V13", "V14"),
    labels=("token_no_exp",),
    cwe=(613,),
    guard="Guard.issue",
)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look for `exp` in every JWT that an answer hands out, and for a time in what itsdangerous signed."""
    if not exchange.endpoint:
        return
    for token in issued(exchange):
        jwt = parse(token)
        if jwt is None:
            yield from _undated(exchange, exchange.endpoint, token)
            continue
        if "exp" in jwt.claims:
            message = f"{exchange.endpoint} issues a JWT with an expiry"
            yield Verdict(True, message, endpoints=(exchange.endpoint,), strength=Strength.PROVEN)
        else:
            yield Verdict(
                kept=False,
                message=f"{exchange.endpoint} issues a JWT without exp",
                endpoints=(exchange.endpoint,),
                evidence=(evidence("a token without expiry", exchange),),
                strength=Strength.PROVEN,
            )


def _undated(exchange: Exchange, endpoint: Endpoint, token: str) -> Iterable[Verdict]:
    """Judge a value signed by itsdangerous: without a timestamp in it nothing can tell how old it is."""
    signed = read(token)
    if signed.form is Form.SIGNED and signed.issued is None:
        message = f"{endpoint} issues a signed token that tells no time"
        shown = (evidence("a token without time", exchange),)
        yield Verdict(False, message, endpoints=(endpoint,), evidence=shown, strength=Strength.PROVEN)


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at the lifetimes that Flask-JWT-Extended is configured with."""
    for name in sorted(_LIVES & snapshot.config.keys()) if JWT_EXTENDED in snapshot.extensions else ():
        expires = snapshot.config[name] is not False
        told = "gives the tokens an expiry" if expires else "switches the expiry of tokens off"
        yield Verdict(expires, f"`{name}` {told}", snapshot.place, strength=Strength.PROVEN, cause=name)


# --------------------------------------------------------------------------- the source

_LIVES = frozenset({"JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES"})
_END = re.compile(r"^exp$|expir|valid_until|created_at|issued_at|^iat$")
_OPAQUE = frozenset({"token", "access_token", "sid", "session", "session_id"})
"""Claims that make a JWT the mere wrapping of an opaque token, whose end the store keeps."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at the claims of every token that is signed, at settings of lifetimes, and at tables of opaque tokens."""
    for call in jose_calls(module):
        if call.act is Act.SIGN:
            yield from _signed(module, call)
        elif call.act is Act.VERIFY_TEXT:
            yield from _timed(module, call)
    for node, value in settings(module, _LIVES):
        if value is False:
            yield from _broken(module, node, "the setting switches the expiry of tokens off")
    for column in columns(module):
        yield from _opaque(module, column)


def _signed(module: Module, call: JoseCall) -> Iterable[Verdict]:
    if call.library == "Flask-JWT-Extended":
        if call.constant("expires_delta") is False:
            yield from _broken(module, call.node, "the token is made with its expiry switched off")
        return
    claims = call.values.get("claims")
    if claims is None:
        return
    if "exp" in claims.optional:
        where = _taken_out(call) or call.node
        yield from _broken(module, where, "the token is signed without exp on some of the ways that lead here")
    elif "exp" in claims.items:
        yield Verdict(True, "the claims hold exp", place=place(module, call.node))
    elif claims.closed and not _OPAQUE & claims.items.keys():
        yield from _broken(module, call.node, "a JWT is signed whose claims hold no exp")


def _taken_out(call: JoseCall) -> ast.AST | None:
    """Return where the function takes `exp` out again."""
    for node in ast.walk(call.function) if call.function is not None else ():
        for target in node.targets if isinstance(node, ast.Delete) else ():
            key = target.slice if isinstance(target, ast.Subscript) else None
            if isinstance(key, ast.Constant) and key.value == "exp":
                return node
    return None


def _timed(module: Module, call: JoseCall) -> Iterable[Verdict]:
    """Judge what itsdangerous signed: a timed serializer enforces an age only where it is told one, others never."""
    if not call.serializer or call.serializer.startswith("TimedJSON") or not _about_tokens(call):
        return
    if "Timed" not in call.serializer:
        if not _reads_an_end(call):
            yield from _broken(module, call.node, f"{call.serializer} signs no time: its tokens never expire")
        return
    if any(keyword.arg is None for keyword in call.node.keywords):
        return  # `**options` may hold the age
    if "max_age" not in call.arguments or call.constant("max_age") is None:
        yield from _broken(module, call.node, f"{call.serializer}.loads() is given no max_age: its tokens never expire")
    else:
        yield Verdict(True, "the age of the token is limited", place=place(module, call.node))


def _reads_an_end(call: JoseCall) -> bool:
    """Tell whether the function looks at an end that the token itself, or a table, may hold."""
    nodes = list(ast.walk(call.function)) if call.function is not None else []
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    attributes = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    return any(_END.search(written) for written in (*texts, *attributes))


def _about_tokens(call: JoseCall) -> bool:
    named = call.function is not None and "token" in words(call.function.name)
    argument = call.arguments.get("token")
    return named or (isinstance(argument, ast.Name) and credential(argument.id) is Says.TOKEN)


def _opaque(module: Module, column: Column) -> Iterable[Verdict]:
    """Judge the tokens that a model makes: a column must say when they end. API keys are meant to last."""
    if "key" in words(column.name) or "key" in words(column.owner.name):
        return
    where = column.write or _table_of_tokens(module, column)
    if where is None:
        return
    if column.expires:
        yield Verdict(True, f"{column.owner.name} keeps the end of its tokens", place=place(module, column.node))
        return
    message = f"{column.owner.name}.{column.name} holds tokens, and no column says when they end"
    yield from _broken(module, where, message, Severity.MEDIUM)


def _table_of_tokens(module: Module, column: Column) -> ast.AST | None:
    """Return the column where a table is one of opaque tokens; a JWT that is kept holds its own end."""
    if not {"token", "tokens"}.intersection(words(column.owner.name)[-1:]):
        return None
    jwt = any(module.project.holding(word) for word in ("import jwt", "jose", "flask_jwt", "joserfc"))
    return None if jwt else column.node


def _broken(module: Module, node: ast.AST, message: str, full: Severity = CONTROL.severity) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
        severity=full,
    )


# --------------------------------------------------------------------------- the repair

_LIFE = 3600
_SECONDS = {"JWT_ACCESS_TOKEN_EXPIRES": f"{_LIFE}", "JWT_REFRESH_TOKEN_EXPIRES": "30 * 24 * 3600"}
_DECIDE = ("decide how long a token is good: an hour is what is written, and clients have to ask for a new one then",)


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Give the token an end, one hour from now."""
    for call in jose_calls(module):
        if module.place(call.node) == where and call.act is Act.VERIFY_TEXT:
            return _limited(module, call)
        if module.place(call.node) == where and call.act is Act.SIGN:
            return _ending(module, call)
    for name, _, value in settings_at(module, where):
        if name in _LIVES:
            return _rewrite(replaced(module, value, _SECONDS[name]))
    return None


def _rewrite(*changes: Change) -> Rewrite:
    return Rewrite("whoever finds a token can use it until it ends, and not for ever", changes, Risk.STRICTER, _DECIDE)


def _limited(module: Module, call: JoseCall) -> Rewrite | ByHand:
    if "Timed" not in call.serializer:
        lines = ("serializer = URLSafeTimedSerializer(key)", "serializer.loads(token, max_age=3600)")
        return ByHand(
            "the serializer signs no time: both who signs and who reads have to change to one that does", lines
        )
    return _rewrite(argument(module, call.node, "max_age", f"{_LIFE}"))


def _ending(module: Module, call: JoseCall) -> Rewrite | ByHand | None:
    if call.library == "Flask-JWT-Extended":
        return _rewrite(without_argument(module, call.node, "expires_delta"))
    claims = call.values.get("claims")
    if claims is None or "exp" in claims.optional:
        return ByHand("on some ways the claims have an end: see why not on the others", ('claims["exp"] = now + 3600',))
    made = _made_of(module, call)
    now, imports = named(module, "time.time")
    until = f"int({now}()) + {_LIFE}"
    if isinstance(made, ast.Dict):
        return _rewrite(with_member(module, made, f'"exp": {until}'), *imports)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "dict":
        return _rewrite(argument(module, made, "exp", until), *imports)
    return None


def _made_of(module: Module, call: JoseCall) -> ast.expr | None:
    """Return where the claims of a call are written, in this module."""
    given = call.arguments.get("claims")
    written = call.values["claims"].expression if isinstance(given, ast.Name) else given
    own = written is not None and any(node is written for node in module.nodes(ast.Dict, ast.Call))
    return written if own else None
