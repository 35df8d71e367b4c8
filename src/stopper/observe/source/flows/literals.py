"""Secrets that are written in the source: as they are, or as what is taken where a setting is missing."""

from __future__ import annotations

import ast
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.flows import analysis
from stopper.observe.source.flows.jose import Act
from stopper.observe.source.flows.naming import Says, words
from stopper.observe.source.flows.secret_names import (
    ELSEWHERE,
    driver_password,
    is_secret,
    means_secret,
    opens,
    strength,
)
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.labels import bare, label
from stopper.secret import Secret

if TYPE_CHECKING:
    from stopper.observe.source.module import Module


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A signing key, client secret or API key in the source.

    `anchor` is where it is given its name, `node` the literal itself (None where the setting has none: then it comes
    from outside and `value` is empty), `name` what it is called. `default` says that it only stands in for a missing
    setting, `refused` that the program refuses to run with it.
    """

    anchor: ast.AST
    node: ast.expr | None
    name: str
    value: Secret
    default: bool = False
    refused: bool = False


_CALLED_FOR_SETTINGS = frozenset(
    {"decouple.AutoConfig", "decouple.Config", "decouple.config", "dynaconf.Dynaconf", "dynaconf.LazySettings"}
    | {"environs.Env", "environ.Env", "starlette.config.Config"}
)
"""Objects that are themselves called with a setting's name."""

_FIELDS = frozenset({"Field", "field", "attrib", "ib"})
_ENVIRONMENTS = frozenset(
    "environ env config settings setting conf cfg os environment getenv configuration options".split()
)
_GETTERS = frozenset({"get", "getenv", "setdefault", "str", "config", "env", "get_env", "getattr", "pop", "string"})
_OUTSIDE = frozenset({"environ", "getenv", "token_hex", "token_urlsafe", "token_bytes", "urandom", "read_text"})
_SERIALIZERS = ("Serializer", "Signer")
_SPEAKS = (
    "secret",
    "_key",
    "apikey",
    "token",
    "jwt",
    "signer",
    "hmac",
    "itsdangerous",
    "'key'",
    '"key"',
    "passw",
    "pwd",
    "_url",
    "_uri",
    "dsn",
)
_NO_CREDENTIAL = frozenset(
    "null none undefined nil bearer basic digest token false true invalid access refresh password jwt confirm reset "
    "optional required string text hidden".split()
)
"""Texts that are compared with a token or a password and are none: kinds, placeholders, what is forbidden."""
_HOST = re.compile(r"(?:^|_)(?:host|hostname|server|host_name)$")
_PASSWORD = re.compile(r"(?:^|_)(?:password|passwd|pwd)$")
_LOGS_IN = re.compile(r"(?:password|passwd|pwd)['\"]?\]?\s*[:=]\s*['\"]", re.I)
_CONNECTS = re.compile(r"[;'\"]\s*(?:pwd|password)\s*=\s*[^;{}<\s]", re.I)
_STANDS_IN = re.compile(r"your|change|example|placeholder|insert|todo|xxx|\*\*|<|\{|\$", re.I)


_FOUND: weakref.WeakKeyDictionary[Module, tuple[Literal, ...]] = weakref.WeakKeyDictionary()


def literals(module: Module) -> tuple[Literal, ...]:
    """Return the secrets that a module's source holds, and those that it takes from outside, each place once."""
    if module not in _FOUND:
        _FOUND[module] = _literals(module)
    return _FOUND[module]


def _literals(module: Module) -> tuple[Literal, ...]:
    if not module.mentions(*_SPEAKS):
        return ()
    found: dict[tuple[int, int], Literal] = {}
    for literal in (*_named(module), *_used_as_keys(module), *_compared(module), *_connected(module), *_beside(module)):
        node = literal.node or literal.anchor
        position = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        known = found.get(position)
        if known is None or (literal.default and not known.default):
            found[position] = literal
    return tuple(found.values())


# --------------------------------------------------------------------------- by their names


