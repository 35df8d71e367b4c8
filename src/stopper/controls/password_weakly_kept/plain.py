"""Passwords that are stored, or compared with what is stored, as they were typed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from stopper.controls.password_weakly_kept.naming import hashing, password
from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import last_name, reading, words
from stopper.observe.source.flows.library import EXECUTES
from stopper.observe.source.labels import label
from stopper.observe.source.models import column, overloaded, plain, with_column
from stopper.observe.source.names import Assigned, Parameter, bindings_of

Found = tuple[ast.AST, str]

_CONFIGURED = frozenset("config settings conf cfg environ env options opts constants setting".split())
_ELSEWHERE = frozenset(
    "smtp mail proxy redis ldap upstream external registry bind ssh sudo rabbitmq mysql postgres broker".split()
)
"""Words of a password with which this program logs in elsewhere: it must be kept to be used."""
_AGAIN = frozenset(
    "confirm confirmation confirmed repeat repeated again retype retyped verify verification second two 1 2 new old "
    "default dummy empty min max length placeholder match".split()
)
_STORED = frozenset("real stored db user saved actual correct expected existing database true".split())
_RECORDS = frozenset("self user account member customer record row instance obj entity".split())
_SLOW_HASHES = ("password_hash", "hashpw", "bcrypt", "argon2", "scrypt", "pbkdf2", "passlib", "hash_password")
_CONNECTS = frozenset("connect connection client engine url uri dsn server pool driver".split())
"""Words of what is made to log in elsewhere."""
_ABROAD = _CONNECTS | _ELSEWHERE
_INPUT = frozenset(
    "form data body payload request req args params credentials creds json login input auth values content post "
    "schema info document attempt".split()
)
_USERS = frozenset("user account member customer".split())
_TABLES = frozenset("users user accounts passwords credentials members logins customers".split())
_ROWS = frozenset("row record result user account member data fetched".split())
_EQUAL = frozenset({"safe_str_cmp", "compare_digest"})
_LOOKS_UP = frozenset({"filter_by", "find_one", "find", "get_or_none", "first_or_none", "get_by", "count_documents"})
_KEEPS = frozenset({"insert_one", "insert_many", "insert", "replace_one", "put_item", "append", "save", "dump", "add"})
_KEEPING = frozenset({"save", "insert", "store", "create", "add", "write"})
_WHERE = re.compile(r"\bwhere\b[^;]*\b(?:password|passwd|pwd|pass)\s*=\s*['\"]?$", re.IGNORECASE | re.DOTALL)
_MATCHED = re.compile(
    r"\bwhere\b.*\b(?:password|passwd|pwd)\s*=\s*(?:['\"]?(?:\?|%s|:\w+|%\(|\{)|['\"]\s)", re.I | re.S
)
_WRITTEN = re.compile(
    r"\binsert\s+into\b[^)]*\b(?:password|passwd|pwd)\b|\bset\b[^;]*?\b(?:password|passwd|pwd)\s*=", re.I
)
_WRITES = re.compile(
    r"^\s*(?:insert\s+into\b.*\bvalues\b|update\b.*\bset\b.*\b(?:password|passwd|pwd)\s*=\s*['\"]?$)", re.I | re.S
)
_HASHING_METHODS = re.compile(
    r"^(__init__|__setattr__|save|create|set_\w+|_set_\w+|before_\w+|validate\w*|\w*hash\w*)$"
)


# --------------------------------------------------------------------------- as it was typed


def typed(module: Module, node: ast.AST) -> bool:
    """Tell whether an expression is a password as a user typed it: nothing on its way here has hashed it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("strip", "encode"):
        return typed(module, node.func.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str" and node.args:
        return typed(module, node.args[0])
    if not password(module, node) or not _ELSEWHERE.isdisjoint(words(label(module, node))):
        return False
    if not isinstance(node, ast.Name):
        return not _configured(node) and not _of_record(module, node)
    found = bindings_of(module, node, node.id)
    if found is None or node.id.isupper():
        return False
    filled = [each for each in found[1] if not (isinstance(each, Assigned) and _empty(each.value))]
    return bool(filled) and all(_as_typed(module, binding) for binding in filled)


def _empty(value: ast.expr) -> bool:
    """Tell whether a variable only begins with a value: `password = ""` before the form is read."""
    return isinstance(value, ast.Constant) and not value.value


def _of_record(module: Module, node: ast.AST) -> bool:
    """Tell whether an expression is what an object holds, in a project that hashes: `user.password` may be a hash."""
    if not isinstance(node, ast.Attribute) or last_name(node.value) not in _RECORDS:
        return False
    return any(each.mentions(*_SLOW_HASHES) for each in module.project.modules)


def _as_typed(module: Module, binding: object) -> bool:
    if isinstance(binding, Assigned):
        value = binding.value
        if isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and not password(module, value)):
            return False
        return not any(_hashes(part) for part in within(value)) and not _configured(value)
    if isinstance(binding, Parameter) and isinstance(binding.function, ast.FunctionDef | ast.AsyncFunctionDef):
        return not _given_hashed(module, binding.function, binding.argument.arg)
    return False


