"""Put the exhibits of the museum of token failures before the source witness.

    python scripts/museum_source.py

Each exhibit is a small project of our own in the shape of a failure that really happened: code with the old fault, or
a file that names the flawed release. The control that it was made for must find it, and its twin, which differs in the
repair only, must come back without a finding of any control. Exhibits that have no source side are listed with the
reason. The last line is `museum-source: F flagged of N, S silent of N`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan
from stopper.model import Report
from stopper.observe.source import read_project

Files = Mapping[str, str]
"""Texts by path."""

APPLICATION = "from flask import Flask\n\napp = Flask(__name__)\n"


@dataclass(frozen=True)
class Exhibit:
    """One failure: what happened, the control that must find it, the flawed project and its repaired twin.

    `advisories` are the ids that the finding must name.
    """

    name: str
    control: str
    flawed: Files
    mended: Files
    advisories: tuple[str, ...] = ()


def scanned(files: Files) -> Report:
    """Return the report of a scan of these files; nothing of them is run."""
    project = read_project((path, text.encode()) for path, text in files.items())
    return asyncio.run(Scan(Inputs(("museum",), project=project), catalogue(), Limits(), lambda event: None).run())


# --------------------------------------------------------------------------- releases


def requirements(package: str, release: str) -> Files:
    """Pin a release as pip does, in a file that another one includes."""
    return {"requirements.txt": "-r web.lst\n", "web.lst": f"{package}=={release}\n"}


def constraints(package: str, release: str) -> Files:
    """Hold a wanted package to a release."""
    return {"requirements.in": f"{package}\n-c constraints.txt\n", "constraints.txt": f"{package}=={release}\n"}


def poetry(package: str, release: str) -> Files:
    """Lock a release as Poetry does."""
    locked = f'[[package]]\nname = "{package}"\nversion = "{release}"\ngroups = ["main"]\n'
    return {"pyproject.toml": f'[tool.poetry.dependencies]\n{package} = "*"\n', "poetry.lock": locked}


def uv(package: str, release: str) -> Files:
    """Lock a release as uv does."""
    return {"uv.lock": f'version = 1\n\n[[package]]\nname = "{package}"\nversion = "{release}"\n'}


def pipenv(package: str, release: str) -> Files:
    """Lock a release as Pipenv does."""
    return {"Pipfile.lock": f'{{"default": {{\n  "{package}": {{\n    "version": "=={release}"\n  }}\n}}}}\n'}


def project(package: str, release: str) -> Files:
    """Pin a release in the project's own description."""
    return {"pyproject.toml": f'[project]\nname = "shop"\ndependencies = ["{package}=={release}"]\n'}


def setup(package: str, release: str) -> Files:
    """Pin a release in a setup script."""
    script = f'from setuptools import setup\n\nsetup(name="shop", install_requires=["{package}=={release}"])\n'
    return {"setup.py": script}


def installed(package: str, release: str) -> Files:
    """Put a package beside the code."""
    name = package.replace("-", "_")
    return {f"libs/{name}-{release}.dist-info/METADATA": f"Name: {package}\nVersion: {release}\n"}


def release(
    name: str,
    package: str,
    flawed: str,
    mended: str,
    written: Callable[[str, str], Files] = requirements,
) -> Exhibit:
    """Return the exhibit of one flawed release; `mended` is a release, or `package release` where another one helps."""
    package_after, _, release_after = mended.rpartition(" ")
    twin = written(package_after or package, release_after)
    known = tuple(name.split(", "))
    return Exhibit(f"{name} {package} {flawed}", "BT215", written(package, flawed), twin, known)


