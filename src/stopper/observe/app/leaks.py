"""Where tokens went while the running application answered: of one exchange, in words."""

from __future__ import annotations

from collections.abc import Iterator

from stopper.observe.views import Exchange, Leak


def readable(exchange: Exchange, *kinds: str) -> Iterator[Leak]:
    """Yield what of these kinds took a token of the exchange so that it can be read."""
    return (leak for leak in exchange.leaks or () if leak.kind in kinds and not leak.digest)


def digested(exchange: Exchange, *kinds: str) -> Iterator[Leak]:
    """Yield what of these kinds took a digest of a token of the exchange."""
    return (leak for leak in exchange.leaks or () if leak.kind in kinds and leak.digest)


def said(exchange: Exchange, leak: Leak) -> str:
    """Return in words what was written where: `GET /orders writes the token that is presented to the table seen`."""
    which = "a token that it issues" if leak.issued else "the token that is presented"
    form = f", {leak.form}" if leak.form else ""
    logger = f" by the logger {leak.logger}" if leak.logger else ""
    return f"{exchange.endpoint} writes {which} to {leak.where}{logger}{form}"


def somebody_s(exchange: Exchange, leak: Leak) -> bool:
    """Tell whether the token opens anything; one that was refused was nobody's, as far as can be told."""
    return leak.issued or (exchange.response is not None and exchange.response.status < 300)
