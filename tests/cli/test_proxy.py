"""`stopper proxy` with a stand-in for mitmproxy's program; the real one is run by `make integrations`."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stopper.cli import main
from stopper.io.har import read_recording

TOKEN = "kQ7vT0xZ2mB9cR4yW6nL8pJ1hF3dS5aGuEoIiKXwq"
EXCHANGE = {
    "method": "GET",
    "url": "https://api.test/me",
    "version": "HTTP/1.1",
    "started": 1_800_000_000.0,
    "milliseconds": 3.5,
    "request_headers": [["Authorization", f"Bearer {TOKEN}"]],
    "request_body": "",
    "request_size": 0,
    "status": 200,
    "reason": "OK",
    "headers": [],
    "body": "",
    "size": 0,
}
LISTENING = {"listening": "127.0.0.1:8080", "authority": "~/.mitmproxy/mitmproxy-ca-cert.pem"}


def _program(folder: Path, lines: str) -> Path:
    """Return a program that takes mitmdump's options, and does these lines with `pipe` and `tell`."""
    program = folder / "mitmdump"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, signal, sys, time\n"
        "options = dict(word.split('=', 1) for word in sys.argv if '=' in word)\n"
        "pipe = int(options['stopper_pipe'])\n"
        "def tell(**what):\n    os.write(pipe, json.dumps(what).encode() + b'\\n')\n" + lines
    )
    program.chmod(0o700)
    return program


def _run(folder: Path, lines: str, *options: str) -> Result:
    program, output = _program(folder, lines), str(folder / "traffic.har")
    return CliRunner().invoke(main, ["proxy", "https://api.test", "-o", output, "--mitmdump", str(program), *options])


def test_what_the_proxy_tells_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    """The file has the exchange without its token; what was not recorded is counted in words."""
    lines = f"tell(**{LISTENING})\ntell(exchange={EXCHANGE})\ntell(left_out='exchanges with other hosts')\n"
    result = _run(tmp_path, lines)
    assert result.exit_code == 0
    assert "recording api.test:443 through http://127.0.0.1:8080" in result.output
    assert "not recorded: 1 exchanges with other hosts" in result.output
    path = tmp_path / "traffic.har"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TOKEN not in path.read_text()
    assert read_recording(path).exchanges[0].request.url == "https://api.test/me"


def test_only_the_named_host_is_opened_and_listened_for_on_loopback(tmp_path: Path) -> None:
    """mitmproxy is told so by its own options."""
    lines = f"tell(**{LISTENING})\nopen({str(tmp_path / 'options')!r}, 'w').write(json.dumps(options))\n"
    assert _run(tmp_path, lines).exit_code == 0
    options = json.loads((tmp_path / "options").read_text())
    assert (options["listen_host"], options["listen_port"]) == ("127.0.0.1", "8080")
    assert options["allow_hosts"] == r"^api\.test:443$"
    assert options["stopper_target"] == "api.test:443"


def test_a_proxy_that_others_reach_is_said(tmp_path: Path) -> None:
    """Beyond loopback everybody can use it."""
    result = _run(tmp_path, f"tell(**{LISTENING})\n", "--listen", "0.0.0.0:8080")
    assert "everybody who reaches 0.0.0.0:8080 can use this proxy" in result.output


@pytest.mark.parametrize(
    ("lines", "options", "why"),
    [
        ("print('address already in use')\nsys.exit(1)\n", (), "mitmproxy did not start: address already in use"),
        ("", ("--listen", "8080"), "--listen: 8080 is not HOST:PORT"),
        ("", ("--mitmdump", "/nowhere/mitmdump"), "/nowhere/mitmdump is no program"),
    ],
)
def test_a_proxy_that_cannot_run_is_told_in_one_line(
    tmp_path: Path, lines: str, options: tuple[str, ...], why: str
) -> None:
    """Nothing is written, and the status is that of unusable input."""
    result = _run(tmp_path, lines, *options)
    assert (result.exit_code, result.output) == (2, f"stopper: {why}\n")
    assert not (tmp_path / "traffic.har").exists()


def test_an_address_with_a_password_is_refused_without_it(tmp_path: Path) -> None:
    """The line names the host only."""
    output = str(tmp_path / "traffic.har")
    result = CliRunner().invoke(main, ["proxy", "https://ada:wonderland@api.test", "-o", output])
    assert result.exit_code == 2
    assert "wonderland" not in result.output


def test_an_interruption_leaves_the_whole_file(tmp_path: Path) -> None:
    """What the proxy still tells while it ends is in it."""
    lines = (
        f"def end(*_):\n    tell(exchange={EXCHANGE})\n    sys.exit(0)\n"
        f"signal.signal(signal.SIGTERM, end)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntell(**{LISTENING})\n"
        "time.sleep(60)\n"
    )
    output = tmp_path / "traffic.har"
    words = ["proxy", "https://api.test", "-o", str(output), "--mitmdump", str(_program(tmp_path, lines))]
    command = [sys.executable, "-u", "-m", "stopper", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"recording")
        time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
    assert len(read_recording(output).exchanges) == 1
