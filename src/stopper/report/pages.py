"""A control's page taken apart: its sections by heading, each a sequence of paragraphs and blocks of code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph on one line, or code as it was written."""

    text: str
    code: bool


def sections(page: str) -> dict[str, tuple[Block, ...]]:
    """Return the blocks below each `## ` heading; those before the first one stand under an empty heading."""
    found: dict[str, tuple[Block, ...]] = {}
    for part in f"\n{page}".split("\n## "):
        first, _, rest = part.partition("\n")
        heading, body = (first.strip(), rest) if found else ("", part)
        found.setdefault(heading, tuple(_blocks(body)))
    return found


def _blocks(body: str) -> Iterator[Block]:
    """Yield what blank lines part; code is indented by four blanks, and holds blank lines of its own."""
    paragraphs = [paragraph.strip("\n") for paragraph in body.split("\n\n") if paragraph.strip()]
    for code, group in groupby(paragraphs, key=lambda paragraph: paragraph.startswith("    ")):
        if code:
            yield Block(textwrap.dedent("\n\n".join(group)), code=True)
        else:
            yield from (Block(" ".join(paragraph.split()), code=False) for paragraph in group)
