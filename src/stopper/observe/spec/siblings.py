"""Which operations stand beside each other: on one path, or on a collection and its members."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from stopper.model import Endpoint
from stopper.observe.views import Operation

_MEMBER = re.compile(r"/\{[^{}/]*\}$")


def with_siblings(operations: Sequence[Operation]) -> Iterator[Operation]:
    """Yield the operations; those whose own `security` lets everybody in with the protected ones beside them."""
    beside: dict[str, list[Endpoint]] = defaultdict(list)
    for operation in operations:
        if operation.protected:
            beside[_collection(operation)].append(operation.endpoint)
    for operation in operations:
        siblings = beside.get(_collection(operation))
        opened = operation.security_place is not None and not operation.protected
        yield replace(operation, protected_siblings=tuple(siblings)) if opened and siblings else operation


def _collection(operation: Operation) -> str:
    """Return the path without the parameter at its end: `/orders` of `/orders/{id}`."""
    return _MEMBER.sub("", operation.endpoint.path.rstrip("/"))
