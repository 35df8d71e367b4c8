"""What a token looks like and how to hide it: the one place that knows, made of the standard library.

`recognise` finds credentials by their form, `redact` hides them and any values that are known exactly,
`Secret` carries a value that must never be shown by accident. What is hidden is replaced by
`[redacted 1a2b3c4d5e6f]`, whose twelve hexadecimal digits are the value's `fingerprint`: the same token has the
same fingerprint in every line, so that an incident can be followed without the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import itertools
import json
import re
import string
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, quote_plus

__all__ = [
    "Match",
    "Secret",
    "base62",
    "fingerprint",
    "guessable",
    "opaque_checksum",
    "recognise",
    "redact",
    "spellings",
    "suspicious",
]

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PAIRS = tuple(high + low for high in _BASE62 for low in _BASE62)  # half as many divisions, as each request needs some
_URL_SAFE = string.ascii_letters + string.digits + "-_"


# --------------------------------------------------------------------------- values that must not be shown


def fingerprint(value: str | bytes) -> str:
    """Return 12 hexadecimal digits that identify a secret without revealing it.

    They are the start of a SHA-256 with a domain of its own, so that they match no digest kept in a store.
    """
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return hashlib.sha256(b"stopper fingerprint 1\0" + data).hexdigest()[:12]


def _label(value: str) -> str:
    return f"[redacted {fingerprint(value)}]"


GUESSABLE = "[redacted ************]"
"""What stands for a password: its fingerprint would let whoever reads it try a dictionary out."""


def guessable(kind: str) -> bool:
    """Tell whether people think of such credentials themselves, by the `kind` of a Match: no fingerprint is told."""
    return kind.startswith(("pass", "pwd", "basic", "URL password"))


class Secret:
    """A text that shows itself only when asked by `reveal()`.

    `repr`, `str` and `format` give its fingerprint, comparison takes constant time, attributes cannot be set, and
    pickling is refused: whoever sends it elsewhere has to write `reveal()` where a reader can see it. Copies are the
    object itself.
    """

    __slots__ = ("_spellings", "_value")
    _value: str
    _spellings: tuple[str, ...]

    def __init__(self, value: str) -> None:
        """Take the text to keep."""
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def spelled(self) -> tuple[str, ...]:
        """Return the text's `spellings`, worked out once: the same few values are looked for in thousands of texts."""
        if not hasattr(self, "_spellings"):
            object.__setattr__(self, "_spellings", spellings(self._value))
        return self._spellings

    @property
    def fingerprint(self) -> str:
        """Return the 12 hexadecimal digits that stand for the text in logs."""
        return fingerprint(self._value)

    def __repr__(self) -> str:
        """Return the fingerprint in the form that `redact` uses."""
        return _label(self._value)

    def __format__(self, specification: str) -> str:
        """Return the fingerprint, padded as asked."""
        return format(repr(self), specification)

    def __eq__(self, other: object) -> bool:
        """Compare with another secret in time that does not depend on where they differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = self._value, other._value
        return hmac.compare_digest(mine.encode("utf-8", "surrogatepass"), theirs.encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        """Tell whether there is any text."""
        return bool(self._value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a secret does not change."""
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: a secret does not change."""
        raise AttributeError("a Secret cannot be changed")

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("a Secret cannot be pickled: reveal() it where it has to travel")

    def __copy__(self) -> Secret:
        """Return itself."""
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        """Return itself."""
        return self


# --------------------------------------------------------------------------- Stopper's opaque tokens

_OPAQUE_TAIL = re.compile(r"_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}(?![0-9A-Za-z])")


def base62(number: int, width: int) -> str:
    """Return a non-negative number in the digits 0-9A-Za-z, filled with zeros on the left up to `width`."""
    pairs: list[str] = []
    while number:
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs)).lstrip("0").rjust(width, "0")


def opaque_checksum(body: str) -> str:
    """Return the six characters that end an opaque token: the CRC-32 of all that stands before their underscore.

    It lets a scanner tell a token from a text that only looks like one, and a guard refuse noise without its store.
    """
    return base62(zlib.crc32(body.encode("ascii")), 6)


# --------------------------------------------------------------------------- recognition by form


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of a text that holds a credential; `kind` says by which form it was recognised."""

    start: int
    end: int
    kind: str


