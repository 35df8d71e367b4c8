"""Lock files and the metadata of installed packages: one release each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from stopper.observe.source.manifests.pins import Page, Pin, UnreadableManifestError

_TABLE = re.compile(r"^\[\[packages?\]\]")
_FIELD = re.compile(r"""^(?P<name>name|version|category|groups)\s*=\s*(?P<value>"[^"]*"|'[^']*'|\[[^\]]*\])""")
_MAIN = frozenset({"main", "default"})


def toml(page: Page) -> Iterator[Pin]:
    """Yield the packages of poetry.lock, uv.lock, pdm.lock and pylock.toml (PEP 751).

    Read by line, not as TOML: tools write them in one form, and a large one is read in a tenth of the time.
    """
    fields: dict[str, str] = {}
    line, inside = 0, False
    for number, text in page.numbered():
        if text.startswith("["):
            yield from _locked(page, fields, line)
            fields, line, inside = {}, 0, _TABLE.match(text) is not None
        elif inside and (found := _FIELD.match(text)):
            fields.setdefault(found["name"], found["value"])
            line = number if found["name"] == "version" else line
    yield from _locked(page, fields, line)


def _locked(page: Page, fields: Mapping[str, str], line: int) -> Iterator[Pin]:
    if "name" in fields and "version" in fields:
        groups = set(re.findall(r"[\w.-]+", fields.get("groups", fields.get("category", "main"))))
        development = not groups & _MAIN
        yield from page.pin(fields["name"].strip("\"'"), fields["version"].strip("\"'"), line, development)


def pipfile(page: Page) -> Iterator[Pin]:
    """Yield the packages of Pipfile.lock. Raises UnreadableManifestError."""
    try:
        document = json.loads(page.text)
    except (ValueError, RecursionError):
        raise UnreadableManifestError("no JSON") from None
    for section, development in (("default", False), ("develop", True)):
        packages = document.get(section) if isinstance(document, dict) else None
        begun = page.find(rf'^\s*"{section}"\s*:')
        for name, described in packages.items() if isinstance(packages, dict) else ():
            version = described.get("version") if isinstance(described, dict) else None
            if isinstance(version, str) and version.startswith("=="):
                line = page.find(rf'^\s*"{re.escape(name)}"\s*:', begun)
                yield from page.pin(name, version[2:].lstrip("="), page.find(r'"version"\s*:', line - 1), development)


def metadata(page: Page) -> Iterator[Pin]:
    """Yield the package that lies beside its METADATA (core metadata, a header of fields before an empty line)."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in page.numbered():
        if not line.strip():
            break
        field, _, value = line.partition(":")
        found.setdefault(field, (value.strip(), number))
    if "Name" in found and "Version" in found:
        version, number = found["Version"]
        yield from page.pin(found["Name"][0], version, number)
