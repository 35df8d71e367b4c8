"""From bytes to text: encodings told apart, and what is plainly no specification refused."""

from __future__ import annotations

import codecs
import re

from stopper.model import Place
from stopper.observe.spec.node import Problems, Source, SpecError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_VERSION_KEY = re.compile(r"""(?:^|[{,\s])(["']?)(?:openapi|swagger)\1\s*:\s*["']?\d""")


def encoding(data: bytes) -> str:
    """Return the encoding that the first bytes show: a byte order mark, or the zeros of UTF-16 (RFC 4627 section 3)."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if data[1:2] == b"\0" and data[:1] != b"\0" and data[2:3] != b"\0":
        return "utf-16-le"
    if data[:1] == b"\0" and data[1:2] != b"\0":
        return "utf-16-be"
    return "utf-8"


def decode(uri: str, data: bytes, problems: Problems) -> Source:
    """Return the text of a file, its lines ended by LF; bytes outside its encoding are replaced, which is a problem."""
    name = encoding(data)
    text = data.decode(name, "replace")
    if not text.strip():
        raise SpecError("the file is empty")
    if "\0" in text:
        raise SpecError("the file holds NUL characters: it is no text")
    if text.lstrip()[0] == "<":
        raise SpecError("the file is HTML or XML, no OpenAPI or Swagger document")
    if "\ufffd" in text and not _decodes(data, name):
        problems.add(Place(uri), f"holds bytes that are no {name}; they were replaced")
    return Source(uri, text.replace("\r\n", "\n").replace("\r", "\n"))


def looks_like_spec(data: bytes) -> bool:
    """Tell cheaply whether bytes look like an OpenAPI or Swagger document: a version key with a number after it."""
    text = data.decode(encoding(data), "replace")
    return text.lstrip()[:1] != "<" and "\0" not in text and _VERSION_KEY.search(text) is not None


def _decodes(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True
