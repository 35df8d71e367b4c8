"""Where in a block of bytes a credential may stand: the pass over everything, which must be quick.

Each form of `secret.recognise` has something that is rare in other text: a name just before a separator, a run of token
characters after a dot or an underscore, the letters that a vendor chose. These are looked for with as few passes as
possible, all of them in C: searches for a fixed text, and regular expressions that begin with one fixed character. A
position that is given may hold nothing; a credential without a position would be missed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator

__all__ = ["anchors"]

_SEPARATORS = b"\"'\\%&:=>,]"  # of a name from its value, or of the quote that closes the name
_FOLDED = bytes.maketrans(
    _SEPARATORS + b"-" + string.ascii_uppercase.encode(),
    b"=" * len(_SEPARATORS) + b"_" + string.ascii_lowercase.encode(),
)
"""Lower case, every separator `=`, every hyphen `_`: then one regular expression finds all names."""

_KEYS = "api app private signing encryption access auth jwt master account shared secret".split()
_NAMES = (
    *"token jwt secret password passwd passphrase pwd authorization credential credentials".split(),
    *"code_verifier codeverifier client_assertion clientassertion session session_id sessionid sessid pepper".split(),
)


def _behind(names: Iterable[str]) -> bytes:
    return b"|".join(b"(?<=%s=)" % name.encode() for name in names)


def _letters(place: int) -> bytes:
    """Return the letters that the names have at a place from their end, as a set."""
    return b"[" + "".join(sorted({name[-place] for name in (*_NAMES, "key")})).encode() + b"]"


def _by_ending() -> bytes:
    endings = sorted({name[-3:] for name in _NAMES})
    return b"|".join(
        b"%s(?:%s)" % (_behind([ending]), _behind(name for name in _NAMES if name.endswith(ending)))
        for ending in endings
    )


_NAMED = re.compile(
    b"=(?<=%s%s%s=)(?:%s|(?<=key=)(?:%s))"
    % (
        *(_letters(place) for place in (3, 2, 1)),
        _by_ending(),
        _behind(f"{key}{joint}key" for key in _KEYS for joint in ("", "_")),
    )
)
"""A separator behind a name: most are turned down by one look at the three letters before them."""
_VALUE = re.compile(
    rb"""(\\{0,3}["']|%22|&quot;|&\#3[49];)?\]?[ \t]{0,3}
    (?:[=>] | %3[dD] | (?(1):|:(?![ \t]{0,3}(?!token|jwt|apikey|negotiate)(?:[a-z]{1,24}|\d{1,5})(?![\w"'=.+/~-])))
    | ,[ \t]{0,3}b?["'](?![a-z_]+\\{0,3}["'][ \t]{0,3}[],]|\w+\\{0,3}["'][ \t]{0,3}:))""",
    re.VERBOSE,
)
"""What stands between a name and its value, which is not another name after a comma, nor a word after a colon."""

_SPACED = (b" =", b" :")
_TABBED = re.compile(rb"\t[=:]")
_SPACED_NAME = re.compile(
    rb"(?i:token|jwt|secret|pass(?:word|wd|phrase)|pwd|key|authorization|credentials?|code[_-]?verifier"
    rb"|client[_-]?assertion|session(?:[_-]?id)?|sessid|pepper)[\"']?\]?[ \t]{0,3}\Z"
)
_LONGEST_NAME = 24
_OPTION = re.compile(
    rb"--[A-Za-z0-9_-]{0,40}?(?i:token|jwt|secret|pass(?:word|wd|phrase)|pwd|key|authorization|credentials?|session)"
    rb"[ \t]"
)
_SCHEMES = (b"bearer", b"basic", b"dpop")
_SCHEME_VALUE = re.compile(rb"(?i:bearer|basic|dpop)(?:[ \t]|%20|\+){1,4}[A-Za-z0-9._~+/-]{8}")
_COOKIE = re.compile(rb"ookie(?=[\"'\\]{0,4}[ \t]{0,3}[:=,])")

_AFTER_UNDERSCORE = re.compile(rb"_[A-Za-z0-9+/]{16}")
"""Opaque tokens and most vendors: `ghp_…`, `sk_live_…`, `npm_…`."""
_AFTER_DOT = re.compile(
    rb"\.(?:[A-Za-z0-9_-]{27}|(?<=SG\.)[A-Za-z0-9_-]{16}|(?<=ya29\.)[A-Za-z0-9_-]{16}|(?<=hv[bsr]\.)[A-Za-z0-9_-]{16})"
)
"""Signatures of JWS and of itsdangerous; some vendors."""
_HEADER = re.compile(rb"\.(?<=[A-Za-z0-9_-]{10}\.)")
_HEADER_START = re.compile(rb"e[wy][A-Za-z0-9_-]{8,}\Z")
_URL_SAFE = (string.ascii_letters + string.digits + "-_").encode()
_LONGEST_HEADER = 8192
_AFTER_HYPHEN = re.compile(
    rb"-(?<=[ktpiXabeors]-)(?:(?<=sk-)|(?<=xox[abeoprs]-)|(?<=xapp-)|(?<=pypi-)|(?<=GOCSPX-)|(?<=t-)(?:(?<=glpat-)"
    rb"|(?<=gldt-)|(?<=glrt-)|(?<=glcbt-)|(?<=glptt-)|(?<=glft-)|(?<=glsoat-)))[A-Za-z0-9_-]{8}"
)
_TWILIO = re.compile(rb"SK[0-9a-f]{32}")
_AMAZON_OR_GOOGLE = re.compile(rb"A(?:KIA|SIA|Iza)")
_STARTS = (b"dapi", b"ZXlK", b"-----BEGIN ")
_PASSWORD_IN_URL = re.compile(rb"://[^\s/:@?#\"'<>]{0,128}:[^\s/@\"'<>]{1,256}\Z")
_LONGEST_USER_INFORMATION = 400


def anchors(block: bytes, begin: int, end: int) -> list[int]:
    """Return the positions from `begin` up to `end` at or near which a credential may stand, in their order.

    What stands before and behind them in the block is looked at too: it must reach as far as a line does, or 64 KiB.
    """
    folded = block.translate(_FOLDED)
    found: list[int] = []
    found += (hit.start() for hit in _NAMED.finditer(folded, begin, end) if _VALUE.match(block, hit.start()))
    for scheme in _SCHEMES:
        found += (at for at in _places(folded, scheme, begin, end) if _SCHEME_VALUE.match(block, at))
    for separator in _SPACED:
        places = _places(block, separator, begin, end)
        found += (at for at in places if _follows_name(block, at))
    found += (hit.start() for hit in _TABBED.finditer(block, begin, end) if _follows_name(block, hit.start()))
    for shape in (_OPTION, _COOKIE, _AFTER_UNDERSCORE, _AFTER_DOT, _AFTER_HYPHEN, _TWILIO, _AMAZON_OR_GOOGLE):
        found += (hit.start() for hit in shape.finditer(block, begin) if hit.start() < end)
    found += (hit.start() for hit in _HEADER.finditer(block, begin, end) if _ends_header(block, hit.start()))
    for start in _STARTS:
        found += _places(block, start, begin, end)
    for at in _places(block, b"@", begin, end):
        if _PASSWORD_IN_URL.search(block[max(0, at - _LONGEST_USER_INFORMATION) : at]):
            found.append(at)
    found.sort()
    return found


def _places(block: bytes, wanted: bytes, begin: int, end: int) -> Iterator[int]:
    """Yield where a text begins."""
    at = block.find(wanted, begin, end + len(wanted) - 1)
    while at >= 0:
        yield at
        at = block.find(wanted, at + 1, end + len(wanted) - 1)


def _follows_name(block: bytes, at: int) -> bool:
    return _SPACED_NAME.search(block[max(0, at - _LONGEST_NAME) : at]) is not None


def _ends_header(block: bytes, dot: int) -> bool:
    """Tell whether what ends at a dot may be the header of a JWS or JWE: base64url of what begins with a brace."""
    before = block[max(0, dot - _LONGEST_HEADER) : dot]
    run = before[len(before.rstrip(_URL_SAFE)) :]
    return _HEADER_START.search(run) is not None
