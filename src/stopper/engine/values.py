"""Values for parameters, learnt from recorded traffic and from what lists answer. Pure.

`GET /orders` tells an id for `GET /orders/{id}`, and for `{order_id}` wherever it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from stopper.observe.views import Baseline, Exchange, Operation
from stopper.observe.wire.compare import succeeded

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_NAMES = ("id", "pk", "uuid")
"""Members that identify an item where none is named like the parameter, best first."""

_DEPTH = 4
_LARGEST_ANSWER = 1 << 20
_LONGEST_VALUE = 200


def learnt(path: str, operation: Operation | None, baselines: Iterable[Baseline]) -> Mapping[str, str]:
    """Return values for the parameters of a path template that have none, as far as lists told them.

    They come from the answer of the list that the parameter's item belongs to: the path before it, asked with the same
    values before it; else, for a name like `order_id`, the list called `orders`.
    """
    known = (
        {p.name: p.values[0] for p in operation.parameters if p.location == "path" and p.values} if operation else {}
    )
    lists = [baseline for baseline in baselines if baseline.endpoint.method == "GET"]
    values: dict[str, str] = {}
    for parameter in _PARAMETER.finditer(path):
        name = parameter[1]
        if name in known or not path[: parameter.start()].endswith("/"):
            continue
        collection = path[: parameter.start()].rstrip("/")
        nearest = [each for each in lists if _same_path(each, collection, {**known, **values})]
        value = _first_value(nearest, name) or _first_value(_called_after(lists, name), name)
        if value:
            values[name] = value
    return values


def _first_value(lists: Iterable[Baseline], name: str) -> str:
    return next(filter(None, (_identifier(each.original or each.nothing, name) for each in lists)), "")


def _same_path(baseline: Baseline, collection: str, values: Mapping[str, str]) -> bool:
    """Tell whether a list is the collection, and was asked with the values that its parameters have here."""
    template = baseline.endpoint.path.rstrip("/")
    if template != collection or "{" not in template:
        return template == collection
    asked = recorded(template, filter(None, (baseline.original, baseline.nothing)))
    return all(values.get(name) == value for name, value in asked.items())


def _called_after(lists: Iterable[Baseline], name: str) -> Iterator[Baseline]:
    """Yield the lists that a parameter's name speaks of: `/orders` for `order_id`, `/categories` for `categoryId`."""
    thing = re.sub(r"(?i)_?(?:id|pk|uuid)$", "", name).lower()
    if thing and thing != name.lower():
        many = {thing, f"{thing}s", f"{thing}es", f"{thing.removesuffix('y')}ies"}
        yield from (each for each in lists if each.endpoint.path.rstrip("/").rpartition("/")[2].lower() in many)


def recorded(template: str, exchanges: Iterable[Exchange]) -> Mapping[str, str]:
    """Return the values that the first good exchange had in the place of each parameter of a path template.

    The template may begin later than the recorded path does: a proxy's prefix stands before it.
    """
    pattern = re.compile(
        "".join(f"(?P<p{n}>[^/]+)" if n % 2 else re.escape(part) for n, part in enumerate(_PARAMETER.split(template)))
        + "/?$"
    )
    names = _PARAMETER.findall(template)
    for exchange in exchanges:
        found = pattern.search(urlsplit(exchange.request.url).path)
        if found:
            values = [unquote(value) for value in found.groups()]
            if all(_usable(value) for value in values):
                return dict(zip(names, values, strict=True))
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
