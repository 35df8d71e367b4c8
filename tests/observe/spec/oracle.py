"""What is in force for each operation, read a second time from the specifications' text, for valid documents alone.

It works on plain data (every scalar as text or as JSON gives it) and shares nothing with the reader under test. Written
from OpenAPI 3.1 sections 4.8.2 (servers), 4.8.9 (path items), 4.8.10 (operations), 4.8.23 (references), 4.8.27
(security schemes) and 4.8.30 (security requirements), OpenAPI 3.2 for `query` and `additionalOperations`, and Swagger
2.0 for `host`, `basePath`, `schemes` and `securityDefinitions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from stopper.observe.views import Operation

Said = tuple[list[dict[str, tuple[str, tuple[str, ...]]]], bool, bool]
Files = Mapping[str, Any]

FIXED_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class Oracle:
    """One document with the files beside it, by name; the document's own name is the empty text."""

    def __init__(self, document: Mapping[str, Any], beside: Files | None = None) -> None:
        """Take the root and what local references may lead to."""
        self.root = document
        self.files = {"": document, **(beside or {})}

    def read(self) -> dict[str, Said]:
        """Return, by method and full path: the alternatives, whether one is needed, whether a bearer token is one."""
        found = {}
        for template, written in self.root["paths"].items():
            if not template.startswith("/") or not isinstance(written, Mapping):
                continue
            item, file = self.resolved(written, "")
            for method, operation in self.methods(item, file):
                full = f"{method} {self.base(item, operation)}{template}"
                found[full] = self.security(operation)
        return found

    def methods(self, item: Any, file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the operations of a path item; what is no mapping is no operation."""
        if not isinstance(item, Mapping):
            return
        fixed = [(key.upper(), value) for key, value in item.items() if key in FIXED_METHODS]
        extra = item.get("additionalOperations") or {}
        for method, value in (*fixed, *extra.items()):
            operation, _ = self.resolved(value, file)
            if isinstance(operation, Mapping):
                yield method, operation

    def resolved(self, value: Any, file: str) -> tuple[Any, str]:
        """Return what a value refers to in the end, and the file it stands in."""
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            name, _, pointer = value["$ref"].partition("#")
            file = name.removeprefix("./") or file
            value = self.files[file]
            for step in unquote(pointer).split("/")[1:]:
                value = value[step.replace("~1", "/").replace("~0", "~")]
        return value, file

    def security(self, operation: Mapping[str, Any]) -> Said:
        """Return what is in force: the operation's own list, an empty one included, else the document's."""
        listed = operation["security"] if "security" in operation else self.root.get("security", [])
        alternatives = [
            {name: (self.kind(name), tuple(scopes or ())) for name, scopes in (requirement or {}).items()}
            for requirement in listed
        ]
        needed = bool(listed) and not any(len(alternative) == 0 for alternative in alternatives)
        bearer = any(self.takes_bearer(name) for alternative in alternatives for name in alternative)
        return alternatives, needed, needed and bearer

    def definition(self, name: str) -> Mapping[str, Any]:
        """Return the definition of a scheme; empty where there is none."""
        holder = self.root if "swagger" in self.root else self.root.get("components") or {}
        key = "securityDefinitions" if "swagger" in self.root else "securitySchemes"
        found, _ = self.resolved((holder.get(key) or {}).get(name), "")
        return found if isinstance(found, Mapping) else {}

    def kind(self, name: str) -> str:
        """Return the kind of a scheme in the views' words; HTTP schemes have no case (RFC 9110 section 11.1)."""
        definition = self.definition(name)
        if not definition.get("type"):
            return "undefined"
        if definition["type"] == "http":
            scheme = str(definition.get("scheme", "")).casefold()
            return scheme if scheme in ("bearer", "basic") else "http"
        return str(definition["type"])

    def takes_bearer(self, name: str) -> bool:
        """Tell whether a bearer token answers a scheme: RFC 6750 by name, or whatever goes into Authorization."""
        if self.kind(name) in ("bearer", "oauth2", "openIdConnect"):
            return True
        definition = self.definition(name)
        return definition.get("in") == "header" and definition.get("name", "").casefold() == "authorization"

    def base(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
        """Return the path of the first server in force, its variables at their defaults, without a slash at its end."""
        if "swagger" in self.root:
            written = (self.root.get("basePath") or "").strip("/")
            return f"/{written}" if written else ""
        servers = operation.get("servers") or item.get("servers") or self.root.get("servers")
        if not servers:
            return ""
        url = servers[0]["url"]
        for name, variable in (servers[0].get("variables") or {}).items():
            url = url.replace("{" + name + "}", variable["default"])
        return str(urlsplit(url).path).rstrip("/")


def ours(operations: Iterable[Operation]) -> Iterator[tuple[str, Said]]:
    """Yield what the reader under test says, in the oracle's form."""
    for operation in operations:
        alternatives = [
            {scheme.name: (scheme.kind, scopes) for scheme, scopes in requirement.schemes}
            for requirement in operation.security
        ]
        yield str(operation.endpoint), (alternatives, operation.protected, operation.bearer)
