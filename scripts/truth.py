"""The source witness on real repositories, held against the places that were labelled in them by hand.

usage: truth.py CORPUS [TRUTH]     CORPUS holds the repositories as OWNER+NAME, TRUTH the labels and their `score.py`
                                   (default ../shared/truth)

Every repository is scanned by the command as its users run it, for SARIF, and scored by the labels' own script. The
last line is the script's. Ends with 1 where recall, precision, look-alikes or high-severity recall miss what is wanted.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECALL, PRECISION, LOOK_ALIKES, HIGH_RECALL = 0.90, 0.93, 9, 0.95
"""What is wanted: at least, at least, at most, at least."""

_LAST = re.compile(r"recall ([\d.]+) precision ([\d.]+) look-alikes (\d+)/\d+ high-recall ([\d.]+)")


def scan(repository: Path, sarif: Path) -> float:
    """Scan one repository and return the seconds it took; raises RuntimeError where there is no report."""
    started = time.perf_counter()
    words = ("scan", str(repository), "--no-cache", "--format", "sarif", "-o", str(sarif))
    done = subprocess.run([sys.executable, "-m", "stopper", *words], capture_output=True, text=True, check=False)
    if not sarif.is_file():
        raise RuntimeError(f"{repository.name}: {done.stderr.strip()}")
    return time.perf_counter() - started


def score(truth: Path, folder: Path) -> str:
    """Return what the labels' script says of the reports in a folder."""
    words = [sys.executable, str(truth / "score.py"), str(truth / "source_dev.jsonl"), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def reached(said: str) -> bool:
    """Tell whether the script's last line says what is wanted."""
    found = _LAST.search(said)
    if found is None:
        return False
    recall, precision, look_alikes, high = (float(figure) for figure in found.groups())
    return recall >= RECALL and precision >= PRECISION and look_alikes <= LOOK_ALIKES and high >= HIGH_RECALL


def main() -> int:
    """Scan, score and print."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        print("truth: CORPUS=DIR must name a folder with the repositories as OWNER+NAME", file=sys.stderr)
        return 2
    corpus = Path(sys.argv[1])
    truth = Path(sys.argv[2] if len(sys.argv) > 2 else "../shared/truth")
    if not (truth / "score.py").is_file():
        print(f"truth: the labels are absent ({truth})", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="stopper-truth-") as folder:
        for repository in sorted(path for path in corpus.iterdir() if path.is_dir()):
            seconds = scan(repository, Path(folder) / f"{repository.name}.sarif")
            print(f"{repository.name}: {seconds:.1f} s")
        said = score(truth, Path(folder))
    print(said, end="")
    return 0 if reached(said) else 1


if __name__ == "__main__":
    sys.exit(main())
