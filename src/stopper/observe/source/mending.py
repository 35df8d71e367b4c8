"""What repairs of several controls have in common: members of mappings, settings, texts with holes, guards."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from stopper.model import Place
from stopper.observe.source.flows.jose import JoseCall
from stopper.observe.source.flows.settings import assigned
from stopper.observe.source.module import Module
from stopper.observe.source.names import Definition
from stopper.observe.source.rewriting import (
    GUARD_DEPENDENCY,
    argument,
    decorated,
    guarded,
    named,
    replaced,
    statement_of,
    written,
)
from stopper.observe.source.syntax import Function, within
from stopper.rewrite import ByHand, CannotRewriteError, Change, Import, Replace, Rewrite, Risk

HIDDEN = "[redacted]"
"""What stands in a text in the place of a secret."""


def member(mapping: ast.expr | None, name: str) -> ast.expr | None:
    """Return the value that a mapping's display gives a key, None where it has none."""
    if not isinstance(mapping, ast.Dict):
        return None
    pairs = zip(mapping.keys, mapping.values, strict=True)
    return next((value for key, value in pairs if isinstance(key, ast.Constant) and key.value == name), None)


def with_member(module: Module, mapping: ast.Dict, text: str) -> Replace:
    """Put a member (`"exp": until`) first into a mapping's display, on a line of its own where the others have one."""
    whole = written(module, mapping)
    rest = whole[1:]
    if not mapping.keys:
        return replaced(module, mapping, f"{{{text}{rest}")
    gap = rest[: len(rest) - len(rest.lstrip())]
    if "\n" not in gap and not rest.lstrip().startswith("#"):
        return replaced(module, mapping, f"{{{gap}{text}, {rest.lstrip()}")
    first = mapping.keys[0] or mapping.values[0]
    return replaced(module, mapping, dedented(module, mapping, f"{{\n{' ' * first.col_offset}{text},{rest}"))


def dedented(module: Module, node: ast.expr, text: str) -> str:
    """Return the text of an expression as if its statement stood at the left margin, as a change wants it."""
    for part in within(node):
        if isinstance(part, ast.Constant | ast.JoinedStr) and part.lineno != part.end_lineno:
            raise CannotRewriteError("a text goes over several lines in it")
    margin = " " * statement_of(module, node).col_offset
    return "\n".join(line.removeprefix(margin) for line in text.split("\n"))


def setting(module: Module, node: ast.AST, name: str) -> ast.expr | None:
    """Return the value of a setting, from where `flows.settings` says that it is written."""
    return next((value for _, where, value in assigned(module).get(name, ()) if where is node), None)


def settings_at(module: Module, place: Place) -> Iterator[tuple[str, ast.AST, ast.expr]]:
    """Yield the settings that are written at a place: name, where, and the value's expression."""
    for name, given in assigned(module).items():
        for _, where, value in given:
            if module.place(where) == place:
                yield name, where, value


def without_holes(module: Module, text: ast.JoinedStr, hidden: list[ast.expr], instead: str) -> Replace | None:
    """Fill the holes of an f-string that show some of these expressions with a fixed text.

    None where one of them cannot be told from the rest of what is written.
    """
    if text.lineno != text.end_lineno:
        return None
    found = written(module, text)
    for expression in dict.fromkeys(map(ast.unparse, hidden)):
        hole = re.compile(r"(?<!\{)\{\s*" + re.escape(expression) + r"\s*=?(?:![rsa])?(?::[^{}]*)?\}(?!\})")
        found, count = hole.subn(instead, found)
        if not count:
            return None
    if "{" not in found and "}" not in found and len(re.findall(r"[fF][rR]?[\"']", found)) == 1:
        found = re.sub(r"^([rR]?)[fF]([rR]?)(?=[\"'])", r"\1\2", found)  # nothing is left that the `f` would fill in
    return replaced(module, text, found)


def holes(text: ast.JoinedStr) -> list[ast.expr]:
    """Return the expressions that an f-string shows."""
    return [part.value for part in text.values if isinstance(part, ast.FormattedValue)]


# --------------------------------------------------------------------------- claims