def recognise(text: str) -> Iterator[Match]:
    """Yield the credentials in a text in their order, none overlapping another.

    Known by form: compact JWS and JWE, Stopper's opaque tokens, `Bearer`, `Basic` and `DPoP` credentials, values that
    a name calls a token, secret or password (in headers, URLs, forms, JSON, Python and XML), prefixes that vendors
    gave their keys, PEM private keys, passwords in URLs, signed values of itsdangerous. Time grows with the length of
    the text and not faster.
    """
    if not suspicious(text):
        return
    end = 0
    for match in sorted(_candidates(text), key=lambda found: (found.start, -found.end)):
        if match.start >= end:
            yield match
            end = match.end
        elif match.end > end:
            yield Match(end, match.end, match.kind)
            end = match.end


# A text without any of these words, without "@" and without a run of 18 characters as tokens have them holds nothing
# that `_candidates` could find. Substring search is several times faster than a regular expression, and almost every
# line of a log ends here.
_RUN = b"a" * 18
_RUN_SHAPE = bytes(0x61 if chr(code) in _URL_SAFE else 0x20 for code in range(256))


def suspicious(text: str) -> bool:
    """Tell whether a text may hold a credential by its form. A text with a suspicious part is suspicious itself."""
    if _RUN in text.encode("utf-8", "replace").translate(_RUN_SHAPE):
        return True
    low = text.lower()
    return (
        "token" in low
        or "secret" in low
        or "pass" in low
        or "key" in low
        or "auth" in low
        or "bearer" in low
        or "basic" in low
        or "dpop" in low
        or "pwd" in low
        or "sess" in low
        or "@" in low
    )


def _candidates(text: str) -> Iterator[Match]:
    for find in _FINDERS:
        yield from find(text)


# A compact token begins where a run of its characters begins, after a percent escape, or after an escaped control
# character of a Python or JSON string. One start a run keeps the search linear.
_COMPACT = re.compile(
    r"(?:(?<![\w-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
    r"(e[wy][A-Za-z0-9_-]{8,}+)\.[A-Za-z0-9_-]*+(?:\.[A-Za-z0-9_-]*+){0,3}"
)


def _compact(text: str) -> Iterator[Match]:
    """Find compact JWS and JWE (RFC 7515 §7.1, RFC 7516 §7.1): the first segment is a JSON object with `alg`."""
    for found in _COMPACT.finditer(text):
        header = _base64_decoded(found[1][:8192])
        if b'"alg"' in header:
            yield Match(found.start(), found.end(), "JWT")


def _base64_decoded(value: str) -> bytes:
    plain = value.rstrip("=").replace("+", "-").replace("/", "_")
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


def _opaque(text: str) -> Iterator[Match]:
    """Find Stopper's opaque tokens: any prefix, 43 characters, and the checksum of both."""
    for found in _OPAQUE_TAIL.finditer(text):
        start = _run_start(text, found.start(), string.ascii_lowercase + string.digits + "_", 40)
        checksum = found[0][-6:]
        for begin in range(start, found.start()):
            if opaque_checksum(text[begin : found.end() - 7]) == checksum:
                yield Match(begin, found.end(), "opaque token")
                break


def _run_start(text: str, end: int, alphabet: str, limit: int) -> int:
    """Return where the run of these characters begins that ends before `end`, at most `limit` back."""
    before = text[max(0, end - limit) : end]
    return end - (len(before) - len(before.rstrip(alphabet)))


