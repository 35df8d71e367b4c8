"""Jobs for the process that rewrites Python, and the process itself: it can die, and costs one file then."""

from __future__ import annotations

import importlib.util
import json
import pickle  # only to a process that this one starts
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stopper.rewrite import Change

SECONDS = 60.0
"""Time for one process, whatever number of files it has."""

DEEPEST = 100
"""Brackets in each other above which a file is not given to libcst, whose recursion ends the process."""


@dataclass(frozen=True, slots=True)
class Job:
    """One Python file's text and the groups of changes to make in it; `own` are the project's own top names."""

    text: str
    groups: tuple[tuple[Change, ...], ...]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """The changed text, and why which groups were not made."""

    text: str
    refused: Mapping[int, str] = field(default_factory=dict)


def run(jobs: Sequence[Job]) -> list[Answer]:
    """Return an answer for each job. A file that ends the process or does not end is left as it was."""
    if importlib.util.find_spec("libcst") is None:
        return [_none(job, "libcst is not installed: it comes with stopper[fix]") for job in jobs]
    answers: list[Answer] = []
    while len(answers) < len(jobs):
        rest = jobs[len(answers) :]
        if _nesting(rest[0].text) > DEEPEST:
            answers.append(_none(rest[0], "it is nested too deeply to be rewritten"))
            continue
        shallow = next((n for n, job in enumerate(rest) if _nesting(job.text) > DEEPEST), len(rest))
        found = _asked(rest[:shallow])
        answers.extend(found)
        if len(found) < shallow:
            answers.append(_none(rest[len(found)], "the process that rewrites it ended"))
    return answers


def _none(job: Job, why: str) -> Answer:
    return Answer(job.text, dict.fromkeys(range(len(job.groups)), why))


def _asked(jobs: Sequence[Job]) -> list[Answer]:
    """Return the answers that one process gives before it ends."""
    # -P: nothing of the folder that the user is in may stand in for a module of Python's own.
    command = [sys.executable, "-P", "-m", "stopper.fix.rewriter"]
    given = pickle.dumps(jobs)
    try:
        said = subprocess.run(command, input=given, stdout=-1, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False)
        written = said.stdout
    except subprocess.TimeoutExpired as error:
        written = error.stdout or b""
    lines = written.split(b"\n")[:-1]
    return [Answer(text, dict(refused)) for text, refused in map(json.loads, lines)]


def _nesting(text: str) -> int:
    """Return how deep brackets or blocks stand in each other, at most: those in texts and comments count too."""
    depth = most = 0
    for character in text:
        if character in "([{":
            depth += 1
            most = max(most, depth)
        elif character in ")]}":
            depth = max(depth - 1, 0)
    widest = max((len(line) - len(line.lstrip()) for line in text.split("\n")), default=0)
    return max(most, widest // 4)