def _named(module: Module) -> Iterator[Literal]:
    for assign in module.nodes(ast.Assign):
        for target in assign.targets:
            name = _target(target)
            if name and means_secret(name):
                yield from _judged(module, name, assign.value, assign)
    for annotated in module.nodes(ast.AnnAssign):
        name = _target(annotated.target)
        value = annotated.value or _annotated(annotated.annotation)
        if name and value is not None and means_secret(name):
            yield from _judged(module, name, value, annotated, _settings(module, annotated))
    for call in module.nodes(ast.Call):
        for keyword in call.keywords:
            if keyword.arg and means_secret(keyword.arg):
                yield from _judged(module, keyword.arg, keyword.value, keyword)
        yield from _setting_default(module, call)
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and means_secret(key.value):
                yield from _judged(module, key.value, value, key)
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
        pairs.extend((a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None)
        for argument, default in pairs:
            if means_secret(argument.arg):
                yield from _judged(module, argument.arg, default, argument, default=True)


def _annotated(annotation: ast.expr) -> ast.expr | None:
    """Return the field in `Annotated[str, Field(default=…)]`."""
    parts = (
        annotation.slice.elts
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple)
        else []
    )
    return next((each for each in parts if isinstance(each, ast.Call) and last_name(each.func) in _FIELDS), None)


def _target(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return target.slice.value if isinstance(target.slice.value, str) else ""
    return ""


def _judged(module: Module, name: str, value: ast.expr, anchor: ast.AST, default: bool = False) -> Iterator[Literal]:
    fallback = _fallback(module, value)
    given, default = (value, default) if fallback is None else (fallback, True)
    text = _text(given)
    if text and is_secret(name, text, default):
        yield Literal(anchor, given, name, Secret(text), default, _refused(module, text))
    elif not text and strength(name) == 2 and (_from_outside(value) or _reads_setting(module, value)):
        yield Literal(anchor, None, name, Secret(""))


def _text(node: ast.expr) -> str | None:
    """Return a literal's text: a constant, encoded or wrapped or not."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bytes):
            return node.value.decode("latin-1")
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "strip"):
            return _text(node.func.value)
        if _wraps(node):
            return _text(node.args[0])
    return None


def _wraps(call: ast.Call) -> bool:
    """Tell whether a call only changes the type of its first argument; `env.str()` asks the environment for it."""
    plain = isinstance(call.func, ast.Name) and call.func.id in ("bytes", "str", "SecretStr")
    return bool(call.args) and (plain or last_name(call.func) in ("import_key", "b64decode"))


def _settings(module: Module, node: ast.AnnAssign) -> bool:
    """Tell whether an attribute belongs to a settings class, which the environment overrides."""
    owner = module.parent(node)
    return isinstance(owner, ast.ClassDef) and any(last_name(base).endswith("Settings") for base in owner.bases)


# --------------------------------------------------------------------------- what stands in for a missing setting


def _fallback(module: Module, value: ast.expr) -> ast.expr | None:
    """Return the literal that is taken where what is asked for is missing."""
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        last = value.values[-1]
        return last if _text(last) is not None else _fallback(module, last)
    if isinstance(value, ast.IfExp):
        return value.orelse if _text(value.orelse) is not None and _text(value.body) is None else None
    if not isinstance(value, ast.Call):
        return None
    if isinstance(value.func, ast.Attribute) and value.func.attr in ("encode", "strip"):
        return _fallback(module, value.func.value)
    if _wraps(value):
        return _fallback(module, value.args[0])
    if last_name(value.func) in _FIELDS:
        return _field_default(value)
    default = _asked(value)[1] if _reads_setting(module, value) else None
    inner = _fallback(module, default) if default is not None and _text(default) is None else None
    return inner if inner is not None else default


def _field_default(field: ast.Call) -> ast.expr | None:
    """Return what a field is where nothing is given: its default, or what its factory returns."""
    for keyword in field.keywords:
        if keyword.arg == "default":
            return keyword.value
        if keyword.arg == "default_factory" and isinstance(keyword.value, ast.Lambda):
            return keyword.value.body
    return field.args[0] if field.args else None


def _reads_setting(module: Module, call: ast.expr) -> bool:
    """Tell whether an expression asks the environment, a settings object or a configuration file for a setting."""
    if not isinstance(call, ast.Call):
        return False
    made = module.resolve(call.func)
    if isinstance(made, names.Instance) and module.qualified(call.func) in _CALLED_FOR_SETTINGS:
        return True
    if _from_section(call):
        return True
    name, func = last_name(call.func), call.func
    if isinstance(func, ast.Attribute) and name in _GETTERS:
        return last_name(func.value).lower().strip("_") in _ENVIRONMENTS or name == "getenv"
    if "env" not in name.lower() and "setting" not in name.lower() and "conf" not in name and name != "getattr":
        return False
    told = words(name)
    return name in ("getenv", "config", "env", "getattr") or (
        "get" in told and not {"env", "setting", "config"}.isdisjoint(told)
    )


def _asked(call: ast.Call) -> tuple[str, ast.expr | None]:
    """Return the setting's name and the default of a call that reads a setting."""
    second = last_name(call.func) == "getattr" or _from_section(call)
    arguments = call.args[1:] if second else call.args
    key = arguments[0].value if arguments and isinstance(arguments[0], ast.Constant) else ""
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("default", "failobj", "fallback")]
    default = next(iter([*given, *arguments[1:2]]), None)
    return (key if isinstance(key, str) else ""), default


