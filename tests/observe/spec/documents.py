"""Generated specifications of every version: valid documents, some with broken parts beside what is valid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
NAMES = ("alpha", "beta", "gamma", "delta", "omega")  # omega is never defined
PATHS = ("/orders", "/orders/{id}", "/users/me", "/", "/a/b/c", "/ä/{x}.json", "/p/{a}-{b}")
URLS = {
    "authorizationUrl": "https://login.test/authorize",
    "tokenUrl": "https://login.test/token",
    "refreshUrl": "/refresh",
}

Plain = dict[str, Any]
Plains = st.SearchStrategy[Plain]

SCHEMES_3: Plains = st.sampled_from(
    [
        {"type": "http", "scheme": "bearer"},
        {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"},
        {"type": "http", "scheme": "basic"},
        {"type": "http", "scheme": "hoba"},
        {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        {"type": "apiKey", "in": "header", "name": "authorization"},
        {"type": "apiKey", "in": "query", "name": "key"},
        {"type": "apiKey", "in": "cookie", "name": "session"},
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://login.test/token", "scopes": {}}}},
        {"type": "oauth2", "flows": {"authorizationCode": URLS | {"scopes": {"read": "to read"}}}},
        {"type": "oauth2", "flows": {"deviceAuthorization": {"tokenUrl": "https://login.test/token", "scopes": {}}}},
        {"type": "openIdConnect", "openIdConnectUrl": "https://login.test/.well-known/openid-configuration"},
    ]
)
SCHEMES_31: Plains = SCHEMES_3 | st.just({"type": "mutualTLS", "description": "a certificate of ours"})
SCHEMES_2: Plains = st.sampled_from(
    [
        {"type": "basic"},
        {"type": "apiKey", "in": "header", "name": "Authorization"},
        {"type": "apiKey", "in": "query", "name": "key"},
        {"type": "oauth2", "flow": "application", "tokenUrl": "https://login.test/token", "scopes": {}},
        {"type": "oauth2", "flow": "accessCode", **URLS, "scopes": {"read": "to read"}},
    ]
)
SERVERS = st.lists(
    st.sampled_from(
        [
            {"url": "/"},
            {"url": "https://shop.test"},
            {"url": "https://shop.test/v3/"},
            {"url": "//shop.test/v4"},
            {"url": "https://{host}/{base}", "variables": {"host": {"default": "a.test"}, "base": {"default": "v5"}}},
            {"url": "http://{h}:8443/x", "variables": {"h": {"default": "a.test", "enum": ["a.test", "b.test"]}}},
        ]
    ),
    min_size=1,
    max_size=2,
)
REQUIREMENT = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(["read", "write"]), unique=True), max_size=3
)
SECURITY = st.lists(REQUIREMENT, max_size=3)
RESPONSES = st.just({"200": {"description": "fine"}})

JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 7, "text", [], ["text"], {}, {"$ref": "#/x-nowhere"}, {"$ref": 5}, [[{}]]]
)
"""What stands where something else is wanted."""

BROKEN_PARTS = (
    ("paths", "x-broken-path"),
    ("paths", "no-slash"),
    ("components", "schemas"),
    ("components", "parameters"),
    ("components", "responses"),
    ("info", "title"),
    ("x-root", "x"),
    ("tags", ""),
    ("webhooks", ""),
)
"""Places (parent, key) into which junk is put without touching what operations are guarded by."""


@dataclass(frozen=True)
class Generated:
    """A document, the files beside it that it refers to, and whether all is written as YAML or as JSON."""

    root: Plain
    beside: Mapping[str, Plain]
    form: str
    broken: bool

    @property
    def name(self) -> str:
        """Return the document's own file name."""
        return f"shop.{self.form}"

    def written(self, value: Plain) -> bytes:
        """Return one file's bytes."""
        if self.form == "json":
            return json.dumps(value).encode()
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()

    def beside_written(self, name: str) -> bytes:
        """Return a file beside the document; raises KeyError where there is none of that name."""
        return self.written(self.beside[name])