_VENDOR = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      gh[opsur]_[A-Za-z0-9]{36,255}+                     # GitHub
    | github_pat_[A-Za-z0-9_]{50,255}+
    | gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{20,255}+   # GitLab
    | xox[abeoprs]-[A-Za-z0-9-]{10,255}+                 # Slack
    | xapp-[0-9]-[A-Za-z0-9-]{10,255}+
    | [prs]k_(?:live|test)_[A-Za-z0-9]{16,255}+          # Stripe
    | whsec_[A-Za-z0-9+/=]{24,255}+
    | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])           # AWS
    | AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9])               # Google
    | ya29\.[A-Za-z0-9_-]{20,1024}+
    | GOCSPX-[A-Za-z0-9_-]{20,64}+
    | SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}+    # SendGrid
    | SK[0-9a-f]{32}(?![A-Za-z0-9])                      # Twilio
    | npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])
    | pypi-AgE[A-Za-z0-9_-]{50,1024}+
    | dop_v1_[0-9a-f]{64}(?![A-Za-z0-9])                 # DigitalOcean
    | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}(?![A-Za-z0-9])  # Shopify
    | hf_[A-Za-z0-9]{34,64}+                             # Hugging Face
    | sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9][A-Za-z0-9_-]{31,255}+
    | hv[bsr]\.[A-Za-z0-9_-]{24,255}+                    # Vault
    | glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}(?![A-Za-z0-9]) # Grafana
    | dapi[0-9a-f]{32}(?![A-Za-z0-9])                    # Databricks
    | lin_api_[A-Za-z0-9]{40}(?![A-Za-z0-9])
    | [vk][1-4]\.(?:local|public|secret)\.[A-Za-z0-9_-]{32,8192}+(?:\.[A-Za-z0-9_-]{1,1024}+)?  # PASETO and its keys
    | hooks\.slack\.com/services/[A-Z0-9]{6,16}/[A-Z0-9]{6,16}/[A-Za-z0-9]{20,64}+
    | ZXlK[A-Za-z0-9+/_-]{24,8192}+={0,2}                # a JWT once more in base64
    | (?:QXV0aG9yaXphdGlvbjog)?QmVhcmVyI[A-Za-z0-9+/_-]{16,8192}+={0,2}  # `Authorization: Bearer x` in base64
    )""",
    re.VERBOSE,
)


def _vendor(text: str) -> Iterator[Match]:
    """Find keys by the prefixes that their issuers gave them for this very purpose."""
    for found in _VENDOR.finditer(text):
        yield Match(found.start(), found.end(), "vendor key")


# The lengths are those of HMAC with SHA-1, SHA-256 and SHA-512 in base64url without padding.
_SIGNED = re.compile(r"\.([A-Za-z0-9_-]{6}\.)?((?:[A-Za-z0-9_-]{27}|[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{86})(?![\w-]))")
_LONGEST_PAYLOAD = 4096  # that of a cookie


def _signed(text: str) -> Iterator[Match]:
    """Find values signed by itsdangerous: with a timestamp (Flask's session), or with a payload of JSON."""
    for found in _SIGNED.finditer(text):
        signature = found[2]
        if signature.lower() == signature or signature.upper() == signature:
            continue
        start = _run_start(text, found.start(), _URL_SAFE + ".", _LONGEST_PAYLOAD)
        payload = text[start : found.start()]
        if len(payload) == _LONGEST_PAYLOAD:
            continue
        if _plausible_timestamp(found[1]) if found[1] else _json_payload(payload):
            yield Match(start, found.end(), "signed value")


def _plausible_timestamp(segment: str) -> bool:
    seconds = int.from_bytes(_base64_decoded(segment.rstrip(".")), "big")
    return 1_300_000_000 < seconds < 2_900_000_000


def _json_payload(payload: str) -> bool:
    if payload.startswith(".eJ"):  # compressed by zlib
        return True
    try:
        json.loads(_base64_decoded(payload))
    except (ValueError, RecursionError):
        return False
    return len(payload) > 1


_SPACE = r"(?:\\?[ \t]|%20|\+){1,4}"  # a backslash as a shell's words have it
_SCHEME = re.compile(rf"(?i:(?:\b|(?<=%20))(bearer|basic|dpop)){_SPACE}([A-Za-z0-9._~+/-]++=*)(?![\"'\\]?[A-Za-z0-9])")


def _scheme(text: str) -> Iterator[Match]:
    """Find `Bearer x`, `Basic x` and `DPoP x` (RFC 9110 §11.4) where x cannot be a word of a sentence."""
    for found in _SCHEME.finditer(text):
        value = found[2].rstrip(".")
        if found[1].lower() == "basic":
            plausible = len(value) >= 8 and b":" in _base64_decoded(value) and _random(value)
        else:
            plausible = len(value) >= 8 and _random(value)
        if plausible:
            yield Match(found.start(2), found.start(2) + len(value), found[1].lower() + " credential")


_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:$|[T ])")


def _random(value: str) -> bool:
    """Tell a credential from a word: it has a digit, or changes case as no compound name does; and it is no date."""
    if _DATE.match(value):
        return False
    if any(character.isdigit() for character in value):
        return True
    climbs = sum(1 for before, after in itertools.pairwise(value) if before.islower() and after.isupper())
    return climbs * 6 > len(value)


