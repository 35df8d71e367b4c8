"""Lock files and the metadata of installed packages: one release each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from stopper.observe.source.manifests.pins import Page, Pin, UnreadableManifestError

_TABLE = re.compile(r"^\[\[packages?\]\]")
_FIELD = re.compile(r"""^(?P<name>name|version|category|groups)\s*=\s*(?P<value>"[^"]*"|'[^']*'|\[[^\]]*\])""")
_OPENED = re.compile(r'^\s*"([^"]+)"\s*:\s*\{')
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
    lines = _versions(page)
    for section, development in (("default", False), ("develop", True)):
        packages = document.get(section) if isinstance(document, dict) else None
        for name, described in packages.items() if isinstance(packages, dict) else ():
            version = described.get("version") if isinstance(described, dict) else None
            if isinstance(version, str) and version.startswith("=="):
                yield from page.pin(name, version.lstrip("="), lines.get((section, name), 0), development)


def _versions(page: Page) -> dict[tuple[str, str], int]:
    """Return the lines of the versions in a Pipfile.lock as Pipenv writes it, by section and package."""
    found: dict[tuple[str, str], int] = {}
    section = name = ""
    for number, line in page.numbered():
        opened = _OPENED.match(line)
        if opened and opened[1] in ("default", "develop", "_meta"):
            section = opened[1]
        elif opened:
            name = opened[1]
        if '"version"' in line:
            found.setdefault((section, name), number)
    return found


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
