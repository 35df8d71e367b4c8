"""Effective security, beside a second reading written from the specifications' text alone, over generated documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stopper.observe.spec import read
from stopper.observe.views import Operation

Said = tuple[list[dict[str, tuple[str, tuple[str, ...]]]], bool, bool]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
NAMES = ("alpha", "beta", "gamma", "delta", "omega")  # omega is never defined
PATHS = ("/orders", "/orders/{id}", "/users/me", "/", "/a/b/c")

# --------------------------------------------------------------------------- the documents

SCHEMES_3 = st.sampled_from(
    [
        {"type": "http", "scheme": "bearer"},
        {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"},
        {"type": "http", "scheme": "basic"},
        {"type": "http", "scheme": "hoba"},
        {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        {"type": "apiKey", "in": "header", "name": "authorization"},
        {"type": "apiKey", "in": "query", "name": "key"},
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://login.test/token", "scopes": {}}}},
        {"type": "openIdConnect", "openIdConnectUrl": "https://login.test/.well-known/openid-configuration"},
        {"type": "mutualTLS"},
    ]
)
SCHEMES_2 = st.sampled_from(
    [
        {"type": "basic"},
        {"type": "apiKey", "in": "header", "name": "Authorization"},
        {"type": "apiKey", "in": "query", "name": "key"},
        {"type": "oauth2", "flow": "application", "tokenUrl": "https://login.test/token", "scopes": {}},
    ]
)
REQUIREMENT = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(["read", "write"]), unique=True), max_size=3
)
SECURITY = st.lists(REQUIREMENT, max_size=3)


def definitions(schemes: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return definitions for some of the names; one of them may be a reference to another."""
    return st.dictionaries(st.sampled_from(NAMES[:-1]), schemes, max_size=4)


def operations() -> st.SearchStrategy[dict[str, Any]]:
    """Return operations with, without, and with empty security."""
    return st.fixed_dictionaries(
        {"responses": st.just({"200": {"description": "fine"}})}, optional={"security": SECURITY}
    )


PATH_ITEMS = st.dictionaries(st.sampled_from(METHODS), operations(), min_size=1, max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a valid document of any version; path items and schemes may stand elsewhere and be referred to."""
    version = draw(st.sampled_from(["2.0", "3.0.3", "3.1.0", "3.2.0"]))
    key = "swagger" if version == "2.0" else "openapi"
    document: dict[str, Any] = {key: version, "info": {"title": "T", "version": "1"}}
    if draw(st.booleans()):
        document["security"] = draw(SECURITY)
    defined = draw(definitions(SCHEMES_2 if key == "swagger" else SCHEMES_3))
    if key == "swagger":
        document["securityDefinitions"] = defined
        document["basePath"] = draw(st.sampled_from(["", "/", "/v2"]))
    else:
        document["servers"] = [{"url": draw(st.sampled_from(["/", "https://shop.test", "https://shop.test/v3/"]))}]
        moved = draw(st.booleans())
        document["x-moved"] = defined if moved else {}
        referred = {name: {"$ref": f"#/x-moved/{name}"} for name in defined}
        document["components"] = {"securitySchemes": referred if moved else defined}
    items = draw(st.dictionaries(st.sampled_from(PATHS), PATH_ITEMS, min_size=1, max_size=3))
    if draw(st.booleans()):
        document["x-items"] = items
        document["paths"] = {p: {"$ref": "#/x-items/" + p.replace("~", "~0").replace("/", "~1")} for p in items}
    else:
        document["paths"] = items
    return document


# --------------------------------------------------------------------------- the second reading


def oracle(document: Mapping[str, Any]) -> dict[str, Said]:
    """Return, by method and path, what the specifications say is in force: alternatives, protected, bearer.

    OpenAPI 3.1 section 4.8.10.1: an operation's `security` overrides the top-level one, an empty list removes it.
    Section 4.8.30: one requirement of the list suffices, all of a requirement's schemes are needed, `{}` makes
    security optional. Swagger 2.0 says the same under Operation Object and Security Requirement Object.
    """
    found: dict[str, Said] = {}
    for path, item in document["paths"].items():
        target = document["x-items"][path] if "$ref" in item else item
        for method, operation in target.items():
            security = operation["security"] if "security" in operation else document.get("security", [])
            alternatives = [
                {name: (kind(definition(document, name)), tuple(scopes)) for name, scopes in requirement.items()}
                for requirement in security
            ]
            protected = len(security) > 0 and {} not in security
            bearer = any(takes_bearer(definition(document, name)) for requirement in security for name in requirement)
            found[f"{method.upper()} {base(document)}{path}"] = (alternatives, protected, protected and bearer)
    return found


def definition(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the definition of a scheme; empty where there is none."""
    if "swagger" in document:
        return document["securityDefinitions"].get(name, {})
    found = document["components"]["securitySchemes"].get(name, {})
    return document["x-moved"][name] if "$ref" in found else found


def kind(scheme: Mapping[str, Any]) -> str:
    """Return the kind of a definition in the views' words; HTTP schemes are compared without case (RFC 9110 11.1)."""
    if not scheme:
        return "undefined"
    if scheme["type"] == "http":
        name = scheme["scheme"].casefold()
        return name if name in ("bearer", "basic") else "http"
    return str(scheme["type"])


def takes_bearer(scheme: Mapping[str, Any]) -> bool:
    """Tell whether a bearer token answers a definition: RFC 6750 by name, or whatever goes into Authorization."""
    if kind(scheme) in ("bearer", "oauth2", "openIdConnect"):
        return True
    return scheme.get("in") == "header" and scheme.get("name", "").casefold() == "authorization"


def base(document: Mapping[str, Any]) -> str:
    """Return the path under which the paths stand."""
    if "swagger" in document:
        return str(document["basePath"]).rstrip("/")
    return "/v3" if "v3" in document["servers"][0]["url"] else ""


# --------------------------------------------------------------------------- the comparison


def ours(found: tuple[Operation, ...]) -> Iterator[tuple[str, Said]]:
    """Yield what the reader under test says, in the oracle's form."""
    for operation in found:
        alternatives = [
            {scheme.name: (scheme.kind, scopes) for scheme, scopes in requirement.schemes}
            for requirement in operation.security
        ]
        yield str(operation.endpoint), (alternatives, operation.protected, operation.bearer)


@pytest.mark.parametrize("form", ["json", "yaml"])
@given(document=documents())
@settings(max_examples=150, deadline=None)
def test_effective_security(form: str, document: dict[str, Any]) -> None:
    """The reader and the oracle agree on every operation of every document, in JSON and in YAML."""
    text = json.dumps(document) if form == "json" else yaml.safe_dump(document, sort_keys=False)
    found = read(f"shop.{form}", text.encode())
    assert dict(ours(found.operations)) == oracle(document)
    undefined = [problem for problem in found.problems if "is not defined" not in problem.message]
    assert not undefined, "a valid document has no other problem"
