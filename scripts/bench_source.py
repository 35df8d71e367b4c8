"""The source witness beside bandit and ruff's S rules, in turn, in one run, on the same tree.

usage: bench_source.py [FOLDER]     (default: the packages installed in this environment)

Each tool runs as its users run it, as a command with all its rules, start-up included: ours with a process for each
processor, before and after the others, and the slower run counts. Files are counted alike, as bandit counts them.
Beside that: ours with one process; and twice with a cache, of which the second reads nothing. `ast T` is our time over
that of `ast.parse` on the files that pass the pre-filter. Growth and memory are measured in runs of their own, on trees
of 1,000 and 10,000 files made of copies of the folder's packages: what is compared by its time is not looked at.

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stopper.observe.source import files

ACCEPTED = {"bandit": (0, 1), "ruff": (0, 1), "stopper": (0, 1, 3)}
"""Statuses with which a run is whole; 3 is stopper's word for a tree of which more than a tenth cannot be parsed."""

SMALL, LARGE = 1_000, 10_000
"""Files of the trees on which growth is measured; the packages' metadata comes with them."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One run that was looked at: wall-clock seconds, and the most memory that its processes had together, in MiB."""

    seconds: float
    mebibytes: float


def timed(tool: str, *words: str, environment: Mapping[str, str] | None = None) -> float:
    """Run a tool to its end and return the wall-clock seconds; raises RuntimeError where it failed."""
    started = time.perf_counter()
    with _begun(tool, words, environment) as process:
        _end(process, tool)
    return time.perf_counter() - started


def watched(tool: str, *words: str, environment: Mapping[str, str] | None = None) -> Watched:
    """Run a tool to its end and look at its memory meanwhile; raises RuntimeError where it failed.

    Nothing is compared by the seconds of such a run: to be looked at holds a process up, and more so the more
    processes and memory there are.
    """
    started = time.perf_counter()
    with _begun(tool, words, environment) as process, Watch(process.pid) as watch:
        _end(process, tool)
    return Watched(time.perf_counter() - started, watch.most / 1024)


def _begun(tool: str, words: Sequence[str], environment: Mapping[str, str] | None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", tool, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def _end(process: subprocess.Popen[str], tool: str) -> None:
    _, said = process.communicate()
    if process.returncode not in ACCEPTED[tool]:
        raise RuntimeError(f"{tool} ended with {process.returncode}: {said.strip().splitlines()[-1:]}")


class Watch:
    """Looks ten times a second at the memory of a process and its children: proportional sets, shared pages once."""

    def __init__(self, process: int) -> None:
        """Take the process by its id."""
        self.most = 0
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
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

    def stopper(self, *words: str) -> float:
        """Return the seconds of stopper on the folder."""
        return timed("stopper", *self._scan(self._folder), *words, environment=self._cache)

    def growth(self, number: int) -> Watched:
        """Return a run of stopper on so many files, looked at."""
        return watched("stopper", *self._scan(self.copies(number)), "--no-cache", environment=self._cache)

    def _scan(self, folder: Path) -> tuple[str, ...]:
        return "scan", str(folder), "--fail-on", "critical", "-o", str(self._temporary / "stopper.json")

    @property
    def _cache(self) -> Mapping[str, str]:
        return {"XDG_CACHE_HOME": str(self._temporary / "cache")}

    def bandit(self) -> tuple[int, float]:
        """Return how many files bandit looked at, and its seconds."""
        report = self._temporary / "bandit.json"
        taken = timed("bandit", "-r", "-q", "-f", "json", "-o", str(report), str(self._folder))
        metrics = json.loads(report.read_text())["metrics"]
        return len(metrics) - ("_totals" in metrics), taken

    def ruff(self) -> float:
        """Return the seconds of ruff's S rules."""
        return timed("ruff", "check", "--isolated", "--no-cache", "--select", "S", "-q", str(self._folder))

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
        runs = [bench.stopper("--no-cache")]
        number, bandit = bench.bandit()
        ruff = bench.ruff()
        alone = bench.stopper("--no-cache", "--jobs", "1")
        first, second = bench.stopper(), bench.stopper()
        parse = parsing(folder)
        runs.append(bench.stopper("--no-cache"))
        small, large = bench.growth(SMALL), bench.growth(LARGE)
    slower, others = max(runs), number / bandit
    for position, each in enumerate(runs, 1):
        print(f"stopper, run {position}: {each:.2f} s")
    print(f"stopper with one process: {alone:.2f} s, ratio {number / alone / others:.1f}")
    print(f"unchanged, a second time: {second:.2f} s, {second / first:.3f} of the first")
    print(f"bandit: {number} files in {bandit:.2f} s; ruff's S rules: {ruff:.2f} s")
    print(f"ast.parse of what passes the pre-filter: {parse:.2f} s")
    print(f"{SMALL} files: {small.seconds:.2f} s, {small.mebibytes:.0f} MiB")
    print(f"{LARGE} files: {large.seconds:.2f} s, {large.mebibytes:.0f} MiB, {large.seconds / small.seconds:.1f} times")
    ours = number / slower
    ratio = f"ratio {ours / others:.1f}, ast {slower / parse:.1f}"
    print(f"bench-source: stopper {ours:.0f} files/s, bandit {others:.0f} files/s, {ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
