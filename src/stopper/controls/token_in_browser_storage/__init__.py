"""A token lies in the browser's storage, where every script of the page reads it.

## What is wrong

A page or script puts a token into `localStorage` or `sessionStorage`.

## Why it matters

Whatever script runs on the page, an injected one and every library of others among them, reads the storage and takes
the token along; what is in `localStorage` outlives the visit. A token that no script can read cannot be carried away
by one (draft-ietf-oauth-browser-based-apps section 8; ASVS 5.0.0 14.3.3).

## Bad

    localStorage.setItem("access_token", data.access_token);

## Good

    // The server sets it: Set-Cookie: __Host-session=…; Secure; HttpOnly; SameSite=Lax
    fetch("/api/me", { credentials: "same-origin" });

## References

draft-ietf-oauth-browser-based-apps section 8; ASVS 5.0.0 14.3.3; OWASP HTML5 Security Cheat Sheet, "Storage APIs";
CWE-922.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.source.frontend import Frontend, words
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT314",
    name="token_in_browser_storage",
    severity=Severity.MEDIUM,
    title="A token in the browser's storage",
    witnesses="S W",
    cwe=(922,),
)

_STORED = re.compile(
    r"\b(?P<storage>localStorage|sessionStorage)\s*(?:"
    r"\.\s*setItem\s*\((?P<arguments>[^;\n]{1,300})"
    r"|\.\s*(?P<member>(?!setItem\b)\w+)\s*=(?!=)(?P<value>[^;\n]{1,200})"
    r"|\[(?P<index>[^\]\n]{1,100})\]\s*=(?!=)(?P<put>[^;\n]{1,200}))"
)
_FIRST = re.compile(r"\s*((?:'[^']*'|\"[^\"]*\"|`[^`]*`|[^,'\"`])+),(.*)", re.DOTALL)
_LITERAL = re.compile(r"['\"`]([^'\"`]*)['\"`]$")
_NAME_IN = re.compile(r"[A-Za-z_$][\w$]*")
_FILLED = re.compile(r"\{\{([^{}]*)\}\}")
_TEXTS = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`$]*`")
_CREDENTIALS = frozenset({"token", "jwt", "bearer"})
_AFTER = frozenset({"key", "name", "storage", "item", "field"})
"""Words after which a constant says where the token lies: `TOKEN_STORAGE_KEY`."""
_OTHER = frozenset(
    "csrf xsrf fcm push firebase device registration page next cancel reset expiry expires expiration expired type "
    "count decoded has is show design cache selected crypto coin swap theme share invite confirm unsubscribe".split()
)
"""Words of tokens that let nobody in."""
_NOTHING = frozenset({"null", "undefined", "true", "false"})
_SHIPPED = ("text/html", "javascript", "application/xhtml")


def frontend(page: Frontend) -> Iterable[Verdict]:
    """Look at everything that a page or script puts into the browser's storage."""
    for offset, storage, name in _kept(page):
        yield Verdict(
            kept=not name,
            message=f"`{storage}` keeps {name}: every script on the page can read it"
            if name
            else f"no token in {storage}",
            place=page.place(offset),
        )


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the pages and scripts that the API answers with."""
    answer = exchange.response
    shipped = (answer.header("Content-Type") or "").lower() if answer else ""
    if answer is None or exchange.endpoint is None or not any(kind in shipped for kind in _SHIPPED):
        return
    suffix = ".js" if "javascript" in shipped else ".html"
    for _, storage, name in _kept(Frontend(f"answer{suffix}", answer.body.decode("utf-8", "replace"))):
        yield Verdict(
            kept=not name,
            message=f"{exchange.endpoint} answers with a script that puts {name or 'no token'} into `{storage}`",
            endpoints=(exchange.endpoint,),
            evidence=(evidence("the answer", exchange),) if name else (),
            strength=Strength.PROVEN,
            cause="a script that keeps the token",
        )


def _kept(page: Frontend) -> Iterator[tuple[int, str, str]]:
    """Yield the offset and storage of everything that is put there, and how a token is called; else an empty text."""
    if "Storage" not in page.text:
        return
    for found in _STORED.finditer(page.code):
        key, value = _written(found)
        literal = _LITERAL.match(key)
        name = literal[1] if literal else page.constants.get(key.rpartition(".")[2], key)
        held = _held(value)
        if not held:
            continue
        told = next((each for each in (name, *held) if _credential(each)), "")
        yield found.start(), found["storage"], f"`{_NAME_IN.findall(told)[-1]}`" if told else ""


def _written(found: re.Match[str]) -> tuple[str, str]:
    """Return the key, as it is written, and the value of what is stored."""
    if found["arguments"] is not None:
        both = _FIRST.match(found["arguments"])
        return (both[1].strip(), both[2]) if both else ("", "")
    if found["member"] is not None:
        return f'"{found["member"]}"', found["value"]
    return found["index"].strip(), found["put"]


def _held(value: str) -> list[str]:
    """Return the names of what is stored: the last of an expression, all of an object; nothing for a literal."""
    filled = _FILLED.findall(value)
    names = _NAME_IN.findall(" ".join(filled) if filled else _TEXTS.sub("", value))
    told = [name for name in names if name not in _NOTHING]
    return told if "stringify" in told else told[-1:]


def _credential(name: str) -> bool:
    told = words(name)
    while len(told) > 1 and told[-1] in _AFTER and told[-2:] != ["api", "key"]:
        told.pop()
    if not told or not _OTHER.isdisjoint(told):
        return False
    return told[-1] in _CREDENTIALS or told[-2:] == ["api", "key"] or told in (["tokens"], ["auth", "tokens"])
