"""The key of an HMAC signature is shorter than its hash.

## What is wrong

Tokens are signed with HS256, HS384 or HS512 and a key of fewer than 32, 48 or 64 bytes; or Flask's fallback keys are
given as one text, of which it takes each character for a key.

## Why it matters

Every token that leaves the API is a test of the key: whoever has one tries keys at home, billions a second, until the
signature fits. A word or a phrase does not last (RFC 7518 section 3.2, RFC 8725 section 3.5, CWE-326).

## Bad

    jwt.encode(claims, "shop-secret", algorithm="HS256")

    app.config["SECRET_KEY_FALLBACKS"] = os.environ["PREVIOUS_KEY"]

## Good

    key = secrets.token_bytes(32)       # made once, kept outside of the code

    app.config["SECRET_KEY_FALLBACKS"] = [os.environ["PREVIOUS_KEY"]]

The guard makes its keys itself, and signs with a key pair unless told otherwise.

## References

RFC 7518 section 3.2; RFC 8725 section 3.5; ASVS 5.0.0 11.2.3; CWE-326, CWE-521.
"""

from __future__ import annotations

import ast
import math
import re
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.app.extensions import token_keys
from stopper.observe.source import Module, Project
from stopper.observe.source.flows import (
    Act,
    JoseCall,
    assigned,
    jose_calls,
    last_name,
    literals,
    place,
    settings,
    written,
)
from stopper.observe.views import AppSnapshot
from stopper.secret import Secret

CONTROL = Control(
    id="BT207",
    name="short_hmac_key",
    severity=Severity.HIGH,
    title="The key of an HMAC signature is shorter than its hash",
    witnesses="S A",
    requirements=("G05",),
    labels=("weak_key",),
    cwe=(326, 521),
)

_SIZES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes of each hash, and so the least of its key (RFC 7518 section 3.2)."""

_FLASK_JWT_EXTENDED = "JWT_SECRET_KEY"


def source(module: Module) -> Iterable[Verdict]:
    """Look at the keys of HMAC algorithms, where they are given to a call and where a setting holds them."""
    seen: set[int] = set()
    for node, key, size in (*_given(module), *_set(module)):
        line = module.place(node).line
        length = _length(module, key)
        if line in seen or not length:
            continue
        seen.add(line)
        if length < size:
            yield from _broken(module, node, key, f"the key is shorter than the {size} bytes of the signature's hash")
        else:
            yield Verdict(True, "the key is as long as the hash", place=place(module, node, _hidden(module, key)))
    for node, key in _split(module):
        yield from _broken(module, node, key, "Flask takes each character of this text for a fallback key")


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Hold the length of the keys that sign JWTs against their algorithm."""
    for signing in token_keys(snapshot):
        size = _SIZES.get(signing.algorithm)
        if size is None:
            continue
        long = signing.size >= size
        told = "has" if long else "is shorter than"
        yield Verdict(
            kept=long,
            message=f"`{signing.setting}` {told} the {size} bytes of {signing.algorithm}'s hash",
            place=snapshot.place,
            strength=Strength.PROVEN,
            cause=signing.setting,
        )


def _given(module: Module) -> Iterator[tuple[ast.AST, ast.expr, int]]:
    """Yield the keys that stand in calls or in variables beside them: (where, key, least bytes)."""
    for call in jose_calls(module):
        size, key = _size(call), call.arguments.get("key")
        spelt = written(module, key) if key is not None else None
        if size and isinstance(spelt, ast.Constant | ast.Call):
            yield spelt, spelt, size


def _set(module: Module) -> Iterator[tuple[ast.AST, ast.expr, int]]:
    """Yield the settings that some call of the project takes its key from: (where, key, least bytes)."""
    keys = _keys(module.project)
    long = _written_keys(module) if keys.signing else ()
    wanted = {name: size for name in long if (size := keys.least(name)) is not None}
    refused = {literal.anchor for literal in literals(module) if literal.refused} if wanted else ()
    for name, size in wanted.items():
        for node, _ in settings(module, frozenset({name})):
            value = _value_of(module, node)
            if isinstance(value, ast.expr) and not isinstance(value, ast.Dict) and node not in refused:
                yield node, value, size


def _written_keys(module: Module) -> Iterator[str]:
    """Yield the names in capitals that the module gives a text or bytes whose length can be told."""
    for name, given in assigned(module).items():
        if name.isupper():
            values = (_value_of(module, node) for _, node, _ in given)
            if any(isinstance(value, ast.expr) and _length(module, value) for value in values):
                yield name


def _value_of(module: Module, node: ast.AST) -> object:
    """Return what a setting is given: by an assignment, by keyword, or beside its key in a dictionary."""
    around = module.parent(node)
    if isinstance(around, ast.Dict) and node in around.keys:
        return around.values[around.keys.index(node)]
    return node if isinstance(node, ast.expr) else getattr(node, "value", None)