def claim_demanded(call: JoseCall, parameter: str, option: str) -> Rewrite | ByHand:
    """Have a verification demand a claim (`audience`) that it leaves out: the value that it has, or the file names."""
    lines = (f'jwt.decode(token, key, algorithms=["RS256"], {parameter}={parameter.upper()})',)
    module, keywords = call.module, {each.arg: each.value for each in call.node.keywords}
    if call.library not in ("PyJWT", "python-jose"):
        return ByHand(f"{call.library} is told in a way of its own which {parameter} to demand", lines)
    changes: list[Change] = []
    if parameter not in keywords:
        named_so = [name for name in _constants(module) if name.upper().split("_")[-1] == parameter.upper()]
        if len(named_so) != 1:
            return ByHand(f"nothing in this file says which {parameter} it has to be", lines)
        changes.append(argument(module, call.node, parameter, named_so[0]))
    off = member(keywords.get("options"), option)
    if off is not None and module.constant(off) is False:
        changes.append(replaced(module, off, "True"))
    elif call.option(option) is False:
        return ByHand("the check is switched off elsewhere than in the call", lines)
    decide = (f"see that all tokens that are meant for this API name its {parameter}",)
    return Rewrite(f"a token with another {parameter}, or with none, is refused", tuple(changes), Risk.STRICTER, decide)


def _constants(module: Module) -> Iterator[str]:
    """Yield the names that the top of a module gives one value."""
    for statement in module.tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id.isupper() and len(assigned(module)[target.id]) == 1:
                yield target.id


# --------------------------------------------------------------------------- the guard before everything

_PROXY = (
    "where a proxy ends TLS, name its address in `app.config['STOPPER_TRUSTED_PROXIES']` before the guard is made; "
    "where none does, start the application with an `ssl_context`"
)
_DEVELOPMENT = (
    "set the environment variable STOPPER_DEV_HTTP=1 for tests and development, on this machine and without TLS"
)


def refused_in_clear(subject: object, *changes: Change) -> Rewrite | None:
    """Bring the guard in, which refuses what came in clear and leaves the checks of routes alone, with more changes.

    A place in a specification is none where that could be done.
    """
    if not isinstance(subject, Module):
        return None
    made = (*guarded(subject), *changes)
    decide = GUARD_DEPENDENCY, _PROXY, _DEVELOPMENT
    return Rewrite("the guard refuses what came in clear", made, Risk.STRICTER, decide, guard=True)


# --------------------------------------------------------------------------- guards


def guarded_as_others(subject: object, place: Place) -> Rewrite | ByHand | None:
    """Put before the view at a place what stands before all other protected views of the project, if it is one thing.

    The place may be that of the route's decorator or of the function; one in a specification has no view.
    """
    function = view_at(subject, place) if isinstance(subject, Module) else None
    if function is None or not isinstance(subject, Module):
        return None
    module = subject
    found = list(_guards(module))
    names = {definition for definition, _, _ in found}
    if len(names) != 1:
        return ByHand("there is not one decorator that guards all the others")
    definition = names.pop()
    plain = {text for _, text, simple in found if simple}
    if len(plain) != 1:
        return ByHand("the decorator that guards the others is given something each time")
    if not _imported(definition):
        return None
    name, imports = named_definition(module, definition)
    text = f"{name}{plain.pop()}"
    if any(ast.unparse(each) == text for each in function.decorator_list):
        return None
    decide = (f"see that those who call `{function.name}` send a token",)
    why = f"`@{text}` stands before the other protected views, and before this one it was forgotten"
    return Rewrite(why, (decorated(module, function, text), *imports), Risk.STRICTER, decide)


def view_at(module: Module, place: Place) -> Function | None:
    """Return the function at whose `def`, or at one of whose decorators, a place is."""
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        if function.lineno == place.line or any(each.lineno == place.line for each in function.decorator_list):
            return function
    return None


def _guards(module: Module) -> Iterator[tuple[Definition, str, bool]]:
    """Yield the decorators that guard the project's views: what each is, how it is called, whether with nothing."""
    for route, view in module.project.routing.views:
        if not isinstance(view.node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        guarding = {guard.place for guard in route.guards if guard.how.startswith("@") and not guard.optional}
        for decorator in view.node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if view.module.place(decorator) not in guarding and view.module.place(called) not in guarding:
                continue
            target = view.module.resolve(called)
            if isinstance(target, Definition):
                simple = not isinstance(decorator, ast.Call) or not (decorator.args or decorator.keywords)
                yield target, "()" if isinstance(decorator, ast.Call) else "", simple


def _imported(definition: Definition) -> bool:
    """Tell whether another module can import it: it stands at the top of its own."""
    return definition.module.scope(definition.node) is definition.module.tree


def named_definition(module: Module, definition: Definition) -> tuple[str, tuple[Import, ...]]:
    """Return how a module can write a function of the project's, and the import that it needs.

    Raises CannotRewriteError where that cannot be told.
    """
    name = definition.node.name
    if definition.module is module:
        return name, ()
    dotted = definition.module.qualified_definition(definition.node)
    if definition.module.project.find(dotted.rpartition(".")[0], 0, module) is not definition.module:
        raise CannotRewriteError(f"it cannot be told how this file would import `{name}`")
    return named(module, dotted)
