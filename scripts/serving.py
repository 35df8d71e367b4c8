"""Serving an application on loopback by gunicorn, over TLS or in clear, while something looks at it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

SECONDS_TO_START = 20.0


class NotServedError(Exception):
    """A server that does not answer; the text holds the end of its log."""


@dataclass(frozen=True)
class Application:
    """An application as gunicorn is told of it: the interpreter, `module:app` or a call, and the folder it runs in."""

    python: Path
    name: str
    home: Path


def certificates(folder: Path) -> Path:
    """Write a certificate for loopback with its key, and return the file of the authority that signed it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(folder / "certificate.pem", append=number > 0)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return folder / "authority.pem"


@contextlib.contextmanager
def served(application: Application, folder: Path, environment: Mapping[str, str], *, tls: bool) -> Iterator[str]:
    """Serve an application on a free loopback port while the context lasts; gives its URL.

    Certificates are those of the folder; logs go there. Gunicorn believes forwarding headers from loopback unless told
    otherwise: here it is told to trust nobody.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [str(application.python), "-B", "-m", "gunicorn", application.name]
        command += ["--bind", f"fd://{listener.fileno()}", "--forwarded-allow-ips", ""]
        command += ["--threads", "4", "--log-level", "warning", "--no-control-socket", "--worker-tmp-dir", str(folder)]
        if tls:
            command += ["--keyfile", str(folder / "key.pem"), "--certfile", str(folder / "certificate.pem")]
        log = folder / f"gunicorn-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=application.home,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
    try:
        _wait_for(port, folder / "authority.pem" if tls else None, process, log)
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        _stop(process)


def _wait_for(port: int, authority: Path | None, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers; raises NotServedError where it does not."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        connection = (
            http.client.HTTPSConnection(
                "127.0.0.1", port, timeout=5, context=ssl.create_default_context(cafile=str(authority))
            )
            if authority
            else http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        )
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/products")
            connection.getresponse()
            return
        time.sleep(0.05)
    raise NotServedError(f"gunicorn does not answer on port {port}:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server with its workers: they are a process group of their own."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
