"""From python-jose to PyJWT, where a project asks nothing of the one that the other does not do in the same way.

That is `encode` and `decode` with an HMAC: there a key is a text for both. Keys of other kinds (JWK) are not the same
for both, nor are `options`, and `JWTClaimsError` is no one error of PyJWT.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.observe.source import Module, Project
from stopper.observe.source.rewriting import removed, replaced, written
from stopper.rewrite import CannotRewriteError, Change, Import

_ERRORS = {"JWTError": "PyJWTError", "JOSEError": "PyJWTError", "ExpiredSignatureError": "ExpiredSignatureError"}
_TAKES = {
    "encode": frozenset({"key", "algorithm", "headers"}),
    "decode": frozenset({"key", "algorithms", "audience", "issuer"}),
}
"""Arguments that both libraries call by the same name, besides the first three, which stand in the same order."""


def to_pyjwt(project: Project) -> tuple[Change, ...]:
    """Return the changes of all files that use python-jose. Raises CannotRewriteError where one cannot be changed."""
    files = [module for module in project.holding("jose") if any(_imports(module))]
    _check_handed_on(project, files)
    return tuple(change for module in files for change in _moved(module))


def _imports(module: Module) -> Iterator[ast.ImportFrom]:
    """Yield what a module imports from python-jose. Raises CannotRewriteError for what PyJWT has no twin of."""
    for plain in module.nodes(ast.Import):
        if any(alias.name.partition(".")[0] == "jose" for alias in plain.names):
            raise CannotRewriteError(f"{module.path}:{plain.lineno} imports python-jose as a whole")
    for chosen in module.nodes(ast.ImportFrom):
        if chosen.level or (chosen.module or "").partition(".")[0] != "jose":
            continue
        for alias in chosen.names:
            known = alias.name in _ERRORS or (alias.name == "jwt" and chosen.module == "jose")
            if not known or alias.asname or not isinstance(module.parent(chosen), ast.Module):
                raise CannotRewriteError(f"{module.path}:{chosen.lineno} imports `{alias.name}`: take joserfc or PyJWT")
        yield chosen


def _check_handed_on(project: Project, files: list[Module]) -> None:
    """Raise CannotRewriteError where a file takes python-jose's names from another file of the project."""
    for name in ("jwt", *_ERRORS):
        for other in project.holding(name):
            for chosen in other.nodes(ast.ImportFrom):
                given = project.find(chosen.module or "", chosen.level, other) if chosen.names else None
                if given in files and any(alias.name in (name, "*") for alias in chosen.names):
                    raise CannotRewriteError(f"{other.path}:{chosen.lineno} takes `{name}` from there")


def _moved(module: Module) -> Iterator[Change]:
    statements = list(_imports(module))
    names = {alias.name for statement in statements for alias in statement.names}
    _check_free(module, statements, names)
    for statement in statements:
        yield removed(module, statement)
    yield Import(module.path, "import jwt")
    for name in module.nodes(ast.Name):
        if name.id in names & _ERRORS.keys():
            yield replaced(module, name, f"jwt.{_ERRORS[name.id]}")
        elif name.id == "jwt" and "jwt" in names:
            yield from _use(module, name)


def _check_free(module: Module, statements: list[ast.ImportFrom], names: set[str]) -> None:
    """Raise CannotRewriteError where `jwt`, or a name that was imported, means something else in a part of the file."""
    told = {*names, "jwt"}
    bound = [name.id for name in module.nodes(ast.Name) if not isinstance(name.ctx, ast.Load)]
    bound += [argument.arg for argument in module.nodes(ast.arg)]
    bound += [each.name for each in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)]
    own = {id(alias) for statement in statements for alias in statement.names}
    bound += [alias.asname or alias.name for alias in module.nodes(ast.alias) if id(alias) not in own]
    if taken := sorted(told.intersection(bound)):
        raise CannotRewriteError(f"`{taken[0]}` means something else too in {module.path}")


def _use(module: Module, name: ast.Name) -> Iterator[Change]:
    attribute = module.parent(name)
    call = module.parent(attribute) if isinstance(attribute, ast.Attribute) else None
    if isinstance(attribute, ast.Attribute) and attribute.attr in _ERRORS:
        if _ERRORS[attribute.attr] != attribute.attr:
            yield replaced(module, attribute, f"jwt.{_ERRORS[attribute.attr]}")
    elif isinstance(attribute, ast.Attribute) and isinstance(call, ast.Call) and call.func is attribute:
        yield from _call(module, call, attribute.attr)
    else:
        raise CannotRewriteError(f"{module.path}:{name.lineno} uses it in another way than by a call")


def _call(module: Module, call: ast.Call, name: str) -> Iterator[Change]:
    """Yield what has to change in a call. Raises CannotRewriteError where the libraries differ."""
    where = f"{module.path}:{call.lineno}"
    if name == "get_unverified_header" and len(call.args) == 1 and not call.keywords:
        return
    given = {each.arg for each in call.keywords}
    plain = 1 <= len(call.args) <= 3 and not any(isinstance(each, ast.Starred) for each in call.args)
    if name not in _TAKES or not plain or not given <= _TAKES[name]:
        raise CannotRewriteError(f"{where} asks `{name}` for what PyJWT does in another way")
    chosen = [*call.args[2:], *(each.value for each in call.keywords if each.arg in ("algorithm", "algorithms"))]
    if not chosen and name == "decode":
        raise CannotRewriteError(f"{where} names no algorithm: say which one tokens are signed with")
    for algorithms in chosen:
        several = isinstance(algorithms, ast.List | ast.Tuple)
        each = algorithms.elts if isinstance(algorithms, ast.List | ast.Tuple) else [algorithms]
        if not all(str(module.constant(one)).startswith("HS") for one in each):
            raise CannotRewriteError(f"{where}: keys that are no HMAC's are given to PyJWT in another way")
        if name == "decode" and not several:
            yield replaced(module, algorithms, f"[{written(module, algorithms)}]")
