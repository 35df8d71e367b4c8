"""Put the exhibits of the museum of token failures before the live witnesses, as a user would.

    python -m scripts.museum [NAME…]

Each exhibit is a small application of our own on a flawed release, or with an old fault. Releases are installed into
environments of their own under `.work/museum`, whose other packages are the project's. The application is served over
TLS on loopback and scanned by `stopper scan` with its specification, or, where the attack needs the application's own
key, scanned as `module:app` with that interpreter. The control that the exhibit was made for must prove it, and its
twin, which differs in the release or in the repair only, must come back with nothing of medium severity or higher.
Exhibits that cannot run here are listed with the reason. The last line is `museum: F flagged of N, S silent of N`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.serving import Application, NotServedError, certificates, served

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".work" / "museum"
HOME = ROOT / "scripts" / "exhibits"
SERIOUS = frozenset({"critical", "high", "medium"})
SECONDS_TO_SCAN = 120.0
SECONDS_TO_INSTALL = 300.0
DONE = (0, 1)
"""Statuses of a scan that is whole."""

JOSE = "python-jose==3.3.0 ecdsa==0.19.1 rsa==4.9.1 pyasn1==0.6.1 six==1.17.0"


class NotShownError(Exception):
    """An exhibit that did not come to a whole scan; the text says why."""


@dataclass(frozen=True)
class Exhibit:
    """One failure: what happened, the control that must find it, the flawed application and its twin.

    `flawed` and `mended` name modules of `scripts/exhibits`; `pins` and `newer` are the releases below each, by name
    and version, none for the project's own. `in_process` scans the application itself, with its key at hand. `options`
    are given to the scan.
    """

    name: str
    control: str
    flawed: str
    mended: str
    pins: str = ""
    newer: str = ""
    in_process: bool = False
    options: tuple[str, ...] = ()


def release(name: str, control: str, module: str, pins: str, newer: str, *, in_process: bool = False) -> Exhibit:
    """Return an exhibit whose twin is the same code on a newer release."""
    return Exhibit(name, control, module, module, pins, newer, in_process)


def code(name: str, control: str, module: str, pins: str = "", options: tuple[str, ...] = ()) -> Exhibit:
    """Return an exhibit whose twin is mended code on the same release."""
    return Exhibit(name, control, module, f"{module}_twin", pins, pins, options=options)


EXHIBITS = (
    release("CVE-2022-29217 PyJWT 2.3.0", "BT406", "pyjwt_openssh", "PyJWT==2.3.0", "PyJWT==2.15.1"),
    release("CVE-2024-53861 PyJWT 2.10.0", "BT414", "pyjwt_issuer", "PyJWT==2.10.0", "PyJWT==2.15.1", in_process=True),
    release("CVE-2026-32597 PyJWT 2.11.0", "BT425", "pyjwt_crit", "PyJWT==2.11.0", "PyJWT==2.15.1", in_process=True),
    release("CVE-2026-48526 PyJWT 2.12.1", "BT406", "pyjwt_jwk", "PyJWT==2.12.1", "PyJWT==2.15.1"),
    code(
        "CVE-2026-48522, 48524 PyJWT 2.12.1, an address from the token",
        "BT408",
        "pyjwt_key_url",
        "PyJWT==2.12.1",
        ("--allow-out-of-band",),
    ),
    release("CVE-2024-33663 python-jose 3.3.0", "BT406", "jose_openssh", JOSE, JOSE.replace("3.3.0", "3.5.0")),
    code("python-jose 3.5.0, the newest: a DER key", "BT406", "jose_der", JOSE.replace("3.3.0", "3.5.0")),
    release("CVE-2024-37568 Authlib 1.3.0", "BT406", "authlib_pem", "Authlib==1.3.0", "Authlib==1.9.9"),
    release(
        "CVE-2025-59420 Authlib 1.6.3", "BT425", "authlib_crit", "Authlib==1.6.3", "Authlib==1.9.9", in_process=True
    ),
    code("CVE-2026-27962 Authlib 1.6.8, no key", "BT407", "authlib_no_key", "Authlib==1.6.8"),
    release(
        "CVE-2022-39227 python-jwt 3.3.3",
        "BT403",
        "python_jwt_forms",
        "python-jwt==3.3.3 jwcrypto==1.5.6",
        "python-jwt==3.3.4 jwcrypto==1.5.6",
    ),
    release("CVE-2026-49852 joserfc 1.6.7", "BT405", "joserfc_empty", "joserfc==1.6.7", "joserfc==1.8.0"),
    code("CVE-2022-21449 Java: a signature of zeros", "BT410", "zero_signature"),
    code("CVE-2020-28042 jwt_tool: a blank signature", "BT403", "blank_signature"),
    code("Flask-AppBuilder 2476, 2477: verification skipped", "BT402", "unverified_identity"),
    code("CVE-2023-27524 Superset: a key that everybody knows", "BT208", "default_key"),
    Exhibit(
        "CVE-2024-34069 Werkzeug 3.0.2: the debugger",
        "BT305",
        "debugger",
        "unverified_identity_twin",
        "Werkzeug==3.0.2",
    ),
    release("CVE-2024-6839 Flask-CORS 5.0.1", "BT312", "cors_order", "Flask-Cors==5.0.1", "Flask-Cors==6.0.1"),
)

NOT_RUN = {
    "CVE-2026-48523 PyJWT 2.12.1": "the algorithm that a key is bound to is crossed with the issuer's own private key "
    "alone; an exhibit of museum-guard and museum-source",
    "CVE-2026-48525 PyJWT, CVE-2024-33664 python-jose, CVE-2025-61920 Authlib, CVE-2024-28102, CVE-2023-6681 jwcrypto, "
    "CVE-2026-27932, CVE-2026-48990 joserfc": "a denial of service, which a scan does not try; the releases are "
    "exhibits of museum-source",
    "CVE-2017-11424 PyJWT 1.5.0": "does not run on this Python",
    "CVE-2026-28490 Authlib": "decrypting by asking needs thousands of requests; the release is an exhibit of "
    "museum-source",
    "CVE-2025-65015 joserfc 1.4.1": "did not come about when it was tried",
    "CVE-2023-30861, CVE-2026-27205, CVE-2025-47278 Flask, Flask 6089": "about the cookie of a session, not a bearer "
    "token; exhibits of museum-source",
    "CVE-2024-6221, CVE-2024-1681, CVE-2024-6844, CVE-2024-6866 Flask-CORS": "about private networks, logs and other "
    "spellings of a path, which no request of a scan shows; the releases are exhibits of museum-source",
    "Flask-AppBuilder 2458": "that a claim can be given to somebody else is the issuer's doing",
    "CVE-2021-32618, CVE-2021-21241 Flask-Security-Too": "the old releases do not run on this Flask",
    "CVE-2025-27144, CVE-2025-30204 go-jose, golang-jwt": "no Python, and a denial of service",
    "AutoGPT, an old HS256 path": "no token shows the old key, and keys are guessed offline only",
    "CVE-2019-14806 Werkzeug": "the old release does not run below this Flask, and no PIN is guessed; the debugger "
    "itself is an exhibit",
}


# --------------------------------------------------------------------------- releases


def interpreter(pins: str) -> Path:
    """Return the Python that sees these releases before the project's own packages; made once."""
    home = WORK / (pins.replace("==", "-").replace(" ", "+") or "own")
    python = home / "bin" / "python"
    stamp = home / ".installed"
    if stamp.is_file():
        return python
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, symlinks=True)
    packages = next((home / "lib").glob("python*/site-packages"))
    (packages / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
    if pins:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "--target", str(packages), *pins.split()], check=True, timeout=SECONDS_TO_INSTALL)
    stamp.touch()
    return python


