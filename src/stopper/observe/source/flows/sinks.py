"""Where a value may leave the program's hands: logs, exceptions, files, caches, tables, sessions."""

from __future__ import annotations

import ast
import enum
import re
from typing import TYPE_CHECKING

from stopper.observe.source.flows import library
from stopper.observe.source.flows.naming import Says, words
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.flows.values import RAW, Origin, Taint, Value

if TYPE_CHECKING:
    from stopper.observe.source.flows.values import Called
    from stopper.observe.source.module import Module
    from stopper.observe.source.syntax import Function


class Sink(enum.Enum):
    """Where a flow ends."""

    MADE = "becomes a credential"
    LOGGED = "is written to a log"
    RAISED = "is put into an exception's text"
    SESSION = "is kept in the session"
    CACHE = "is kept in a cache"
    FILE = "is written to a file"
    SQL = "is written by an SQL statement"
    DOCUMENT = "is written to a document store"


STORES = frozenset({Sink.SESSION, Sink.CACHE, Sink.FILE, Sink.SQL, Sink.DOCUMENT})

SEEKING = frozenset(
    "by lookup load find query validate verify check delete revoke is has count exists filter first one all parse "
    "select list remove use consume scalar scalars decode".split()
)
"""Words of functions that look something up or judge it: they answer with an object or a verdict, not with a text."""

REVOKED = frozenset(
    "blacklist blacklisted blocklist blocklisted denylist revoked blocked invalidated expired used".split()
)
"""Words of what keeps tokens that work no more."""

_WRITES = re.compile(
    r"\binsert\b|\breplace\s+into\b|\bupdate\b.*?\bset\b(?:(?!\bwhere\b).)*(?:token|api_?key|jwt)", re.I | re.S
)
_BUILTIN_ERRORS = frozenset("Exception ValueError RuntimeError TypeError KeyError PermissionError LookupError".split())
_OPERATOR_FILES = frozenset("cli.py commands.py manage.py management.py __main__.py setup.py console.py".split())
_OPERATOR_FOLDERS = frozenset("cli commands management scripts script bin tools cmd".split())
_COMMAND = frozenset("command group cli manager app_cli argument option".split())


def relevant(sink: Sink, taint: Taint) -> bool:
    """Tell whether this origin matters at this sink."""
    if taint.origin is Origin.PARAMETER:
        return True
    if sink is Sink.MADE:
        return taint.origin not in RAW and taint.origin not in (Origin.STRONG, Origin.DIGEST)
    if taint.origin not in RAW:
        return False
    return taint.says in (None, Says.TOKEN) or (sink not in STORES and taint.says is not Says.SESSION)


def sink_of(module: Module, called: Called, function: Function | None) -> Sink | None:
    """Return where a call puts its arguments, None where it keeps them to itself."""
    name, func = called.name, called.node.func
    if isinstance(func, ast.Attribute):
        return _method(module, called, func)
    if name in library.OUTPUT:
        return None if _to_file(called) or operator_output(module, function) else Sink.LOGGED
    if name == "warn" and module.qualified(func) == "warnings.warn":
        return Sink.LOGGED
    return _statement(called) if name in library.EXECUTES else None


def _method(module: Module, called: Called, func: ast.Attribute) -> Sink | None:
    name, holder = called.name, last_name(func.value)
    if name in library.LOG_METHODS and (is_logger(holder) or called.target == "warnings.warn"):
        return Sink.LOGGED
    if name in library.OUTPUT and holder in ("click", "typer", "rich", "console", "pprint"):
        return None if operator_output(module, module.function_of(func)) else Sink.LOGGED
    if name == "write" and called.target in ("sys.stdout.write", "sys.stderr.write"):
        return None if operator_output(module, module.function_of(func)) else Sink.LOGGED
    if name in ("write", "writelines") and called.receiver.made == "open":
        return Sink.FILE
    if name in ("write_text", "write_bytes") or (name == "dump" and len(called.positional) > 1):
        return Sink.FILE
    if name in library.CACHE_METHODS and holder.lower().strip("_") in library.CACHES:
        return Sink.CACHE
    if name in library.DOCUMENT_METHODS:
        return Sink.DOCUMENT
    return _statement(called) if name in library.EXECUTES else None


def _statement(called: Called) -> Sink | None:
    if not called.positional:
        return None
    text = sql(called.node.args[0], called.positional[0])
    return Sink.SQL if _WRITES.search(text) else None


def sql(node: ast.expr, value: Value) -> str:
    """Return the constant parts of an SQL text, through the variable that holds it."""
    written = value.expression if isinstance(node, ast.Name) and value.expression is not None else node
    parts = [part.value for part in ast.walk(written) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return " ".join(parts)


def of_revoked(called: Called) -> bool:
    """Tell whether a store is one of revoked tokens, by its name or by the text of the key."""
    func, keys = called.node.func, called.node.args[:1]
    said = [last_name(func.value)] if isinstance(func, ast.Attribute) else []
    texts = (part.value for key in keys for part in ast.walk(key) if isinstance(part, ast.Constant))
    said.extend(text for text in texts if isinstance(text, str))
    return any(not REVOKED.isdisjoint(words(each)) for each in said)


def into(sink: Sink, called: Called) -> tuple[Taint, ...]:
    """Return all that a call puts into its sink."""
    if sink is Sink.FILE and called.name == "dump":
        return called.positional[0].all()
    ignored = called.named.get("exc_info")
    if sink is Sink.LOGGED and ignored is not None:
        return tuple(taint for taint in called.taints() if taint not in ignored.taints)
    return called.taints()


def shown(called: Called) -> list[Taint]:
    """Return what an exception's text shows of its arguments: what was put into a text, all that built-in ones take."""
    whole = called.name in _BUILTIN_ERRORS
    taints = [taint for value in called.positional for taint in value.taints]
    return [t for t in taints if relevant(Sink.RAISED, t) and (t.shaped or whole) and t.origin is not Origin.PARAMETER]


def is_logger(name: str) -> bool:
    """Tell whether a name stands for a logger."""
    bare = name.lower().strip("_")
    return bare in ("log", "logger", "logging") or bare.endswith(("logger", "_log"))


def session(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is Flask's session."""
    return last_name(node) == "session" and module.qualified(node) in ("flask.session", "flask.globals.session")


def _to_file(called: Called) -> bool:
    for keyword in called.node.keywords:
        if keyword.arg == "file":
            return last_name(keyword.value) not in ("stderr", "stdout")
    return False


def operator_output(module: Module, function: Function | None) -> bool:
    """Tell whether what is printed here goes to the operator who ran a command, and to no log.

    A function with a command's decorator, a file or folder of commands, a script's own main part.
    """
    parts = module.path.lower().split("/")
    if parts[-1] in _OPERATOR_FILES or not _OPERATOR_FOLDERS.isdisjoint(parts[:-1]):
        return True
    if function is None:
        return False
    return any(not _COMMAND.isdisjoint(words(last_name(mark))) for mark in function.decorator_list)