RELEASES = (
    release("CVE-2022-29217", "PyJWT", "2.3.0", "2.15.1"),
    release("CVE-2024-53861", "PyJWT", "2.10.0", "2.15.1", poetry),
    release("CVE-2026-32597", "PyJWT", "2.11.0", "2.15.1", uv),
    release("CVE-2026-48526", "PyJWT", "2.12.1", "2.15.1", pipenv),
    release("CVE-2026-48523", "PyJWT", "2.12.1", "2.15.1", project),
    release("CVE-2026-48522, CVE-2026-48524, CVE-2026-48525", "PyJWT", "2.12.0", "2.15.1", constraints),
    release("CVE-2017-11424", "PyJWT", "1.5.0", "2.15.1", setup),
    release("CVE-2024-33663", "python-jose", "3.3.0", "joserfc 1.7.4", installed),
    release("CVE-2024-33664", "python-jose", "3.3.0", "joserfc 1.7.4", pipenv),
    release("CVE-2026-85394", "python-jose", "3.5.0", "joserfc 1.7.4", uv),
    release("CVE-2024-37568", "Authlib", "1.3.0", "1.9.9", constraints),
    release("CVE-2025-59420", "Authlib", "1.6.3", "1.9.9", poetry),
    release("CVE-2025-61920", "Authlib", "1.6.3", "1.9.9", installed),
    release("CVE-2026-27962", "Authlib", "1.6.8", "1.9.9"),
    release("CVE-2026-28490", "Authlib", "1.6.8", "1.9.9", uv),
    release("CVE-2024-28102", "jwcrypto", "1.5.5", "1.6.0"),
    release("CVE-2023-6681", "jwcrypto", "1.5.0", "1.6.0", project),
    release("CVE-2022-39227", "python-jwt", "3.3.3", "joserfc 1.7.4", installed),
    release("CVE-2026-49852", "joserfc", "1.6.7", "1.7.4"),
    release("CVE-2026-27932", "joserfc", "1.6.2", "1.7.4", uv),
    release("CVE-2025-65015", "joserfc", "1.4.1", "1.7.4", poetry),
    release("CVE-2026-48990", "joserfc", "1.6.5", "1.7.4", project),
    release("CVE-2023-30861", "Flask", "2.2.4", "3.1.3"),
    release("CVE-2026-27205", "Flask", "3.1.2", "3.1.3", uv),
    release("CVE-2025-47278", "Flask", "3.1.0", "3.1.3", poetry),
    release("CVE-2024-34069", "Werkzeug", "3.0.2", "3.0.3"),
    release("CVE-2019-14806", "Werkzeug", "0.15.2", "3.0.3", setup),
    release("CVE-2024-1681, CVE-2024-6221", "Flask-Cors", "4.0.0", "6.0.0"),
    release("CVE-2024-6839, CVE-2024-6844, CVE-2024-6866", "Flask-Cors", "5.0.1", "6.0.0", installed),
    release("CVE-2021-32618", "Flask-Security-Too", "4.0.1", "5.6.0"),
    release("CVE-2021-21241", "Flask-Security-Too", "3.4.4", "5.6.0", pipenv),
    release("CVE-2023-27524", "apache-superset", "2.0.1", "2.1.0"),
)


# --------------------------------------------------------------------------- code


def changed(name: str, control: str, text: str, flawed: str, mended: str, path: str = "shop.py") -> Exhibit:
    """Return the exhibit of a text in which `@@` stands for what is wrong or repaired."""
    return Exhibit(name, control, {path: text.replace("@@", flawed)}, {path: text.replace("@@", mended)})


ANY_KEY = """\
import jwt

from shop.settings import KEY


def claims_of(token):
    return jwt.decode(token, KEY, algorithms=@@, audience="shop", issuer="https://login.test")
"""

RETIRED = """\
@@


def claims_of(token, key):
    return jwt.decode(token, key, algorithms=["RS256"], audience="shop", issuer="https://login.test")
"""

SIGNED_IN = """\
import jwt

from shop.people import enter
from shop.settings import KEY


def signed_in(answer):
    person = jwt.decode(answer["id_token"], @@)
    return enter(person["email"])
"""

STARTED = """\
from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(host="0.0.0.0"@@)
"""

DECODE = 'KEY, algorithms=["RS256"], audience="shop", issuer="https://login.test"'

