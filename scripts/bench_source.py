"""The source witness beside bandit and ruff's S rules, in turn, in one run, on the same tree.

usage: bench_source.py [FOLDER]     (default: the packages installed in this environment)

Each tool runs as its users run it, as a command with all its rules, start-up included: ours with a process for each
processor, before and after the others, and the slower run counts. Files are counted alike, as bandit counts them.
Beside that: ours with one process; and twice with a cache, of which the second reads nothing. `ast T` is our time over
that of `ast.parse` on the files that pass the pre-filter. Growth and memory are measured on trees of 1,000 and 10,000
files, made of copies of the folder's packages.

The last line is `bench-source: stopper A files/s, bandit B files/s, ratio R, ast T`.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stopper.observe.source import files

ACCEPTED = {"bandit": (0, 1), "ruff": (0, 1), "stopper": (0, 1, 3)}
"""Statuses with which a run is whole; 3 is stopper's word for a tree of which more than a tenth cannot be parsed."""

SMALL, LARGE = 1_000, 10_000
"""Files of the trees on which growth is measured; the packages' metadata comes with them."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a tool: wall-clock seconds, and the most memory that all its processes had together, in MiB."""

    seconds: float
    mebibytes: float


def run(tool: str, *words: str, environment: dict[str, str] | None = None) -> Run:
    """Run a tool to its end; raises RuntimeError where it failed."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", tool, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    ) as process:
        watch = Watch(process.pid)
        _, said = process.communicate()
        taken = time.perf_counter() - started
        watch.end()
    if process.returncode not in ACCEPTED[tool]:
        raise RuntimeError(f"{tool} ended with {process.returncode}: {said.strip().splitlines()[-1:]}")
    return Run(taken, watch.most / 1024)


class Watch:
    """Looks ten times a second at the memory of a process and its children: proportional sets, shared pages once."""

    def __init__(self, process: int) -> None:
        """Begin to look."""
        self.most = 0
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        """Look no longer."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.most = max(self.most, sum(_kibibytes(each) for each in _family(self._process)))


def _family(process: int) -> Iterator[int]:
    yield process
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            yield from _family(int(child))


def _kibibytes(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


class Bench:
    """The tools on one folder, with a place for their reports."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        """Take the folder to read and one for what is written."""
        self._folder = folder
        self._temporary = temporary

    def stopper(self, *words: str, folder: Path | None = None) -> tuple[int, Run]:
        """Return how many files stopper looked at, and its run."""
        report = self._temporary / "stopper.json"
        cache = {"XDG_CACHE_HOME": str(self._temporary / "cache")}
        scan = ("scan", str(folder or self._folder), "--fail-on", "critical", "-o", str(report), *words)
        taken = run("stopper", *scan, environment=cache)
        return json.loads(report.read_text())["coverage"]["files"], taken

    def bandit(self) -> tuple[int, Run]:
        """Return how many files bandit looked at, and its run."""
        report = self._temporary / "bandit.json"
        taken = run("bandit", "-r", "-q", "-f", "json", "-o", str(report), str(self._folder))
        metrics = json.loads(report.read_text())["metrics"]
        return len(metrics) - ("_totals" in metrics), taken

    def ruff(self) -> Run:
        """Return the run of ruff's S rules."""
        return run("ruff", "check", "--isolated", "--no-cache", "--select", "S", "-q", str(self._folder))

    def copies(self, number: int) -> Path:
        """Return a tree of so many files: the folder's packages, as often as it takes."""
        tree = self._temporary / f"tree{number}"
        made = 0
        for turn in range(number):
            for top in sorted(self._folder.iterdir()):
                sources = sorted(top.rglob("*.py")) if top.is_dir() else [top] if top.suffix == ".py" else []
                for source in [*sources[: number - made], *top.glob("METADATA")]:
                    target = tree / f"copy{turn}" / source.relative_to(self._folder)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)
                made += len(sources[: number - made])
                if made == number:
                    return tree
        raise RuntimeError("no Python files to copy")


def parsing(folder: Path) -> float:
    """Return the seconds that `ast.parse` takes for the files that pass the pre-filter."""
    texts = []
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        if len(source) <= files.LARGEST and files.relevant(source):
            with contextlib.suppress(files.UnreadableError):
                texts.append(files.decode(source))
    started = time.perf_counter()
    for text in texts:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            ast.parse(text)
    return time.perf_counter() - started


def main() -> int:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sysconfig.get_path("purelib"))
    with tempfile.TemporaryDirectory(prefix="stopper-bench-") as temporary:
        bench = Bench(folder, Path(temporary))
        runs = [bench.stopper("--no-cache")[1]]
        number, bandit = bench.bandit()
        ruff = bench.ruff()
        _, alone = bench.stopper("--no-cache", "--jobs", "1")
        _, first = bench.stopper()
        _, second = bench.stopper()
        parse = parsing(folder)
        runs.append(bench.stopper("--no-cache")[1])
        small = bench.stopper("--no-cache", folder=bench.copies(SMALL))[1]
        large = bench.stopper("--no-cache", folder=bench.copies(LARGE))[1]
    slower = max(run.seconds for run in runs)
    others = number / bandit.seconds
    for position, each in enumerate(runs, 1):
        print(f"stopper, run {position}: {each.seconds:.2f} s")
    print(f"stopper with one process: {alone.seconds:.2f} s, ratio {number / alone.seconds / others:.1f}")
    print(f"unchanged, a second time: {second.seconds:.2f} s, {second.seconds / first.seconds:.3f} of the first")
    print(f"bandit: {number} files in {bandit.seconds:.2f} s; ruff's S rules: {ruff.seconds:.2f} s")
    print(f"ast.parse of what passes the pre-filter: {parse:.2f} s")
    print(f"{SMALL} files: {small.seconds:.2f} s, {small.mebibytes:.0f} MiB")
    print(f"{LARGE} files: {large.seconds:.2f} s, {large.mebibytes:.0f} MiB, {large.seconds / small.seconds:.1f} times")
    ours = number / slower
    ratio = f"ratio {ours / others:.1f}, ast {slower / parse:.1f}"
    print(f"bench-source: stopper {ours:.0f} files/s, bandit {others:.0f} files/s, {ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
