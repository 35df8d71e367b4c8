"""What a browser gets: pages, templates and scripts, read as text without their comments.

Bundles are not read: a script with a line longer than a person writes, or named as one (`x.min.js`), is made of other
people's code or of source that stands elsewhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from stopper.model import Place
from stopper.secret import redact

SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx")
MARKUP = (".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2", ".vue", ".svelte")

LARGEST = 512 * 1024
"""Bytes above which a file is not read."""

LONGEST = 1_000
"""Characters of the longest line of a script that a person wrote."""

_BUNDLE = re.compile(r"[.-](?:min|bundle|pack|packed|prod|chunk)\.[cm]?js$")
_TELLING = re.compile(rb"Storage|token=|jwt=|api_?key=|\{%-?\s*debug", re.IGNORECASE)
"""What a file needs to be kept: a union of what the controls look for."""

_TEMPLATE_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|\{#.*?(?:#\}|\Z)", re.DOTALL)
_SCRIPT_TEXT = re.compile(
    r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))", re.DOTALL
)
_TAG = re.compile(r"<[A-Za-z][^<>]*>")
_CONSTANT = re.compile(r"\b(?P<name>[A-Za-z_$][\w$]*)\s*[=:]\s*(?P<quote>['\"`])(?P<text>[^'\"`\n]{1,100})(?P=quote)")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True)
class Frontend:
    """One page, template or script: its path, its text, and why it was not read, if so."""

    path: str
    text: str
    unread: tuple[str, ...] = ()

    @property
    def script(self) -> bool:
        """Tell whether it is nothing but a script."""
        return self.path.lower().endswith(SCRIPTS)

    @cached_property
    def template(self) -> str:
        """Return the text with spaces in the place of comments, so that every offset stays."""
        if self.script:
            return _SCRIPT_TEXT.sub(_uncommented, self.text)
        return _TEMPLATE_COMMENT.sub(lambda found: _blank(found.group()), self.text)

    @cached_property
    def code(self) -> str:
        """Return what a browser obeys, spaces in the place of all else: of a page the scripts and the tags."""
        return self.template if self.script else "".join(_obeyed(self.template))

    @cached_property
    def constants(self) -> Mapping[str, str]:
        """Return the names that are given a text anywhere in the code, each with its last one."""
        return {found["name"]: found["text"] for found in _CONSTANT.finditer(self.code)}

    @cached_property
    def _starts(self) -> list[int]:
        return [0] + [found.end() for found in re.finditer("\n", self.text)]

    def place(self, offset: int) -> Place:
        """Return the line and column of an offset, with the line's text, redacted and cut."""
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        return Place(self.path, line, offset - start + 1, redact(self.text[start:].partition("\n")[0])[:200].strip())


def reads(path: str) -> bool:
    """Tell whether a path, relative with forward slashes, names a file that a browser gets, or that becomes one."""
    return path.lower().endswith((*SCRIPTS, *MARKUP))


def relevant(data: bytes) -> bool:
    """Tell whether any control can have something to say about a file of these bytes."""
    return _TELLING.search(data) is not None


def read(path: str, data: bytes) -> Frontend:
    """Return what a browser gets of a file."""
    if len(data) > LARGEST:
        return Frontend(path, "", (f"larger than {LARGEST // 1024} KiB",))
    text = data.decode("utf-8", "replace")
    page = Frontend(path, text)
    if page.script and (_BUNDLE.search(path) or max(map(len, text.split("\n"))) > LONGEST):
        return Frontend(path, "", ("a bundle: made of other files, not written by hand",))
    return page


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `accessToken`, `access_token` and `ACCESS-TOKEN` have the same two."""
    return [word.lower() for word in _WORD.findall(name)]


def _obeyed(text: str) -> Iterator[str]:
    end = 0
    for start, stop in _scripts(text):
        yield _tags(text[end:start])
        yield _SCRIPT_TEXT.sub(_uncommented, text[start:stop])
        end = stop
    yield _tags(text[end:])


def _tags(text: str) -> str:
    """Return a page's text with its tags alone."""
    parts, end = [], 0
    for found in _TAG.finditer(text):
        parts += [_blank(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*parts, _blank(text[end:])])


def _scripts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the contents of the script elements begin and end."""
    lowered = text.lower()
    end = 0
    while (start := lowered.find("<script", end)) >= 0:
        start = lowered.find(">", start) + 1 or len(text)
        end = lowered.find("</script", start)
        end = end if end >= 0 else len(text)
        yield start, end


def _uncommented(found: re.Match[str]) -> str:
    return _blank(found.group()) if found.group("comment") else found.group()


def _blank(text: str) -> str:
    return "\n".join(" " * len(line) for line in text.split("\n"))
