"""Scan both example shops as a user would, and hold the outcome against what they were made to show.

Each is served by gunicorn on loopback, over TLS and, by a second process on the same database, over plain HTTP. The
leaky one must come out with grade F, the guarded one with grade A and no finding of medium severity or higher.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

ROOT = Path(__file__).resolve().parents[1]
SERIOUS = frozenset({"critical", "high", "medium"})
SECONDS_TO_START = 20.0


class NotServedError(Exception):
    """A server that does not answer; the text holds the end of its log."""


@dataclass(frozen=True)
class Example:
    """An example with the outcome that its scan must have; reports go to `folder`."""

    name: str
    folder: Path
    grade: str
    status: int


EXAMPLES = (
    Example("leaky", ROOT, "F", 1),
    Example("guarded", ROOT / ".work" / "guarded", "A", 0),
)


def main() -> int:
    """Return 0 when both scans came out as they must."""
    started = time.monotonic()
    problems = [problem for example in EXAMPLES for problem in unexpected(example)]
    seconds = time.monotonic() - started
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    outcome = "not as it must be" if problems else "leaky has grade F, guarded has grade A"
    print(f"demo: {outcome}; {seconds:.1f} s")
    return 1 if problems else 0


def unexpected(example: Example) -> list[str]:
    """Serve and scan an example, and return what did not come out as it must, a sentence each."""
    name = f"examples/{example.name}"
    print(f"\n== {name}\n", flush=True)
    example.folder.mkdir(parents=True, exist_ok=True)
    outputs = example.folder / "report.json", example.folder / "report.sarif"
    for output in outputs:
        output.unlink(missing_ok=True)
    try:
        status = shown(example, outputs)
    except (NotServedError, subprocess.TimeoutExpired) as error:
        return [f"{name}: {error}"]
    missing = [output for output in outputs if not output.is_file()]
    if missing:
        return [f"the scan of {name} ended with {status} and wrote no {missing[0].name}"]
    report = json.loads(outputs[0].read_text())
    problems = []
    if status != example.status:
        problems.append(f"the scan of {name} ended with {status}, not {example.status}")
    if report["grade"] != example.grade:
        problems.append(f"{name} has grade {report['grade']}, not {example.grade}")
    if example.grade == "A":
        serious = [finding for finding in report["findings"] if finding["severity"] in SERIOUS]
        problems += [f"{name}: {finding['control']} {finding['message']}" for finding in serious]
    return problems


def shown(example: Example, outputs: tuple[Path, Path]) -> int:
    """Serve an example, scan it with all four witnesses, and return the scan's exit status."""
    with tempfile.TemporaryDirectory(prefix="stopper-demo-") as temporary:
        folder = Path(temporary)
        authority = certificates(folder)
        environment = os.environ | {
            "SHOP_DATABASE": str(folder / "shop.sqlite"),
            "SHOP_PASSWORD": secrets.token_urlsafe(),
        }
        with (
            served(example.name, folder, environment, tls=True) as secure,
            served(example.name, folder, environment, tls=False) as clear,
        ):
            return scan(example.name, (secure, clear), authority, outputs, environment)


def scan(
    name: str, urls: tuple[str, str], authority: Path, outputs: tuple[Path, Path], environment: Mapping[str, str]
) -> int:
    """Run `stopper scan` as a user would; the example's `stopper.toml` says how to log in."""
    targets = [*urls, f"examples/{name}/openapi.yaml", f"examples/{name}", "shop:create_app"]
    options = ["--ca-file", str(authority), *(part for output in outputs for part in ("-o", str(output)))]
    print(f"$ stopper scan {' '.join(targets)} --ca-file {authority.name} -o report.json -o report.sarif", flush=True)
    command = [str(Path(sys.executable).with_name("stopper")), "scan", *targets, *options]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=120).returncode


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
def served(name: str, folder: Path, environment: Mapping[str, str], *, tls: bool) -> Iterator[str]:
    """Serve an example on a free loopback port while the context lasts; gives its URL.

    Gunicorn believes forwarding headers from loopback unless told otherwise: here it is told to trust nobody.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "shop:create_app()", "--bind", f"fd://{listener.fileno()}"]
        command += ["--forwarded-allow-ips", "", "--threads", "4", "--log-level", "warning", "--no-control-socket"]
        command += ["--worker-tmp-dir", str(folder)]
        if tls:
            command += ["--keyfile", str(folder / "key.pem"), "--certfile", str(folder / "certificate.pem")]
        log = folder / f"gunicorn-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT / "examples" / name,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
    try:
        wait_for(port, folder / "authority.pem" if tls else None, process, log)
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        stop(process)


def wait_for(port: int, authority: Path | None, process: subprocess.Popen[bytes], log: Path) -> None:
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


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server with its workers: they are a process group of their own."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
