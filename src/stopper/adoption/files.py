"""Makes the texts: Stopper's settings, and the file by which the CI host scans each change."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stopper.adoption.login import Login
from stopper.adoption.look import Found

USER, PASSWORD = "STOPPER_USERNAME", "STOPPER_PASSWORD"
"""The environment's variables of the identity that a scan logs in with."""


def settings(targets: Sequence[str], login: Login | None, baseline: str, table: str = "") -> str:
    """Return the settings as TOML; `table` is what they stand under (`tool.stopper`), `baseline` the file's name."""
    return "\n".join(_settings(targets, login, baseline, table)) + "\n"


def _settings(targets: Sequence[str], login: Login | None, baseline: str, table: str) -> Iterator[str]:
    if table:
        yield f"[{table}]"
    else:
        yield "# The settings of Stopper: `stopper scan` reads them from the current folder."
    yield f"targets = {_toml(list(targets))}  # what `stopper scan` asks"
    if baseline:
        yield f"baseline = {_toml(baseline)}  # the findings that were there when Stopper came"
    if login:
        yield ""
        yield "# How a scan logs in. ${NAME} is a variable of the environment: no password is written here."
        yield f"[{f'{table}.' if table else ''}login]"
        yield f'method = "{login.endpoint.method}"'
        yield f"url = {_toml(login.endpoint.path)}"
        yield from _fields(login)
        yield f"token = {{ pointer = {_toml(f'/{login.token}')} }}"


def _fields(login: Login) -> Iterator[str]:
    if login.basic:
        yield f'basic = {{ username = "${{{USER}}}", password = "${{{PASSWORD}}}" }}'
    else:
        kind = "form" if login.form else "json"
        yield f'{kind} = {{ {login.user} = "${{{USER}}}", {login.password} = "${{{PASSWORD}}}" }}'


def _toml(value: str | list[str]) -> str:
    """Return a text or a list of texts as TOML writes it, whose basic strings take all escapes of JSON's."""
    return json.dumps(value, ensure_ascii=False)


def appended(document: str, table: str) -> str | None:
    """Return a TOML document with further lines at its end, None where they would not mean what they say there."""
    joined = f"{document.rstrip()}\n\n{table}" if document.strip() else table
    try:
        before, own, after = (tomllib.loads(text) for text in (document, table, joined))
    except tomllib.TOMLDecodeError:
        return None
    same = after.get("tool", {}).get("stopper") == own["tool"]["stopper"]
    after.get("tool", {}).pop("stopper", None)
    if not before.get("tool"):
        after.pop("tool", None)
        before.pop("tool", None)
    return joined if same and after == before else None


# --------------------------------------------------------------------------- continuous integration


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The file for a CI host: where it belongs, its text, and what is left to do by hand."""

    path: str
    text: str
    todo: str


def pipeline(found: Found, login: Login | None) -> Pipeline | None:
    """Return the file for the project's CI host, None where it is neither GitHub nor GitLab."""
    install = found.install or "python -m pip install flask"
    stopper = f"{found.run}python -m pip install 'stopper[scan]'"
    if found.host == "github":
        lines = _github(install, stopper, found, bool(login))
        todo = f"add the secrets {USER} and {PASSWORD} to the repository" if login else ""
        return Pipeline(".github/workflows/stopper.yml", "\n".join(lines) + "\n", todo)
    if found.host == "gitlab":
        lines = _gitlab(install, stopper, found)
        asked = f", and add the variables {USER} and {PASSWORD}" if login else ""
        todo = f"write `include: [{{local: .gitlab/stopper.yml}}]` into .gitlab-ci.yml{asked}"
        return Pipeline(".gitlab/stopper.yml", "\n".join(lines) + "\n", todo)
    return None


def _github(install: str, stopper: str, found: Found, logs_in: bool) -> Iterator[str]:
    """Yield the workflow. It stands alone: where Stopper's action is kept, which a workflow would have to name, is for
    the user to know. What both do is the same, by the defaults of `stopper scan`.
    """
    yield "# Scans each change with Stopper; findings that are not in the baseline fail it."
    yield from ("name: stopper", "on: [push, pull_request]", "permissions:", "  contents: read")
    yield from ("  security-events: write  # for the findings beside the code", "jobs:", "  stopper:")
    yield from ("    runs-on: ubuntu-latest", "    steps:", "      - uses: actions/checkout@v4")
    yield from ("      - uses: actions/setup-python@v5", "        with:", '          python-version: "3.x"')
    if found.tool:
        yield f"      - run: python -m pip install {found.tool}"
    yield from (f"      - run: {install}", f"      - run: {stopper}")
    yield f"      - run: {found.run}stopper scan -o stopper.sarif"
    if logs_in:
        yield "        env:"
        yield from (f"          {name}: ${{{{ secrets.{name} }}}}" for name in (USER, PASSWORD))
    yield "      - uses: github/codeql-action/upload-sarif@v3"
    yield "        if: ${{ !cancelled() && hashFiles('stopper.sarif') != '' }}  # a scan that could not begin has none"
    yield from ("        with:", "          sarif_file: stopper.sarif", "          category: stopper")


def _gitlab(install: str, stopper: str, found: Found) -> Iterator[str]:
    yield "# Scans each change with Stopper; findings that are not in the baseline fail it."
    yield from ("stopper:", "  image: python:3", "  script:")
    if found.tool:
        yield f"    - python -m pip install {found.tool}"
    yield from (f"    - {install}", f"    - {stopper}", f"    - {found.run}stopper scan -o stopper.xml -o stopper.json")
    yield from (
        "  artifacts:",
        "    when: always",
        "    paths: [stopper.json]",
        "    reports:",
        "      junit: stopper.xml",
    )
