"""Everything that the README shows works as shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from stopper.cli.settings import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]


def test_length() -> None:
    """The README is a page that people read to the end."""
    assert len(README.splitlines()) <= 110


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_targets(command: str) -> None:
    """Every make target that the README names is in the Makefile, and sets itself up."""
    target = command.split()[1]
    assert re.search(rf"^{target}: \$\(READY\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("stopper ")])
def test_stopper_commands(command: str, tmp_path: Path) -> None:
    """Every stopper command runs in a shop's folder and ends as a scan may; files it names are written."""
    folder = tmp_path / "leaky"
    shutil.copytree(ROOT / "examples" / "leaky", folder, ignore=shutil.ignore_patterns("__pycache__"))
    environment = os.environ | {"SHOP_DATABASE": str(tmp_path / "shop.sqlite"), "SHOP_PASSWORD": "a password"}
    words = command.split()
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if words[1] in ("scan", "sweep") else 0), done.stderr
    assert done.stdout
    for name in (word for word in words if word.startswith("report.")):
        assert (folder / name).stat().st_size > 1000


def test_no_command_is_left_out() -> None:
    """Every line of a console block is run or checked here."""
    assert len(COMMANDS) >= 6
    assert all(re.match(r"(make|stopper) ", command) for command in COMMANDS)


def test_guard_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard's example issues a token over TLS, takes it, and refuses plain HTTP and strangers."""
    (source,) = blocks("python")
    source = source.replace("Flask(__name__)", f"Flask(__name__, instance_path={str(tmp_path)!r})")
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(source, "README.md", "exec"), names)
    app = names["app"]
    assert isinstance(app, Flask)
    client = app.test_client()
    token = client.post("/login", base_url="https://localhost").get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/me", base_url="https://localhost", headers=headers).get_json() == {"user": "ada"}
    assert client.get("/me", base_url="https://localhost").status_code == 401
    assert client.get("/me", base_url="http://localhost", headers=headers).status_code == 403


def test_settings_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login in TOML is read as it stands."""
    monkeypatch.setenv("SHOP_PASSWORD", "a password")
    (text,) = blocks("toml")
    path = tmp_path / "stopper.toml"
    path.write_text(text)
    (flow,) = load(path, ()).logins
    assert (flow.method, flow.path, flow.name) == ("POST", "/auth/login", "/access_token")
    assert b"a password" in (flow.body or b"")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links(link: str) -> None:
    """Every file that the README points to is there."""
    assert (ROOT / link).exists()