@st.composite
def operations(draw: st.DrawFn, version: str) -> Plain:
    """Return an operation with, without, and with empty security; with servers and callbacks where there are such."""
    operation: Plain = {"responses": draw(RESPONSES)}
    if draw(st.booleans()):
        operation["security"] = draw(SECURITY)
    if version != "2.0":
        if draw(st.integers(0, 4)) == 0:
            operation["servers"] = draw(SERVERS)
        if draw(st.integers(0, 4)) == 0:
            operation["callbacks"] = {"paid": {"{$request.body#/url}": {"post": {"responses": draw(RESPONSES)}}}}
    if draw(st.integers(0, 4)) == 0:
        operation["parameters"] = [{"name": "page", "in": "query", "schema": {"type": "integer"}}]
    return operation


@st.composite
def path_items(draw: st.DrawFn, version: str) -> Plain:
    """Return a path item; OpenAPI 3.2 knows QUERY and methods of any other name."""
    methods = (*METHODS, "query") if version == "3.2.0" else METHODS
    chosen = draw(st.lists(st.sampled_from(methods), min_size=1, max_size=3, unique=True))
    item: Plain = {method: draw(operations(version)) for method in chosen}
    if version == "3.2.0" and draw(st.booleans()):
        item["additionalOperations"] = {"COPY": draw(operations(version)), "Purge": draw(operations(version))}
    if version != "2.0" and draw(st.integers(0, 4)) == 0:
        item["servers"] = draw(SERVERS)
    return item


def pointer(key: str) -> str:
    """Return a key as a step of a JSON pointer (RFC 6901 section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


@st.composite
def generated(draw: st.DrawFn) -> Generated:
    """Return a document of any version; path items and schemes may stand elsewhere, in another file too."""
    version = draw(st.sampled_from(["2.0", "3.0.3", "3.0.4", "3.1.0", "3.1.1", "3.2.0"]))
    swagger = version == "2.0"
    form = draw(st.sampled_from(["json", "yaml"]))
    root: Plain = {"swagger" if swagger else "openapi": version, "info": {"title": "T", "version": "1"}}
    beside: dict[str, Plain] = {}
    if draw(st.booleans()):
        root["security"] = draw(SECURITY)
    schemes = SCHEMES_2 if swagger else SCHEMES_3 if version.startswith("3.0") else SCHEMES_31
    defined = draw(st.dictionaries(st.sampled_from(NAMES[:-1]), schemes, max_size=4))
    where = draw(st.sampled_from(["here", "moved", "beside"]))
    if where != "here":
        file = f"parts/security.{form}" if where == "beside" else ""
        (beside.setdefault(file, {}) if file else root)["x-moved"] = defined
        defined = {name: {"$ref": f"{file}#/x-moved/{name}"} for name in defined}
    if swagger:
        root["securityDefinitions"] = defined
        root["basePath"] = draw(st.sampled_from(["", "/", "/v2", "/v2/"]))
    else:
        root["components"] = {"securitySchemes": defined}
        if draw(st.booleans()):
            root["servers"] = draw(SERVERS)
    items = draw(st.dictionaries(st.sampled_from(PATHS), path_items(version), min_size=1, max_size=4))
    where = draw(st.sampled_from(["here", "moved", "beside"]))
    if where != "here":
        file = f"./items.{form}" if where == "beside" else ""
        (beside.setdefault(file[2:], {}) if file else root)["x-items"] = items
        items = {path: {"$ref": f"{file}#/x-items/{pointer(path)}"} for path in items}
    root["paths"] = items
    if version in ("3.1.0", "3.1.1", "3.2.0") and draw(st.booleans()):
        root["webhooks"] = {"paid": {"post": {"responses": draw(RESPONSES)}}}
    return Generated(root, beside, form, draw(broken(root)))


@st.composite
def broken(draw: st.DrawFn, root: Plain) -> bool:
    """Break up to two parts of a document that no operation's security hangs on; tell whether any was."""
    parts = draw(st.lists(st.sampled_from(BROKEN_PARTS), max_size=2, unique=True))
    for parent, key in parts:
        junk = draw(JUNK)
        if not key:
            root[parent] = junk
            continue
        holder = root.setdefault(parent, {})
        if isinstance(holder, dict):
            holder[key] = junk
    return bool(parts)