# Names whose values are credentials, wherever they stand: `access_token=…`, `"client_secret": "…"`, `X-Api-Key: …`.
_NAME = (
    r"token|jwt|secret|secret[_-]?(?:access[_-]?)?key|pass(?:word|wd|phrase)|pwd"
    r"|(?:api|app|private|signing|encryption|access|auth|jwt|master|account|shared)[_-]?key"
    r"|authorization|credentials?|code[_-]?verifier|client[_-]?assertion|session(?:[_-]?id)?|sessid|pepper"
)
_QUOTES = r"(?:\\{0,3}[\"']|%22|&quot;|&#3[49];){0,1}"
_NAMED = re.compile(
    rf"(?i:({_NAME}))"
    rf"(?P<closing>{_QUOTES}\]?)"
    r"(?P<separator>[ \t]{0,3}(?:=>|={1,2}|:|%3[dDaA]|>|,(?=[ \t]{0,3}b?[\"']))[ \t]{0,3}|[ \t])"
    rf"b?(?P<opening>{_QUOTES})"
)
_PHRASE = re.compile(r"(?i:pass|pwd|secret|pepper)")  # credentials that may hold spaces
_LONGEST_WORD = 512  # what is longer than this is neither a word nor code
_LONGEST_QUOTED = 8192
_BARE_VALUE = re.compile(r"[^\s\"'\\&;,<>(){}\[\]]++")
_LISTED_NAME = re.compile(r"(?:[a-z_]++\\{0,3}[\"'][ \t]{0,3}[],]|\w++\\{0,3}[\"'][ \t]{0,3}:)")
_PERCENT_END = re.compile(r"%(?:26|22|27|20|3[bB]|2[cC]|7[dD])")
_SCHEME_WORD = re.compile(rf"(?i:(?:bearer|basic|dpop|token|jwt|apikey|negotiate){_SPACE})")
_HARMLESS_NAMES = re.compile(r"(?i:page|next|continuation|cancell?ation|public|sync|stop|pad|eos|bos|unk|mask)[_-]?$")
_HARMLESS_VALUES = re.compile(
    r"""(?ix: (?: none|null|nil|undefined|true|false|yes|no|on|off|ok|str|string|int|bytes|bool|any|object|optional
    | required | missing | empty | unset | invalid | valid | expired | revoked | unknown | incorrect | wrong | changed
    | reset | refused | rejected | accepted | not | is | was | has | for | of | and | or | in | the | a | an
    | bearer | basic | dpop | jwt | opaque | token | password | secret | redacted | removed | hidden | masked | filtered
    | access_token | refresh_token | id_token | client_credentials | client_secret_basic | client_secret_post
    | [x*.•#_-]+ | [$<{].* | %.? | %\(.* | \[redacted.*
    )[.!?:]*$ )"""
)


def _named(text: str) -> Iterator[Match]:
    """Find the values that their name calls a credential."""
    position = bare_end = 0
    while found := _NAMED.search(text, position):
        position = found.end()
        if _HARMLESS_NAMES.search(text, max(0, found.start() - 16), found.start()):
            continue
        if found["opening"]:
            span = _quoted_value(text, found)
        else:
            if position > bare_end:  # names may follow each other within one run: its end is looked for once
                bare_end = _bare_end(text, position)
            span = _bare_value(text, found, bare_end)
        if span is not None:
            yield Match(*span, found[1].lower())
            position = span[1]


def _bare_end(text: str, start: int) -> int:
    bare = _BARE_VALUE.match(text, start)
    return bare.end() if bare else start


def _quoted_value(text: str, found: re.Match[str]) -> tuple[int, int] | None:
    if found["separator"].isspace():
        return None
    start, quote_mark = found.end(), found["opening"]
    end = text.find(quote_mark, start, start + _LONGEST_QUOTED)
    while end > start and len(quote_mark) == 1 and text[end - 1] == "\\":
        end = text.find(quote_mark, end + 1, start + _LONGEST_QUOTED)
    if end == -1:
        end = _bare_end(text, start)
    scheme = _SCHEME_WORD.match(text, start, end)
    if scheme:
        return _unless_harmless(text, scheme.end(), end)
    if " " in text[start:end] and not _PHRASE.match(found[1]):
        return None  # a sentence; the credentials in it are found by their own form
    if found["separator"].startswith(",") and _LISTED_NAME.match(text, start):
        return None  # `"invalid_token", "error_description": …` or a list of names: what follows is no value
    return _unless_harmless(text, start, end)


