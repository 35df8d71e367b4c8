"""An operation demands a security scheme that does not say how to be let in.

## What is wrong

A requirement names a scheme that the document does not define, or whose definition says nothing a program can use: a
type that this version of the format does not know, or a missing member without which the type means nothing. Weaker,
but of the same kind: a bearer token written as `apiKey` where the format has a word for it.

## Why it matters

Gateways, generated servers and generated clients take their checks from this document. What they do not understand they
mostly leave out, so that an operation that reads as protected is served open. A bearer token called an API key is sent
without its scheme, or is looked for by tools in the wrong place.

## Bad

    security: [{bearerAuth: []}]
    components:
      securitySchemes:
        BearerAuth: {type: http}

## Good

    security: [{bearerAuth: []}]
    components:
      securitySchemes:
        bearerAuth: {type: http, scheme: bearer}

## References

OpenAPI 3.1 "Security Requirement Object" and "Security Scheme Object"; Swagger 2.0 "Security Scheme Object";
RFC 6750 section 2.1; CWE-1059.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.spec.rewriting import Part, SpecText
from stopper.observe.views import Operation, Scheme
from stopper.rewrite import ByHand, Change, Rewrite, Text

CONTROL = Control(
    id="BT603",
    name="scheme_undefined",
    severity=Severity.MEDIUM,
    title="A security scheme that says nothing",
    witnesses="P",
    requirements=("B17",),
    cwe=(1059,),
    guard="Guard.openapi",
)


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at how each scheme that an operation takes is defined."""
    schemes = {scheme.name: scheme for requirement in operation.security for scheme, _ in requirement.schemes}
    for scheme in schemes.values():
        wrong = _wrong(scheme)
        as_key = not wrong and _bearer_as_key(scheme)
        yield Verdict(
            kept=not (wrong or as_key),
            message=f"the scheme `{scheme.name}` {wrong or _AS_KEY if wrong or as_key else 'is defined'}",
            place=scheme.place,
            endpoints=(operation.endpoint,),
            cause=f"the scheme at {scheme.place}:{scheme.place.column}",
            severity=Severity.LOW if as_key else None,
        )


_AS_KEY = "is an API key in the Authorization header, where `type: http` names the way it is presented"


def _wrong(scheme: Scheme) -> str:
    """Return what keeps a definition from saying how to be let in, or an empty text."""
    if scheme.kind == "undefined" and not scheme.type:
        return "is not defined"
    if scheme.kind == "undefined":
        return "has a type that no version of the format knows"
    if scheme.missing:
        return f"lacks `{scheme.missing}`, without which its type says nothing"
    if scheme.version == "2.0" and scheme.type not in ("basic", "apiKey", "oauth2"):
        return "has a type that Swagger 2.0 does not know"
    if scheme.version.startswith("3.") and scheme.type in ("basic", "bearer"):
        return "has a type that OpenAPI 3 does not know"
    return ""


def _bearer_as_key(scheme: Scheme) -> bool:
    """Tell whether a bearer token is written as an API key; Swagger 2.0 has no other way to write it."""
    return scheme.kind == "apiKey" and scheme.bearer and scheme.version.startswith("3.")


def fix(document: SpecText, place: Place) -> Rewrite | ByHand | None:
    """Write a scheme as its version of the format has it, and a requirement as the scheme is spelled."""
    part = document.at(place)
    if part.parent is None:
        return None
    if part.parent.parent is not None and part.parent.parent.items:
        return _spelled(document, part)
    if "swagger" in document.root.entries:
        return _for_swagger(document, part.entries)
    return _for_openapi(document, part.entries)


def _spelled(document: SpecText, requirement: Part) -> Rewrite | ByHand:
    """Name the one scheme whose name differs from the required one in its spelling alone."""
    name = next(key for key, each in _entries(requirement.parent).items() if each is requirement)
    root = document.root.entries
    defined = _entries(root.get("securityDefinitions") or _entries(root.get("components")).get("securitySchemes"))
    alike = [each for each in defined if _letters(each) == _letters(name)]
    written = re.compile(re.escape(name)).search(document.text, requirement.key_start, requirement.start)
    if len(alike) != 1 or written is None or not re.fullmatch(r"[\w.-]+", alike[0]):
        lines = ("components:", "  securitySchemes:", f"    {name}: {{type: http, scheme: bearer}}")
        return ByHand("what it should mean stands nowhere; for a bearer token, define it", lines)
    change = Text(document.path, written.start(), written.end(), alike[0])
    return Rewrite(f"the requirement names the scheme that the document defines, `{alike[0]}`", (change,))


def _letters(name: str) -> str:
    return re.sub(r"[-_ .]", "", name).lower()


def _entries(part: Part | None) -> Mapping[str, Part]:
    return part.entries if part is not None else {}


def _for_openapi(document: SpecText, entries: Mapping[str, Part]) -> Rewrite | ByHand | None:
    """Write `basic`, `bearer`, and a bearer token that is called an API key, as schemes of HTTP."""
    kind = entries["type"].text if "type" in entries else ""
    why = "tools know the way in by its name"
    if kind in ("basic", "bearer") and "scheme" not in entries:
        return Rewrite(why, (_written(document, entries["type"], {"type": "http", "scheme": kind}),))
    if kind == "http" and "bearerFormat" in entries and "scheme" not in entries:
        return Rewrite(why, (_written(document, entries["type"], {"type": "http", "scheme": "bearer"}),))
    if kind == "apiKey" and {"name", "in"} <= entries.keys():
        changes: tuple[Change, ...] = (
            document.value(entries["type"], "http"),
            _written(document, entries["name"], {"scheme": "bearer"}),
            document.without(entries["in"]),
        )
        decide = "give clients that are made from the document the token alone: they add `Bearer` by themselves now"
        return Rewrite("tools send the token with its scheme, and know it for a secret", changes, decide=(decide,))
    return None


def _for_swagger(document: SpecText, entries: Mapping[str, Part]) -> Rewrite | None:
    """Write a scheme of OpenAPI 3 as Swagger 2.0 has it, which knows no bearer tokens but as a header."""
    kind = entries["type"].text if "type" in entries else ""
    scheme = entries["scheme"].text.lower() if "scheme" in entries else ""
    changes: tuple[Change, ...] = ()
    if kind == "bearer" and not scheme:
        changes = (_written(document, entries["type"], {"type": "apiKey", **_HEADER}),)
    elif kind == "http" and scheme == "bearer":
        changes = document.value(entries["type"], "apiKey"), _written(document, entries["scheme"], _HEADER)
    elif kind == "http" and scheme == "basic":
        changes = document.value(entries["type"], "basic"), document.without(entries["scheme"])
    else:
        return None
    if "bearerFormat" in entries:
        changes = *changes, document.without(entries["bearerFormat"])
    return Rewrite("tools for Swagger 2.0 know the way in", changes)


_HEADER = {"in": "header", "name": "Authorization"}


def _written(document: SpecText, entry: Part, said: Mapping[str, str]) -> Text:
    """Put other entries in the place of one, on lines of their own where it stands on one."""
    quoted = json.dumps if document.json else str
    entries = [f"{quoted(key)}: {quoted(value)}" for key, value in said.items()]
    margin = document.text[document.text.rfind("\n", 0, entry.key_start) + 1 : entry.key_start]
    comma = "," if entry.parent is not None and entry.parent.flow else ""
    between = " " if margin.strip() else "\n" + margin
    return Text(document.path, entry.key_start, entry.end, (comma + between).join(entries))
