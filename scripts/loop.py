"""Close the loop on the leaky shop and on two projects of other people: find, repair, prove, keep.

The shop is copied, a regression test is written for each finding, `stopper fix --verify --write` repairs what it can
with the shop's own tests passing, and what is left to a person is applied from `examples/leaky/by_hand.patch`. Each
regression test must fail before its repair and pass after it, also where that repair alone is made.

The other projects are taken from their source distributions, which carry their tests; the environment that those need
is made from `requirements/loop.txt`. Nothing of theirs is kept but below `.work/loop/`.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.environments import installed
from scripts.serving import Application, NotServedError, certificates, served

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".work" / "loop"
LOCK = ROOT / "requirements" / "loop.txt"
LEAKY = ROOT / "examples" / "leaky"
PATCH = LEAKY / "by_hand.patch"
PYTHON = WORK / "environment" / "bin" / "python"
STOPPER = Path(sys.executable).with_name("stopper")

SHOP = ("openapi.yaml", ".", "shop:create_app")
"""The specification, the source and the application of the shop; the fourth witness is the wire."""

FEWEST = 20
"""Findings of the leaky shop that must be repaired without a person."""

LEAST = "B"
"""The grade that the automatic repairs alone must reach."""

SECONDS = 600.0

DONE = (0,)
SOMETHING_LEFT = (0, 1)
"""Statuses of the scanner and of pytest: 1 says that something is left to do, and that is read from their reports."""

Repair = Mapping[str, Any]


class LoopError(Exception):
    """A step that did not end as it must; the text says which one and why."""


@dataclass(frozen=True)
class Fixed:
    """What `stopper fix --verify --write` says that it did."""

    repairs: Sequence[Repair]
    new: Sequence[Mapping[str, Any]]
    written: bool
    passed: bool

    @property
    def fixable(self) -> list[Repair]:
        """Return the repairs that need no person."""
        return [repair for repair in self.repairs if repair["kind"] != "by hand" and repair["whole"]]

    @property
    def gone(self) -> list[Repair]:
        """Return those that the second scan did not find again."""
        return [repair for repair in self.fixable if repair["fate"] == "gone"]

    @property
    def left(self) -> list[Repair]:
        """Return the repairs that a person has to make, wholly or in part."""
        return [repair for repair in self.repairs if repair not in self.fixable]


@dataclass(frozen=True)
class Project:
    """A project of other people's, as its lock names it, and the settings that its repairs ask for."""

    name: str
    version: str
    settings: tuple[str, ...] = ()


PROJECTS = (
    Project("flask-simplelogin", "0.3.0", ("SECRET_KEY",)),
    Project("httpbin", "0.10.4"),
)


def main() -> int:
    """Run the loop on the projects and on the shop, and return 0 when all came true."""
    shutil.rmtree(WORK / "projects", ignore_errors=True)
    problems: list[str] = []
    try:
        installed(WORK / "environment", LOCK)
        for project in PROJECTS:
            problems += [f"{project.name}: {problem}" for problem in third_party(project)]
        found, sums = leaky()
        problems += [f"leaky: {problem}" for problem in found]
    except (LoopError, NotServedError, subprocess.SubprocessError) as error:
        problems.append(str(error))
        sums = "not ended"
    for problem in problems:
        print(f"loop: {problem}", file=sys.stderr)
    print(f"loop: {sums}", flush=True)
    return 1 if problems else 0


# --------------------------------------------------------------------------- the shop