def _hashes(node: ast.AST) -> bool:
    """Tell whether a call, or the name of a value, says that the password is hashed there, or was made here."""
    if isinstance(node, ast.Call):
        made = {"generate", "random", "make", "choice", "join", "token", "urandom", "getenv"} & set(
            words(last_name(node))
        )
        return bool(made) or hashing(last_name(node))
    return isinstance(node, ast.Name | ast.Attribute) and hashing(last_name(node))


def _given_hashed(module: Module, function: Function, name: str) -> bool:
    """Tell whether a caller hands a digest over under the name of a password."""
    for _, _, call in reading.callers(module, function):
        position = [argument.arg for argument in function.args.args].index(name) if _has(function, name) else -1
        given = [each.value for each in call.keywords if each.arg == name]
        given.extend(call.args[position : position + 1] if position >= 0 else [])
        given.extend(
            call.args[position - 1 : position] if position > 0 and isinstance(call.func, ast.Attribute) else []
        )
        if any(_hashes(part) for each in given for part in within(each)):
            return True
    return False


def _has(function: Function, name: str) -> bool:
    return any(argument.arg == name for argument in function.args.args)


def _configured(node: ast.AST) -> bool:
    """Tell whether a password comes from the configuration: the operator's own, not a user's."""
    told = {
        word for part in within(node) if isinstance(part, ast.Name | ast.Attribute) for word in words(last_name(part))
    }
    named_by = {last_name(part) for part in within(node) if isinstance(part, ast.Attribute)}
    return not _CONFIGURED.isdisjoint(told) or any(name.isupper() for name in named_by)


# --------------------------------------------------------------------------- compared


def comparisons(module: Module) -> Iterator[Found]:
    """Yield where a typed password is compared with the stored one: then what is stored is the password itself."""
    for compare in module.nodes(ast.Compare):
        if len(compare.ops) == 1 and isinstance(compare.ops[0], ast.Eq | ast.NotEq):
            sides = (compare.left, compare.comparators[0])
            if all(password(module, side) for side in sides) and _stored_and_typed(module, *sides):
                yield compare, "the password is compared as it is: it is stored in clear"
    for call in module.nodes(ast.Call):
        if last_name(call) in _EQUAL and len(call.args) == 2:
            given = [_plainly(side) for side in call.args]
            if all(password(module, side) for side in given) and _stored_and_typed(module, *given):
                yield call, "the password is compared as it is: it is stored in clear"
        if last_name(call) in _LOOKS_UP and any(typed(module, value) for value in _given(module, call)):
            yield call, f"`{last_name(call)}` looks for the password as it was typed: it is stored in clear"
    yield from _positions(module)
    for text in module.nodes(ast.JoinedStr):
        before = ""
        for part in text.values:
            if isinstance(part, ast.Constant):
                before += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                if _WHERE.search(before) and typed(module, part.value):
                    yield text, "an SQL query looks for the password as it was typed: it is stored in clear"
                before += "?"


def _positions(module: Module) -> Iterator[Found]:
    """Yield where a typed password is held against a column of a row: `row[4] != password`."""
    for compare in module.nodes(ast.Compare):
        sides = (compare.left, compare.comparators[0])
        if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq | ast.NotEq):
            continue
        for row, given in (sides, sides[::-1]):
            index = row.slice if isinstance(row, ast.Subscript) else None
            named = (
                isinstance(index, ast.Constant) and isinstance(index.value, int) and not isinstance(given, ast.Constant)
            )
            of_row = isinstance(row, ast.Subscript) and not _ROWS.isdisjoint(words(last_name(row.value)))
            if named and of_row and isinstance(given, ast.Name) and typed(module, given):
                yield compare, "the password is compared as it is: it is stored in clear"


def _plainly(side: ast.expr) -> ast.expr:
    """Return what a side of a comparison is the bytes of: `user.password.encode()`."""
    encoded = isinstance(side, ast.Call) and isinstance(side.func, ast.Attribute) and side.func.attr == "encode"
    return side.func.value if encoded and isinstance(side, ast.Call) and isinstance(side.func, ast.Attribute) else side


