"""The text of an exception goes to the client.

## What is wrong

An answer holds `str(error)`, a traceback or a failed statement: what the program says about itself when something
unforeseen breaks.

## Why it matters

Such texts name tables, columns, paths, hosts and libraries, and sometimes the values that did not fit: a credential or
another user's data among them. Who looks for a way in makes errors on purpose and reads (ASVS 5.0.0 16.5.1, CWE-209).

## Bad

    except Exception as error:
        return jsonify(error=str(error)), 500

## Good

    except Exception:
        log.exception("the order could not be kept")
        return jsonify(error="internal error"), 500

An exception of your own, raised with a text that was written for clients, may be shown to them.

## References

ASVS 5.0.0 16.5.1; OWASP API8:2023; CWE-209, CWE-497.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source import Function, Module, within
from stopper.observe.source.answers import handled, reaches_client
from stopper.observe.source.flows import is_logger, last_name, place
from stopper.observe.source.mending import without_holes
from stopper.observe.source.rewriting import before, named, replaced
from stopper.observe.views import AppSnapshot, Exchange
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite

CONTROL = Control(
    id="BT317",
    name="exception_text_in_answer",
    severity=Severity.MEDIUM,
    title="The text of an exception goes to the client",
    witnesses="W S A",
    requirements=("L07",),
    labels=("error_leak",),
    cwe=(209, 497),
)

_UNFORESEEN = frozenset(
    "Exception BaseException StandardError SQLAlchemyError DBAPIError DatabaseError OperationalError ProgrammingError "
    "IntegrityError DataError InternalError InterfaceError OSError IOError EnvironmentError FileNotFoundError "
    "CalledProcessError SubprocessError PyMongoError RedisError ClientError BotoCoreError".split()
)
"""Exceptions whose text nobody wrote for a client: whatever may happen, the database, the system."""

_DRIVERS = frozenset(
    "sqlite3 psycopg psycopg2 mysql MySQLdb pymysql asyncpg cx_Oracle oracledb pyodbc pg8000 mariadb".split()
)
_TRACES = frozenset({"format_exc", "format_exception", "format_stack", "format_tb", "format_exception_only"})
_TEXTS = frozenset(
    {"message", "args", "orig", "statement", "stderr", "output", "detail", "description", "__str__", "__repr__"}
)


_READ = 65_536
_TOLD = (
    (
        re.compile(
            r"Traceback \(most recent call last\)|File \"[^\"\n]{1,300}\", line \d+, in |<div class=\"traceback\">"
        ),
        "a traceback",
    ),
    (
        re.compile(
            r"sqlalche\.me/e/|\b(?:sqlite3|psycopg2?|pymysql|MySQLdb|asyncpg|cx_Oracle|pyodbc|pymongo|redis)"
            r"(?:\.\w+){0,3}\.\w*(?:Error|Violation|Exception)\b|\[SQL: "
        ),
        "an error of the database",
    ),
    (
        re.compile(r"\b(?:werkzeug|flask|jinja2|jwt|jose|joserfc|authlib)(?:\.\w+){1,4}\.?\w*(?:Error|Exception)\b"),
        "the name of an exception",
    ),
)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the errors of known operations for what no client should be told; a good one contradicts no source."""
    response, endpoint = exchange.response, exchange.endpoint
    if not response or response.status < 400 or not endpoint or not response.body:
        return
    text = response.text[:_READ]
    what = next((words for pattern, words in _TOLD if pattern.search(text)), "")
    yield Verdict(
        kept=not what,
        message=f"{endpoint} answers an error with {what}"
        if what
        else f"the errors of {endpoint} tell nothing of the inside",
        endpoints=(endpoint,),
        evidence=(evidence("the error", exchange),) if what else (),
        strength=Strength.PROVEN if what else Strength.CLAIMED,
    )


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at what the application's own error handlers make of an exception that nobody expected."""
    fault = snapshot.fault
    if fault is not None:
        told = "returns the exception's text" if fault.shown else "tells nothing of the exception"
        yield Verdict(
            kept=not fault.shown,
            message=f"what answers unexpected exceptions, with status {fault.status}, {told}",
            place=fault.place or snapshot.place,
            strength=Strength.PROVEN,
            cause="the answer to unexpected exceptions",
        )


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at handlers of unforeseen exceptions, and at tracebacks, for a text that becomes a part of an answer."""
    if "except" not in module.text and "rror" not in module.text:
        return
    for anchor, uses in _errors(module):
        shown = [use for use in uses if reaches_client(module, use)]
        if shown:
            yield from _broken(module, shown[0], "the text of an exception that nobody foresaw goes to the client")
        elif anchor is not None:
            yield Verdict(True, "the handler tells the client nothing of the exception", place=place(module, anchor))
    for use in _traces(module):
        if reaches_client(module, use):
            yield from _broken(module, use, "a traceback goes to the client")


def _errors(module: Module) -> Iterator[tuple[ast.AST | None, list[ast.expr]]]:
    """Yield the uses of each unforeseen exception, with its handler where that answers a client itself."""
    for handler in module.nodes(ast.ExceptHandler):
        if handler.name and _unforeseen(module, handler.type):
            uses = list(_uses(module, handler.body, handler.name))
            yield (handler if _answers_in(module, handler) else None), uses
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        if function.args.args and any(_for_any(kind) for kind in handled(module, function)):
            yield function, list(_uses(module, function.body, function.args.args[0].arg))


def _answers_in(module: Module, handler: ast.ExceptHandler) -> bool:
    returned = (node for statement in handler.body for node in within(statement) if isinstance(node, ast.Return))
    return any(node.value is not None and reaches_client(module, node.value) for node in returned)


def _unforeseen(module: Module, kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return kind is None or any(last_name(each) in _UNFORESEEN or _of_driver(module, each) for each in kinds)


def _of_driver(module: Module, kind: ast.expr | None) -> bool:
    """Tell whether an exception is the root of all that a database's driver raises: `sqlite3.Error`."""
    if kind is None or not last_name(kind).endswith("Error"):
        return False
    package, _, rest = (module.qualified(kind) or "").partition(".")
    return package in _DRIVERS and rest.rpartition(".")[2] in ("Error", "MySQLError")


