"""The words of a repair: what a control's `fix` hook answers, as plain data that can leave its process.

A hook knows a syntax tree or a specification's text and names what has to change there; it writes nothing itself.
The helpers of `observe.source.rewriting` and `observe.spec.rewriting` make the changes from what the hook looks at.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Risk(enum.Enum):
    """What else a repair may change."""

    NONE = "none: only the fault goes"
    STRICTER = "stricter: what was let through is refused"
    SETTING = "setting: does not start before somebody gives a setting"


class CannotRewriteError(Exception):
    """There is no safe text for a change here; the reason, in words, is told to the person."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a Python file: lines from 1, columns in characters from 0, the end not included."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def start(self) -> tuple[int, int]:
        """Return line and column of the beginning."""
        return self.line, self.column

    @property
    def end(self) -> tuple[int, int]:
        """Return line and column after the end."""
        return self.end_line, self.end_column


@dataclass(frozen=True, slots=True)
class Replace:
    """An expression becomes another one; parentheses are added where its neighbours need them."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Argument:
    """A call gets a keyword argument, in the place of the one of that name if it has one; no text: it loses it."""

    span: Span
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """Statements come before a statement, above its decorators."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class After:
    """Statements come after a statement, in the same block."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A statement goes; a block that it leaves empty gets `pass`."""

    span: Span


@dataclass(frozen=True, slots=True)
class Decorate:
    """A function or class gets a decorator, innermost, so that it stands below whatever makes a route of it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Import:
    """A file gets an import statement, once, sorted into those that it has."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A stretch of a specification's text becomes another one: offsets in characters; equal ones insert."""

    path: str
    start: int
    end: int
    text: str


Change = Replace | Argument | Before | After | Remove | Decorate | Import | Text


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An automatic repair of one finding: its changes, in any files of the project, all of them or none.

    `why` is one sentence for the person. `decide` are the settings that the person must give, a sentence each.
    `guard` says that the repair brings the guard in.
    """

    why: str
    changes: tuple[Change, ...]
    risk: Risk = Risk.NONE
    decide: tuple[str, ...] = ()
    guard: bool = False


@dataclass(frozen=True, slots=True)
class ByHand:
    """No safe automatic repair: the reason in one sentence, and the lines that the person may write instead."""

    why: str
    lines: tuple[str, ...] = ()


def path_of(change: Change) -> str:
    """Return the file that a change is made in."""
    return change.path if isinstance(change, Import | Text) else change.span.path
