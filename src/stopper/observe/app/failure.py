"""Says in one line why an application could not be made, from the child's answer: types and places, never texts."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stopper.observe.app.snapshot import place

_STAGES = {"import": "at import", "call": "when called"}


def failure(answer: Mapping[str, Any], target: str, root: Path, seconds: float) -> str:
    """Return the line for an answer of the runner's `LoadError`; `seconds` is the time limit that stood."""
    sentence = _SENTENCES[answer["kind"]]
    where = place(answer.get("file", ""), answer.get("line", 0), root, ())
    details = {**answer, "stage": _STAGES.get(answer.get("stage", ""), ""), "target": target, "seconds": f"{seconds:g}"}
    details["module"], _, details["attribute"] = target.partition(":")
    details["names"] = ", ".join(answer.get("names", ()))
    details["hint"] = f": did you mean {answer['near']!r}?" if answer.get("near") else ""
    line = sentence.format_map(details) + (f" ({where})" if where.uri else "")
    refused = ", ".join(answer.get("refused", ())[:5])
    return f"{line}; connections beyond loopback were refused: {refused}" if refused else line


_SENTENCES = {
    "no-flask": "{target} cannot run: its Python has no {name}; name the application's own Python with --python",
    "no-module": "{target}: there is no module {name!r} in the folder or the Python that were given",
    "no-attribute": "{target}: {module} has no {name!r}{hint}",
    "arguments": "{target} cannot be called without arguments ({names}): name a factory that needs none",
    "not-flask": "{target} is no Flask application but of type {type}",
    "needs-module": "{target} needs the module {name!r}, which its Python does not have",
    "raised": "{target} raised {type} {stage}",
    "exit": "{target} called sys.exit {stage}, with status {status}",
    "timeout": "{target} did not return within {seconds} s {stage}",
}


def ended(target: str, status: int, doing: str) -> str:
    """Return the line for a child that is gone; a negative status is the number of the signal that ended it."""
    if status < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"{target}: its process was ended by {names.get(-status, f'signal {-status}')} {doing}"
    return f"{target}: its process ended {doing}, with status {status}"
