"""From the bytes of a file to its syntax tree, with a state for every file, whatever it holds.

Nothing is imported or run. `ast` refuses deep nesting itself (200 brackets in the tokenizer, 6,000 levels in the
parser, the interpreter's limit in the tree), quickly and as an exception, so that no file needs a child process here.
"""

from __future__ import annotations

import ast
import codecs
import enum
import io
import re
import sys
import tokenize
import warnings
from dataclasses import dataclass

LARGEST = 2 * 1024 * 1024
"""Bytes of source above which a file is skipped: generated tables, seconds of parsing each."""

LARGEST_NOTEBOOK = 8 * 1024 * 1024
"""The same for notebooks, most of whose bytes are pictures."""

DENSEST = 150_000
"""Lines, operators, brackets and quotes of a text that is parsed: each can become a kilobyte of tree."""

NOTEBOOK = ".ipynb"
STUB = ".pyi"
PYTHON = (".py", ".pyw")
KINDS = (*PYTHON, STUB, NOTEBOOK, ".pyx", ".pxd", ".pxi")
"""How the names of the files end that hold Python or, the last three, Cython."""

CHECKED = 1024 * 1024
"""Bytes of files without anything to look at that are parsed all the same, to tell which are no source."""


class State(enum.Enum):
    """What became of one file."""

    ANALYSED = "analysed"
    NOT_RELEVANT = "not relevant"
    PATTERNS_ONLY = "pattern rules only"
    NOT_PARSED = "not parsed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    LEFT_OUT = "left out"

    @property
    def unread(self) -> bool:
        """Tell whether it should have been read whole and was not."""
        return self in (State.PATTERNS_ONLY, State.NOT_PARSED, State.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class FileState:
    """One file of the project and what became of it; `why` is empty only for an analysed one."""

    path: str
    state: State
    why: str = ""


class UnreadableError(ValueError):
    """The bytes are no Python source that this interpreter can parse; the text says why and quotes nothing of it."""


_TELLING = (
    *(b"flask", b"jwt", b"jose", b"itsdangerous", b"bearer", b"secret", b"passw", b"credential", b"x-forwarded"),
    *(b"blueprint", b"add_url_rule", b"proxyfix", b"add_resource", b"methodview", b"rsa.generate", b"genrsa"),
    *(b"strict-transport", b"access-control-allow", b"cert_none", b"_create_unverified"),
)
"""Lower-case words, any of which makes a file worth parsing."""

_TELLING_TOO = {
    b"auth": (b"authlib", b"oauth", b"authoriz", b"auth_token"),
    b"token": (b"access_token", b"refresh_token"),
    b"key": (b"api_key", b"apikey", b"signing_key", b"generate_private_key", b"newkeys("),
}
"""More of them, by what they have in common: in most files one look says that there is none."""

_BESIDE_TOKEN = (
    *(b"random", b"uuid", b"hashlib", b"getpid", b"time()", b"logg", b"print(", b"warn", b"column", b"execute"),
    *(b"redis", b"cache", b"session", b"request", b"header", b"cookie", b"environ", b"urlopen", b"model"),
    *(b"username", b"check_token", b"verify_token", b"validate_token"),
)
"""What the word `token` needs beside it: parsers and lexers have tokens too, and neither make, keep nor send them."""

_TOKEN = re.compile(rb"token(?!s|iz|is|\s+import)")
"""One token: what only has several, or imports their kinds, takes text apart."""

_ON = rb"['\"]?\]?\s*[=:]\s*(?:true|false|1)"

_SWITCHED = (re.compile(rb"debug(?:ger)?" + _ON), re.compile(rb"verify(?:_ssl)?" + _ON))
"""What makes a file of a few lines worth parsing: a debugger switched on, a check of certificates switched off."""

_ROUTE = re.compile(rb"@\s*[\w.]+\.(?:route|get|post|put|patch|delete|before_\w+|after_\w+|errorhandler|expose)\s*\(?")


_MARKS = str.maketrans("", "", "\n()[]{},.:;=+-*/%@&|^~<>!\"'`")


def relevant(source: bytes) -> bool:
    """Tell whether any control can have something to say about these bytes: a union of what each of them needs."""
    if source[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" in source:
        return True
    lowered = source.lower()
    if any(word in lowered for word in _TELLING):
        return True
    if any(part in lowered and any(word in lowered for word in words) for part, words in _TELLING_TOO.items()):
        return True
    if _TOKEN.search(lowered) and any(word in lowered for word in _BESIDE_TOKEN):
        return True
    return _ROUTE.search(source) is not None or any(switched.search(lowered) for switched in _SWITCHED)


def decode(source: bytes) -> str:
    """Return the text of Python source, as PEP 263 and the byte order mark say. Raises UnreadableError."""
    if b"\0" in source:
        raise UnreadableError("holds NUL bytes (UTF-16 or no source)")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        text = source.decode(encoding)
    except (SyntaxError, LookupError):
        raise UnreadableError("its bytes are not in the encoding that it declares") from None
    except UnicodeDecodeError:
        raise UnreadableError("its bytes are not valid in its encoding") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode_anyhow(source: bytes) -> str:
    """Return a text for bytes that are not in the encoding of Python source. Raises UnreadableError.

    UTF-16 is told by its byte order mark; anything else is read byte by byte, as Python 2 did.
    """
    try:
        text = decode(source)
    except UnreadableError:
        wide = source[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        text = source.decode("utf-16", "replace") if wide else source.decode("latin-1")
        if "\0" in text:
            raise
    return text.replace("\r\n", "\n").replace("\r", "\n")


def weigh(text: str) -> None:
    """Refuse what is too large to be parsed in little memory: a table of numbers, a million signs.

    Raises UnreadableError.
    """
    if len(text) > DENSEST and len(text) - len(text.translate(_MARKS)) > DENSEST:
        raise UnreadableError(f"more than {DENSEST:,} lines and operators: too large to be parsed")


def parse(text: str) -> ast.Module:
    """Return the syntax tree of Python source. Raises UnreadableError."""
    weigh(text)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        if "too many nested" in str(error.msg):
            raise UnreadableError("nested too deeply") from None
        raise UnreadableError(f"not the syntax of Python {version} at line {error.lineno or 0}") from None
    except (RecursionError, MemoryError):
        raise UnreadableError("nested too deeply") from None
    except ValueError:
        raise UnreadableError("not Python source") from None
