"""Exchanges with a stand-in for every credential: in headers, addresses and bodies."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from stopper.observe.views import Response
from stopper.observe.wire.answers import named_tokens, tokens_in
from stopper.proxy.stand_ins import StandIns
from stopper.secret import guessable, recognise

Headers = tuple[tuple[str, str], ...]

_NAMED = re.compile(
    r"token|jwt|secret|passw|passphrase|pwd|api[_-]?key|private[_-]?key|session|sessid|credential|assertion|signature"
    r"|code[_-]?verifier|^(?:auth|code|key|otp|sig|sid|ticket|x-auth|dpop)$|^x-auth",
    re.IGNORECASE,
)
"""Headers, parameters and members whose values are credentials."""

_PASSWORDS = re.compile(r"passw|passphrase|pwd|^otp$", re.IGNORECASE)
_SCHEMES = frozenset({"basic", "bearer", "digest", "dpop", "hmac", "jwt", "negotiate", "token"})
_ADDRESSES = frozenset({"content-location", "location", "origin", "referer"})
_WORD = re.compile(r'[^\s,;="]+')
_PRESENTED = re.compile(r"[^\s,]+")
_QUOTED = re.compile(r'="[^"]*"')
_IDENTIFIER = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_-]{20,}")
"""A segment of a path that may be the token of a link."""

_PRIVATE = re.compile(r'("(?:d|p|q|dp|dq|qi|k)"\s*:\s*")([A-Za-z0-9_-]{16,})(?=")')
"""The private members of a JSON Web Key (RFC 7518 sections 6.2.2, 6.3.2 and 6.4)."""


class Disguise:
    """Puts stand-ins in the place of the credentials of one recording."""

    def __init__(self) -> None:
        """Begin a recording."""
        self.stand_ins = StandIns(self.text)

    def text(self, text: str) -> str:
        """Return a text without those credentials that are known by their form, and those seen before."""
        for value, made in self.stand_ins.learnt.items():
            if value in text:
                text = text.replace(value, made)
        pieces: list[str] = []
        position = 0
        for match in recognise(text):
            value = text[match.start : match.end]
            pieces += text[position : match.start], self._maker(match.kind)(value)
            position = match.end
        return "".join((*pieces, text[position:]))

    def _maker(self, kind: str) -> Callable[[str], str]:
        if kind == "private key":
            return self.stand_ins.private_key
        if kind == "basic credential":
            return self.stand_ins.basic
        return self.stand_ins.password if guessable(kind) else self.stand_ins.of

    # ------------------------------------------------------------------ headers and addresses

    def headers(self, headers: Headers) -> Headers:
        """Return headers without credentials; what is for the proxy alone is left out (RFC 9110, 11.7)."""
        return tuple((name, self._header(name.lower(), value)) for name, value in headers if not _for_proxy(name))

    def _header(self, name: str, value: str) -> str:
        if name == "authorization":
            return self._authorization(value)
        if name == "cookie":
            return "; ".join(self._pair(part.strip()) for part in value.split(";"))
        if name == "set-cookie":
            pair, semicolon, attributes = value.partition(";")
            return self._pair(pair) + semicolon + attributes
        if name in _ADDRESSES:
            return self.address(value)
        if _NAMED.search(name):
            return _WORD.sub(lambda word: self._credential(word[0]), value)
        return self.text(value)

    def _authorization(self, value: str) -> str:
        scheme, space, rest = value.partition(" ")
        if scheme.lower() == "basic":
            return f"{scheme}{space}{self.stand_ins.basic(rest.strip())}"
        if scheme.lower() == "digest":
            return scheme + space + _QUOTED.sub('="…"', rest)
        return _PRESENTED.sub(lambda word: self._credential(word[0]), value)

    def _credential(self, word: str) -> str:
        return word if word.lower() in _SCHEMES else self.stand_ins.of(word)

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        bare = value.strip().strip('"')
        return f"{name}{equals}{value.replace(bare, self.stand_ins.of(bare)) if bare else value}"

    def address(self, url: str) -> str:
        """Return an address without credentials in its path and query, and without user and fragment."""
        parts = urlsplit(url)
        path = "/".join(map(self._segment, parts.path.split("/")))
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, self.form(parts.query), ""))

    def _segment(self, segment: str) -> str:
        told = self.text(segment)
        return self.stand_ins.in_place(told) if told == segment and _IDENTIFIER.fullmatch(segment) else told

    def form(self, text: str) -> str:
        """Return a query, or a form's body, without credentials."""
        return "&".join(map(self._parameter, text.split("&")))

    def _parameter(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not value or not _NAMED.search(unquote_plus(name)):
            return self.text(pair)
        plain = unquote_plus(value)
        made = self.stand_ins.password(plain) if _PASSWORDS.search(name) else self.stand_ins.of(plain)
        return f"{name}{equals}{quote(made, safe='')}"

    # ------------------------------------------------------------------ bodies

    def answer(self, response: Response) -> str:
        """Return the body of an answer as text without credentials: also of those that only their names tell."""
        for token in (*tokens_in(response), *(token for _, token in named_tokens(response))):
            self.stand_ins.of(token)
        return self.body(response.text)

    def body(self, text: str) -> str:
        """Return a text body without credentials, and without the private members of keys."""
        if '"kty"' in text:
            text = _PRIVATE.sub(lambda member: member[1] + self.stand_ins.of(member[2]), text)
        return self.text(text)


def _for_proxy(name: str) -> bool:
    return name.lower().startswith("proxy-")