CODE = (
    changed("CVE-2022-29217 PyJWT, lists of two kinds", "BT406", ANY_KEY, '["RS256", "HS256"]', '["RS256"]'),
    changed("CVE-2026-48526 PyJWT, lists of two kinds", "BT406", ANY_KEY, '["ES256", "HS256"]', '["ES256"]'),
    changed("python-jose, the newest: a DER key", "BT214", RETIRED, "from jose import jwt", "import jwt"),
    changed("CVE-2022-39227 python-jwt in use", "BT214", RETIRED, "import python_jwt as jwt", "import jwt"),
    Exhibit(
        "python-jose 3.5.0, the newest: a DER key",
        "BT214",
        requirements("python-jose", "3.5.0"),
        requirements("joserfc", "1.7.4"),
    ),
    changed(
        "Flask-AppBuilder 2476, 2477: an ID token that nobody verifies",
        "BT403",
        SIGNED_IN,
        'options={"verify_signature": False}',
        DECODE,
    ),
    changed(
        "CVE-2023-27524 Superset: a default that everybody knows",
        "BT205",
        "@@",
        'SECRET_KEY = "please-change-me-before-you-serve-anybody"\n',
        'import os\n\nSECRET_KEY = os.environ["SECRET_KEY"]\n',
        "superset_config.py",
    ),
    changed(
        "Airflow, Flask-AppBuilder: a default key behind a variable",
        "BT206",
        "import os\n\nSECRET_KEY = os.environ@@\n",
        '.get("SECRET_KEY", "temporary-key-of-the-quick-start")',
        '["SECRET_KEY"]',
        "webserver_config.py",
    ),
    changed(
        "Flask 6089: fallback keys of one character",
        "BT207",
        f'import os\n\n{APPLICATION}app.config["SECRET_KEY_FALLBACKS"] = @@\n',
        'os.environ["PREVIOUS_KEY"]',
        '[os.environ["PREVIOUS_KEY"]]',
    ),
    changed("CVE-2024-34069 Werkzeug: the debugger for everybody", "BT305", STARTED, ", debug=True", ""),
)

EXHIBITS = (*RELEASES, *CODE)

NO_SOURCE_SIDE = {
    "CVE-2026-48522 PyJWT, an address from the token": "where a key is fetched from is asked over the wire (BT408); "
    "the release is an exhibit here",
    "CVE-2026-27962 Authlib, key=None": "which key a call ends up with is asked with mutants (BT405, BT407); the "
    "release is an exhibit here",
    "Flask-AppBuilder 2458": "that a claim can be given to somebody else is the issuer's doing, and not seen in code",
    "CVE-2025-27144, CVE-2025-30204 go-jose, golang-jwt": "no Python",
    "CVE-2022-21449 Java, CVE-2020-28042 jwt_tool": "no Python; asked with mutants (BT410, BT403)",
    "AutoGPT, an old HS256 path": "the secret was read from the environment and known from elsewhere: asked over the "
    "wire (BT208)",
}


def finds(exhibit: Exhibit) -> bool:
    """Tell whether a finding of the control that an exhibit was made for names all of its advisories."""
    verdicts = (
        observation.verdict
        for finding in scanned(exhibit.flawed).findings
        if finding.control == exhibit.control
        for observation in finding.observations
    )
    shown = (" ".join(evidence.detail for evidence in verdict.evidence) for verdict in verdicts)
    return any(all(advisory in text for advisory in exhibit.advisories) for text in shown)


def main() -> int:
    """Scan every exhibit and its twin, print a line each, and return 1 where one is missed or a twin is not silent."""
    flagged = silent = 0
    for exhibit in EXHIBITS:
        caught = finds(exhibit)
        left = {finding.control for finding in scanned(exhibit.mended).findings}
        word = "flagged" if caught else "MISSED "
        doubt = f"  TWIN NOT SILENT: {', '.join(sorted(left))}" if left else ""
        print(f"{word}  {exhibit.control}  {exhibit.name}{doubt}")
        flagged += caught
        silent += not left
    for name, reason in NO_SOURCE_SIDE.items():
        print(f"no source side  {name}: {reason}.")
    print(f"museum-source: {flagged} flagged of {len(EXHIBITS)}, {silent} silent of {len(EXHIBITS)}")
    return 0 if flagged == silent == len(EXHIBITS) else 1


if __name__ == "__main__":
    sys.exit(main())
