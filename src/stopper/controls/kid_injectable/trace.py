"""Where the name of a key goes in the code: through variables, texts made with it, and calls that are given it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import last_name

_STEPS = 2
"""Calls that the name is followed through."""

_KEEP = frozenset({"join", "format", "str", "Path", "PurePath", "joinpath", "strip", "encode", "text", "with_suffix"})
"""Calls that give a text or path with the name in it; any other gives what was found by it, or a cleaned one."""

_ASK = frozenset({"isalnum", "isdigit", "isdecimal", "isidentifier", "isalpha", "match", "fullmatch", "is_relative_to"})
"""Calls that ask of what form the name or the path is."""

_FILES = frozenset({"open", "builtins.open", "io.open", "codecs.open"})
_READS = frozenset({"open", "read_text", "read_bytes"})
_EXECUTES = frozenset({"execute", "executemany", "executescript"})
_COMMANDS = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
_CLIENTS = frozenset({"requests", "httpx"})
_FETCHES = frozenset({"jwt.PyJWKClient", "jwt.jwks_client.PyJWKClient", "urllib.request.urlopen"})

End = tuple[Module, ast.AST, str]
"""Where the name ends, and what it does there."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One function in which some expressions (`kids`) or parameters (`given`) are the name of a key."""

    module: Module
    function: Function
    kids: frozenset[ast.AST]
    given: frozenset[str]
    steps: int = _STEPS

    def ends(self) -> Iterator[End]:
        """Yield where the name ends uncleaned; nothing where the function asks what it is before it is used."""
        if self._asked:
            return
        for call in within(self.function):
            if isinstance(call, ast.Call):
                what = self._file(call) or self._text(call)
                if what:
                    yield self.module, call, what
                else:
                    yield from self._through(call)

    @cached_property
    def _held(self) -> frozenset[str]:
        """Return the variables that hold the name, or a text or path made with it."""
        held = set(self.given)
        for node in within(self.function):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if self._carries(node.value, held):
                    held.update(target.id for target in targets if isinstance(target, ast.Name))
        return frozenset(held)

    def _carries(self, node: ast.AST, held: set[str] | frozenset[str]) -> bool:
        """Tell whether an expression is the name, or a text or path with the name in it."""
        if node in self.kids:
            return True
        if isinstance(node, ast.Name):
            return node.id in held
        if isinstance(node, ast.Call):
            parts = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            return last_name(node) in _KEEP and any(self._carries(part, held) for part in parts)
        if isinstance(node, ast.JoinedStr | ast.FormattedValue | ast.BinOp | ast.Tuple | ast.BoolOp | ast.IfExp):
            return any(self._carries(child, held) for child in ast.iter_child_nodes(node))
        return False

    @cached_property
    def _asked(self) -> bool:
        """Tell whether the function asks more of the name than whether it is there: if it is known, or of what form."""
        for node in within(self.function):
            if isinstance(node, ast.Call) and last_name(node) in _ASK and self._speaks(node):
                return True
            if isinstance(node, ast.Compare) and self._speaks(node) and not _asks_presence(node):
                return True
        return False

    def _speaks(self, node: ast.AST) -> bool:
        return any(self._carries(child, self._held) for child in within(node) if child is not node)

    def _file(self, call: ast.Call) -> str:
        method = call.func if isinstance(call.func, ast.Attribute) else None
        path = call.args[0] if call.args and self._qualified(call) in _FILES else None
        if path is None and method is not None and method.attr in _READS:
            path = method.value
        return "chooses the file that the key is read from" if path and self._carries(path, self._held) else ""

    def _text(self, call: ast.Call) -> str:
        """Return what a call makes of a text with the name in it, an empty text where it makes nothing of it."""
        first = call.args[0] if call.args else None
        if first is None or not self._carries(first, self._held):
            return ""
        qualified, name = self._qualified(call), last_name(call)
        if name in _EXECUTES:
            return "becomes a part of an SQL statement"
        shell = any(word.arg == "shell" and self.module.constant(word.value) is True for word in call.keywords)
        if qualified in _COMMANDS or (qualified.startswith("subprocess.") and shell):
            return "becomes a part of a command"
        fetches = qualified in _FETCHES or (qualified.partition(".")[0] in _CLIENTS and name in ("get", "post"))
        return "chooses the address that the key is fetched from" if fetches and self._begins(first) else ""

    def _begins(self, node: ast.expr) -> bool:
        """Tell whether a text begins with the name: behind a host of the API's own it chooses no other one."""
        if isinstance(node, ast.JoinedStr):
            return bool(node.values) and self._carries(node.values[0], self._held)
        if isinstance(node, ast.BinOp):
            return self._begins(node.left)
        return node in self.kids or (isinstance(node, ast.Name) and self._bound_to_it(node.id))

    def _bound_to_it(self, name: str) -> bool:
        """Tell whether a variable holds the name itself, and no text made with it."""
        bound = (node for node in within(self.function) if isinstance(node, ast.Assign) and node.value in self.kids)
        written = {target.id for node in bound for target in node.targets if isinstance(target, ast.Name)}
        return name in self.given or name in written

    def _through(self, call: ast.Call) -> Iterator[End]:
        """Yield the ends in a function of the project that is given the name."""
        given = [number for number, argument in enumerate(call.args) if self._carries(argument, self._held)]
        named = {word.arg for word in call.keywords if word.arg and self._carries(word.value, self._held)}
        target = self.module.resolve(call.func) if (given or named) and self.steps else None
        if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef):
            return
        parameters = [parameter.arg for parameter in (*target.node.args.posonlyargs, *target.node.args.args)]
        if parameters[:1] in (["self"], ["cls"]):
            parameters = parameters[1:]
        received = named | {parameters[number] for number in given if number < len(parameters)}
        inner = Trace(target.module, target.node, frozenset(), frozenset(received), self.steps - 1)
        yield from inner.ends()

    def _qualified(self, call: ast.Call) -> str:
        return self.module.qualified(call.func) or (call.func.id if isinstance(call.func, ast.Name) else "")


def _asks_presence(node: ast.Compare) -> bool:
    """Tell whether a comparison asks only if there is a name: with None, with an empty text, `"kid" in header`."""
    sides = (node.left, *node.comparators)
    return any(isinstance(side, ast.Constant) and side.value in (None, "", "kid") for side in sides)
