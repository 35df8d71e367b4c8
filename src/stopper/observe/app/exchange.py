"""Turns a `Request` into the command that the child understands, and its answer into an `Exchange`."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stopper.model import Witness
from stopper.observe.app.snapshot import place
from stopper.observe.views import Exchange, Leak, Request, Response

BODY_CAP = 1024 * 1024
"""So many bytes of an answer's body are kept."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def call_command(request: Request, peer: str, seconds: float) -> dict[str, Any] | None:
    """Return the command for one request, or None where no HTTP client could send it (RFC 9110 §5.1, §5.5, §9.1)."""
    if not _TOKEN.fullmatch(request.method) or not _sendable(request.url):
        return None
    if any(not _TOKEN.fullmatch(name) or _CONTROL.search(value) for name, value in request.headers):
        return None
    return {
        "command": "call",
        "method": request.method,
        "url": request.url,
        # WSGI carries header bytes as Latin-1 (PEP 3333); on the wire they are UTF-8
        "headers": [(name, value.encode("utf-8", "replace").decode("latin-1")) for name, value in request.headers],
        "body": None if request.body is None else base64.b64encode(request.body).decode(),
        "peer": peer,
        "seconds": seconds,
        "cap": BODY_CAP,
        "undone": request.undone,
    }


def _sendable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False


def exchange(request: Request, answer: Mapping[str, Any], root: Path) -> Exchange:
    """Return the exchange that an answer to `call_command` makes; places are relative to `root`."""
    if "error" in answer:
        return Exchange(request, None, answer["error"], witness=Witness.APP)
    response = Response(
        status=answer["status"],
        headers=tuple((name, value) for name, value in answer["headers"]),
        body=base64.b64decode(answer["body"]),
        truncated=answer["truncated"],
        seconds=answer["seconds"],
    )
    leaks = answer["leaks"]
    told = None if leaks is None else tuple(_leak(leak, root) for leak in leaks)
    return Exchange(request, response, witness=Witness.APP, leaks=told)


def _leak(answer: Mapping[str, Any], root: Path) -> Leak:
    """Return one leak; code that is not of the project has no place that a report could show."""
    file, line = answer["place"]
    where = place(file, line, root, ())
    inside = bool(where.uri) and not Path(where.uri).is_absolute()
    return Leak(
        kind=answer["kind"],
        where=answer["where"],
        issued=answer["origin"] == "issued",
        place=where if inside else None,
        logger=answer["logger"],
        form=answer["form"],
        digest=answer["digest"],
    )
