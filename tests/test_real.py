"""What `make real` relies on: installed once per lock, memory counted of the whole family, a bad outcome told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scripts import real

MEBIBYTE = 1 << 20
REPORT: dict[str, Any] = {
    "grade": "F",
    "coverage": {"operations_in_spec": 9, "reached": 4, "eligible": 5, "requests": 20, "app_requests": 21},
    "failures": [],
    "findings": [
        {"control": "BT605", "name": "route_undocumented", "status": "confirmed"},
        {"control": "BT605", "name": "route_undocumented", "status": "single witness"},
        {"control": "BT402", "name": "any_token_accepted", "status": "confirmed"},
    ],
}


def test_memory_of_a_process_and_its_child_is_counted_together() -> None:
    """A child counts with its parent, and memory that was given back before the end counts too."""
    held = "import time; x = bytearray(48 << 20); time.sleep(0.6); x = None; time.sleep(0.2)"
    nested = f"x = bytearray(48 << 20); import subprocess, sys; subprocess.run([sys.executable, '-c', {held!r}])"
    process = subprocess.Popen([sys.executable, "-c", nested])
    assert 2 * 48 < real.watched(process, time.monotonic() + 30) < 3 * 48
    alone = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"])
    assert 1 < real.watched(alone, time.monotonic() + 30) < 48


def test_a_process_that_does_not_end_is_given_up() -> None:
    """Watching is bounded by the deadline."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(subprocess.TimeoutExpired):
        real.watched(process, time.monotonic() + 0.2)
    process.kill()
    process.wait()


def test_an_ended_process_has_no_memory() -> None:
    """A process that ends between two looks is no error."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert real.resident(process.pid) == 0
    assert real.family(process.pid) == [process.pid]
    assert real.resident(os.getpid()) > 0


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (real.Outcome(1, REPORT, 1.0, 200.0), []),
        (real.Outcome(3, REPORT | {"incomplete": "the target fell over"}, 1.0, 9.0), ["ended with 3: the target fell"]),
        (real.Outcome(1, {}, 1.0, 9.0), ["ended with 1: no report"]),
        (real.Outcome(1, REPORT, 1.0, 251.0), ["251 MiB"]),
        (real.Outcome(1, REPORT | {"failures": [{"control": "BT1", "error": "KeyError"}]}, 1.0, 9.0), ["BT1 crashed"]),
    ],
)
def test_what_must_not_be_is_told(outcome: real.Outcome, said: list[str]) -> None:
    """An incomplete scan, one without a report, a crashed check and too much memory each fail the run."""
    problems = real.unexpected(outcome)
    assert len(problems) == len(said)
    assert all(part in problem for part, problem in zip(said, problems, strict=True))


def test_summary_counts_findings_by_control_and_status(tmp_path: Path) -> None:
    """Each control has a line with the three numbers, in the order of the heading."""
    api, *_ = real.apis(tmp_path)
    lines = real.summary(api, real.Outcome(1, REPORT, 12.34, 99.6)).splitlines()
    assert [line.split()[-3:] for line in lines[-2:]] == [["1", "0", "0"], ["1", "1", "0"]]
    assert [line.split()[0] for line in lines[-2:]] == ["BT402", "BT605"]
    assert "operations in the specification  9" in lines
    assert "operations reached               4 of 5 eligible" in lines
    assert "peak memory                      100 MiB" in lines


def test_a_specification_is_a_path_of_the_api_a_file_or_nothing(tmp_path: Path) -> None:
    """What the command is given is a URL behind the base address, a file as it stands, or nothing at all."""
    every = {api.name: real.described(api, "https://127.0.0.1:1") for api in real.apis(tmp_path)}
    assert every["httpbin"] == ("https://127.0.0.1:1/spec.json",)
    assert every["ihatemoney"] == (str(real.APIS / "ihatemoney" / "openapi.yaml"),)
    assert every["openctf"] == ()
    assert len(every) == 8
