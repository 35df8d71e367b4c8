"""Every file gets a state, whatever it holds, and none is silently clean."""

from __future__ import annotations

import sys
import time

import pytest

from stopper.observe.source import State, read_project
from stopper.observe.source.files import LARGEST, decode, relevant

SOUND = b"import flask\n"

UNREADABLE = {
    "NUL bytes": (b"import flask\n\0", "NUL", State.NOT_PARSED),
    "a list that never ends": (b"import_of_flask = [\n", "syntax", State.NOT_PARSED),
    "UTF-16": ("import flask\n".encode("utf-16"), "NUL", State.PATTERNS_ONLY),
    "a cookie of no encoding": (b"# -*- coding: nonsense -*-\nimport flask\n", "declares", State.PATTERNS_ONLY),
    "bytes that are no UTF-8": (b"import flask\nx = '\xff'\n", "valid", State.PATTERNS_ONLY),
    "Python 2": (b"import flask\nprint 'token'\n", "syntax", State.PATTERNS_ONLY),
    "Cython": (b"import flask\ncdef int x = 1\n", "syntax", State.PATTERNS_ONLY),
    "2,000 nested parentheses": (b"import flask\nx = " + b"(" * 2000 + b")" * 2000, "deep", State.PATTERNS_ONLY),
    "a sum of 20,000": (b"import flask\nx = " + b"+".join([b"1"] * 20_000), "deep", State.PATTERNS_ONLY),
    "20,000 signs": (b"import flask\nx = " + b"-" * 20_000 + b"1", "deep", State.PATTERNS_ONLY),
    "an attribute of an attribute, 20,000 times": (
        b"import flask\nx = a" + b".b" * 20_000,
        "deep",
        State.PATTERNS_ONLY,
    ),
    "20,000 branches": (b"import flask\nif a:\n x\n" + b"elif b:\n x\n" * 20_000, "deep", State.PATTERNS_ONLY),
    "syntax to come": (b"import flask\nmatch x:\n case 1: pass\nwhen y: pass\n", "syntax", State.PATTERNS_ONLY),
}


@pytest.mark.parametrize("source", [pytest.param(each, id=name) for name, each in UNREADABLE.items()])
def test_unreadable(source: tuple[bytes, str, State]) -> None:
    """A file that cannot be parsed is said to be so, with its cause, soon, and the rest is analysed."""
    text, cause, wanted = source
    start = time.monotonic()
    found = read_project([("bad.py", text), ("good.py", SOUND)])
    assert time.monotonic() - start < 5
    bad, good = found.files
    assert bad.state is wanted
    assert cause in bad.why
    assert good.state is State.ANALYSED
    assert found.at("bad.py") is None


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the syntax")
@pytest.mark.parametrize("text", ["type Token = str\n", "def f[T](x: T) -> T: ...\n", "x = f'{d['token']}'\n"])
def test_syntax_of_a_later_python(text: str) -> None:
    """Syntax newer than this Python is not analysed, and the state names the Python."""
    (state,) = read_project([("new.py", b"import flask\n" + text.encode())]).files
    assert state.state is State.PATTERNS_ONLY
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in state.why


def test_cause_quotes_nothing_of_the_file() -> None:
    """What cannot be parsed may be a token: the cause holds none of it."""
    (state,) = read_project([("bad.py", b"token = = 'canary-5f1d'\n print 'canary-5f1d'; import random\n")]).files
    assert state.state is State.NOT_PARSED
    assert "canary" not in state.why


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"\xef\xbb\xbfx = 'flask'\n", "x = 'flask'\n"),
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = 'é'\n"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", "€"),
        (b"x = 1\r\ny = 2\r", "x = 1\ny = 2\n"),
    ],
    ids=["byte order mark", "latin-1", "second line", "line ends"],
)
def test_decodes(source: bytes, expected: str) -> None:
    """Bytes become text as PEP 263 says."""
    assert expected in decode(source)


def test_too_large_is_skipped() -> None:
    """A file above the cap is skipped, and the state says so."""
    (state,) = read_project([("big.py", b"# flask\n" * (LARGEST // 8 + 1))]).files
    assert state.state is State.SKIPPED
    assert "KiB" in state.why


@pytest.mark.parametrize(
    "source",
    [
        b"@bp.get('/x')\ndef x(): ...",
        b"from . import bp\n\n@bp.route('/orders')\ndef orders(): ...",
        b"TOKEN = uuid.uuid4()",
        b"log.info('%s', token); logger = 1",
        b"key = settings.API_KEY",
        b"requests.get(url, headers={'Authorization': x})",
        b"app.wsgi_app = ProxyFix(app.wsgi_app)",
        b"from Crypto.PublicKey import RSA\npair = RSA.generate(1024)",
        b"subprocess.run(['openssl', 'genrsa', '1024'])",
        b"answer.headers['Strict-Transport-Security'] = 'max-age=0'",
        b"answer.headers['Access-Control-Allow-Origin'] = origin",
    ],
)
def test_relevant(source: bytes) -> None:
    """The pre-filter lets through what a control could speak of, whichever way it is spelt."""
    assert relevant(source)


@pytest.mark.parametrize("source", [b"", b"def add(a, b):\n    return a + b\n", b"class Lexer:\n    tokens = ['A']\n"])
def test_not_relevant(source: bytes) -> None:
    """Arithmetic and lexers are not parsed."""
    (state,) = read_project([("x.py", source)]).files
    assert state.state is State.NOT_RELEVANT


def test_windows_paths() -> None:
    """A path is relative with forward slashes."""
    assert read_project([("shop\\api.py", SOUND)]).modules[0].path == "shop/api.py"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b'x = "a\0b"\n', "NUL"),
        (b"x = " + b"(" * 2000 + b"1" + b")" * 2000 + b"\n", "nested"),
        (b"def broken(:\n", "syntax"),
        (b"print 'Python 2'\n", "syntax"),
    ],
)
def test_a_broken_file_is_told_though_nothing_in_it_matters(source: bytes, why: str) -> None:
    """In a small project each file that cannot be read is told of, whatever words stand in it."""
    (state,) = read_project([("odd.py", source)]).files
    assert state.state is State.NOT_PARSED
    assert why in state.why
