"""Which files git leaves out, by the `.gitignore` files of a project (gitignore(5))."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

NAME = ".gitignore"
_LONGEST = 10_000


def ignored(path: str, rules: Mapping[str, str]) -> bool:
    """Tell whether git leaves a file out: the last rule that matches it or a folder above it counts, `!` takes it back.

    `rules` are the texts of the `.gitignore` files by the folder that they stand in ("" for the root).
    """
    parts = path.split("/")
    left_out = False
    for depth in range(len(parts)):
        folder = "/".join(parts[:depth])
        for line in rules.get(folder, "").split("\n")[:_LONGEST]:
            pattern = line.rstrip()
            if pattern and not pattern.startswith("#") and _matches(pattern.removeprefix("!"), parts[depth:]):
                left_out = not pattern.startswith("!")
    return left_out


def _matches(pattern: str, parts: list[str]) -> bool:
    """Tell whether a pattern means the path or a folder above it; one with a slash in it counts from its own folder."""
    wanted = pattern.strip("/").split("/")
    if "/" not in pattern.rstrip("/"):
        wanted.insert(0, "**")
    reached = {0}
    for each in wanted:
        if each == "**":
            reached = set(range(min(reached, default=len(parts)), len(parts)))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], each)}
    return bool(reached - {len(parts)} if pattern.endswith("/") else reached)
