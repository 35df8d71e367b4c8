"""The main job on the examples: all four witnesses over a real server, and nothing but what was planted."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scripts import demo
from scripts.serving import Application, certificates, served
from stopper.controls import catalogue

PASSWORD = "canary-correct-horse-battery-staple"
EXAMPLES = demo.ROOT / "examples"
SERIOUS = frozenset({"critical", "high", "medium"})

ONE_WITNESS = frozenset("BT104 BT201 BT205 BT206".split())
"""Faults that only the specification or only the source can see."""


def scanned(name: str, folder: Path) -> tuple[int, Path]:
    """Serve and scan an example as the demonstration does; return the status and the folder of the reports."""
    authority = certificates(folder)
    environment = os.environ | {"SHOP_DATABASE": str(folder / "shop.sqlite"), "SHOP_PASSWORD": PASSWORD}
    outputs = (folder / "report.json", folder / "report.sarif")
    application = Application(Path(sys.executable), "shop:create_app()", EXAMPLES / name)
    with (
        served(application, folder, environment, tls=True) as secure,
        served(application, folder, environment, tls=False) as clear,
    ):
        status = demo.scan(name, (secure, clear), authority, outputs, environment)
    return status, folder


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """The leaky shop's scan."""
    return scanned("leaky", tmp_path_factory.mktemp("leaky"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """The guarded shop's scan."""
    return scanned("guarded", tmp_path_factory.mktemp("guarded"))


def report(scan: tuple[int, Path]) -> dict[str, Any]:
    """Return a scan's report."""
    read: dict[str, Any] = json.loads((scan[1] / "report.json").read_text())
    return read


def planted() -> dict[str, tuple[str, int]]:
    """Return where each fault was planted: the lines of the leaky shop that are marked with a control's id."""
    found: dict[str, tuple[str, int]] = {}
    root = EXAMPLES / "leaky"
    for path in sorted([*root.rglob("*.py"), *root.glob("*.yaml")]):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for marks in re.findall(r"#((?: BT\d{3})+)", line):
                for mark in marks.split():
                    assert mark not in found, f"{mark} is planted twice"
                    found[mark] = (path.relative_to(root).as_posix(), number)
    return found


def place(finding: dict[str, Any]) -> tuple[str, int]:
    """Return where a finding is reported."""
    return finding["place"]["uri"], finding["place"]["line"]


def test_each_planted_fault_is_one_finding_at_its_line(leaky: tuple[int, Path]) -> None:
    """Every planted fault is reported once, where it is marked, and nothing else of medium severity or higher."""
    found = {finding["control"]: place(finding) for finding in report(leaky)["findings"]}
    counted = Counter(finding["control"] for finding in report(leaky)["findings"])
    serious = {f["control"] for f in report(leaky)["findings"] if f["severity"] in SERIOUS}
    assert [control for control, number in counted.items() if number > 1] == []
    assert found == planted()
    assert serious <= set(planted())


def test_narrower_findings_are_taken_in(leaky: tuple[int, Path]) -> None:
    """The missing authentication stands under the broken promise, the unchecked signature under the accepted token."""
    folded = {f["control"]: {inner["control"] for inner in f["folded"]} for f in report(leaky)["findings"]}
    assert "BT401" in folded["BT601"]
    assert "BT403" in folded["BT402"]


def test_confirmed_wherever_two_can_see(leaky: tuple[int, Path]) -> None:
    """A fault that more than one witness can see is confirmed by at least two."""
    for finding in report(leaky)["findings"]:
        if finding["control"] not in ONE_WITNESS:
            assert finding["status"] == "confirmed", finding["control"]
            assert len(finding["witnesses"]) >= 2, finding["control"]


def test_no_planted_control_sleeps(leaky: tuple[int, Path]) -> None:
    """Every control that the shop was made for is asked and answers."""
    asked = set(report(leaky)["coverage"]["controls_asked"])
    assert set(planted()) | {"BT401", "BT403"} <= asked <= set(catalogue())


def test_leaky_is_graded_f(leaky: tuple[int, Path]) -> None:
    """The leaky shop fails the scan, with grade F."""
    assert leaky[0] == 1
    assert report(leaky)["grade"] == "F"


def test_guarded_is_graded_a(guarded: tuple[int, Path]) -> None:
    """The same shop on the guard passes: grade A, nothing of medium severity or higher, and what was not looked at."""
    assert guarded[0] == 0, (report(guarded)["incomplete"], report(guarded)["skips"])
    assert report(guarded)["grade"] == "A"
    assert [f["control"] for f in report(guarded)["findings"] if f["severity"] in SERIOUS] == []
    assert report(guarded)["skips"]


def test_budget_and_reach(leaky: tuple[int, Path], guarded: tuple[int, Path]) -> None:
    """Every eligible operation was reached, within twelve requests an operation."""
    for scan in (leaky, guarded):
        coverage = report(scan)["coverage"]
        assert coverage["reached"] == coverage["eligible"] > 10
        assert coverage["requests"] <= 12 * coverage["operations"]


def test_no_secret_in_any_report(leaky: tuple[int, Path], guarded: tuple[int, Path]) -> None:
    """Neither the password nor a key nor a token of the shop stands in any report."""
    keys = re.findall(r'"([0-9a-f]{32,})"', "".join(p.read_text() for p in (EXAMPLES / "leaky").rglob("*.py")))
    assert len(keys) >= 2
    for scan in (leaky, guarded):
        for name in ("report.json", "report.sarif"):
            text = (scan[1] / name).read_text()
            assert not [secret for secret in (PASSWORD, *keys) if secret in text]
            assert not re.search(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}", text)


MATRIX = """
GET /account/addresses          bearer  bearer   bearer        bearer     agreed
GET /account/vouchers           bearer  closed   bearer        bearer     agreed
GET /auth/device                bearer  closed   bearer        bearer     agreed
GET /auth/legacy                bearer  closed   bearer        bearer     agreed
GET /auth/support               bearer  closed   bearer        bearer     agreed
GET /auth/token                 bearer  bearer   bearer        bearer     agreed
GET /customers/{number}         bearer  no-guard-seen public   public     drift
GET /orders                     bearer  closed   bearer        bearer     agreed
GET /orders/{number}            bearer  closed   bearer        bearer     agreed
GET /orders/{number}/label      bearer  closed   bearer        bearer     agreed
GET /products                   public  no-guard-seen public   public     agreed
GET /reports/daily              absent  closed   bearer        bearer     drift
GET /stock/{article}            bearer  closed   bearer        bearer     agreed
GET /suppliers                  bearer  closed   any-token     any-token  drift
GET /tills/prices               bearer  closed   bearer        bearer     agreed
POST /auth/login                public  no-guard-seen public   public     agreed
POST /auth/partner              public  no-guard-seen unclear  unclear    one-witness
POST /auth/remember             bearer  closed   unclear       unclear    agreed
POST /auth/resume               public  no-guard-seen unclear  unclear    one-witness
POST /partners/keys             bearer  closed   unclear       unclear    agreed
"""
"""What the shop's code says of each endpoint, read by hand: specification, code, application, wire, verdict."""


def test_the_matrix_is_right_row_by_row(leaky: tuple[int, Path]) -> None:
    """Each endpoint's row says of each witness what the shop's specification and code say, and nothing is left out."""
    rows = [
        [f"{row['endpoint']['method']} {row['endpoint']['path']}"]
        + [" or ".join(row["says"][witness]["doors"]) for witness in ("spec", "source", "app", "wire")]
        + [row["agreement"]]
        for row in report(leaky)["matrix"]
    ]
    wanted = [line.split() for line in MATRIX.strip().splitlines()]
    assert rows == [[" ".join(line[:2]), *(word.replace("-", " ") for word in line[2:])] for line in wanted]
