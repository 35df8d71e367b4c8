"""`stopper proxy`: records what passes between clients and an API as a HAR file without credentials.

mitmproxy runs in a process and an environment of its own: its releases hold back libraries that ours need. It tells
each exchange down a pipe; only here is it decided what is kept.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import click

import stopper.proxy
from stopper.io.files import FileError, escape, write_private
from stopper.proxy.recording import BODY, Recording, origin

DONE, UNUSABLE = 0, 2

_ADDON = Path(stopper.proxy.__file__).with_name("addon.py")
_SECONDS_TO_END = 10.0
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:]+):(\d{1,5})")


class ProxyError(Exception):
    """The proxy cannot run; the text is one line that says why."""


@click.command("proxy")
@click.argument("target", metavar="URL")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The HAR file, which is written at the end.",
)
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where clients come.")
@click.option(
    "--ca-file", type=click.Path(exists=True, path_type=Path, dir_okay=False), help="Trust these for the API's TLS too."
)
@click.option(
    "--mitmdump",
    type=click.Path(path_type=Path, dir_okay=False),
    help="mitmproxy's program, where it is neither beside this one nor on the PATH.",
)
def command(target: str, output: Path, listen: str, ca_file: Path | None, mitmdump: Path | None) -> None:
    """Record what passes between clients and the API at URL, until Ctrl-C.

    Let a browser, a test suite or another tool use the proxy, then scan the file: `stopper scan traffic.har`. It holds
    no credential: each is replaced by a stand-in of the same form. Other hosts are neither opened nor recorded. Needs
    mitmproxy: `pip install 'stopper[proxy]'` on Python 3.12, else in an environment of its own.
    """
    try:
        recording = _recorded(_command(target, listen, ca_file, mitmdump), target, output)
        write_private(output, recording.har())
    except (ProxyError, FileError) as error:
        click.echo(f"stopper: {error}", err=True)
        sys.exit(UNUSABLE)
    for why, number in sorted(recording.left_out.items()):
        click.echo(f"not recorded: {number} {why}", err=True)
    click.echo(f"{len(recording)} exchanges in {escape(str(output))}; scan it with: stopper scan {escape(str(output))}")
    sys.exit(DONE)


def _command(target: str, listen: str, ca_file: Path | None, mitmdump: Path | None) -> list[str]:
    """Return mitmproxy's command line, without the pipe. Raises ProxyError."""
    place = _LISTEN.fullmatch(listen)
    if not place or int(place[2]) > 65_535:
        raise ProxyError(f"--listen: {escape(listen)} is not HOST:PORT")
    wanted = _wanted(target)
    if not _loopback(place[1].strip("[]")):
        click.echo(f"stopper: everybody who reaches {escape(listen)} can use this proxy", err=True)
    settings = {
        "listen_host": place[1].strip("[]"),
        "listen_port": place[2],
        "allow_hosts": f"^{re.escape(wanted)}$",
        "stream_large_bodies": str(BODY),
        "stopper_target": wanted,
    }
    if ca_file:
        settings["ssl_verify_upstream_trusted_ca"] = str(ca_file)
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    return [_program(mitmdump), "--quiet", "--scripts", str(_ADDON), *options]


def _wanted(target: str) -> str:
    try:
        parts = urlsplit(target)
        if parts.scheme in ("http", "https") and parts.hostname and parts.username is None:
            return origin(target)
    except ValueError:
        pass
    raise ProxyError(f"{escape(target.rpartition('@')[2])}: not an http or https URL without credentials")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _program(given: Path | None) -> str:
    """Return the path of mitmdump: the one that is named, beside our interpreter, or on the PATH. Raises ProxyError."""
    beside = Path(sys.executable).with_name("mitmdump")
    found = shutil.which(given or (beside if beside.is_file() else "mitmdump"))
    if found is None:
        where = (
            f"{escape(str(given))} is no program" if given else "mitmdump is not installed here; --mitmdump names it"
        )
        raise ProxyError(where)
    return found


def _recorded(command_line: list[str], target: str, output: Path) -> Recording:
    """Run the proxy to its end and return what was recorded. Raises ProxyError where it never ran, FileError."""
    if not output.absolute().parent.is_dir():
        raise FileError(f"{escape(str(output))}: no such folder")
    recording, ran = Recording(), False
    with tempfile.TemporaryFile() as log, _running(command_line, log) as lines:
        for told in lines:
            if "listening" in told:
                ran = True
                click.echo(f"recording {escape(origin(target))} through http://{told['listening']} until Ctrl-C")
                click.echo(f"clients of https must trust {escape(told['authority'])}", err=True)
            elif "exchange" in told:
                recording.add(told["exchange"])
            elif "left_out" in told:
                recording.left_out[told["left_out"]] += 1
            elif "refused" in told:
                recording.left_out["connections of clients that do not trust the proxy's certificate"] += 1
        if not ran:
            raise ProxyError(f"mitmproxy did not start: {_last_line(log)}")
    return recording


@contextmanager
def _running(command_line: list[str], log: IO[bytes]) -> Iterator[Iterator[Mapping[str, Any]]]:
    """Start the proxy and give what it tells, until it ends; an interruption is for the proxy, which ends then."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        words = [*command_line, "--set", f"stopper_pipe={writing}"]
        try:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writing,))
        except OSError as error:
            raise ProxyError(f"{escape(command_line[0])}: {error.strerror}") from None
        finally:
            os.close(writing)
        previous = {number: signal.signal(number, _passed_on(process)) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield (json.loads(line) for line in pipe)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            _ended(process)


def _passed_on(process: subprocess.Popen[bytes]) -> Any:
    """Return a handler that ends the proxy in its order: what it still tells then is recorded."""

    def ending(*_: object) -> None:
        process.terminate()

    return ending


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
    return escape(lines[-1][:300]) if lines else "it said nothing"
