"""An answer holds a key, a password or the configuration.

## What is wrong

A view returns a signing key, a stored password or its hash, another service's API key, or the whole configuration or
environment.

## Why it matters

Who reads the signing key makes tokens for anybody; who reads a password tries it elsewhere. An answer is kept by
browsers, proxies and test scripts, and shown to people for whom it was not meant (ASVS 5.0.0 14.2.6, OWASP API3:2023,
CWE-200).

## Bad

    return jsonify(user=user.name, password=user.password)

    return jsonify(dict(app.config))

## Good

    return jsonify(user=user.name)

A schema names what goes out; all else stays in. A new API key is shown once, in the answer that makes it.

## References

ASVS 5.0.0 14.2.6; OWASP API3:2023; CWE-200, CWE-522.
"""

from __future__ import annotations

import ast
import json
import re
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.source import Definition, Function, Module, Project, within
from stopper.observe.source.answers import reaches_client
from stopper.observe.source.flows import Says, credential, last_name, place, words
from stopper.observe.views import Exchange, Response
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence
from stopper.secret import recognise

CONTROL = Control(
    id="BT310",
    name="secret_in_answer",
    severity=Severity.HIGH,
    title="An answer holds a key, a password or the configuration",
    witnesses="W S",
    requirements=("L15", "L18"),
    labels=("secret_in_response",),
    cwe=(200, 522),
)

_SECRET = frozenset({Says.SECRET, Says.PASSWORD})
_SERIALIZERS = frozenset(
    "to_dict to_json as_dict serialize serialized to_representation asdict json to_object toobject".split()
)
_PASSWORDS = frozenset({"password", "password_hash", "hashed_password", "passwd", "pwd"})
_BEARERS = frozenset("token access_token refresh_token auth_token session_token reset_token jwt_token".split())
"""Columns of tokens that are presented as they stand there."""
_TYPED = frozenset("form forms fields errors config settings schema".split())
_BY_MAIL = frozenset({"token", "code", "link", "url", "otp"})
_ENROLLING = frozenset("totp otp mfa twofactor fa qr authenticator provisioning".split())
"""Words of functions that show a new secret to its owner once, as they must."""
_LOWER = frozenset({"config", "environ", "secret_key"})
_WHOLE = frozenset({"flask.Flask.config", "os.environ"})


_READ = 262_144
_DEPTH = 6
_HASHES = re.compile(
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$v=\d+\$[^\s\"\\]{20,}|\$[56]\$[^\s\"\\]{40,}"
    r"|(?:pbkdf2:sha\d+(?::\d+)?|scrypt:\d+:\d+:\d+)\$[^\s$\"\\]{4,}\$[0-9a-f]{32,}|pbkdf2_sha\d+\$\d+\$[^\s\"\\]{20,}"
)
"""Passwords as bcrypt, Argon2, crypt, Werkzeug and Django keep them."""

_KEPT_BACK = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|password_hash|hashed_password|passphrase|secret_key|signing_key|private_key|jwt_secret)$"
)
_NO_VALUE = re.compile(
    r"(?:[*x•.#-]+|string|password|null|none|true|false|\[?redacted\]?|https?:.*|/.*)", re.IGNORECASE
)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at what the successful answers of known operations hold; one without a secret contradicts no source."""
    response, endpoint = exchange.response, exchange.endpoint
    if not response or not endpoint or not response.body or not succeeded(exchange):
        return
    what = _held(response)
    yield Verdict(
        kept=not what,
        message=f"the answer of {endpoint} holds {what}" if what else f"the answer of {endpoint} holds no secret",
        endpoints=(endpoint,),
        evidence=(evidence("the answer", exchange),) if what else (),
        strength=Strength.PROVEN if what else Strength.CLAIMED,
    )


def _held(response: Response) -> str:
    """Return what secret an answer holds, an empty text where none was recognised."""
    text = response.text[:_READ]
    if _HASHES.search(text):
        return "the hash of a password"
    if "PRIVATE KEY" in text and any(match.kind == "private key" for match in recognise(text)):
        return "a private key"
    try:
        names = _kept_back(json.loads(response.body), _DEPTH) if len(response.body) <= _READ else iter(())
        return next((f"`{name}`" for name in names), "")
    except (ValueError, RecursionError):
        return ""


def _kept_back(value: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict):
        for name, member in value.items():
            spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")
            if not isinstance(member, str):
                yield from _kept_back(member, depth - 1)
            elif (
                len(member) >= 4
                and " " not in member
                and _KEPT_BACK.search(spelled)
                and not _NO_VALUE.fullmatch(member)
            ):
                yield name[:40]
    elif depth and isinstance(value, list):
        for member in value[:50]:
            yield from _kept_back(member, depth - 1)


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at what answers are made of for secrets of the configuration, stored passwords and whole records."""
    if not module.mentions("passw", "secret", "api_key", "apikey", "_key", "config", "environ", "token", "salt"):
        return
    seen: set[int] = set()
    for node, what in (*_settings(module), *_members(module), *_records(module), *_shown(module), *_salted(module)):
        line: int = getattr(node, "lineno", 0)
        if line not in seen:
            seen.add(line)
            yield from _broken(module, node, f"{what} goes to the client")


