"""What starts an application, what is one, and on which host it listens."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source.starting import is_application, listens_on, starts_application
from tests.observe.source.projects import marked, module

HEAD = "import subprocess, asyncio\nfrom flask import Flask\nfrom flask_socketio import SocketIO\n" + (
    "from werkzeug.serving import run_simple\nmine = Flask('x')\nio = SocketIO(mine)\n"
)

STARTS = {
    "mine.run()": True,
    "io.run(mine)": True,
    "create_app().run()": True,
    "app.run()": True,
    "run_simple('localhost', 80, mine)": True,
    "subprocess.run(['x'])": False,
    "asyncio.run(main())": False,
    "worker.run()": False,
    "mine.start()": False,
    "run()": False,
}


@pytest.mark.parametrize("written", STARTS)
def test_starts_application(written: str) -> None:
    """Applications are known by their class, else by their name; subprocesses and runners are none."""
    each = module(f"{HEAD}here({written})")
    call = marked(each)
    assert isinstance(call, ast.Call)
    assert starts_application(each, call) is STARTS[written]


@pytest.mark.parametrize(
    ("written", "is_one"),
    [("mine", True), ("flask_app", True), ("Flask('y')", True), ("subprocess", False), ("client", False)],
)
def test_is_application(written: str, is_one: bool) -> None:
    """What Flask makes is one, and so is what is called like one and is nothing else."""
    each = module(f"{HEAD}here({written})")
    assert is_application(each, marked(each)) is is_one


@pytest.mark.parametrize(
    ("written", "hosts"),
    [
        ("mine.run()", []),
        ("mine.run('0.0.0.0')", ["0.0.0.0"]),
        ("mine.run(host='::', port=1)", ["::"]),
        ("io.run(mine, '0.0.0.0')", ["0.0.0.0"]),
        ("run_simple(hostname='localhost', port=1, application=mine)", ["localhost"]),
    ],
)
def test_listens_on(written: str, hosts: list[str]) -> None:
    """The host is read by its name or position; Flask's default is none said."""
    each = module(f"{HEAD}here({written})")
    call = marked(each)
    assert isinstance(call, ast.Call)
    assert listens_on(each, call) == hosts
