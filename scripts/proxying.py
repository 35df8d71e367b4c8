"""`stopper proxy` with the real mitmproxy, in an environment of its own: a session with an example becomes a witness.

The example is served by gunicorn over TLS with a certificate that only `--ca-file` makes trusted, the client trusts
mitmproxy's authority alone, and another host is asked through the same proxy. `make integrations` runs it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scripts.environments import installed
from scripts.serving import Application, certificates, served

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
_PLACE = re.compile(r"through http://(\S+) until")


@dataclass(frozen=True, slots=True)
class Session:
    """What a session left behind: the recording, the scan's report of it, and what must not be in either."""

    mode: int
    recording: str
    report: dict[str, object]
    secrets: tuple[str, ...]

    def found(self) -> set[str]:
        """Return the controls that the scan found broken, of medium severity or higher."""
        findings = self.report["findings"]
        assert isinstance(findings, list)
        return {each["control"] for each in findings if each["severity"] in ("critical", "high", "medium")}

    def whole(self) -> bool:
        """Tell whether the file is its owner's alone, shows no secret, and names what was left out in numbers."""
        left = json.loads(self.recording)["log"]["_leftOut"]
        texts = (self.recording, json.dumps(self.report))
        return (
            self.mode == 0o600
            and not any(secret in text for secret in self.secrets for text in texts)
            and left == {"exchanges with other hosts": 1}
        )


def session(example: str) -> Session:
    """Record a session with an example: a login, its token in headers and in a query; then scan what was recorded."""
    mitmdump = installed(ROOT / ".work" / "proxy", ROOT / "requirements" / "proxy.txt") / "mitmdump"
    with tempfile.TemporaryDirectory(prefix="stopper-proxy-") as temporary:
        folder = Path(temporary)
        authority, password = certificates(folder), secrets.token_urlsafe()
        environment = os.environ | {"SHOP_DATABASE": str(folder / "shop.sqlite"), "SHOP_PASSWORD": password}
        application = Application(Path(sys.executable), "shop:create_app()", ROOT / "examples" / example)
        recording, report = folder / "traffic.har", folder / "report.json"
        with served(application, folder, environment, tls=True) as url, _elsewhere() as other:
            options = ["--ca-file", str(authority), "--mitmdump", str(mitmdump), "--listen", "127.0.0.1:0"]
            with _proxied(["proxy", url, "-o", str(recording), *options], folder) as opener:
                token = _used(opener, url, other, password)
        specification = f"examples/{example}/openapi.yaml"
        command = [str(Path(sys.executable).with_name("stopper")), "scan", str(recording), specification]
        command += ["-o", str(report)]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False, timeout=PATIENCE)
        mode = stat.S_IMODE(recording.stat().st_mode)
        return Session(mode, recording.read_text(), json.loads(report.read_text()), (token, password))


@contextlib.contextmanager
def _proxied(words: list[str], home: Path) -> Iterator[urllib.request.OpenerDirector]:
    """Run `stopper proxy` as from a terminal; give a client that uses it, and end it as Ctrl-C does."""
    command = [sys.executable, "-u", "-m", "stopper", *words]
    environment = os.environ | {"HOME": str(home)}  # mitmproxy makes its authority below it
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    watch = threading.Timer(PATIENCE, process.kill)
    watch.start()
    try:
        assert process.stdout
        place = _PLACE.search(process.stdout.readline())
        if place is None:
            raise RuntimeError("stopper proxy does not listen")
        context = ssl.create_default_context(cafile=str(home / ".mitmproxy" / "mitmproxy-ca-cert.pem"))
        through = urllib.request.ProxyHandler({"http": f"http://{place[1]}", "https": f"http://{place[1]}"})
        yield urllib.request.build_opener(through, urllib.request.HTTPSHandler(context=context))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        watch.cancel()


def _used(opener: urllib.request.OpenerDirector, url: str, other: str, password: str) -> str:
    """Use the shop as a browser would, and return the token that it gave."""
    login = json.dumps({"username": "ada", "password": password}).encode()
    asked = urllib.request.Request(f"{url}/auth/login", login, {"Content-Type": "application/json"})
    with opener.open(asked, timeout=PATIENCE) as answer:
        token: str = json.load(answer)["access_token"]
    for path, headers in (
        ("/auth/support", {"Authorization": f"Bearer {token}"}),
        ("/auth/device", {"Authorization": f"Bearer {token}"}),
        (f"/orders/1/label?access_token={token}", {}),
        ("/orders", {}),
    ):
        with contextlib.suppress(urllib.error.HTTPError):
            opener.open(urllib.request.Request(f"{url}{path}", headers=headers), timeout=PATIENCE).close()
    opener.open(other, timeout=PATIENCE).close()
    return token


class _Page(BaseHTTPRequestHandler):
    """A page of somebody else."""

    def do_GET(self) -> None:
        """Answer with nothing."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