# --------------------------------------------------------------------------- the program's own secrets


def _settings(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in _perhaps(module):
        whole = _whole(module, node)
        what = "the whole configuration or environment" if whole is not None else _setting(module, node)
        if what and module.function_of(node) is not None and reaches_client(module, node if whole is None else whole):
            yield node, what
    for call in module.nodes(ast.Call):
        what = _fetched(module, call)
        if what and module.function_of(call) is not None and reaches_client(module, call):
            yield call, what


def _perhaps(module: Module) -> Iterator[ast.Attribute | ast.Name | ast.Subscript]:
    """Yield the expressions whose letters allow that they are a setting or all of them: cheap, most are not."""
    yield from (node for node in module.nodes(ast.Attribute) if node.attr.isupper() or node.attr in _LOWER)
    yield from (node for node in module.nodes(ast.Name) if node.id.isupper() or node.id in _LOWER)
    yield from (node for node in module.nodes(ast.Subscript) if isinstance(node.slice, ast.Constant))


def _whole(module: Module, node: ast.AST) -> ast.expr | None:
    """Return the expression that stands for all settings: `app.config`, its copy or its items; None for any other."""
    if not isinstance(node, ast.Attribute) or node.attr not in ("config", "environ"):
        return None
    parent = module.parent(node)
    if isinstance(parent, ast.Subscript | ast.Compare) or _given_to_page(module, node):
        return None
    whole: ast.expr = node
    if isinstance(parent, ast.Attribute):
        call = module.parent(parent)
        if parent.attr not in ("copy", "items") or not isinstance(call, ast.Call):
            return None
        whole = call
    if isinstance(module.parent(whole), ast.comprehension):
        return None
    return whole if module.qualified(node) in _WHOLE else None


def _given_to_page(module: Module, node: ast.AST) -> bool:
    calls = (outer for outer in module.ancestors(node) if isinstance(outer, ast.Call))
    return any(last_name(call) in ("render_template", "render_template_string") for call in calls)


def _setting(module: Module, node: ast.Attribute | ast.Name | ast.Subscript) -> str:
    """Return what secret of the program an expression is, "" for any other."""
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return _named(key) if last_name(node.value) in ("config", "environ") else ""
    if isinstance(module.parent(node), ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return ""
    name = last_name(node)
    if isinstance(node, ast.Attribute) and name == "secret_key":
        return "the application's secret key" if module.qualified(node.value) == "flask.Flask" else ""
    if not name.isupper() or len(name) < 5:
        return ""
    told = name.endswith(("_KEY", "_TOKEN")) and not name.endswith("ACCESS_KEY") and _known(module, node)
    return _named(name) or (f"`{name}`" if told else "")


def _fetched(module: Module, call: ast.Call) -> str:
    """Return what secret `config.get("X")`, `getenv("X")` or `getattr(settings, "X")` fetches, "" for any other."""
    name, key = last_name(call), None
    if name == "get" and call.args and isinstance(call.func, ast.Attribute):
        key = call.args[0] if last_name(call.func.value) in ("config", "environ") else None
    elif name == "getenv" and call.args:
        key = call.args[0]
    elif name == "getattr" and len(call.args) > 1:
        key = call.args[1]
    value = module.constant(key) if key is not None else None
    return _named(value) if isinstance(value, str) and value.isupper() else ""


def _named(name: object) -> str:
    return f"`{name}`" if isinstance(name, str) and credential(name) in _SECRET else ""


def _known(module: Module, node: ast.expr) -> bool:
    """Tell whether a constant has the form of a well-known service's secret key."""
    value = module.constant(node)
    return isinstance(value, str) and any(recognise(value))


# --------------------------------------------------------------------------- members of answers


def _members(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for holder in module.nodes(ast.Dict):
        for key, value in zip(holder.keys, holder.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield from _member(module, holder, key.value, value)
    for call in module.nodes(ast.Call):
        if last_name(call) in ("jsonify", "dict"):
            for keyword in call.keywords:
                if keyword.arg:
                    yield from _member(module, keyword.value, keyword.arg, keyword.value)
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        key = target.slice if isinstance(target, ast.Subscript) else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield from _member(module, assign.value, key.value, assign.value)


def _member(module: Module, holder: ast.expr, key: str, value: ast.expr) -> Iterator[tuple[ast.AST, str]]:
    function = module.function_of(holder)
    if function is not None and _of_row(module, function, value):
        yield value, f"`{key}`, which works for whoever reads the row's record,"
        return
    if function is not None and _sent_by_mail(key) and not isinstance(value, ast.Constant | ast.Compare):
        if reaches_client(module, holder):
            yield value, f"`{key}`, which only the owner of an address should get,"
        return
    if function is None or not _tells(key) or not _stored(value) or _enrolls(module, function):
        return
    if isinstance(value, ast.Name) and _made_here(function, value.id):
        return
    serialized = function.name.strip("_") in _SERIALIZERS and module.class_of(function) is not None
    if _is_api_key(key) and not (serialized or _cut(value)):
        return
    if serialized or reaches_client(module, holder):
        yield value, f"`{key}`"


def _of_row(module: Module, function: Function, value: ast.expr) -> bool:
    """Tell whether a table's method puts the token that its row keeps into the record that it makes for clients."""
    if not isinstance(value, ast.Attribute) or last_name(value.value) != "self" or value.attr not in _BEARERS:
        return False
    owner = module.class_of(function) if function.name.strip("_") in (*_SERIALIZERS, "json", "dict") else None
    return owner is not None and any(_is_column(each, value.attr) for each in owner.body)


def _is_column(statement: ast.stmt, name: str) -> bool:
    made = statement.value if isinstance(statement, ast.Assign) else None
    column = isinstance(made, ast.Call) and last_name(made) in ("Column", "mapped_column")
    return column and isinstance(statement, ast.Assign) and last_name(statement.targets[0]) == name


def _salted(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield the answers that show how a password is kept: its hash beside the salt."""
    if "salt" not in module.text:
        return
    for mapping in module.nodes(ast.Dict):
        keys = {key.value: value for key, value in zip(mapping.keys, mapping.values, strict=True) if _written(key)}
        shown = next((value for key, value in keys.items() if words(key)[-1:] in (("hash",), ("hashed",))), None)
        if "salt" not in keys or shown is None or isinstance(shown, ast.Call | ast.Constant):
            continue
        if module.function_of(mapping) is not None and reaches_client(module, mapping):
            yield mapping, "the hash of a password with its salt"


def _written(key: ast.expr | None) -> TypeGuard[ast.Constant]:
    return isinstance(key, ast.Constant) and isinstance(key.value, str)


def _tells(key: str) -> bool:
    """Tell whether a member of this name holds a secret that no client needs."""
    parts = words(key)
    if parts[-2:] in (("password", "hash"), ("hashed", "password")):
        return True
    if parts[-1:] == ("preview",):
        parts = parts[:-1]
    if _is_api_key("_".join(parts)):
        return True
    return credential("_".join(parts)) in _SECRET and "client" not in parts


def _sent_by_mail(key: str) -> bool:
    """Tell whether a member of this name lets whoever has it choose a new password: it is for a mail, not an answer."""
    parts = words(key)
    return "reset" in parts and parts[-1] in _BY_MAIL


def _shown(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield the passwords of records that are put into an answer as they are: `f"{user.password} is wrong"`."""
    for node in module.nodes(ast.Attribute):
        if node.attr not in _PASSWORDS or not isinstance(node.ctx, ast.Load):
            continue
        told = words(last_name(node.value))
        outer = module.parent(node)
        if isinstance(outer, ast.Attribute | ast.Dict | ast.keyword) or not _TYPED.isdisjoint(told):
            continue
        if module.function_of(node) is not None and reaches_client(module, node):
            yield node, f"`{last_name(node.value)}.{node.attr}`"


def _is_api_key(key: str) -> bool:
    return words(key.removesuffix("_preview"))[-2:] == ("api", "key") or words(key)[-1:] == ("apikey",)


def _stored(value: ast.expr) -> bool:
    """Tell whether a value is read from somewhere, and is no message, form error or new secret."""
    while isinstance(value, ast.IfExp | ast.BinOp | ast.Subscript):
        if isinstance(value, ast.Subscript) and not isinstance(value.slice, ast.Slice):
            return "error" not in last_name(value.value).lower()
        value = _first_part(value)
    name = last_name(value)
    if not isinstance(value, ast.Name | ast.Attribute) or not _tells(name):
        return False
    holder = value.value if isinstance(value, ast.Attribute) else None
    return last_name(holder) not in ("form", "fields", "errors")


def _first_part(value: ast.IfExp | ast.BinOp | ast.Subscript) -> ast.expr:
    if isinstance(value, ast.IfExp):
        return value.body
    return value.left if isinstance(value, ast.BinOp) else value.value


def _made_here(function: Function, name: str) -> bool:
    """Tell whether a variable holds what a call of this function has just made, not what a request brought."""
    for node in within(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            filled = {each.id for target in node.targets for each in within(target) if isinstance(each, ast.Name)}
            if name in filled and last_name(node.value) not in ("get", "pop", "getlist"):
                return True
    return False


def _cut(value: ast.expr) -> bool:
    return any(isinstance(each, ast.Slice) for each in within(value))


def _enrolls(module: Module, function: Function) -> bool:
    owner = module.class_of(function)
    told = {*words(function.name), *(words(owner.name) if owner is not None else ())}
    return not _ENROLLING.isdisjoint(told)


# --------------------------------------------------------------------------- whole records

_KEEPERS: weakref.WeakKeyDictionary[Project, frozenset[ast.AST]] = weakref.WeakKeyDictionary()


def _records(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield the records that are answered whole although a password is read from their like elsewhere."""
    if "jsonify" not in module.text:
        return
    for call in module.nodes(ast.Call):
        for argument in call.args if last_name(call) == "jsonify" else ():
            maker = _maker(module, argument) if isinstance(argument, ast.Name) else None
            if maker is None or maker.node not in _keepers(module.project):
                continue
            if not _taken_out(module, argument):
                yield call, f"a whole record with its password, of `{maker.node.name}`,"


def _maker(module: Module, name: ast.expr) -> Definition | None:
    """Return the project's function whose answer a variable holds, None where it is not one."""
    function = module.function_of(name)
    if function is None or not isinstance(name, ast.Name):
        return None
    for node in within(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name.id:
            target = module.resolve(node.value.func) if isinstance(node.value, ast.Call) else None
            if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
                return target
    return None


_READS = re.compile(r"""(?:\[|get\()\s*\w?["'][^"'\n]*password""")
"""How a record's password is read, as text: most files that speak of passwords read none."""


def _keepers(project: Project) -> frozenset[ast.AST]:
    """Return the functions that answer with records in which somebody looks up a password."""
    if project not in _KEEPERS:
        found = (maker for each in project.modules if _READS.search(each.text) for maker in _read_for_password(each))
        _KEEPERS[project] = frozenset(maker.node for maker in found)
    return _KEEPERS[project]


def _read_for_password(module: Module) -> Iterator[Definition]:
    for node in module.nodes(ast.Subscript, ast.Call):
        if _password_of(node):
            holder = node.value if isinstance(node, ast.Subscript) else getattr(node.func, "value", None)
            maker = _maker(module, holder) if isinstance(holder, ast.Name) else None
            if maker is not None:
                yield maker


def _password_of(node: ast.Subscript | ast.Call) -> bool:
    if isinstance(node, ast.Call):
        key: ast.expr | None = node.args[0] if last_name(node) == "get" and node.args else None
    else:
        key = node.slice if isinstance(node.ctx, ast.Load) else None
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and credential(key.value) is Says.PASSWORD


def _taken_out(module: Module, name: ast.expr) -> bool:
    """Tell whether the function takes a member out of its record, or puts another in its place, before it answers."""
    function = module.function_of(name)
    for node in within(function) if function is not None else ():
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Del | ast.Store):
            return True
        if isinstance(node, ast.Call) and last_name(node) == "pop" and isinstance(node.func, ast.Attribute):
            return True
    return False


def _broken(module: Module, node: ast.AST, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
    )