def _given(module: Module, call: ast.Call) -> Iterator[ast.expr]:
    """Yield what a look-up is given as a password: by keyword, in a dictionary."""
    for keyword in call.keywords:
        if keyword.arg and password(module, ast.Name(keyword.arg)):
            yield keyword.value
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            yield from _member(module, argument)


def _member(module: Module, mapping: ast.Dict) -> Iterator[ast.expr]:
    for key, value in zip(mapping.keys, mapping.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and password(module, ast.Name(key.value)):
            yield value


def _stored_and_typed(module: Module, left: ast.expr, right: ast.expr) -> bool:
    told = {*words(label(module, left)), *words(label(module, right))}
    if not _AGAIN.isdisjoint(told) or not _ELSEWHERE.isdisjoint(told) or _configured(left) or _configured(right):
        return False
    for one, other in ((left, right), (right, left)):
        if _is_stored(module, one) and (typed(module, other) if isinstance(other, ast.Name) else _is_input(other)):
            return not isinstance(one, ast.Name) or all(typed(module, side) for side in (left, right))
    return False


def _is_stored(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is a record's password: an attribute or item of what is no input."""
    if isinstance(node, ast.Name):
        return not _STORED.isdisjoint(words(node.id))
    if isinstance(node, ast.Attribute) and overloaded(module.project, node.attr):
        return False
    return not _is_input(node) and not any(isinstance(part, ast.Name) and part.id.isupper() for part in within(node))


def _is_input(node: ast.expr) -> bool:
    """Tell whether an expression is taken from what the caller sent."""
    holder = node.func if isinstance(node, ast.Call) else node
    inner = [part for part in within(holder) if isinstance(part, ast.Name | ast.Attribute)]
    told = {word for part in inner if part is not node for word in words(last_name(part))}
    return not _INPUT.isdisjoint(told)


# --------------------------------------------------------------------------- stored


def stores(module: Module) -> Iterator[Found]:
    """Yield where a typed password is written into a record, a document or a table."""
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        kept = isinstance(target, ast.Attribute) and last_name(target.value) not in ("self", "cls")
        if kept and password(module, target) and typed(module, assign.value) and _kept_by(module, target):
            yield assign, f"`{ast.unparse(target)}` keeps the password as it was typed"
        yield from _table(module, assign, target)
    for text in module.nodes(ast.JoinedStr):
        outer = module.parent(text)
        if not (isinstance(outer, ast.Call) and last_name(outer) in EXECUTES):
            yield from _written_text(module, text)
    for call in module.nodes(ast.Call):
        yield from _record(module, call)
        yield from _document(module, call)
        yield from _statement(module, call)


def _written_text(module: Module, text: ast.JoinedStr) -> Iterator[Found]:
    """Yield an SQL text that is filled with a password to write, where no execution of it is seen."""
    function = module.function_of(text)
    target = getattr(module.parent(text), "targets", [None])[0]
    name = last_name(target) if isinstance(target, ast.Name) else ""
    calls = (node for node in within(function) if isinstance(node, ast.Call)) if function is not None else ()
    if any(last_name(call) in EXECUTES and any(last_name(each) == name for each in call.args) for call in calls):
        return
    before = ""
    for part in text.values:
        if isinstance(part, ast.Constant):
            before += str(part.value)
        elif isinstance(part, ast.FormattedValue) and _WRITES.search(before) and typed(module, part.value):
            yield text, "an SQL statement writes the password as it was typed"
            return


def _table(module: Module, assign: ast.Assign, target: ast.expr) -> Iterator[Found]:
    """Yield `users[name] = password`, and the same with a record that holds it: a table in memory or in a file."""
    if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Constant):
        return
    if _TABLES.isdisjoint(words(last_name(target.value))):
        return
    kept = _written(module, assign.value)
    given = list(_member(module, kept)) if isinstance(kept, ast.Dict) else [assign.value]
    for value in given:
        if typed(module, value):
            yield value, f"`{last_name(target.value)}` keeps the password as it was typed"


def _record(module: Module, call: ast.Call) -> Iterator[Found]:
    if not last_name(call)[:1].isupper() or _logs_in_elsewhere(call):
        return
    values = [(each.arg, each.value) for each in call.keywords if each.arg and password(module, ast.Name(each.arg))]
    values.extend((label(module, value), value) for value in call.args if password(module, value))
    for name, value in values:
        kind = module.resolve(call.func) if typed(module, value) else None
        if _model(kind, name) or _kept_in_memory(kind):
            yield call, f"a `{last_name(call)}` is made with the password as it was typed"


def _document(module: Module, call: ast.Call) -> Iterator[Found]:
    """Yield the dictionary with a password that a call keeps, by itself or in a function of the project."""
    if not isinstance(call.func, ast.Attribute | ast.Name):
        return
    keeping = not _KEEPING.isdisjoint(words(last_name(call)))
    if (not keeping and last_name(call) not in _KEEPS) or _logs_in_elsewhere(call):
        return
    target = module.resolve(call.func)
    own = isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef)
    if not (own and keeping) and (own or last_name(call) not in _KEEPS):
        return
    if isinstance(target, Definition) and any(_hashes(part) for part in within(target.node)):
        return
    for argument in call.args:
        mapping = _written(module, argument)
        if isinstance(mapping, ast.Dict):
            for value in _member(module, mapping):
                if typed(module, value):
                    yield value, f"`{last_name(call)}` keeps the password as it was typed"


