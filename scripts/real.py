"""Scan third-party Flask APIs as a user would, with all the witnesses that each offers, and print what came of it.

Each API is installed from its lock into an environment of its own, served by that environment's gunicorn on loopback
(over TLS and, by a second process, over plain HTTP), and scanned by `stopper scan`: the specification where there is
one, the wire, the installed package's folder as the source, and the application in that environment's interpreter. The
reports are left in `.work/real/`; docs/real.md says which findings are true.

    python -m scripts.real              # all of them
    python -m scripts.real openctf      # these alone
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.environments import installed
from scripts.serving import Application, NotServedError, certificates, served

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".work" / "real"
REQUIREMENTS = ROOT / "requirements"
APIS = ROOT / "scripts" / "apis"

MOST_MEBIBYTES = 250
"""Peak memory that the scanner and its child process may have together."""

SECONDS_TO_SCAN = 300.0
SECONDS_TO_PREPARE = 60.0
SECONDS_BETWEEN_SAMPLES = 0.02

STATUSES = ("confirmed", "single witness", "contradicted")


@dataclass(frozen=True)
class Api:
    """A third-party API: its lock's name, its package's folder, and how it is served, described and made.

    `specification` is a path behind the base URL, a file, or empty where nothing describes the API. `home` is the
    folder that everything runs in; a script `prepare` there is run once before the API is served.
    """

    name: str
    package: str
    application: str
    specification: str | Path
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""

    @property
    def python(self) -> Path:
        """Return the interpreter of the API's own environment."""
        return WORK / self.name / "bin" / "python"

    @property
    def served(self) -> Application:
        """Return the application as gunicorn is told of it."""
        module, _, attribute = self.application.partition(":")
        call = "" if attribute == "app" else "()"
        return Application(self.python, f"{module}:{attribute}{call}", self.home)

    @property
    def source(self) -> Path:
        """Return the folder of the installed package."""
        return next((WORK / self.name / "lib").glob("python*/site-packages")) / self.package


@dataclass(frozen=True)
class Outcome:
    """What a scan left: its exit status, its report, the seconds it took and its peak memory in MiB."""

    status: int
    report: Mapping[str, Any]
    seconds: float
    mebibytes: float


