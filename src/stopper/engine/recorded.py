"""Recorded traffic: which of it is the API's, and which endpoint each exchange is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from stopper.correlate import Joined
from stopper.observe.views import Exchange, Operation

NAMED = 5
"""Hosts that a note names; the number of the others is told."""


def own(
    exchanges: Sequence[Exchange], addresses: Iterable[str], operations: Iterable[Operation]
) -> tuple[Exchange, ...]:
    """Return the exchanges with the API that is asked, else with the servers of its specification.

    All of them, where none is with either: a recording may have been made in another environment.
    """
    promised = (server.url for operation in operations for server in operation.servers)
    for urls in (addresses, promised):
        hosts = {host(url) for url in urls}
        found = tuple(exchange for exchange in exchanges if host(exchange.request.url) in hosts)
        if found:
            return found
    return tuple(exchanges)


def placed(exchanges: Iterable[Exchange], joined: Joined) -> list[Exchange]:
    """Return the exchanges, each with the endpoint that it was joined to."""
    found = {id(exchange): view.endpoint for view in joined.views for exchange in view.traffic}
    return [replace(exchange, endpoint=exchange.endpoint or found.get(id(exchange))) for exchange in exchanges]


def strangers(recorded: Iterable[Exchange], looked_at: Sequence[Exchange]) -> list[str]:
    """Return a note that names the other hosts: those on which no exchange is of an endpoint."""
    hosts = {host(exchange.request.url) for exchange in looked_at if exchange.endpoint}
    others = Counter(host(exchange.request.url) for exchange in recorded)
    left = [(name, number) for name, number in others.most_common() if name not in hosts]
    if not left:
        return []
    named = ", ".join(f"{name} ({number})" for name, number in left[:NAMED])
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    return [f"recorded exchanges with other hosts than the API's were not looked at: {named}{more}"]


def host(url: str) -> str:
    """Return the host of an address, with its port where that is not the usual one; empty where it names none."""
    try:
        parts = urlsplit(url)
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port not in (None, usual) else "")
    except ValueError:
        return ""