def leaky() -> tuple[list[str], str]:
    """Take a copy of the shop from grade F to what it comes to; return what is not as it must be, and the sum.

    The last grade in the sum is that of the automatic repairs alone.
    """
    print("\n== examples/leaky\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="stopper-loop-") as temporary:
        folder = Path(temporary)
        shop, regression = folder / "leaky", folder / "regression"
        copied(LEAKY, shop)
        environment = os.environ | {
            "SHOP_DATABASE": str(folder / "shop.sqlite"),
            "SHOP_PASSWORD": secrets.token_urlsafe(),
            # What the repairs ask a person to decide.
            "SIGNING_KEY": secrets.token_hex(32),
            "SHOP_SECRET_KEY": secrets.token_hex(32),
        }
        tests = shlex.join([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"])
        problems = [] if passes(tests, shop, environment) else ["its tests fail before anything is repaired"]
        grades = [grade(shop, environment)]
        run([str(STOPPER), "test", *SHOP, "-o", "../regression"], shop, environment)
        trials = [outcomes(regression, shop, environment)]
        fixed = fix(SHOP, tests, shop, environment)
        tell(fixed)
        grades.append(grade(shop, environment))
        trials.append(outcomes(regression, shop, environment))
        problems += unproved(fixed, trials) + alone(fixed, regression, folder, environment)
        run(["git", "apply", "-C1", str(PATCH)], shop, environment, DONE)
        grades.append(grade(shop, environment))
        trials.append(outcomes(regression, shop, environment))
        if not passes(tests, shop, environment):
            problems.append("its tests fail after by_hand.patch")
    problems += unexpected(fixed, grades, trials)
    print(f"grade {grades[0]} before, {grades[1]} after the automatic repairs, {grades[2]} after by_hand.patch")
    return problems, f"{counts(fixed)}, grade {grades[0]} -> {grades[1]}"


def unexpected(fixed: Fixed, grades: Sequence[str], trials: Sequence[Mapping[str, bool]]) -> list[str]:
    """Return what did not come out of the shop as it must."""
    problems = incomplete(fixed)
    if len(fixed.fixable) < FEWEST:
        problems.append(f"{len(fixed.fixable)} findings are fixable, fewer than {FEWEST}")
    if grades[0] != "F" or grades[1] > LEAST or grades[2] != "A":
        problems.append(f"the grades are {', '.join(grades)}, not F, {LEAST} or better, A")
    failing = sorted(name for name, passed in trials[-1].items() if not passed)
    return problems + [f"{name} fails when all is repaired" for name in failing]


def unproved(fixed: Fixed, trials: Sequence[Mapping[str, bool]]) -> list[str]:
    """Return the regression tests that do not tell the shop before the repairs from the one after them."""
    before, after = trials
    repaired = [name for name in before if of(name, fixed.gone)]
    proved = [name for name in repaired if not before[name] and after[name]]
    print(f"regression tests: {len(before)} written, {sum(before.values())} pass before any repair")
    print(f"regression tests of automatic repairs: {len(proved)} of {len(repaired)} fail before and pass after")
    return [f"{name} does not tell the repair from the fault" for name in repaired if name not in proved]


def alone(fixed: Fixed, regression: Path, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the regression tests that their own repair, made alone, does not satisfy.

    Each fails without any repair; what is made to pass by one repair alone fails again where that repair is taken back.
    Findings at one place are repaired together: what mends one of them mends them all.
    """
    problems: list[str] = []
    shop = folder / "alone" / "leaky"
    places = list(dict.fromkeys(repair["place"] for repair in fixed.gone))
    for place in places:
        chosen = [repair for repair in fixed.gone if repair["place"] == place]
        words = [word for repair in chosen for word in ("--control", repair["control"])]
        copied(LEAKY, shop)
        copied(regression, shop.parent / regression.name)
        run([str(STOPPER), "fix", *SHOP, *words, "--write"], shop, environment)
        trial = outcomes(shop.parent / regression.name, shop, environment)
        shutil.rmtree(shop.parent)
        problems += [
            f"{name} fails with its own repair alone" for name in trial if of(name, chosen) and not trial[name]
        ]
    print(
        f"repairs made one by one: {len(places) - len(problems)} of {len(places)} satisfy their own tests", flush=True
    )
    return problems


def copied(source: Path, target: Path) -> None:
    """Copy a folder without what running it leaves."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite"))


def of(name: str, repairs: Sequence[Repair]) -> bool:
    """Tell whether a regression test is one of these repairs'."""
    return any(name.startswith(f"test_{repair['control'].lower()}_") for repair in repairs)


def grade(shop: Path, environment: Mapping[str, str]) -> str:
    """Serve the shop and return the grade of a scan with all four witnesses. Raises LoopError, NotServedError."""
    folder = shop.parent
    authority, report = certificates(folder), folder / "report.json"
    report.unlink(missing_ok=True)
    application = Application(Path(sys.executable), "shop:create_app()", shop)
    with (
        served(application, folder, environment, tls=True) as secure,
        served(application, folder, environment, tls=False) as clear,
    ):
        command = [str(STOPPER), "scan", secure, clear, *SHOP, "--ca-file", str(authority), "-o", str(report)]
        run(command, shop, environment)
    return str(json.loads(report.read_text())["grade"])


def outcomes(regression: Path, shop: Path, environment: Mapping[str, str]) -> dict[str, bool]:
    """Run the regression tests on the shop, and return of each file whether all of its tests passed."""
    report = regression.parent / "outcomes.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", str(regression)]
    run(command, shop, {**environment, "PYTHONPATH": str(shop)})
    found: dict[str, bool] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname", "").rpartition(".")[2]
        found[name] = found.get(name, True) and not len(case)
    return found


# --------------------------------------------------------------------------- projects of other people's


def third_party(project: Project) -> list[str]:
    """Repair a project in a fresh copy of its source distribution; return what is not as it must be."""
    print(f"\n== {project.name} {project.version}\n", flush=True)
    home = unpacked(project)
    environment = os.environ | {name: secrets.token_hex(32) for name in project.settings}
    # Without the project's own options: those of coverage and style say nothing of its behaviour.
    command = [str(PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
    tests = shlex.join(command)
    if not passes(tests, home, environment):
        return ["its tests fail before anything is repaired"]
    fixed = fix((".",), tests, home, environment)
    tell(fixed)
    problems = incomplete(fixed)
    if not fixed.fixable:
        problems.append("nothing of it can be repaired")
    if not passes(tests, home, environment):
        problems.append("its tests fail after the repairs")
    ended = "not as it must be" if problems else "its tests pass before and after"
    print(f"{project.name}: {counts(fixed)}, {ended}", flush=True)
    return problems


def unpacked(project: Project) -> Path:
    """Return the folder of a project's source distribution, whose hash stands in the lock."""
    folder = WORK / "projects" / project.name
    folder.mkdir(parents=True)
    wanted = folder / "wanted.txt"
    wanted.write_text("".join(pinned(f"{project.name}=={project.version}")))
    sources = ("--no-deps", "--no-binary=:all:", "--no-build-isolation")
    pip("download", *sources, "--require-hashes", f"--dest={folder}", "--requirement", str(wanted))
    archive = next(folder.glob("*.tar.gz"))
    shutil.unpack_archive(archive, folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def pinned(requirement: str) -> Iterator[str]:
    """Yield the lines of the lock that pin a distribution with its hashes."""
    inside = False
    for line in LOCK.read_text().splitlines(keepends=True):
        inside = line.startswith(f"{requirement} ") or (inside and line.startswith(" "))
        if inside:
            yield line


def pip(command: str, *words: str) -> None:
    """Run the package installer of the projects' environment."""
    run([str(PYTHON), "-m", "pip", command, "--quiet", "--disable-pip-version-check", *words], ROOT, os.environ, DONE)


# --------------------------------------------------------------------------- both


def fix(targets: Sequence[str], tests: str, home: Path, environment: Mapping[str, str]) -> Fixed:
    """Repair what can be repaired, first in a copy in which the tests must pass, then in place."""
    command = [str(STOPPER), "fix", *targets, "--verify", "--write", "--tests", tests, "--format", "json"]
    said = json.loads(run(command, home, environment))
    verified = said["verification"]
    return Fixed(said["repairs"], verified["new"], said["written"], verified["tests"]["status"] == 0)


def counts(fixed: Fixed) -> str:
    """Return how many of the findings that need no person are gone."""
    return f"{len(fixed.gone)} gone of {len(fixed.fixable)} fixable, {len(fixed.new)} new"


def incomplete(fixed: Fixed) -> list[str]:
    """Return what was asked of the repairs and did not come true."""
    problems = [
        f"{each['control']} at {each['place']} is {each['fate']}" for each in fixed.fixable if each not in fixed.gone
    ]
    problems += [f"{each['control']} at {each['place']} is new" for each in fixed.new]
    if not fixed.passed:
        problems.append("its tests fail in the repaired copy")
    if not fixed.written:
        problems.append("the repairs were not written")
    return problems


def tell(fixed: Fixed) -> None:
    """Print what was repaired, and what is left with the lines to write."""
    for repair in fixed.fixable:
        print(f"{repair['fate']:12}{repair['control']} {repair['name']} · {repair['place']}")
    for repair in fixed.left:
        print(f"{'by hand':12}{repair['control']} {repair['name']} · {repair['place']}")
        lines = next((step["lines"] for step in repair["by_hand"] if step["lines"]), ())
        for line in lines:
            print(f"{'':16}{line}")
    sys.stdout.flush()


def passes(tests: str, home: Path, environment: Mapping[str, str]) -> bool:
    """Tell whether a project's own tests pass where it lies."""
    settings = {**environment, "PYTHONPATH": str(home)}
    ended = subprocess.run(
        shlex.split(tests), cwd=home, env=settings, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    print(ended.stdout.strip().splitlines()[-1] if ended.stdout.strip() else ended.stderr[-500:], flush=True)
    return ended.returncode == 0


def run(
    command: Sequence[str], home: Path, environment: Mapping[str, str], expected: Container[int] = SOMETHING_LEFT
) -> str:
    """Run a command and return what it wrote. Raises LoopError where its status is not one that is expected."""
    ended = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if ended.returncode not in expected:
        said = (ended.stderr or ended.stdout).strip()[-2000:]
        raise LoopError(f"{Path(command[0]).name} {command[1]} ended with {ended.returncode}:\n{said}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
