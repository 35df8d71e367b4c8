"""What a recording keeps of the exchanges that pass: HAR 1.2 without credentials, within bounds."""

from __future__ import annotations

import base64
import datetime
import itertools
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stopper import __version__
from stopper.observe.views import Response
from stopper.observe.wire import content
from stopper.observe.wire.har import LEFT_OUT, STAND_INS
from stopper.proxy.disguise import Disguise, Headers
from stopper.secret import spellings

BODY = 1 << 20
"""Bytes kept of one body; one with more is recorded without it."""

LARGEST = 32 << 20
"""Bytes of all entries together, well below what is read of a recording."""

CREDENTIALS = 2_000
"""Credentials of one recording: each is looked for in every entry."""

_TEXTS = ("json", "text", "xml", "javascript", "urlencoded", "graphql")


class Recording:
    """Entries of HAR 1.2 in the order of their exchanges.

    No entry holds a credential that was recognised as one at any time of the recording. `left_out` counts what was not
    kept, by the reason.
    """

    def __init__(self, largest: int = LARGEST, credentials: int = CREDENTIALS) -> None:
        """Begin one, with its bounds."""
        self.left_out: Counter[str] = Counter()
        self._disguise = Disguise()
        self._entries: list[tuple[str, int]] = []  # each with how many credentials were known when it was written
        self._written: list[tuple[tuple[str, ...], str]] = []  # each credential's spellings in JSON, and its stand-in
        self._size, self._largest, self._credentials = 0, largest, credentials

    def __len__(self) -> int:
        """Return how many exchanges are kept."""
        return len(self._entries)

    def add(self, exchange: Mapping[str, Any]) -> None:
        """Take an exchange as the add-on tells it; bodies are base64 of what was sent, None where it was too long."""
        learnt = self._disguise.stand_ins.learnt
        if self._size >= self._largest:
            self.left_out[f"more than {self._largest >> 20} MiB of exchanges"] += 1
        elif len(learnt) >= self._credentials:
            self.left_out[f"more than {self._credentials} different credentials"] += 1
        else:
            entry = self._hidden(json.dumps(self._entry(exchange)), 0)
            self._size += len(entry)
            self._entries.append((entry, len(learnt)))

    def har(self) -> str:
        """Return all of it as one JSON text; what was learnt after an entry was written is hidden in it too."""
        log = {
            "version": "1.2",
            "creator": {"name": "stopper", "version": __version__},
            "comment": "every credential is a stand-in of the same form",
            STAND_INS: True,
            LEFT_OUT: dict(self.left_out),
        }
        entries = ",\n".join(self._hidden(entry, known) for entry, known in self._entries)
        return f'{{"log": {json.dumps(log)[:-1]}, "entries": [\n{entries}\n]}}}}\n'

    def _hidden(self, entry: str, known: int) -> str:
        """Hide in an entry the credentials from the given place on, in each of their usual spellings."""
        learnt = self._disguise.stand_ins.learnt
        for value, made in itertools.islice(learnt.items(), len(self._written), None):
            self._written.append((tuple(map(_in_json, spellings(value))), _in_json(made)))
        for written, made in itertools.islice(self._written, known, None):
            for spelling in written:
                if spelling in entry:
                    entry = entry.replace(spelling, made)
        return entry

    # ------------------------------------------------------------------ one entry

    def _entry(self, told: Mapping[str, Any]) -> dict[str, Any]:
        began = datetime.datetime.fromtimestamp(told["started"], datetime.UTC)
        # The answer first: what it hands out is then known wherever else it stands.
        answer = self._answer(told)
        return {
            "startedDateTime": began.isoformat(timespec="milliseconds"),
            "time": told["milliseconds"],
            "request": self._request(told),
            "response": answer,
            "cache": {},
            "timings": {"send": 0, "wait": told["milliseconds"], "receive": 0},
        }

    def _request(self, told: Mapping[str, Any]) -> dict[str, Any]:
        headers = _pairs(told["request_headers"])
        kind, data = _first(headers, "content-type"), _legible(told["request_body"], headers)
        made = {
            "method": told["method"],
            "url": self._disguise.address(told["url"]),
            "httpVersion": told["version"],
            "headers": _listed(self._disguise.headers(headers)),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": told["request_size"],
        }
        if data:
            text = data.decode("utf-8", "replace")
            posted = self._disguise.form(text) if "urlencoded" in kind else self._disguise.body(text)
            made["postData"] = {"mimeType": kind, "text": posted}
        return made

    def _answer(self, told: Mapping[str, Any]) -> dict[str, Any]:
        headers = _pairs(told["headers"])
        kind = _first(headers, "content-type")
        held: dict[str, Any] = {"size": told["size"], "mimeType": kind}
        data = _legible(told["body"], headers)
        if data is not None:
            held["text"] = self._disguise.answer(Response(told["status"], headers, data))
        return {
            "status": told["status"],
            "statusText": self._disguise.text(told["reason"]),
            "httpVersion": told["version"],
            "headers": _listed(self._disguise.headers(headers)),
            "cookies": [],
            "content": held,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": told["size"],
        }


def origin(url: str) -> str:
    """Return the host and port that an address names, as the add-on compares them."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _pairs(told: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in told)


def _listed(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _first(headers: Headers, name: str) -> str:
    return next((value.lower() for key, value in headers if key.lower() == name), "")


def _legible(body: str | None, headers: Headers) -> bytes | None:
    """Return a whole body, unpacked, that is text in which credentials are recognised; None for any other.

    UTF-16 hides them behind its zero bytes.
    """
    if body is None:
        return None
    kind = _first(headers, "content-type")
    found = content.decode(base64.b64decode(body), _first(headers, "content-encoding"), BODY)
    whole = not found.undecoded and not found.truncated and b"\0" not in found.body
    return found.body if whole and (not kind or any(each in kind for each in _TEXTS)) else None
