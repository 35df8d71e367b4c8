"""Tokens are made or checked by a library that nobody keeps.

## What is wrong

The code imports python-jose, python-jwt, Flask-JWT or the JWS serializers of itsdangerous, or a requirements file, a
lock file, the project's description or an installed package names one of these libraries.

## Why it matters

What is found in them is mended late or never: python-jose takes a public key in DER form for an HMAC secret in its
newest release too (3.5.0), python-jwt let a token be forged (CVE-2022-39227), Flask-JWT has had no release since 2015
and needs a PyJWT that is as old, and itsdangerous took its JWS serializers out in 2.1, so that whoever uses them is
held to an old release (CWE-477, CWE-1104).

## Bad

    from jose import jwt

    from itsdangerous import TimedJSONWebSignatureSerializer

    python-jose==3.5.0

## Good

    from joserfc import jwt

    from itsdangerous import URLSafeTimedSerializer

    PyJWT>=2.10  # in the place of python-jose, in what the project depends on

## References

CVE-2022-39227; CVE-2024-33663; changelog of itsdangerous 2.0 and 2.1; CWE-477, CWE-1104.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.controls.retired_library import moving
from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Manifest, Module
from stopper.observe.source.flows import place
from stopper.rewrite import ByHand, Rewrite, Risk

CONTROL = Control(
    id="BT214",
    name="retired_library",
    severity=Severity.MEDIUM,
    title="A library for tokens that nobody keeps is in use",
    witnesses="S",
    requirements=("L20",),
    cwe=(477, 1104),
)

_RETIRED = {
    "jose": "python-jose takes a public key for an HMAC secret, in its newest release too: take joserfc or PyJWT",
    "python_jwt": "python-jwt let tokens be forged, and nobody keeps it: take joserfc or PyJWT",
    "flask_jwt": "Flask-JWT has had no release since 2015: take Flask-JWT-Extended, or the guard",
}
_DISTRIBUTED = {name.replace("_", "-"): why for name, why in _RETIRED.items() if name != "jose"} | {
    "python-jose": _RETIRED["jose"]
}
"""The libraries by the name under which they are installed."""

_SERIALIZERS = frozenset({"TimedJSONWebSignatureSerializer", "JSONWebSignatureSerializer"})
_REMOVED = (
    "itsdangerous has had no JWS serializers since 2.1: the code is held to an old release; take joserfc or PyJWT"
)
_KEPT = frozenset({"jwt", "joserfc", "authlib", "flask_jwt_extended"})


def source(module: Module) -> Iterable[Verdict]:
    """Look at every import of a library that makes or checks tokens; each retired one is said once a module."""
    if not module.mentions("jose", "jwt", "authlib", "jsonwebsignature"):
        return
    said: set[str] = set()
    for node, name in _imported(module):
        why = _retired(name)
        library = name.partition(".")[0]
        if library in said or _own(module, library):
            continue
        if why and not _stands_in(module, node):
            said.add(library)
            yield Verdict(False, why, place(module, node))
        elif library in _KEPT:
            said.add(library)
            yield Verdict(True, f"{library} is kept", place(module, node))


def manifest(manifest: Manifest) -> Iterable[Verdict]:
    """Look at every package that is asked for, locked or installed, whatever its release."""
    for pin in manifest.pins:
        if pin.package in _DISTRIBUTED:
            weight = Severity.LOW if pin.development else CONTROL.severity
            yield Verdict(False, _DISTRIBUTED[pin.package], pin.place, severity=weight)
        elif pin.package.replace("-", "_") in _KEPT or pin.package == "pyjwt":
            yield Verdict(True, f"{pin.package} is kept", pin.place)


def _imported(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield what a module imports from elsewhere, and the serializers that it takes as attributes."""
    for plain in module.nodes(ast.Import):
        yield from ((plain, alias.name) for alias in plain.names)
    for chosen in module.nodes(ast.ImportFrom):
        if not chosen.level and chosen.module:
            yield from ((chosen, f"{chosen.module}.{alias.name}") for alias in chosen.names)
    for attribute in module.nodes(ast.Attribute):
        if attribute.attr in _SERIALIZERS:
            yield attribute, module.qualified(attribute) or ""


def _retired(name: str) -> str:
    library, last = name.partition(".")[0], name.rpartition(".")[2]
    if library == "itsdangerous":
        return _REMOVED if last in _SERIALIZERS else ""
    return _RETIRED.get(library, "")


def _own(module: Module, library: str) -> bool:
    """Tell whether a name is a module of the project itself."""
    return library in _RETIRED and module.project.find(library, 0, module) is not None


def _stands_in(module: Module, node: ast.AST) -> bool:
    """Tell whether an import may fail, because another library stands in where the retired one is not installed."""
    return any(isinstance(outer, ast.Try) and node in outer.body for outer in module.ancestors(node))


_DECIDE = "put `PyJWT` in the place of `python-jose` in what the project depends on, and install it"


_JWS = (
    'serializer = URLSafeTimedSerializer(key, salt="what the token is for")',
    "token = serializer.dumps(data)",
    "data = serializer.loads(token, max_age=600)  # seconds",
)
_FLASK = ("manager = JWTManager(app)", "token = create_access_token(identity)", "@jwt_required()")


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Let PyJWT do what python-jose did, in all files at once: what the one raises, another may catch."""
    library = next((name.partition(".")[0] for node, name in _imported(module) if _says(module, node, name, where)), "")
    if library == "itsdangerous":
        return ByHand("tokens in hand have another form, and are refused from then on", _JWS)
    if library == "flask_jwt":
        return ByHand("Flask-JWT-Extended leaves the login and the user to views of your own", _FLASK)
    if library != "jose":
        return None
    changes = moving.to_pyjwt(module.project)
    why = "PyJWT is kept, takes the same calls, and refuses a token without a claim that is asked for"
    return Rewrite(why, changes, Risk.SETTING, (_DECIDE,))


def _says(module: Module, node: ast.AST, name: str, where: Place) -> bool:
    return bool(_retired(name)) and place(module, node) == where
