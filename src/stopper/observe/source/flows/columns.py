"""Columns of model classes that keep tokens: SQLAlchemy, peewee, MongoEngine."""

from __future__ import annotations

import ast
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.flows import analysis, library
from stopper.observe.source.flows.naming import Says, credential, words
from stopper.observe.source.flows.sinks import REVOKED
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.standing import Scope

if TYPE_CHECKING:
    from stopper.observe.source.module import Module


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column that its name, or its class's, says to hold a bearer token.

    `plain` says that its type keeps text as it is, `digested` that the project puts a digest into it, `expires` that
    the class has a column for the end of its life. `write` is where a method of the class sets it.
    """

    name: str
    owner: ast.ClassDef
    node: ast.Assign | ast.AnnAssign
    plain: bool
    digested: bool
    expires: bool
    write: ast.stmt | None


_MAKERS = frozenset({"Column", "mapped_column"})
_FIELDS = frozenset({"CharField", "TextField", "StringField", "FixedCharField"})
_BESIDE = frozenset("ForeignKey Sequence Index Computed Identity Boolean CheckConstraint FetchedValue text".split())
_ENDS = frozenset("expires expire expiry expiration exp until ttl lifetime valid expired".split())
_ISSUED = frozenset("created issued timestamp time date at on".split())
_OWN = frozenset(
    "token access refresh auth authentication authorization api bearer session user login security secret reset "
    "password confirm confirmation verification verify email activation remember invite invitation id jwt share "
    "sharing download feed admin account client registration unsubscribe raw current plain personal app".split()
)
"""Words of tokens that the service issues itself; `stripe_token` is another's, and must be kept to be presented."""
_FORGERY = frozenset("csrf xsrf".split())

_FOUND: weakref.WeakKeyDictionary[Module, tuple[Column, ...]] = weakref.WeakKeyDictionary()


def columns(module: Module) -> tuple[Column, ...]:
    """Return the columns of a module's model classes that hold bearer tokens, in document order."""
    if module not in _FOUND:
        _FOUND[module] = tuple(_columns(module))
    return _FOUND[module]


def _columns(module: Module) -> Iterator[Column]:
    text = module.text
    if not any(word in text for word in ("Column", "mapped_column", "Field(")):
        return
    for owner in module.nodes(ast.ClassDef):
        if not REVOKED.isdisjoint(words(owner.name)):
            continue
        fields = [found for node in owner.body for found in _field(owner, node)]
        for name, node in fields:
            if _holds_token(owner, name) and not _given_ids(module, owner, name):
                digested = any(name in analysis.of(other).digested_names for other in _mentioning(module, name))
                expires = any(_ends(owner, name, other) for other, _ in fields)
                yield Column(name, owner, node, _plain(node), digested, expires, _write(owner, name))


def _given_ids(module: Module, owner: ast.ClassDef, name: str) -> bool:
    """Tell whether all that the project makes objects of the class with is the id of a JWT, which opens nothing."""
    given = [
        is_token_id(other, each.value)
        for other in _mentioning(module, owner.name)
        for call in other.nodes(ast.Call)
        if last_name(call) == owner.name
        for each in call.keywords
        if each.arg == name
    ]
    return bool(given) and all(given)


def is_token_id(module: Module, node: ast.expr) -> bool:
    """Tell whether a value is a JWT's `jti` (RFC 7519 section 4.1.7): read from the claims, or given it."""
    if isinstance(node, ast.Name):
        found = names.bindings_of(module, node, node.id)
        bound = (
            [each.value if isinstance(each, names.Assigned) and not each.inside else None for each in found[1]]
            if found
            else []
        )
        return bool(bound) and all(value is not None and _reads_id(value) for value in bound)
    return _reads_id(node)


def _reads_id(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value == "jti"
    if not isinstance(node, ast.Call):
        return False
    key = node.args[0] if last_name(node) == "get" and node.args else None
    return last_name(node) == "get_jti" or (isinstance(key, ast.Constant) and key.value == "jti")


def _mentioning(module: Module, name: str) -> list[Module]:
    served = Scope()  # what a test puts into a column says nothing of what the program does
    return [other for other in module.project.holding(name) if served.asks(other.path)]


def _field(owner: ast.ClassDef, node: ast.stmt) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(target, ast.Name):
        return
    maker = last_name(value) if isinstance(value, ast.Call) else ""
    model = any(last_name(base).endswith(("Model", "Document", "Base")) for base in owner.bases)
    mapped = isinstance(node, ast.AnnAssign) and "Mapped" in ast.dump(node.annotation)
    if maker in _MAKERS or mapped or (model and maker.endswith("Field") and "Foreign" not in maker):
        yield target.id, node


def _holds_token(owner: ast.ClassDef, name: str) -> bool:
    told = words(name)
    if not _FORGERY.isdisjoint(told):
        return False
    if credential(name) is Says.TOKEN:
        return told[-1] != "token" or _OWN.issuperset(told)
    keeper = words(owner.name)
    tokens = keeper[-1:] in (("token",), ("tokens",)) or keeper[-2:] in (("api", "key"), ("api", "keys"))
    return tokens and name in ("value", "key", "token")


def _plain(node: ast.Assign | ast.AnnAssign) -> bool:
    call = node.value
    if isinstance(call, ast.Call):
        if last_name(call) in _FIELDS:
            return True
        kinds = [last_name(argument) for argument in call.args]
        kinds.extend(last_name(keyword.value) for keyword in call.keywords if keyword.arg == "type_")
        told = [kind for kind in kinds if kind and kind not in _BESIDE]
        if told:
            return all(kind in library.PLAIN_COLUMNS for kind in told)
        if last_name(call) == "Column" or last_name(call) not in _MAKERS:
            return False
    annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
    return annotation is not None and any(last_name(part) == "str" for part in ast.walk(annotation))


def _ends(owner: ast.ClassDef, name: str, other: str) -> bool:
    told = set(words(other))
    if told & _ENDS:
        return True
    about = "token" in told or words(owner.name)[-1:] in (("token",), ("tokens",))
    return other != name and about and bool(told & _ISSUED)


def _write(owner: ast.ClassDef, name: str) -> ast.stmt | None:
    for method in owner.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(method):
                if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
                    target = node.targets[0]
                    if isinstance(target, ast.Attribute) and target.attr == name and last_name(target.value) == "self":
                        return node
    return None