def _for_any(kind: ast.expr) -> bool:
    """Tell whether a handler is registered for exceptions that nobody foresaw: by name, or for all of them."""
    return last_name(kind) in _UNFORESEEN or last_name(kind) == "errorhandler"


def _uses(module: Module, body: list[ast.stmt], name: str) -> Iterator[ast.expr]:
    """Yield where the exception becomes text: the whole of it, or an attribute that holds some."""
    for statement in body:
        for node in within(statement):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                parent = module.parent(node)
                if not isinstance(parent, ast.Attribute):
                    yield node
                elif parent.attr in _TEXTS:
                    yield parent


def _traces(module: Module) -> Iterator[ast.Call]:
    if "traceback" not in module.text:
        return
    for call in module.nodes(ast.Call):
        if last_name(call) in _TRACES and (module.qualified(call.func) or "").startswith("traceback."):
            yield call


def _broken(module: Module, node: ast.AST, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
    )


# --------------------------------------------------------------------------- the repair

_FIXED = "internal error"
_LINES = (
    'logging.getLogger(__name__).exception("request failed")',
    'return {"error": "internal error"}, 500',
)


def fix(subject: object, where: Place) -> Rewrite | ByHand | None:
    """Answer with a fixed text, and write the exception to the log instead."""
    if not isinstance(subject, Module):
        return None
    module = subject
    groups: list[Sequence[ast.expr]] = [uses for _, uses in _errors(module)]
    for used in (*groups, *([trace] for trace in _traces(module))):
        shown = [use for use in used if reaches_client(module, use)]
        if where in map(module.place, shown):
            changes = [_replaced(module, use) for use in shown]
            whole = [change for change in changes if change is not None]
            if len(whole) < len(changes):
                return ByHand("what is answered cannot be taken apart safely", _LINES)
            why = "the client is told that something went wrong, and those who run the program are told what"
            return Rewrite(why, (*dict.fromkeys(whole), *_logged(module, shown[0])))
    return ByHand("it cannot be told what the answer should be instead", _LINES)


def _replaced(module: Module, use: ast.expr) -> Change | None:
    """Return the change of the text that shows the exception: `str(e)`, `f"… {e}"`, `"… %s" % e`, or all of it."""
    shown, outer = use, module.parent(use)
    if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name) and outer.func.id in ("str", "repr"):
        shown, outer = outer, module.parent(outer)
    if isinstance(outer, ast.FormattedValue):
        text = module.parent(outer)
        return without_holes(module, text, [shown], _FIXED) if isinstance(text, ast.JoinedStr) else None
    if any(isinstance(each, ast.JoinedStr) for each in module.ancestors(shown)):
        return None
    whole = shown is not use or isinstance(use, ast.Call)
    attribute = isinstance(use, ast.Attribute) and use.attr not in ("args", "orig")
    filled = isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Mod) and _takes_text(module, outer.left)
    formatted = isinstance(outer, ast.Call) and last_name(outer) == "format"
    return replaced(module, shown, f'"{_FIXED}"') if whole or attribute or filled or formatted else None


def _takes_text(module: Module, form: ast.expr) -> bool:
    """Tell whether the one thing that is filled into a text may be a text."""
    text = module.constant(form)
    return isinstance(text, str) and text.count("%") == 1 and ("%s" in text or "%r" in text)


def _logged(module: Module, use: ast.expr) -> tuple[Change, ...]:
    """Return what writes the exception to the log, nothing where the handler does already."""
    handler: ast.ExceptHandler | Function | None = next(
        (outer for outer in module.ancestors(use) if isinstance(outer, ast.ExceptHandler)), None
    )
    given = ""
    if handler is None:
        handler = module.function_of(use)
        given = f", exc_info={handler.args.args[0].arg}" if handler is not None and handler.args.args else ""
    if handler is None or any(_logs(node) for statement in handler.body for node in within(statement)):
        return ()
    first = handler.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(handler.body) > 1:
        first = handler.body[1]  # behind the docstring
    # `current_app` would not do: the code may run where there is no application.
    logger, imports = named(module, "logging.getLogger")
    call = f'error("request failed"{given})' if given else 'exception("request failed")'
    return before(module, first, f"{logger}(__name__).{call}"), *imports


def _logs(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_logger(last_name(node.func.value))