def _from_section(call: ast.Call) -> bool:
    """Tell whether a call is configparser's `get(section, option, fallback=…)`."""
    return len(call.args) == 2 and any(keyword.arg == "fallback" for keyword in call.keywords)


def _setting_default(module: Module, call: ast.Call) -> Iterator[Literal]:
    """Yield the default of a setting whose own name is a secret's, wherever its value goes."""
    if not any(isinstance(argument, ast.Constant) for argument in call.args[:2]):
        return
    key, default = _asked(call)
    if default is not None and key and means_secret(key) and _reads_setting(module, call):
        text = _text(default)
        if text is not None and is_secret(key, text, True):
            yield Literal(call, default, key, Secret(text), True, _refused(module, text))


def _from_outside(value: ast.expr) -> bool:
    """Tell whether a secret comes from the environment, a file or a generator."""
    return any(last_name(node) in _OUTSIDE for node in ast.walk(value))


def _refused(module: Module, text: str) -> bool:
    """Tell whether the project refuses to run with this value: it is compared with it, and the branch raises."""
    for other in module.project.holding(text):
        for test in other.nodes(ast.Compare):
            sides = (test.left, *test.comparators)
            if not any(other.constant(side) == text for side in sides if isinstance(side, ast.Constant | ast.Name)):
                continue
            branch = next((outer for outer in other.ancestors(test) if isinstance(outer, ast.stmt)), None)
            if isinstance(branch, ast.If) and any(_ends(statement) for statement in branch.body):
                return True
    return False


def _ends(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return True
    return isinstance(statement, ast.Expr) and last_name(statement.value) in ("exit", "_exit", "abort", "fatal")


# --------------------------------------------------------------------------- by their use


def _used_as_keys(module: Module) -> Iterator[Literal]:
    for call in analysis.of(module).calls:
        if call.library != "itsdangerous" and call.act in (Act.SIGN, Act.VERIFY):
            key = call.arguments.get("key")
            if key is not None:
                yield from _as_key(module, key, f"the key of {call.library}")
    aliases = analysis.of(module).aliases
    for made in module.nodes(ast.Call):
        written = last_name(made.func)
        name = aliases.get(written, written)
        if name.endswith(_SERIALIZERS) and made.args:
            if (module.qualified(made.func) or "").startswith("itsdangerous"):
                yield from _as_key(module, made.args[0], f"the key of {name}")
        elif name in ("new", "digest") and made.args and module.qualified(made.func) in ("hmac.new", "hmac.digest"):
            yield from _as_key(module, made.args[0], "an HMAC key")


def _compared(module: Module) -> Iterator[Literal]:
    """Yield the texts that let a caller in who presents them: `token == "…"`, `password != "…"`."""
    for compare in module.nodes(ast.Compare):
        if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq | ast.NotEq):
            continue
        for presented, known in ((compare.left, compare.comparators[0]), (compare.comparators[0], compare.left)):
            text = known.value if isinstance(known, ast.Constant) else None
            if isinstance(text, str) and _lets_in(module, compare, presented, text):
                yield Literal(compare, known, f"the {label(module, bare(presented))} that is let in", Secret(text))


