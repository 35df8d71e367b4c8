"""Where a module makes its bearer tokens, keys and session ids: the names they get, and the expressions they get.

`token` alone is also what file names and probes are called: a local variable of that name counts where it goes on to
something that keeps or hands out credentials.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.controls.short_token.entropy import bound
from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import Says, credential, last_name, made_by, words

_KINDS = frozenset({Says.TOKEN, Says.SESSION, Says.SECRET})
_NO_BEARER = frozenset(
    "csrf xsrf lock lease fence fencing mutex probe trace tracing span correlation idempotency dedup run job task "
    "nonce etag batch tmp temp upload watermark boundary placeholder separator mock test dummy fake salt totp "
    "otp".split()
)
"""Words of names and classes whose tokens nobody presents to be let in."""

_ISSUED = frozenset(
    "access refresh auth authentication authorization api bearer session user login reset password confirm "
    "confirmation verification verify email activation remember invite invitation admin account client service secret "
    "jwt".split()
)
"""Words beside `token` that make even a local variable a credential."""

_KEEPERS = frozenset("token tokens session sessions keys".split())
_FIELDS = frozenset({"Column", "mapped_column", "Field", "field", "CharField", "StringField", "TextField"})
_SPEAKS = ("token", "secret", "api_key", "apikey", "session_id", "session_key", "auth_key")


def credentials(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield each credential's name with the expression that makes it, once.

    A session id lets somebody in only where somebody logs in; conversations and runs have sessions too.
    """
    if not module.mentions(*_SPEAKS):
        return
    seen: set[ast.expr] = set()
    sessions = module.mentions("cookie", "login")
    for name, given in (*_assigned(module), *_passed(module), *_returned(module)):
        value = bound(module, given) or given
        if value not in seen and (sessions or credential(name) is not Says.SESSION):
            seen.add(value)
            yield name, value


def _assigned(module: Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.nodes(ast.Assign, ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = _name(target)
        if node.value is None or not _bearer(name) or not _about(module, node):
            continue
        column = isinstance(module.parent(node), ast.ClassDef)
        if isinstance(target, ast.Name) and not (column or _certain(name) or _handed_on(module, node, name)):
            continue
        yield from ((name, value) for value in _values(module, node.value))


def _values(module: Module, value: ast.expr) -> Iterator[ast.expr]:
    """Yield what makes the value: the expression, or what a column's default calls for each new row."""
    if not isinstance(value, ast.Call) or last_name(value) not in _FIELDS:
        yield value
        return
    for keyword in value.keywords:
        if keyword.arg in ("default", "default_factory", "insert_default"):
            if isinstance(keyword.value, ast.Lambda):
                yield keyword.value.body
            target = module.resolve(keyword.value)
            if isinstance(target, Definition) and target.module is module and not isinstance(target.node, ast.ClassDef):
                yield from (each.value for each in module.returns(target.node) if each.value is not None)


def _passed(module: Module) -> Iterator[tuple[str, ast.expr]]:
    for keyword in module.nodes(ast.keyword):
        if keyword.arg and _bearer(keyword.arg) and _about(module, keyword):
            yield keyword.arg, keyword.value
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if _bearer(_text(key)):
                yield _text(key), value


def _returned(module: Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.nodes(ast.Return):
        function = module.function_of(node) if node.value is not None else None
        if function is not None and node.value is not None and _makes(function.name) and _about(module, node):
            yield f"what {function.name}() returns", node.value


def _makes(name: str) -> bool:
    return made_by(name) in _KINDS and _NO_BEARER.isdisjoint(words(name))


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return _text(target.slice)
    return last_name(target) if isinstance(target, ast.Name | ast.Attribute) else ""


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _bearer(name: str) -> bool:
    """Tell whether a name stands for something that is presented to be let in, or signs what is."""
    return credential(name) in _KINDS and _NO_BEARER.isdisjoint(words(name))


def _certain(name: str) -> bool:
    told = words(name)
    return told[-1:] != ("token",) or not _ISSUED.isdisjoint(told[:-1])


def _about(module: Module, node: ast.AST) -> bool:
    """Tell whether what stands around a node is no lock, job or trace, which have tokens of their own."""
    around = (outer.name for outer in module.ancestors(node) if isinstance(outer, ast.ClassDef | Function))
    return all(_NO_BEARER.isdisjoint(words(name)) for name in around)


def _handed_on(module: Module, node: ast.AST, name: str) -> bool:
    """Tell whether a local variable goes on to a credential's name, to a table of tokens or out of a maker of them."""
    function = module.function_of(node)
    if function is None:
        return False
    uses = (use for use in within(function) if isinstance(use, ast.Name) and use.id == name)
    return any(isinstance(use.ctx, ast.Load) and _kept_by(module.parent(use), use, function) for use in uses)


def _kept_by(parent: ast.AST | None, use: ast.Name, function: Function) -> bool:
    if isinstance(parent, ast.keyword):
        return parent.arg is not None and _bearer(parent.arg)
    if isinstance(parent, ast.Assign):
        target = parent.targets[0]
        return not isinstance(target, ast.Name) and _bearer(_name(target))
    if isinstance(parent, ast.Dict):
        members = zip(parent.keys, parent.values, strict=True)
        return any(value is use and _bearer(_text(key)) for key, value in members)
    if isinstance(parent, ast.Subscript) and parent.slice is use and isinstance(parent.ctx, ast.Store):
        return not _KEEPERS.isdisjoint(words(last_name(parent.value)))
    return isinstance(parent, ast.Return) and _makes(function.name)
