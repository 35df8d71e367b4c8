"""A signing key or client secret stands in the source.

## What is wrong

The key that signs tokens, or a secret that this service shares with another, is a literal in code or configuration
that is kept with the code.

## Why it matters

Everybody who can read the repository, a container image, a backup or a copy of an old laptop can sign tokens for
anybody. The key cannot be changed without a release, so it never is (ASVS 5.0.0 13.3.1, CWE-798).

## Bad

    app.config["JWT_SECRET_KEY"] = "super-secret"

    token = jwt.encode(claims, "super-secret", algorithm="HS256")

    # .env, kept with the code
    SECRET_KEY=changeme

## Good

    app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]

The guard makes its keys at first start, keeps them in the store and rotates them.

## References

RFC 8725 section 3.5; ASVS 5.0.0 13.3.1; OWASP API8:2023; CWE-321, CWE-798.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Configuration, Module
from stopper.observe.source.configuration import Serves, secrets
from stopper.observe.source.flows import Literal, literals, place
from stopper.observe.source.rewriting import named, replaced
from stopper.rewrite import ByHand, CannotRewriteError, Rewrite, Risk

CONTROL = Control(
    id="BT205",
    name="hardcoded_secret",
    severity=Severity.HIGH,
    title="A signing key or secret is written in the source",
    witnesses="S",
    requirements=("G14",),
    labels=("hardcoded_secret",),
    cwe=(321, 798),
    local=True,
)


def source(module: Module) -> Iterable[Verdict]:
    """Look at every name that means a secret, and at every key a token is signed with, for a literal."""
    for literal in literals(module):
        if literal.default:
            continue
        if literal.node is None:
            yield Verdict(True, f"{literal.name} comes from outside the source", place=place(module, literal.anchor))
        elif literal.refused:
            message = f"{literal.name} is written here, but the program refuses to run with it"
            yield Verdict(True, message, place=place(module, literal.anchor, literal.value))
        else:
            yield from _broken(module, literal)


def configuration(configuration: Configuration) -> Iterable[Verdict]:
    """Look at every entry of a file of settings that is named like a secret, where git keeps the file with the code."""
    for entry, written in secrets(configuration):
        if entry.default:
            continue
        if not configuration.committed:
            yield Verdict(True, f"{entry.name} stands in a file that git leaves out", place=entry.place)
        elif written:
            lesser = configuration.serves is not Serves.RUNNING
            yield Verdict(
                kept=False,
                message=f"{entry.name} stands in a file that is kept with the code: whoever reads it knows the secret",
                place=entry.place,
                severity=Severity.LOW if lesser else CONTROL.severity,
            )
        elif configuration.serves is Serves.RUNNING:
            yield Verdict(True, f"{entry.name} is taken from elsewhere", place=entry.place)


def _broken(module: Module, literal: Literal) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"{literal.name} is a literal in the source: whoever reads the code knows the secret",
        place=place(module, literal.anchor, literal.value),
        endpoints=module.endpoints(literal.anchor),
    )


# --------------------------------------------------------------------------- the repair

_COMMON = 12
"""Letters up to which a text may stand elsewhere in the source and mean something else."""

_GENERIC = frozenset({"KEY", "SECRET", "TOKEN", "PASSWORD"})
"""Names that mean nothing in an environment, which is the same for all parts of a program."""

_OF_MANY = frozenset({"API_KEY", "AUTH_KEY", "API_SECRET", "ACCESS_KEY"})
"""Names of which every service that is called has one: alone they mean something for a whole module."""

_OWN = frozenset("JWT SIGNING SESSION CSRF HMAC COOKIE FLASK APP".split())
"""Words of secrets that no other service gives."""


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Take the secret from the environment: without it the program ends at its start, instead of running open."""
    for literal in literals(module):
        if literal.node is None or literal.default or place(module, literal.anchor, literal.value) != where:
            continue
        text = _constant(literal.node)
        if text is not None:
            return _from_environment(module, literal, text)
    return None


