"""Recorded traffic (HAR 1.2) as exchanges: a tolerant reader that counts what it leaves out."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from stopper.observe.views import Exchange, Request, Response

_START = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
_LOOKED_AT = 1 << 16
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

# Members of `log` that only our own recordings have; the format leaves names with an underscore to applications.
STAND_INS = "_standIns"
"""True where no entry holds a credential, but something of the same form in its place."""

LEFT_OUT = "_leftOut"
"""What the recorder did not keep: reasons with the number of exchanges or connections."""


class HarError(Exception):
    """A recording that cannot be read at all; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class HarLimits:
    """Bounds of a reading: exchanges taken, bytes kept of one body."""

    exchanges: int = 20_000
    body: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recording holds; `left_out` gives reasons with the number of entries that each kept out.

    `disguised` says that no exchange holds the credential that it was sent with.
    """

    exchanges: tuple[Exchange, ...]
    left_out: Mapping[str, int]
    disguised: bool = False


class _EntryError(Exception):
    """One entry that is left out; the text is the reason."""


def looks_like_har(data: bytes) -> bool:
    """Tell whether a file's start looks like a recording: a `log` object as the first member, or one with entries."""
    head = data[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    if _START.match(head):
        return True
    return head.lstrip().startswith(b"{") and b'"log"' in head and b'"entries"' in head


def read_har(data: bytes, limits: HarLimits | None = None) -> Recording:
    """Return the exchanges of a recording. Raises HarError where it is no JSON object with `log.entries`."""
    bounds = limits or HarLimits()
    exchanges: list[Exchange] = []
    left_out: Counter[str] = Counter()
    log = _log(data)
    disguised = log.get(STAND_INS) is True
    left_out.update(_counts(log.get(LEFT_OUT)))
    for entry in log["entries"]:
        if len(exchanges) >= bounds.exchanges:
            left_out[f"more than {bounds.exchanges} entries"] += 1
            continue
        try:
            exchanges.append(replace(_exchange(entry, bounds.body), disguised=disguised))
        except _EntryError as error:
            left_out[str(error)] += 1
    return Recording(tuple(exchanges), dict(left_out), disguised)


def _counts(told: Any) -> dict[str, int]:
    counts = _mapping(told).items()
    return {str(why)[:80]: number for why, number in counts if isinstance(number, int) and number > 0}


def _log(data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise HarError("JSON nested too deep") from None
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise HarError(f"not valid JSON{where}") from None
    log = _mapping(_mapping(document).get("log"))
    if not isinstance(log.get("entries"), list):
        raise HarError("not a HAR file: no log.entries")
    return log


def _exchange(entry: Any, cap: int) -> Exchange:
    request = _request(_mapping(_mapping(entry).get("request")), cap)
    answer = _mapping(_mapping(entry).get("response"))
    status = answer.get("status")
    if not isinstance(status, int) or not 100 <= status <= 599:
        # Browsers record status 0 for what was blocked, cancelled or never answered.
        return Exchange(request, None, "no answer recorded")
    body, truncated = _body(_mapping(answer.get("content")), cap)
    time = _mapping(entry).get("time")
    seconds = time / 1000 if isinstance(time, int | float) and time > 0 else 0.0
    return Exchange(request, Response(status, _headers(answer), body, truncated, seconds))


def _request(recorded: Mapping[str, Any], cap: int) -> Request:
    method, url = recorded.get("method"), recorded.get("url")
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise _EntryError("no request method")
    if not isinstance(url, str) or not _is_http(url):
        raise _EntryError("not an http or https URL")
    return Request(method.upper(), url.partition("#")[0], _headers(recorded), _posted(recorded, cap))


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _headers(message: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers in order, without the pseudo-headers of HTTP/2 (RFC 9113, 8.3)."""
    return tuple((name, value) for name, value in _pairs(message.get("headers")) if name and not name.startswith(":"))


def _pairs(recorded: Any) -> list[tuple[str, str]]:
    members = [_mapping(member) for member in recorded] if isinstance(recorded, list) else []
    return [(member["name"], str(member.get("value", ""))) for member in members if isinstance(member.get("name"), str)]


def _posted(recorded: Mapping[str, Any], cap: int) -> bytes | None:
    posted = recorded.get("postData")
    if not isinstance(posted, dict):
        return None
    text = posted.get("text")
    if not isinstance(text, str) or not text:
        text = urlencode(_pairs(posted.get("params")))
    return text.encode("utf-8", "replace")[:cap]


def _body(recorded: Mapping[str, Any], cap: int) -> tuple[bytes, bool]:
    """Return the recorded body, and whether it is not the whole one."""
    text, size = recorded.get("text"), recorded.get("size")
    if not isinstance(text, str):
        return b"", isinstance(size, int) and size > 0
    body = _unpacked(text) if recorded.get("encoding") == "base64" else text.encode("utf-8", "replace")
    return body[:cap], len(body) > cap


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        raise _EntryError("broken base64 in a body") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