def _bare_value(text: str, found: re.Match[str], end: int) -> tuple[int, int] | None:
    start, name, separator = found.end(), found[1].lower(), found["separator"]
    if end <= start or (separator.isspace() and not _is_option(text, found)):
        return None
    if separator == ">" and text[found.start() - 1 : found.start()] not in ("<", "_", "-", ":"):
        return None
    if encoded := _PERCENT_END.search(text, start, end):
        end = encoded.start()
    scheme = _SCHEME_WORD.match(text, start)
    if scheme:
        return _unless_harmless(text, scheme.end(), _bare_end(text, scheme.end()))
    if end - start <= _LONGEST_WORD:
        in_prose = separator.strip(" \t") == ":" and not found["closing"] and name != "authorization"
        if in_prose and not (end - start >= 6 and _random(text[start:end])):
            return None
        if text[end : end + 1] in ("(", "[", "{") or _is_code(text[start:end], name):
            return None
    return _unless_harmless(text, start, end)


def _is_option(text: str, found: re.Match[str]) -> bool:
    """Tell whether the name is a command's option, whose value follows after a space: `--token x`."""
    start = _run_start(text, found.start(), _URL_SAFE, 40)
    return text.startswith("--", start)


def _is_code(value: str, name: str) -> bool:
    """Tell whether a value is a variable of that name, as in `token=self.token`."""
    parts = value.split(".")
    return all(part.isidentifier() for part in parts) and any(
        part.lower().endswith(name) and not any(map(str.isdigit, part)) for part in parts
    )


def _unless_harmless(text: str, start: int, end: int) -> tuple[int, int] | None:
    if end - start > _LONGEST_WORD:
        return start, end
    value = text[start:end].rstrip(".")
    if len(value) < 3 or _HARMLESS_VALUES.match(value):
        return None
    return start, start + len(value)


# Looser ways to say what a value is: `token x`, `token -> x`, `bearer: x`, `Sec-WebSocket-Protocol: access_token, x`,
# `<input name="token" value="x">`, and names that say something else as often, such as `code=x` and `sid=x`. What
# follows is taken for a credential only where no word, path, date or number looks like it.
_LOOSELY = re.compile(
    r"(?:(?i:(?:token|jwt|secret|password|credential|bearer|api[ _-]?key)"
    r"(?:" + _QUOTES + r",?[ \t]{0,3}[\"']?value[\"']?[ \t]{0,3}[:=]"
    r"|[ \t]{0,3}(?:[-=]>|[→:=,])|[ \t]{1,3}(?:is|was|of)\b|[ \t]|&gt;)"
    r"|(?<![a-z])(?:code|sid|sig|signature|ticket|assertion|SAML(?:Response|Request|Art))(?:=|%3[dD]))"
    r"[ \t]{0,3}[\"'`]?)"
    r"([A-Za-z0-9_-][A-Za-z0-9_+/-]{19,}+=*+)(?![\w-]|\.\w)"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def _loosely_named(text: str) -> Iterator[Match]:
    """Find random values behind a word that calls them a credential, in whatever way."""
    for found in _LOOSELY.finditer(text):
        if _drawn(found[1]) and not _HARMLESS_NAMES.search(text, max(0, found.start() - 16), found.start()):
            yield Match(*found.span(1), "token")


def _drawn(value: str) -> bool:
    """Tell a value that was drawn at random: all along, digits begin and end in it, and small letters turn large.

    That happens at four of ten characters of base64 or hexadecimal, and at one in five of a name in a program. A UUID
    is an identifier more often than a credential.
    """
    if _UUID.match(value):
        return False
    characters = [character for character in value if character.isalnum()]
    turns = sum(
        1
        for before, after in itertools.pairwise(characters)
        if before.isdigit() != after.isdigit() or (before.islower() and after.isupper())
    )
    return turns * 4 > len(characters) and any(map(str.isdigit, characters))


# Members of a JSON Web Key that only its owner may know (RFC 7518 §6.2.2, §6.3.2 and §6.4, RFC 8037 §2).
_JWK_MEMBER = re.compile(
    r"""["'](?:d|k|p|q|dp|dq|qi)\\{0,3}["'][ \t\n]{0,8}:[ \t\n]{0,8}\\{0,3}["']([A-Za-z0-9_-]{16,}+)"""
)


def _private_members(text: str) -> Iterator[Match]:
    """Find the private members of JSON Web Keys."""
    if "kty" not in text:
        return
    for found in _JWK_MEMBER.finditer(text):
        yield Match(*found.span(1), "private key")


_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_PEM_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s:,-]|\\[nr])*+")


