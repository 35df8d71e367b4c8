"""Requirements and constraints files, as pip reads them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from stopper.observe.source.manifests.pins import Page, Pin, UnreadableManifestError

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_INCLUSION = re.compile(r"^(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s*)(?P<path>[^\s-]\S*)")
_INCLUDING = re.compile(rb"^[ \t]*--?[rc]|\0", re.MULTILINE)
"""What a file holds that can include another, in UTF-16 too: cheap, before its lines are read."""

_OPTION = re.compile(r"\s--?[A-Za-z]")
_NO_NAME = re.compile(r"^(?:-|\.|/|~|[A-Za-z][A-Za-z0-9+.-]*://|git\+|[^\s;=<>]+\.(?:whl|zip|tar\.gz)\b)")
"""What begins a line that names no package: an option, a path, an address, a file."""


def pins(page: Page) -> Iterator[Pin]:
    """Yield what every line asks for; options, addresses and local paths name no release."""
    for number, line in _logical(page):
        if line and not _NO_NAME.match(line) and "$" not in line:
            yield from page.requirement(_OPTION.split(line)[0].strip(), number)


def included(path: str, data: bytes) -> frozenset[str]:
    """Return the paths of the files that are included, relative to the scanned folder; those outside it left out."""
    if not _INCLUDING.search(data):
        return frozenset()
    try:
        page = Page.of(path, data)
    except UnreadableManifestError:
        return frozenset()
    named = (found["path"] for _, line in _logical(page) if (found := _INCLUSION.match(line)))
    beside = (posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in named if ":" not in name)
    return frozenset(name for name in beside if not name.startswith(("../", "/")) and name not in ("..", "."))


def _logical(page: Page) -> Iterator[tuple[int, str]]:
    """Yield the lines with the number of their first: a backslash at the end goes on, a comment is no part of it."""
    begun, parts = 0, ""
    for number, line in page.numbered():
        begun = begun or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts += line[:-1]
            continue
        yield begun, _COMMENT.sub("", parts + line).strip()
        begun, parts = 0, ""
    if parts:
        yield begun, _COMMENT.sub("", parts).strip()