def apis(folder: Path) -> tuple[Api, ...]:
    """Return the APIs; what they write goes to the folder, and their secrets are made anew unless one ships its own."""
    described = folder / "opentaxii.json"
    return (
        Api("httpbin", "httpbin", "httpbin:app", "/spec.json", folder),
        Api(
            "appbuilder",
            "flask_appbuilder",
            "host:create_app",
            "/api/v1/_openapi",
            APIS / "appbuilder",
            {
                "APPBUILDER_DATABASE": str(folder / "appbuilder.sqlite"),
                "APPBUILDER_SECRET_KEY": secrets.token_urlsafe(48),
                "APPBUILDER_PASSWORD": secrets.token_urlsafe(),
            },
            prepare="host.py",
        ),
        Api(
            "ihatemoney",
            "ihatemoney",
            "ihatemoney.run:create_app",
            APIS / "ihatemoney" / "openapi.yaml",
            APIS / "ihatemoney",
            {
                "IHATEMONEY_DATABASE": str(folder / "ihatemoney.sqlite"),
                "IHATEMONEY_PASSWORD": secrets.token_urlsafe(),
                "IHATEMONEY_SECRET_KEY": secrets.token_urlsafe(48),
                "IHATEMONEY_SETTINGS_FILE_PATH": str(APIS / "ihatemoney" / "settings.cfg"),
            },
            prepare="host.py",
        ),
        # As it is shipped: its keys are those of its own code.
        Api(
            "openctf",
            "openctf_server",
            "openctf_server.app:app",
            "",
            APIS / "openctf",
            {"DATABASE_URL": f"sqlite:///{folder / 'openctf.sqlite'}", "ADMIN_PASSWORD": secrets.token_urlsafe()},
        ),
        Api(
            "headless",
            "flask_headless_auth",
            "host:create_app",
            "",
            APIS / "headless",
            {
                "HEADLESS_DATABASE": str(folder / "headless.sqlite"),
                "HEADLESS_SECRET_KEY": secrets.token_urlsafe(48),
                "HEADLESS_JWT_KEY": secrets.token_urlsafe(48),
                "HEADLESS_PASSWORD": f"{secrets.token_urlsafe()}-Aa1",
            },
            prepare="host.py",
        ),
        Api(
            "praetorian",
            "flask_praetorian",
            "host:create_app",
            "",
            APIS / "praetorian",
            {
                "PRAETORIAN_DATABASE": str(folder / "praetorian.sqlite"),
                "PRAETORIAN_KEY": secrets.token_urlsafe(48),
                "PRAETORIAN_PASSWORD": secrets.token_urlsafe(),
            },
            prepare="host.py",
        ),
        Api(
            "security",
            "flask_security",
            "host:create_app",
            "",
            APIS / "security",
            {
                "SECURITY_DATABASE": str(folder / "security.sqlite"),
                "SECURITY_KEY": secrets.token_urlsafe(48),
                "SECURITY_SALT": str(secrets.randbits(128)),
                "SECURITY_PASSWORD": secrets.token_urlsafe(),
            },
            prepare="host.py",
        ),
        # As it is shipped, but for the databases: its key is that of its own defaults.
        Api(
            "opentaxii",
            "opentaxii",
            "opentaxii.http:app",
            described,
            APIS / "opentaxii",
            {
                "OPENTAXII__AUTH_API__PARAMETERS__DB_CONNECTION": f"sqlite:///{folder / 'taxii-auth.sqlite'}",
                "OPENTAXII__TAXII1": "null",
                "OPENTAXII__TAXII2": json.dumps(
                    {
                        "title": "Sharing",
                        "contact": "ada@example.com",
                        "max_content_length": 1 << 20,
                        "public_discovery": False,
                        "persistence_api": {
                            "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                            "parameters": {
                                "db_connection": f"sqlite:///{folder / 'taxii2.sqlite'}",
                                "create_tables": True,
                            },
                        },
                    }
                ),
                "TAXII_PASSWORD": secrets.token_urlsafe(),
                "TAXII_DESCRIPTION": str(described),
            },
            prepare="host.py",
        ),
    )


def main(names: Sequence[str]) -> int:
    """Scan the APIs of these names, or all; return 0 when every scan was complete and kept to the memory.

    The servers end however this does.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="stopper-real-") as temporary:
        folder = Path(temporary)
        authority = certificates(folder)
        for api in apis(folder):
            if names and api.name not in names:
                continue
            try:
                installed(WORK / api.name, REQUIREMENTS / f"{api.name}.txt")
                outcome = scanned(api, folder, authority)
            except (NotServedError, subprocess.SubprocessError) as error:
                problems.append(f"{api.name}: {error}")
                continue
            print(summary(api, outcome), flush=True)
            problems += [f"{api.name}: {problem}" for problem in unexpected(outcome)]
    for problem in problems:
        print(f"real: {problem}", file=sys.stderr)
    print(f"real: {'not as it must be' if problems else 'all scans are complete'}")
    return 1 if problems else 0


def unexpected(outcome: Outcome) -> list[str]:
    """Return what must not be: a scan that is not complete, or one that took too much memory."""
    problems = []
    if outcome.status not in (0, 1) or not outcome.report:
        why = outcome.report.get("incomplete") or "no report"
        problems.append(f"the scan ended with {outcome.status}: {why}")
    problems += [f"{failure['control']} crashed: {failure['error']}" for failure in outcome.report.get("failures", ())]
    if outcome.mebibytes > MOST_MEBIBYTES:
        problems.append(f"the scan took {outcome.mebibytes:.0f} MiB, more than {MOST_MEBIBYTES}")
    return problems


# --------------------------------------------------------------------------- installing and serving


def scanned(api: Api, folder: Path, authority: Path) -> Outcome:
    """Serve an API over TLS and in clear, and scan it."""
    environment = os.environ | api.variables
    if api.prepare:
        prepare(api, environment)
    with (
        served(api.served, folder, environment, tls=True) as secure,
        served(api.served, folder, environment, tls=False) as clear,
    ):
        return scan(api, (secure, clear), authority, environment)


def prepare(api: Api, environment: Mapping[str, str]) -> None:
    """Run what makes the API's data; raises NotServedError with the end of what it said where it fails."""
    command = [str(api.python), "-B", api.prepare]
    done = subprocess.run(
        command, cwd=api.home, env=environment, capture_output=True, text=True, timeout=SECONDS_TO_PREPARE, check=False
    )
    if done.returncode:
        raise NotServedError(f"{api.prepare} ended with {done.returncode}:\n{done.stderr[-2000:]}")


