"""A log filter that should hide tokens cannot work.

## What is wrong

A filter or formatter looks as if it redacted secrets, and lets them through: it changes the message and forgets the
arguments that are filled in afterwards, throws the changed text away, looks for something that never stands there, or
sits on a logger, where the records of other loggers pass it by.

## Why it matters

Everybody relies on it and logs freely. The token stands in the log all the same (CWE-532), with nobody looking.

## Bad

    class Redaction(logging.Filter):
        def filter(self, record):
            record.msg = SECRET.sub("[redacted]", str(record.msg))     # record.args is filled in later
            return True

## Good

    class Redaction(logging.Formatter):
        def format(self, record):
            return SECRET.sub("[redacted]", super().format(record))    # message, arguments and traceback

    handler.setFormatter(Redaction())

The guard puts its redaction on every handler and tests it with a canary.

## References

Python documentation, "Logging HOWTO" (filters of loggers and of handlers); ASVS 5.0.0 16.2.5; CWE-532.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Evidence, Place, Severity, Strength, Verdict
from stopper.observe.source import Definition, Function, Instance, Module
from stopper.observe.source.flows import is_logger, last_name, place
from stopper.observe.source.rewriting import after, argument, at, named, replaced, written
from stopper.observe.views import AppSnapshot, LogTrial
from stopper.rewrite import ByHand, Change, Rewrite

CONTROL = Control(
    id="BT303",
    name="redaction_ineffective",
    severity=Severity.HIGH,
    title="The redaction of logs does not work",
    witnesses="S A",
    requirements=("L01", "L13"),
    labels=("token_logging",),
    cwe=(532,),
    guard="redact.install",
)

_PRETENDS = re.compile(
    r"redact|mask|token|secret|passw|authoriz|bearer|api_?key|credential|sensitive|scrub|\*\*\*", re.I
)
_LOOKS_LIKE_A_PATTERN = re.compile(r"\\[SwdbBs]|\.\*|\.\+|\[[^\]]+\][*+{]|\(\?")
_REPLACES = frozenset({"sub", "subn", "replace"})


def source(module: Module) -> Iterable[Verdict]:
    """Read the code of every filter and formatter that means to redact, and see where it is put."""
    if "Filter" not in module.text and "Formatter" not in module.text:
        return
    for owner in module.nodes(ast.ClassDef):
        method = _method(module, owner)
        if method is None or not _PRETENDS.search("\n".join(module.lines[owner.lineno - 1 : owner.end_lineno])):
            continue
        fault = _fault(module, owner, method) or _misplaced(module, owner)
        if fault is not None:
            yield from _broken(module, owner, *fault)
        elif _returns_redacted(module, method):
            yield Verdict(True, f"{owner.name} redacts the finished text", place=place(module, method))


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at what came of made-up tokens in the logs, where something is there that blots tokens out.

    A log that shows every token as it is has no redaction that could fail. A handler that blots out nothing, beside
    one that does, weighs less: it may be there for the developer's eyes.
    """
    redacted = {trial.form for trial in snapshot.logs if not trial.readable}
    trials = [trial for trial in snapshot.logs if trial.form in redacted]
    for handler in dict.fromkeys(trial.handler for trial in trials):
        mine = [trial for trial in trials if trial.handler == handler]
        open_ones = [trial for trial in mine if trial.readable]
        partly = len(open_ones) < len(mine)
        if open_ones:
            yield Verdict(
                kept=False,
                message=f"{handler} shows a token that is passed {_listed(trial.way for trial in open_ones)}",
                place=next((trial.place for trial in mine if trial.place), None),
                evidence=(Evidence("Made-up tokens in the running application's logs", _told(mine)),),
                strength=Strength.PROVEN,
                cause=f"the redaction of {handler}",
                severity=None if partly else Severity.MEDIUM,
            )
        else:
            message = f"{handler} blots out a token in every way in which it was passed"
            yield Verdict(True, message, strength=Strength.PROVEN)


def _listed(ways: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(ways))


def _told(trials: Iterable[LogTrial]) -> str:
    outcome = {True: "readable", False: "blotted out"}
    lines = (f"{t.form} {t.way}, logger {t.logger or 'root'}: {outcome[t.readable]}" for t in trials)
    return "\n".join(dict.fromkeys(lines))