def _logs_in_elsewhere(call: ast.Call) -> bool:
    """Tell whether a call makes a connection, or the record of one: its password must be kept to be used."""
    return not _ABROAD.isdisjoint(words(last_name(call)))


def _written(module: Module, node: ast.expr) -> ast.expr | None:
    found = bindings_of(module, node, node.id) if isinstance(node, ast.Name) else None
    if found is None:
        return node
    only = found[1][0] if len(found[1]) == 1 else None
    return only.value if isinstance(only, Assigned) and not only.inside else None


def _statement(module: Module, call: ast.Call) -> Iterator[Found]:
    """Yield an SQL statement that is given a password to write or to look for."""
    if last_name(call) not in EXECUTES or not call.args:
        return
    query = _written(module, call.args[0])
    if query is None:
        return
    text = " ".join(p.value for p in within(query) if isinstance(p, ast.Constant) and isinstance(p.value, str))
    values = [part for argument in call.args[1:] for part in _parameters(module, argument)]
    writes = _WRITTEN.search(text)
    if isinstance(query, ast.BinOp | ast.Call) or (isinstance(query, ast.JoinedStr) and writes):
        values.extend(part for part in within(query) if isinstance(part, ast.expr))
    if (writes or _MATCHED.search(text)) and any(typed(module, value) for value in values):
        what = "writes" if writes else "looks for"
        yield call, f"an SQL statement {what} the password as it was typed"


def _parameters(module: Module, node: ast.expr) -> list[ast.expr]:
    given = _written(module, node)
    if isinstance(given, ast.Tuple | ast.List):
        return list(given.elts)
    return list(given.values) if isinstance(given, ast.Dict) else []


# --------------------------------------------------------------------------- what a model does with it


def _kept_by(module: Module, target: ast.expr) -> bool:
    """Tell whether an attribute is a plain column: of the object's class, or of any model where that is unknown."""
    if not isinstance(target, ast.Attribute):
        return False
    holder, name = target.value, target.attr
    kind = getattr(module.resolve(holder), "kind", None)
    if isinstance(kind, Definition):
        return _model(kind, name)
    models = [each for each, _ in with_column(module.project, name)]
    fitting = [each for each in models if words(each.node.name)[-1:] == words(last_name(holder))[-1:]]
    among = fitting or models
    return bool(among) and all(_model(each, name) for each in among)


def _model(target: object, name: str) -> bool:
    """Tell whether a class keeps this attribute as plain text: a column of such a type, and no method that hashes."""
    if not isinstance(target, Definition) or not isinstance(target.node, ast.ClassDef):
        return False
    made = column(target, name)
    return made is not None and plain(made) and not any(_hashes_in(method) for method in target.node.body)


def _kept_in_memory(target: object) -> bool:
    """Tell whether a class of users without columns keeps the password that it is made with."""
    if not isinstance(target, Definition) or not isinstance(target.node, ast.ClassDef) or target.node.bases:
        return False
    if _USERS.isdisjoint(words(target.node.name)) or any(_hashes_in(method) for method in target.node.body):
        return False
    made = next((each for each in target.node.body if getattr(each, "name", "") == "__init__"), None)
    kept = (node for node in within(made) if isinstance(node, ast.Assign)) if made is not None else ()
    return any(
        isinstance(node.targets[0], ast.Attribute)
        and password(target.module, node.targets[0])
        and password(target.module, node.value)
        for node in kept
    )


def _hashes_in(method: ast.stmt) -> bool:
    """Tell whether a method that runs when the record is made or written hashes."""
    if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    runs = _HASHING_METHODS.match(method.name) or any(
        last_name(mark) in ("setter", "validates", "listens_for") for mark in method.decorator_list
    )
    return bool(runs) and any(isinstance(node, ast.Call) and _hashes(node) for node in within(method))