def _private_key(text: str) -> Iterator[Match]:
    """Find PEM private keys (RFC 7468 §10), whole or cut off."""
    position = 0
    while begin := _PEM.search(text, position):
        body = _PEM_BODY.match(text, begin.end())
        end = _PEM_END.search(text, begin.end(), begin.end() + 65536)
        position = max(begin.end(), end.end() if end else 0, body.end() if body and not end else 0)
        yield Match(begin.start(), position, "private key")


_USER_INFORMATION = re.compile(r"://[^\s/:@?#\"'<>]{0,128}+:([^\s/@\"'<>]{1,256}+)@")


def _user_information(text: str) -> Iterator[Match]:
    """Find passwords in URLs (RFC 3986 §3.2.1)."""
    for found in _USER_INFORMATION.finditer(text):
        if _unless_harmless(text, *found.span(1)):
            yield Match(*found.span(1), "URL password")


_FINDERS: tuple[Callable[[str], Iterator[Match]], ...] = (
    _compact,
    _opaque,
    _vendor,
    _signed,
    _scheme,
    _named,
    _loosely_named,
    _private_members,
    _private_key,
    _user_information,
)


# --------------------------------------------------------------------------- hiding

_SHORTEST_KNOWN = 4
_ESCAPE = re.compile("%[0-9A-F]{2}")


def spellings(value: str) -> tuple[str, ...]:
    """Return the ways in which a known value may stand in a text, longest first.

    As it is, percent-encoded, JSON- and HTML-escaped, as Python's `repr` of text and bytes writes it, hexadecimal, and
    in base64 at each of the three offsets at which it can stand in a longer encoded text. Values of fewer than four
    characters have none: hiding them would blacken the whole log.
    """
    if len(value) < _SHORTEST_KNOWN:
        return ()
    data = value.encode("utf-8", "surrogatepass")
    plain = {
        value,
        quote(data, safe=""),
        quote(data),
        quote_plus(data),
        _ESCAPE.sub(lambda escape: escape[0].lower(), quote(data, safe="")),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value))[3:-3],
        json.dumps(value).replace("/", "\\/")[1:-1],
        html.escape(value),
        repr(value)[1:-1],
        repr(data)[2:-1],
        data.hex(),
    }
    if len(data) >= 6:
        plain.update(_base64_spellings(data))
    return tuple(sorted(plain, key=len, reverse=True))


def _base64_spellings(data: bytes) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode("ascii")
        start = (0, 2, 3)[offset]  # the first characters mix in the bytes before the value, the last those behind it
        end = len(encoded) if (len(data) + offset) % 3 == 0 else len(encoded) - (3 if encoded.endswith("==") else 2)
        inner = encoded[start:end]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
        yield quote(inner, safe="")


def redact(text: str, known: Iterable[str | Secret] = ()) -> str:
    """Return a text in which credentials are replaced by `[redacted <fingerprint>]`, and passwords by as many stars.

    Hidden are the exact values in `known`, in each of their spellings, and all that `recognise` finds. A text without
    any is returned as it is. Hiding twice changes nothing more.
    """
    for item in known:
        for spelling in item.spelled() if isinstance(item, Secret) else spellings(item):
            if spelling in text:
                text = text.replace(spelling, _label(item.reveal() if isinstance(item, Secret) else item))
    if not suspicious(text):
        return text
    pieces: list[str] = []
    position = 0
    for match in recognise(text):
        hidden = text[match.start : match.end]
        pieces += text[position : match.start], GUESSABLE if guessable(match.kind) else _label(hidden)
        position = match.end
    pieces.append(text[position:])
    return "".join(pieces)
