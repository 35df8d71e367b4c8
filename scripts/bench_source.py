"""The source witness beside bandit, in turn, in one run, on the same tree: files read a second.

usage: bench_source.py [FOLDER]     (default: the packages installed in this environment)

Each tool runs as its users run it, as a command with all its rules, start-up included; stopper runs before and after
bandit and the slower of its two runs counts. The last line is `bench-source: stopper A files/s, bandit B files/s,
ratio R`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ACCEPTED = {"bandit": (0, 1), "stopper": (0, 1, 3)}
"""Statuses with which a run is whole; 3 is stopper's word for a tree of which more than a tenth cannot be parsed."""


def seconds(tool: str, *words: str) -> float:
    """Run a tool to its end and return the wall-clock time; raises RuntimeError where it failed."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", tool, *words], capture_output=True, text=True, check=False)
    if done.returncode not in ACCEPTED[tool]:
        raise RuntimeError(f"{tool} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    return time.perf_counter() - started


def stopper(folder: Path, report: Path) -> tuple[int, float]:
    """Return how many files stopper looked at, and the seconds it took."""
    taken = seconds("stopper", "scan", str(folder), "--fail-on", "critical", "-o", str(report))
    return json.loads(report.read_text())["coverage"]["files"], taken


def bandit(folder: Path, report: Path) -> tuple[int, float]:
    """Return how many files bandit looked at, and the seconds it took."""
    taken = seconds("bandit", "-r", "-q", "-f", "json", "-o", str(report), str(folder))
    metrics = json.loads(report.read_text())["metrics"]
    return len(metrics) - ("_totals" in metrics), taken


def main() -> int:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sysconfig.get_path("purelib"))
    with tempfile.TemporaryDirectory(prefix="stopper-bench-") as temporary:
        runs = [stopper(folder, Path(temporary) / "first.json")]
        theirs, their_seconds = bandit(folder, Path(temporary) / "bandit.json")
        runs.append(stopper(folder, Path(temporary) / "second.json"))
    for number, (files, taken) in enumerate(runs, 1):
        print(f"stopper, run {number}: {files} files in {taken:.2f} s")
    print(f"bandit: {theirs} files in {their_seconds:.2f} s")
    ours = min(files / taken for files, taken in runs)
    others = theirs / their_seconds
    print(f"bench-source: stopper {ours:.0f} files/s, bandit {others:.0f} files/s, ratio {ours / others:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