def _from_environment(module: Module, literal: Literal, text: ast.Constant) -> Rewrite | ByHand:
    if _is_compared(module, text):
        return ByHand("what a caller gives is compared with it: keep a digest of it in the configuration, or a hash")
    if any(_is_example(each) for each in module.ancestors(text)):
        return ByHand("it stands in an example: write one there that is plainly none")
    variable = _variable(literal)
    if literal.value.reveal().lstrip().startswith("-----BEGIN"):
        lines = (f'{variable} = Path(os.environ["{variable}_FILE"]).read_text()',)
        return ByHand("a key of several lines is kept in a file outside the code rather than in a variable", lines)
    if variable in _GENERIC or (variable in _OF_MANY and not isinstance(literal.anchor, ast.Assign)):
        raise CannotRewriteError(f"{variable} does not say whose it is: give it a variable with a name of its own")
    _check_alone(module, literal, variable)
    environ, imports = named(module, "os.environ", text)
    asked = f'{environ}["{variable}"]' + (".encode()" if isinstance(text.value, bytes) else "")
    source = (
        "to" if _OWN.intersection(variable.split("_")) or variable == "SECRET_KEY" else "to what its service gives, or"
    )
    decide = f"set the environment variable {variable} {source} a random secret: `openssl rand -hex 32` makes one"
    why = f"without {variable} the program ends instead of running with a secret that its readers know"
    decisions = decide, *_twins(module, literal), *_late(module, literal)
    return Rewrite(why, (replaced(module, text, asked), *imports), Risk.SETTING, decisions)


def _is_compared(module: Module, node: ast.AST) -> bool:
    return any(isinstance(each, ast.Compare) for each in module.ancestors(node))


def _is_example(node: ast.AST) -> bool:
    """Tell whether a mapping has a member that is an example: no program runs with what stands below it."""
    keys = node.keys if isinstance(node, ast.Dict) else ()
    return any("example" in str(key.value).lower() for key in keys if isinstance(key, ast.Constant))


def _late(module: Module, literal: Literal) -> Iterator[str]:
    """Say that a file of variables is read in time, where another file reads it and this one needs it when imported."""
    imported = module.function_of(literal.anchor) is None and "load_dotenv(" not in module.text
    if imported and module.project.holding("load_dotenv("):
        yield f"where it stands in a file of variables, `load_dotenv()` runs before {module.path} is imported"


def _constant(node: ast.expr) -> ast.Constant | None:
    """Return the text itself of a literal that may be encoded or wrapped: `"…".encode()`, `SecretStr("…")`."""
    if isinstance(node, ast.Call):
        method = isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "strip")
        inner = node.func.value if method and isinstance(node.func, ast.Attribute) else next(iter(node.args), None)
        return _constant(inner) if inner is not None else None
    return node if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) else None


def _variable(literal: Literal) -> str:
    """Return what the secret is called in the environment: as in the source, where it has a name there."""
    anchor, name = literal.anchor, literal.name
    if isinstance(anchor, ast.Assign) and isinstance(anchor.targets[0], ast.Name):
        name = anchor.targets[0].id
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"\W", "_", parted).strip("_").upper() if " " not in name else "SIGNING_KEY"


def _check_alone(module: Module, literal: Literal, variable: str) -> None:
    """Raise CannotRewriteError where another secret would get the same variable, or the text is relied on elsewhere.

    The classes of a configuration may name the same setting each: one of them is in force.
    """
    text = literal.value.reveal()
    for other, each in _literals(module, literal.name):
        becomes = each.node is not None and not _is_compared(other, each.node)
        differs = becomes and each.value.reveal() != text
        if differs and _variable(each) == variable and not (_of_class(module, literal) and _of_class(other, each)):
            raise CannotRewriteError(f"several secrets are called {variable}: give each a variable of its own")
    if len(text) > _COMMON:
        for other in module.project.holding(text):
            known = {_constant(each.node) for each in literals(other) if each.node is not None}
            for node in other.nodes(ast.Constant):
                if node.value in (text, text.encode()) and node not in known:
                    raise CannotRewriteError(f"the same text stands in {other.path}:{node.lineno} too")


def _literals(module: Module, text: str) -> Iterator[tuple[Module, Literal]]:
    """Yield the secrets of this module, and of those that hold a text."""
    for other in dict.fromkeys((module, *module.project.holding(text))):
        yield from ((other, each) for each in literals(other))


def _of_class(module: Module, literal: Literal) -> bool:
    return isinstance(module.parent(literal.anchor), ast.ClassDef)


def _twins(module: Module, literal: Literal) -> Iterator[str]:
    """Say which other settings hold the same secret now: one part of the program may sign for the other."""
    text, own = literal.value.reveal(), _variable(literal)
    others = {_variable(each) for _, each in _literals(module, text) if each.node and each.value.reveal() == text}
    for other in sorted(others - {own}):
        yield f"{other} was the same as {own}: let it be so where the one signs what the other checks"