def _method(module: Module, owner: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the method that sees the records: `filter` or `format` of a class for logging."""
    for base in owner.bases:
        qualified = module.qualified(base) or ""
        for kind, name in (("logging.Filter", "filter"), ("logging.Formatter", "format")):
            if qualified == kind or (qualified.endswith(kind.rpartition(".")[2]) and last_name(base) != qualified):
                found = [node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == name]
                return found[0] if found and len(found[0].args.args) > 1 else None
    return None


def _fault(module: Module, owner: ast.ClassDef, method: ast.FunctionDef) -> tuple[ast.AST, str] | None:
    record = method.args.args[1].arg
    lost = _lost_result(module, method)
    if lost is not None:
        return lost, "the redacted text is thrown away: nothing keeps it"
    blind = _blind(module, owner)
    if blind is not None:
        return blind
    if any(isinstance(node, ast.Attribute) and node.attr == "args" for node in ast.walk(owner)):
        return None
    written = _sets_message(method, record)
    if written is not None:
        return written, "the message is redacted, its arguments are not, and they are filled in afterwards"
    return _judges_message(method, record)


def _sets_message(method: Function, record: str) -> ast.AST | None:
    for node in ast.walk(method):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Attribute) and target.attr == "msg" and last_name(target.value) == record:
                return node
    return None


def _judges_message(method: ast.FunctionDef, record: str) -> tuple[ast.AST, str] | None:
    """Find a filter that drops records by their message alone: what stands in the arguments it does not see."""
    if method.name != "filter":
        return None
    for node in ast.walk(method):
        if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
            read = [part.attr for part in ast.walk(node.value) if isinstance(part, ast.Attribute)]
            if "msg" in read and "getMessage" not in read:
                return node, "records are judged by the message alone, without the arguments that are filled in later"
    return None


def _lost_result(module: Module, method: Function) -> ast.AST | None:
    """Return a replacement whose result goes nowhere: a statement of its own, or a variable that nothing reads."""
    loads = [n.id for n in ast.walk(method) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    for node in ast.walk(method):
        if not (isinstance(node, ast.Call) and last_name(node.func) in _REPLACES):
            continue
        parent = module.parent(node)
        if isinstance(parent, ast.Expr):
            return node
        target = parent.targets[0] if isinstance(parent, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id not in loads:
            return node
    return None


def _blind(module: Module, owner: ast.ClassDef) -> tuple[ast.AST, str] | None:
    """Return a pattern that never matches a token."""
    for node in ast.walk(owner):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        pattern = module.constant(node.args[0])
        if not isinstance(pattern, str):
            continue
        name = last_name(node.func)
        compiled = (module.qualified(node.func) or "").startswith("re.")
        if name == "replace" and not compiled and _LOOKS_LIKE_A_PATTERN.search(pattern):
            return node, "str.replace() takes a pattern for plain text and never finds it"
        if compiled and "\b" in pattern:
            return node, "the pattern holds a backspace where a word boundary was meant, and never matches"
        flags = len(node.args) > (1 if name == "compile" else 3) or any(k.arg == "flags" for k in node.keywords)
        if compiled and not flags and re.match(r"\W*bearer\b", pattern) and "(?i" not in pattern:
            return node, "the pattern knows `bearer` in small letters only, and clients write `Bearer`"
    return None


def _misplaced(module: Module, owner: ast.ClassDef) -> tuple[ast.AST, str] | None:
    """Return where a filter is put on a logger, if it is put nowhere else in the project."""
    found = list(_installations(module, owner))
    if not found or any(not on_logger for _, _, on_logger in found):
        return None
    here = [call for where, call, _ in found if where is module]
    message = "the filter sits on a logger only: records of other loggers reach the handlers without passing it"
    return (here[0], message) if here else None


def _installations(module: Module, owner: ast.ClassDef) -> Iterator[tuple[Module, ast.AST, bool]]:
    for other in module.project.modules:
        if owner.name not in other.text:
            continue
        for call in other.nodes(ast.Call):
            if last_name(call.func) == "addFilter" and call.args and isinstance(call.func, ast.Attribute):
                target = other.resolve(call.args[0])
                kind = target.kind if isinstance(target, Instance) else target
                if isinstance(kind, Definition) and kind.node is owner:
                    yield other, call, _logger(other, call.func.value)
        if "dictConfig" in other.text:
            yield other, other.tree, False


def _logger(module: Module, node: ast.expr) -> bool:
    return is_logger(last_name(node)) or last_name(node) == "getLogger" or module.qualified(node) == "logging.Logger"


def _returns_redacted(module: Module, method: ast.FunctionDef) -> bool:
    if method.name != "format":
        return False
    replaced = any(isinstance(node, ast.Call) and last_name(node.func) in _REPLACES for node in ast.walk(method))
    finished = any(isinstance(node, ast.Attribute) and node.attr == "format" for node in ast.walk(method))
    return replaced and finished


def _broken(module: Module, owner: ast.ClassDef, node: ast.AST, why: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"{owner.name} does not hide tokens: {why}",
        place=place(module, node),
    )


# --------------------------------------------------------------------------- the repair

_LINES = (
    "class Redaction(logging.Formatter):",
    "    def format(self, record):",
    '        return SECRET.sub("[redacted]", super().format(record))    # message, arguments and traceback',
    "",
    "handler.setFormatter(Redaction())",
)


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Redact what will be written: the message with its arguments, and the traceback."""
    for assign in at(module, where, ast.Assign):
        if isinstance(assign, ast.Assign):
            return _finished(module, assign)
    for returned in at(module, where, ast.Return):
        if isinstance(returned, ast.Return) and returned.value is not None:
            return _judging_all(module, returned.value)
    for call in at(module, where, ast.Call):
        if isinstance(call, ast.Call) and "small letters" in _said(module, call):
            flag, imports = named(module, "re.IGNORECASE")
            why = "the scheme's name is found in whatever case a client writes it"
            return Rewrite(why, (argument(module, call, "flags", flag), *imports))
    return ByHand("a formatter that redacts the finished text leaves nothing out", _LINES)


def _said(module: Module, call: ast.Call) -> str:
    """Return what the control has to say of a call."""
    owner = module.class_of(call)
    fault = _blind(module, owner) if owner is not None else None
    return fault[1] if fault is not None and fault[0] is call else ""


def _reads(value: ast.expr, record: str) -> list[ast.expr]:
    """Return where an expression reads the message of a record."""
    return [
        node
        for node in ast.walk(value)
        if isinstance(node, ast.Attribute) and node.attr == "msg" and last_name(node.value) == record
    ]


def _finished(module: Module, assign: ast.Assign) -> Rewrite | ByHand:
    """Fill the arguments in first, and redact the traceback and the stack in the same way."""
    method, target = module.function_of(assign), assign.targets[0]
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name) or method is None:
        return ByHand("a formatter that redacts the finished text leaves nothing out", _LINES)
    record = target.value.id
    reads = _reads(assign.value, record)
    setting = [node for node in ast.walk(method) if isinstance(node, ast.Assign) and _sets_message_of(node, record)]
    whole = written(module, assign.value)
    if len(reads) != 1 or len(setting) != 1 or len(assign.targets) != 1 or whole.count(f"{record}.msg") != 1:
        return ByHand("the message is changed in several steps: redact the finished text at once", _LINES)
    formatter, imports = named(module, "logging.Formatter")

    def redacted(text: str) -> str:
        return whole.replace(f"{record}.msg", text)

    rest = (
        f"{record}.args = ()\n"
        f"if {record}.exc_info:\n"
        f"    {record}.exc_text = {redacted(f'{formatter}().formatException({record}.exc_info)')}\n"
        f"if {record}.stack_info:\n"
        f"    {record}.stack_info = {redacted(f'{record}.stack_info')}"
    )
    changes: tuple[Change, ...] = (replaced(module, reads[0], f"{record}.getMessage()"), after(module, assign, rest))
    return Rewrite("arguments and tracebacks are redacted with the message that they are part of", (*changes, *imports))


def _sets_message_of(assign: ast.Assign, record: str) -> bool:
    targets = (each for each in assign.targets if isinstance(each, ast.Attribute))
    return any(each.attr == "msg" and last_name(each.value) == record for each in targets)


def _judging_all(module: Module, value: ast.expr) -> Rewrite | None:
    """Judge a record by its message with the arguments filled in."""
    method = module.function_of(value)
    record = method.args.args[1].arg if method is not None and len(method.args.args) > 1 else ""
    changes = tuple(replaced(module, node, f"{record}.getMessage()") for node in _reads(value, record))
    return Rewrite("records are judged by all that is written of them", changes) if changes else None
