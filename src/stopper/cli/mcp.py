"""`stopper mcp`: scan, explain, matrix and repair plans as tools for coding agents (Model Context Protocol).

An agent may be led astray by what it reads. So what it may reach is said when the server is started, by a person: one
folder; no code is run, no URL asked and no file changed unless allowed. Each call runs the command that a person would
run, in a process of its own, and its answer is the redacted report of that command.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from stopper import __version__
from stopper.cli.targets import TargetError, told_apart
from stopper.controls import UnknownControlError, find
from stopper.io.files import FileError
from stopper.report.catalogue import page

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

MOST_FINDINGS = 100
"""Findings of one answer: more fill an agent's memory without helping it; the number of the others is told."""

SECONDS = 900.0
"""Time for one call, after which its process is ended."""

_UNUSABLE = 2
_ABOUT = (
    "Checks whether a Flask API keeps its bearer tokens. Targets: a folder of Python, an OpenAPI file, a HAR file, and "
    "where allowed a URL or module:app. Scan, read the control's page with explain, look at fix_plan, repair, scan "
    "again. A grade needs the running API; what was not looked at stands under coverage, and is not clean."
)


class RefusedError(Exception):
    """A call that goes beyond what the person who started the server allowed; says what would allow it."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the tools may reach: files of the folder `root`, the origins of `urls`; `run` lets applications be run."""

    root: Path
    urls: tuple[str, ...] = ()
    run: bool = False

    def check(self, targets: Sequence[str]) -> None:
        """Raise RefusedError for a target that is out of reach, TargetError for what is none."""
        with chdir(self.root):
            named = told_apart(targets)
        if not targets:
            raise TargetError("name at least one target, `.` for the whole folder")
        if named.application and not self.run:
            raise RefusedError(f"{named.application} would run code: start the server with --allow-run")
        for url in named.urls:
            if _origin(url) not in {_origin(allowed) for allowed in self.urls}:
                raise RefusedError(f"{_origin(url)} would be sent requests: start the server with --allow-url")
        files = (*named.specs, *named.recordings, *filter(None, (named.folder, named.archive)))
        for path in files:
            if not (self.root / path).resolve().is_relative_to(self.root.resolve()):
                raise RefusedError(f"{path.name} lies outside of the folder that the server was started for")


def _origin(url: str) -> str:
    """Return scheme, host and port (RFC 6454, section 4); the user part is dropped, and never shown."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower())
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs Stopper's own commands for the tools; `asking` are the options that every scan gets."""

    permissions: Permissions
    asking: tuple[str, ...] = ()

    async def run(self, command: str, targets: Sequence[str], *words: str) -> dict[str, Any]:
        """Return the JSON that a command prints about these targets. Raises RefusedError, TargetError, FileError."""
        self.permissions.check(targets)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "stopper", command, "--format", "json", *words, *self.asking, "--", *targets),
            cwd=self.permissions.root,
            stdin=asyncio.subprocess.DEVNULL,  # ours is the agent's
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SECONDS):
                said, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == _UNUSABLE or not said:
            raise TargetError((complaint.decode(errors="replace").strip().splitlines() or ["no answer"])[-1])
        answer: dict[str, Any] = json.loads(said)
        return answer


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an agent needs of a scan's report: the verdict, what was looked at, the worst findings."""
    findings = report["findings"]
    told = ("control", "name", "severity", "status", "title", "message", "place", "endpoints", "fingerprint")
    return {
        **{name: report[name] for name in ("grade", "ungraded", "score", "incomplete", "notes", "coverage", "skips")},
        "findings": [{name: finding[name] for name in told} for finding in findings[:MOST_FINDINGS]],
        "findings_left_out": max(0, len(findings) - MOST_FINDINGS),
    }


def server(commands: Commands, writes: bool) -> MCPServer:
    """Return the server with its tools; the one that changes files is there only where that is allowed."""
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations

    made = MCPServer("stopper", version=__version__, instructions=_ABOUT, log_level="ERROR")
    reading = ToolAnnotations(read_only_hint=True, open_world_hint=bool(commands.permissions.urls))

    async def answered(command: str, targets: list[str], *words: str) -> dict[str, Any]:
        try:
            return await commands.run(command, targets, *words)
        except (FileError, RefusedError, TargetError) as error:
            raise ToolError(str(error)) from None
        except TimeoutError:
            raise ToolError(f"not done within {SECONDS:g} seconds") from None

    @made.tool(annotations=reading)
    async def scan(targets: list[str]) -> dict[str, Any]:
        """Scan targets together and return grade, findings (worst first) and what was not looked at."""
        return summary(await answered("scan", targets))

    @made.tool(annotations=reading)
    async def matrix(targets: list[str]) -> dict[str, Any]:
        """Return for every endpoint who may come in, as specification, code, application and wire say."""
        return await answered("matrix", targets)

    @made.tool(annotations=reading)
    async def explain(control: str) -> str:
        """Return a control's page (BT403, or its name): what is wrong, why it matters, bad and good code."""
        try:
            entry = find(control)
        except UnknownControlError as error:
            raise ToolError(str(error)) from None
        return page(entry.control, entry.page)

    @made.tool(annotations=reading)
    async def fix_plan(targets: list[str], controls: list[str] | None = None) -> dict[str, Any]:
        """Return how findings can be repaired: diffs, the risk, what a person must decide. Writes nothing."""
        return await answered("fix", targets, *_chosen(controls))

    if writes:

        @made.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True))
        async def fix(targets: list[str], controls: list[str] | None = None) -> dict[str, Any]:
            """Make the repairs that fix_plan shows, in the files themselves."""
            return await answered("fix", targets, "--write", *_chosen(controls))

    return made


def _chosen(controls: Sequence[str] | None) -> list[str]:
    return [f"--control={control}" for control in controls or ()]


@click.command("mcp")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The folder that the tools may read; default: the current one.",
)
@click.option("--allow-run", is_flag=True, help="Let an application be scanned, which runs its code.")
@click.option("--allow-url", "urls", multiple=True, metavar="URL", help="Let the API at this origin be asked.")
@click.option("--allow-write", is_flag=True, help="Let repairs be written to the files.")
@click.option("--token", metavar="env:NAME", help="A working token for the scans, read from an environment variable.")
def command(root: Path, allow_run: bool, urls: tuple[str, ...], allow_write: bool, token: str | None) -> None:
    """Serve scan, matrix, explain and fix_plan to a coding agent over standard input and output (MCP).

    Read-only: no code is run, nothing is sent and nothing written unless the options say so.
    """
    asking = ("--token", token) if token else ()
    try:
        made = server(Commands(Permissions(root, urls, allow_run), asking), allow_write)
    except ModuleNotFoundError:
        raise click.UsageError('the mcp package is missing: pip install "stopper[scan,mcp]"') from None
    made.run("stdio")
