"""Which folders of a tree are projects of their own: what never names another has nothing to ask of it.

A folder of repositories, of services or of installed packages is many projects. Who routes, hooks or derives is asked
within one of them; imports are followed into the others all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NAMED = re.compile(rb"""(?:\bimport|\bfrom|['"])\s*(\w+)""")
"""What a file imports, and how a text begins: a package may be loaded by its name in a text."""

_INSTALLED = ".dist-info"


def parted(sources: Mapping[str, bytes], beside: Iterable[str]) -> list[list[str]]:
    """Return the paths of the sources, those of one project together, in their order.

    `beside` are the paths of other files: a folder where one tells of an installed package holds one project each.
    """
    installed = tuple(dict.fromkeys(_around(path) for path in beside if _INSTALLED in path))
    tops = {path: _top(path, installed) for path in sources}
    leader = {name: name for name in tops.values()}
    for path, source in sources.items():
        if not _within(path, installed):
            for named in {each.decode("ascii", "replace") for each in _NAMED.findall(source)} & leader.keys():
                _join(leader, tops[path], named)
    found: dict[str, list[str]] = {}
    for path in sources:
        found.setdefault(_first(leader, tops[path]), []).append(path)
    return list(found.values())


def _around(path: str) -> str:
    """Return the folder in which an installed package's metadata lies, with its slash; empty for the tree's own."""
    return path[: path.index(_INSTALLED)].rpartition("/")[0] + "/" if "/" in path[: path.index(_INSTALLED)] else ""


def _within(path: str, installed: tuple[str, ...]) -> bool:
    return path.startswith(installed) if installed else False


def _top(path: str, installed: tuple[str, ...]) -> str:
    """Return the first folder of a path, below the folder of installed packages where there is one."""
    around = max((folder for folder in installed if path.startswith(folder)), key=len, default="")
    folder, _, below = path[len(around) :].partition("/")
    return around + folder if below else around


def _first(leader: dict[str, str], name: str) -> str:
    while leader[name] != name:
        leader[name] = leader[leader[name]]
        name = leader[name]
    return name


def _join(leader: dict[str, str], one: str, other: str) -> None:
    leader[_first(leader, other)] = _first(leader, one)