def _split(module: Module) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Yield the fallback keys that are one text: (where, the text). Flask goes through them one by one."""
    for node, known in settings(module, frozenset({"SECRET_KEY_FALLBACKS"})):
        value = _value_of(module, node)
        if isinstance(value, ast.expr) and (isinstance(known, str | bytes) or _of_environment(module, value)):
            yield node, value


def _of_environment(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is the text of an environment variable."""
    if isinstance(node, ast.Call):
        return module.qualified(node.func) in ("os.getenv", "os.environ.get")
    return isinstance(node, ast.Subscript) and module.qualified(node.value) == "os.environ"


class _Keys:
    """The settings and constants of a project that hold HMAC keys, each looked for when a module gives it a value."""

    def __init__(self, project: Project) -> None:
        """Find the modules that may sign or verify."""
        self.signing = tuple(each for each in project.modules if each.mentions("jwt", "jose"))
        self._project = project
        self._least: dict[str, int | None] = {}

    def least(self, name: str) -> int | None:
        """Return the least bytes of the key that a setting holds, None where it holds none."""
        if name not in self._least:
            given = re.compile(rf"(?<!\w){re.escape(name)}['\"]?[\s\\]*[]),]")
            giving = (each for each in self.signing if name in each.text and given.search(each.text))
            calls = (call for each in giving for call in jose_calls(each))
            sizes = [_size(call) for call in calls if _key_name(call) == name]
            if name == _FLASK_JWT_EXTENDED and any("flask_jwt_extended" in each.text for each in self.signing):
                sizes.append(_configured(self._project))
            self._least[name] = max(sizes, default=None)
        return self._least[name]


_KEYS: weakref.WeakKeyDictionary[Project, _Keys] = weakref.WeakKeyDictionary()


def _keys(project: Project) -> _Keys:
    if project not in _KEYS:
        _KEYS[project] = _Keys(project)
    return _KEYS[project]


def _key_name(call: JoseCall) -> str:
    """Return the name of the setting that a call signs or verifies with by HMAC, "" where there is none."""
    key = call.arguments.get("key")
    return _setting(key) if key is not None and _size(call) else ""


def _setting(key: ast.expr) -> str:
    """Return the name of a setting: `X`, `settings.X`, `config["X"]`, `config.get("X")`."""
    index: ast.expr | None = key.slice if isinstance(key, ast.Subscript) else None
    if isinstance(key, ast.Call) and last_name(key) == "get" and key.args:
        index = key.args[0]
    if isinstance(index, ast.Constant):
        return str(index.value)
    return "" if isinstance(key, ast.Call) else last_name(key)


def _configured(project: Project) -> int:
    """Return the size of the hash that Flask-JWT-Extended is configured with, 0 for a public-key algorithm."""
    for module in (each for each in project.modules if "JWT_ALGORITHM" in each.text):
        for _, value in settings(module, frozenset({"JWT_ALGORITHM"})):
            return _SIZES.get(value, 0) if isinstance(value, str) else 0
    return _SIZES["HS256"]


def _size(call: JoseCall) -> int:
    """Return the size of the hash that a call signs or verifies with, 0 where it is another algorithm or unknown."""
    if call.act not in (Act.SIGN, Act.VERIFY) or call.library not in ("PyJWT", "python-jose"):
        return 0
    named = "algorithm" if call.act is Act.SIGN else "algorithms"
    given: Any = call.constant(named)
    if given is None and call.act is Act.SIGN and named not in call.arguments and not call.spread:
        return _SIZES["HS256"]
    every = [given] if isinstance(given, str) else given
    if not isinstance(every, list | tuple) or not every:
        return 0
    return min(_SIZES.get(name, 0) if isinstance(name, str) else 0 for name in every)


def _length(module: Module, key: ast.expr) -> int:
    """Return the bytes of a key that is written, or made with a written length; 0 where that cannot be told."""
    known = module.constant(key)
    if isinstance(known, str | bytes):
        data = known.encode() if isinstance(known, str) else known
        return 0 if data.startswith((b"-----BEGIN", b"/")) else len(data)
    name = last_name(key)
    count = module.constant(key.args[0]) if isinstance(key, ast.Call) and key.args else None
    if not isinstance(count, int) or name not in ("token_bytes", "urandom", "token_hex", "token_urlsafe"):
        return 0
    if name == "token_urlsafe":
        return math.ceil(count * 4 / 3)
    return 2 * count if name == "token_hex" else count


def _hidden(module: Module, key: ast.expr) -> Secret | None:
    known = module.constant(key)
    return (
        Secret(known if isinstance(known, str) else known.decode("latin-1")) if isinstance(known, str | bytes) else None
    )


def _broken(module: Module, node: ast.AST, key: ast.expr, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node, _hidden(module, key)),
        endpoints=module.endpoints(node),
    )