def _lets_in(module: Module, compare: ast.Compare, presented: ast.expr, text: str) -> bool:
    """Tell whether a caller's token or password is held against a text, and whoever has it goes on."""
    function = module.function_of(compare)
    says = analysis.of(module).credential(label(module, bare(presented)), function)
    plain = text.strip().lower()
    if says not in (Says.TOKEN, Says.PASSWORD) or function is None or len(plain) < 4 or " " in plain:
        return False
    if plain in _NO_CREDENTIAL or _STANDS_IN.search(plain):
        return False
    if says is Says.TOKEN and not re.search(r"[a-z]{3}|\d{3}", plain):
        return False
    branch = next((outer for outer in module.ancestors(compare) if isinstance(outer, ast.stmt)), None)
    refuses = isinstance(branch, ast.If) and any(_ends(statement) for statement in branch.body)
    return isinstance(compare.ops[0], ast.NotEq) or not refuses


def _connected(module: Module) -> Iterator[Literal]:
    """Yield the texts with a password by which a driver connects to another machine."""
    if not _CONNECTS.search(module.text):
        return
    for text in module.nodes(ast.Constant):
        password = driver_password(text.value) if isinstance(text.value, str) else ""
        if password:
            yield Literal(text, text, "the password of a connection", Secret(password))


def _beside(module: Module) -> Iterator[Literal]:
    """Yield the passwords that are written beside the address of the machine that they open: in settings or a call."""
    if not _LOGS_IN.search(module.text):
        return
    given: list[list[tuple[str, ast.expr, ast.AST]]] = [
        [(_target(each.targets[0]), each.value, each) for each in module.nodes(ast.Assign)]
    ]
    given.extend([(each.arg or "", each.value, each) for each in call.keywords] for call in module.nodes(ast.Call))
    for mapping in module.nodes(ast.Dict):
        pairs = zip(mapping.keys, mapping.values, strict=True)
        given.append([(str(key.value), value, key) for key, value in pairs if isinstance(key, ast.Constant)])
    for group in given:
        machines = {_HOST.sub("", name.lower()): value for name, value, _ in group if _HOST.search(name.lower())}
        for name, value, anchor in group if machines else ():
            machine = machines.get(_PASSWORD.sub("", name.lower())) if _PASSWORD.search(name.lower()) else None
            text, address = _text(value), module.constant(machine) if machine is not None else None
            if text and isinstance(address, str) and opens(address, text):
                yield Literal(anchor, value, name, Secret(text))


def _as_key(module: Module, key: ast.expr, name: str) -> Iterator[Literal]:
    anchor: ast.AST = key
    if isinstance(key, ast.Name):
        found = names.bindings_of(module, key, key.id)
        written = [binding.value for binding in found[1] if isinstance(binding, names.Assigned)] if found else []
        if len(written) != 1:
            return
        anchor, key = module.parent(written[0]) or written[0], written[0]
    fallback = _fallback(module, key)
    text = _text(fallback if fallback is not None else key)
    if text and text.strip() and not ELSEWHERE.match(text.strip()):
        yield Literal(anchor, fallback or key, name, Secret(text), fallback is not None, _refused(module, text))
