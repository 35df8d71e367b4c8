"""The words of a manifest: pins, and the text that they stand in."""

from __future__ import annotations

import codecs
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from stopper.model import Place


class UnreadableManifestError(ValueError):
    """The bytes are no manifest of their kind; the text says why and quotes nothing of them."""


class Kind(enum.Enum):
    """What a manifest says of a package: that it is wanted, which release was chosen, or which one is there."""

    DECLARED = "declared"
    LOCKED = "locked"
    INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class Pin:
    """A package that a manifest names and the releases that it allows, all of them where `allowed` is empty.

    `package` is normalised as PEP 503 says; `development` is set where it serves tests, documentation or building only.
    """

    package: str
    allowed: SpecifierSet
    place: Place
    development: bool = False

    @property
    def release(self) -> Version | None:
        """Return the one release that is allowed, None for a range."""
        for clause in self.allowed:
            if clause.operator in ("==", "===") and not clause.version.endswith(".*"):
                try:
                    return Version(clause.version)
                except InvalidVersion:
                    return None
        return None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file that names packages; `unread` says what of it could not be read."""

    path: str
    kind: Kind
    pins: tuple[Pin, ...]
    unread: tuple[str, ...] = ()


_QUOTED = re.compile(r"\"([^\"\\]*)\"|'([^'\\]*)'")
_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*["']?([\w.-]+)["']?\s*=""")
_DEVELOPMENT = re.compile(
    r"(?:^|[/_.-])(?:dev|develop|development|tests?|testing|lint|docs?|ci|build|typing|benchmarks?)(?:[/_.-]|$)"
)


def serves_development(name: str) -> bool:
    """Tell whether a path or the name of a group says that it is for tests, documentation or building."""
    return _DEVELOPMENT.search(name.lower()) is not None


@dataclass
class Page:
    """The text of a manifest, in which things are found again by line; readers note the lines that they cannot read."""

    path: str
    lines: list[str]
    unreadable: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, path: str, data: bytes) -> Page:
        """Return the page of these bytes: UTF-8, or UTF-16 with its mark. Raises UnreadableManifestError."""
        # What PowerShell writes for `pip freeze > requirements.txt` is UTF-16.
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        try:
            text = data.decode("utf-16" if wide else "utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableManifestError("its bytes are no UTF-8 text") from None
        return cls(path, re.split(r"\r\n|\r|\n", text))

    @property
    def unread(self) -> tuple[str, ...]:
        """Return what could not be read, in words: nothing, or one line and how many more."""
        if not self.unreadable:
            return ()
        others = len(self.unreadable) - 1
        more = f", nor what {others} more {'line' if others == 1 else 'lines'} name" if others else ""
        return (f"what line {self.unreadable[0]} names cannot be read{more}",)

    @property
    def text(self) -> str:
        """Return the whole text, lines ended by line feeds."""
        return "\n".join(self.lines)

    def place(self, line: int) -> Place:
        """Return the place of a line, counted from 1; 0 is the whole file."""
        return Place(self.path, line, 1 if line else 0, self.lines[line - 1] if line else "")

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Yield the lines with their numbers."""
        return enumerate(self.lines, 1)

    @cached_property
    def quoted(self) -> dict[str, int]:
        """Return the first line of every text that stands in quotes."""
        found: dict[str, int] = {}
        for number, line in self.numbered():
            for double, single in _QUOTED.findall(line):
                found.setdefault(double or single, number)
        return found

    @cached_property
    def alone(self) -> dict[str, int]:
        """Return the first line of every text that fills a line, or what follows its first equals sign."""
        found: dict[str, int] = {}
        for number, line in self.numbered():
            found.setdefault(line.strip(), number)
            found.setdefault(line.partition("=")[2].strip(), number)
        return found

    @cached_property
    def members(self) -> dict[tuple[str, str], int]:
        """Return the line of every key by the name of its table; of a table inside one, its header's."""
        found: dict[tuple[str, str], int] = {}
        table = ""
        for number, line in self.numbered():
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = header[1].replace('"', "").replace("'", "")
                outer, _, inner = table.rpartition(".")
                found.setdefault((outer, inner), number)
            elif key:
                found.setdefault((table, key[1]), number)
        return found

    def requirement(self, text: str, line: int, development: bool = False) -> Iterator[Pin]:
        """Yield the pin that a requirement (PEP 508) makes; none for an address, none that no Python 3 installs."""
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            self.unreadable.append(line)
            return
        if wanted.url is None and (wanted.marker is None or ever_true(str(wanted.marker))):
            aside = development or serves_development(self.path)
            yield Pin(canonicalize_name(wanted.name), wanted.specifier, self.place(line), aside)

    def pin(self, name: str, version: str, line: int, development: bool = False) -> Iterator[Pin]:
        """Yield the pin of one release; none where it is no version (a development build of something else)."""
        try:
            exactly = SpecifierSet(f"=={version}")
        except InvalidSpecifier:
            self.unreadable.append(line)
            return
        yield Pin(canonicalize_name(name), exactly, self.place(line), development or serves_development(self.path))


_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_VARIED = frozenset("python_version python_full_version sys_platform os_name platform_system and or in not".split())
_PLATFORMS = (("linux", "posix", "Linux"), ("win32", "nt", "Windows"), ("darwin", "posix", "Darwin"))
_ENVIRONMENTS = tuple(
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.0",
        "sys_platform": platform,
        "os_name": name,
        "platform_system": system,
    }
    for minor in range(6, 20)
    for platform, name, system in _PLATFORMS
)


@cache
def ever_true(marker: str) -> bool:
    """Tell whether a marker (PEP 508) lets any Python 3 on a common platform install a package.

    One that cannot be read, or asks for what is not varied here (an extra, the machine), is taken to.
    """
    asked = set(re.findall(r"[a-z_]+", _TEXT.sub("", marker)))
    if not asked <= _VARIED:
        return True
    try:
        condition = Marker(marker)
        return any(condition.evaluate(environment) for environment in _ENVIRONMENTS)
    except ValueError:
        return True
