"""Values for path parameters, learnt from what lists answer: `GET /orders` tells an id for `GET /orders/{id}`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stopper.observe.views import Baseline, Exchange, Operation
from stopper.observe.wire.compare import succeeded

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_NAMES = ("id", "pk", "uuid")
"""Members that identify an item where none is named like the parameter, best first."""

_DEPTH = 4
_LARGEST_ANSWER = 1 << 20
_LONGEST_VALUE = 200


def learnt(path: str, operation: Operation | None, baselines: Iterable[Baseline]) -> Mapping[str, str]:
    """Return a value for the first parameter of a path template that has none, or nothing.

    It comes from the answer of the list that the parameter's item belongs to: the path before it.
    """
    known = {p.name for p in operation.parameters if p.location == "path" and p.values} if operation else set()
    missing = next((found for found in _PARAMETER.finditer(path) if found[1] not in known), None)
    if missing is None or not path[: missing.start()].endswith("/"):
        return {}
    collection = path[: missing.start()].rstrip("/")
    for baseline in baselines:
        if baseline.endpoint.method == "GET" and baseline.endpoint.path.rstrip("/") == collection:
            value = _identifier(baseline.original or baseline.nothing, missing[1])
            if value:
                return {missing[1]: value}
    return {}


def _identifier(exchange: Exchange | None, parameter: str) -> str:
    """Return what identifies the first item of a JSON list in an answer, or an empty text."""
    if not succeeded(exchange) or not exchange or not exchange.response:
        return ""
    if len(exchange.response.body) > _LARGEST_ANSWER:
        return ""
    try:
        document = json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        return ""
    firsts = list(_firsts(document, "", _DEPTH))
    for name in (parameter, parameter.lower().rpartition("_")[2], *_NAMES):
        for within, first in firsts:
            value = first.get(name) if isinstance(first, dict) else first if within == f"{name}s" else None
            if usable := _usable(value):
                return usable
    return ""


def _firsts(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the first item of each list in a JSON value, with the name of the member that holds the list."""
    if depth == 0:
        return
    if isinstance(value, list) and value:
        yield name, value[0]
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _firsts(member, key, depth - 1)


def _usable(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    # A path segment of dots alone leads to another operation (RFC 3986 section 5.2.4).
    return text if 0 < len(text) <= _LONGEST_VALUE and text.strip(".") else ""