# --------------------------------------------------------------------------- scanning


def scan(api: Api, urls: tuple[str, str], authority: Path, environment: Mapping[str, str]) -> Outcome:
    """Run `stopper scan` as a user would, and watch what it takes; the reports go to `.work/real/`."""
    output = WORK / f"{api.name}.json"
    output.unlink(missing_ok=True)
    targets = [*urls, *described(api, urls[0]), str(api.source), api.application]
    options = ["--python", str(api.python), "--ca-file", str(authority), "-o", str(output)]
    options += ["-o", str(output.with_suffix(".sarif")), "-o", str(output.with_suffix(".txt"))]
    command = [str(Path(sys.executable).with_name("stopper")), "scan", *targets, *options]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=api.home, env=environment, stdout=subprocess.DEVNULL)
    try:
        mebibytes = watched(process, started + SECONDS_TO_SCAN)
    finally:
        process.kill()
        process.wait()
    report = json.loads(output.read_text()) if output.is_file() else {}
    return Outcome(process.returncode, report, time.monotonic() - started, mebibytes)


def described(api: Api, url: str) -> tuple[str, ...]:
    """Return where the API's specification stands, as the command takes it; nothing where it has none."""
    if not api.specification:
        return ()
    return (str(api.specification) if isinstance(api.specification, Path) else url + api.specification,)


def watched(process: subprocess.Popen[bytes], deadline: float) -> float:
    """Wait for a process to end and return the peak memory of it and its descendants together, in MiB.

    What several of them share counts once (proportional set sizes): a forked child shares what its parent has read.
    """
    peak = 0
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(process.args, SECONDS_TO_SCAN)
        peak = max(peak, sum(map(resident, family(process.pid))))
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    return peak / 1024


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            tasks = Path(f"/proc/{parent}/task").glob("*/children")
            found += [int(child) for task in tasks for child in task.read_text().split()]
    return found


def resident(pid: int) -> int:
    """Return the memory that a process has now, in KiB, its part of what it shares; 0 where it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


# --------------------------------------------------------------------------- telling


def summary(api: Api, outcome: Outcome) -> str:
    """Return what is printed of a scan."""
    coverage = outcome.report.get("coverage", {})
    lines = [
        "",
        f"== {api.name}: exit {outcome.status}, grade {outcome.report.get('grade') or 'none'}",
        f"operations in the specification  {coverage.get('operations_in_spec', 0)}",
        f"operations reached               {coverage.get('reached', 0)} of {coverage.get('eligible', 0)} eligible",
        f"requests sent                    {coverage.get('requests', 0)} over the wire, "
        f"{coverage.get('app_requests', 0)} to the application",
        f"seconds                          {outcome.seconds:.1f}",
        f"peak memory                      {outcome.mebibytes:.0f} MiB",
        "",
        f"{'findings by control':42}{''.join(f'{status:>16}' for status in STATUSES)}",
    ]
    counted = Counter(
        (finding["control"], finding["name"], finding["status"]) for finding in outcome.report.get("findings", ())
    )
    for control, name in sorted({(control, name) for control, name, _ in counted}):
        numbers = "".join(f"{counted[control, name, status]:>16}" for status in STATUSES)
        lines.append(f"{control} {name:36}{numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