# --------------------------------------------------------------------------- scanning


def scanned(module: str, python: Path, exhibit: Exhibit, folder: Path) -> Mapping[str, Any]:
    """Return the report of a scan of one application. Raises NotShownError where it is not whole."""
    environment = os.environ | {"EXHIBIT_PASSWORD": secrets.token_urlsafe()}
    if exhibit.in_process:
        targets = ["openapi.yaml", f"{module}:app", "--python", str(python)]
        return reported(targets, exhibit.options, folder, environment)
    with served(Application(python, f"{module}:app", HOME), folder, environment, tls=True) as url:
        targets = [url, "openapi.yaml", "--ca-file", str(folder / "authority.pem")]
        return reported(targets, exhibit.options, folder, environment)


def reported(
    targets: list[str], options: tuple[str, ...], folder: Path, environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """Run `stopper scan` and return its report. Raises NotShownError where it is not whole."""
    output = folder / "report.json"
    output.unlink(missing_ok=True)
    command = [str(Path(sys.executable).with_name("stopper")), "scan", *targets, *options, "-o", str(output)]
    ended = subprocess.run(
        command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=SECONDS_TO_SCAN, check=False
    )
    if ended.returncode not in DONE or not output.is_file():
        said = ended.stderr.strip().splitlines()[-1:] or ["nothing"]
        why = json.loads(output.read_text()).get("incomplete") if output.is_file() else ""
        raise NotShownError(f"the scan ended with {ended.returncode}: {why or said[0]}")
    report: Mapping[str, Any] = json.loads(output.read_text())
    return report


def finds(report: Mapping[str, Any], control: str) -> bool:
    """Tell whether a report has a confirmed finding of a control."""
    return any(finding["control"] == control and finding["status"] == "confirmed" for finding in report["findings"])


def loud(report: Mapping[str, Any]) -> list[str]:
    """Return what a report finds of medium severity or higher, each as control and message."""
    return [
        f"{finding['control']} {finding['message']}" for finding in report["findings"] if finding["severity"] in SERIOUS
    ]


@dataclass(frozen=True)
class Outcome:
    """What came of an exhibit: whether it was flagged, and what its twin was found to break, or why neither ran."""

    flagged: bool
    left: tuple[str, ...]


def shown(exhibit: Exhibit, folder: Path) -> Outcome:
    """Scan an exhibit and its twin."""
    try:
        flagged = finds(scanned(exhibit.flawed, interpreter(exhibit.pins), exhibit, folder), exhibit.control)
    except (NotShownError, NotServedError, subprocess.SubprocessError) as error:
        print(f"not shown  {exhibit.name}: {error}", file=sys.stderr)
        flagged = False
    try:
        return Outcome(flagged, tuple(loud(scanned(exhibit.mended, interpreter(exhibit.newer), exhibit, folder))))
    except (NotShownError, NotServedError, subprocess.SubprocessError) as error:
        return Outcome(flagged, (str(error),))


def main() -> int:
    """Scan every exhibit and its twin, print a line each, and return 1 where one is missed or a twin is not silent."""
    named = set(sys.argv[1:])
    exhibits = [exhibit for exhibit in EXHIBITS if not named or exhibit.flawed in named]
    flagged = silent = 0
    with tempfile.TemporaryDirectory(prefix="stopper-museum-") as temporary:
        folder = Path(temporary)
        certificates(folder)
        for exhibit in exhibits:
            outcome = shown(exhibit, folder)
            word = "flagged" if outcome.flagged else "MISSED "
            print(f"{word}  {exhibit.control}  {exhibit.name}", flush=True)
            for each in outcome.left:
                print(f"         TWIN NOT SILENT: {each}", flush=True)
            flagged += outcome.flagged
            silent += not outcome.left
    for name, reason in NOT_RUN.items():
        print(f"not run  {name}: {reason}.")
    print(f"museum: {flagged} flagged of {len(exhibits)}, {silent} silent of {len(exhibits)}")
    return 0 if exhibits and flagged == silent == len(exhibits) else 1


if __name__ == "__main__":
    sys.exit(main())
