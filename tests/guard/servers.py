"""Real servers for tests: gunicorn in a process of its own, on loopback, stopped at the end."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

SOURCE = Path(__file__).parents[2] / "src"
READY_SECONDS = 30.0
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass(frozen=True)
class Server:
    """A running server; `tls` is the client's context where it speaks TLS, `log` is all that it has written."""

    port: int
    log: Path
    tls: ssl.SSLContext | None = None

    def ask(
        self,
        path: str,
        headers: Headers = (),
        method: str = "GET",
        peer: str = "127.0.0.1",
        unix: Path | None = None,
    ) -> Answer:
        """Send one request from a loopback address, or through a Unix socket, and read the answer."""
        connection = self._connection(peer)
        if unix is not None:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(10)
            connection.sock.connect(str(unix))
        connection.putrequest(method, path)
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return Answer(answer.status, answer.headers, body)

    def _connection(self, peer: str) -> http.client.HTTPConnection:
        source = (peer, 0)
        if self.tls is not None:
            return http.client.HTTPSConnection(
                "localhost", self.port, timeout=10, source_address=source, context=self.tls
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=source)


@contextmanager
def gunicorn(
    folder: Path, application: str, *options: str, authority: trustme.CA | None = None, **environment: str
) -> Iterator[Server]:
    """Serve the text of a module that defines `app`, with gunicorn's own defaults but for `options`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "served.py").write_text(application)
    words = [*options, *(_certificate(folder, authority) if authority else ())]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("STOPPER_")}
    surroundings.update(INSTANCE=str(folder), PYTHONPATH=f"{SOURCE}:{folder}", **environment)
    log = folder / "server.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *words, "served:app"],
            env=surroundings,
            cwd=folder,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, port, log)
        yield Server(port, log, _trusting(authority) if authority else None)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


def _certificate(folder: Path, authority: trustme.CA) -> tuple[str, ...]:
    leaf = authority.issue_cert("localhost")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    return "--keyfile", str(folder / "key.pem"), "--certfile", str(folder / "certificate.pem")


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
