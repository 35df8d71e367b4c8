"""`stopper scan` against every kind of hostile server: it ends, says why, stays small, and is never clean."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, redirect, request
from werkzeug.serving import make_server

from tests.cli.test_scan_command import SPEC, served
from tests.hostile.conftest import Site

TOKEN = "canary-0b8e5f7a1c9d4e62-token"
WIDER = SPEC + '  /orders: {get: {responses: {"200": {description: yours}}}}\n'
SECONDS = 30
MEBIBYTES = 200

REASONS = {
    "drip-body": "timeout",
    "drip-headers": "timeout",
    "silent": "timeout",
    "endless-chunked": "only 0 of 2",
    "endless-body": "only 0 of 2",
    "gzip-bomb": "only 0 of 2",
    "nested-json": "only 0 of 2",
    "soft-404": "only 0 of 2",
    "redirect-loop": "accepted nowhere",
    "header-flood": "header flood",
    "continue-flood": "too many interim answers",
    "garbage": "malformed answer",
    "close-in-body": "closed early",
    "reset": "closed early",
    "cookie-flood": "header flood",
    "two-lengths": "malformed answer",
    "tls-expired": "certificate expired",
    "tls-http2-only": "malformed answer",
    "tls-wrong-name": "certificate for another name",
}


@dataclass
class Ended:
    """How a scan ended: status, report, both outputs, and the most memory that it held in MiB."""

    status: int
    report: dict[str, Any]
    text: str
    mebibytes: float


def scanned(url: str, folder: Path, *words: str) -> Ended:
    """Scan one address with a token and little patience."""
    spec, output, errors = folder / "openapi.yaml", folder / "report.json", folder / "errors.txt"
    spec.write_text(WIDER)
    with errors.open("w") as stream:
        command = [sys.executable, "-m", "stopper", "scan", url, str(spec), "--token", "env:T", "--timeout", "0.4"]
        process = subprocess.Popen(
            [*command, "-o", str(output), *words],
            stdout=subprocess.DEVNULL,
            stderr=stream,
            env=os.environ | {"T": TOKEN},
        )
        mebibytes = peak(process)
    assert output.is_file(), errors.read_text()
    text = output.read_text()
    return Ended(process.returncode, json.loads(text), text + errors.read_text(), mebibytes)


def peak(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process and return the most memory that it held, in MiB.

    The kernel's own figure at the end will not do: it begins with what the test runner held when it forked.
    """
    kibibytes = 0
    while process.poll() is None:
        with contextlib.suppress(OSError, ProcessLookupError):
            held = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
            kibibytes = max(kibibytes, int(held[1]) if held else 0)
        time.sleep(0.02)
    return kibibytes / 1024


@pytest.mark.parametrize("case", sorted(REASONS))
def test_hostile_server(hostile: Site, tmp_path: Path, case: str) -> None:
    """Each ends with status 3, no grade and its reason, within seconds and little memory, without the token."""
    started = time.monotonic()
    ended = scanned(hostile.url(case), tmp_path, "--ca-file", str(hostile.ca_file))
    assert time.monotonic() - started < SECONDS
    assert ended.mebibytes < MEBIBYTES
    assert ended.status == 3
    assert ended.report["grade"] is None
    assert REASONS[case] in ended.report["incomplete"]
    assert ended.report["skips"]
    assert not [finding for finding in ended.report["findings"] if finding["status"] == "confirmed"]
    assert TOKEN not in ended.text


def test_redirect_to_another_origin_takes_no_token_along(tmp_path: Path) -> None:
    """A server that sends everybody elsewhere is not followed: the other one hears nothing at all."""
    other, api, heard = Flask("other"), Flask("api"), []

    @other.route("/", defaults={"path": ""})
    @other.route("/<path:path>")
    def listen(path: str) -> str:
        heard.append((path, dict(request.headers)))
        return "thank you"

    with served(other) as elsewhere:

        @api.route("/<path:path>")
        def away(path: str) -> Any:
            return redirect(f"{elsewhere}/{path}")

        with served(api) as url:
            ended = scanned(url, tmp_path)
    assert ended.status == 3
    assert heard == []


def test_server_that_limits_its_callers_is_no_clean_api(tmp_path: Path) -> None:
    """An API that answers 429 after the first few requests proves nothing more, and is not called clean."""
    app, calls = Flask("limited"), []

    @app.route("/<path:path>")
    def limited(path: str) -> Response:
        calls.append(path)
        if len(calls) > 5:
            return Response(status=429)
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return Response('{"user": "ada"}' if known and path == "me" else "", 200 if known else 401)

    with served(app) as url:
        ended = scanned(url, tmp_path)
    assert ended.status == 3
    assert ended.report["grade"] is None
    kept = {o["control"] for o in ended.report["observations"] if o["kept"] and o["witness"] == "wire"}
    assert not kept & {"BT306", "BT416"}


def test_server_that_goes_down_halfway_is_no_clean_api(tmp_path: Path) -> None:
    """What was seen before stays in the report, and the rest is called what it is: not looked at."""
    app, calls = Flask("mortal"), []
    server = make_server("127.0.0.1", 0, app, threaded=True)

    def go_down() -> None:
        server.shutdown()
        server.server_close()

    @app.route("/<path:path>")
    def mortal(path: str) -> Response:
        calls.append(path)
        if len(calls) == 12:
            threading.Thread(target=go_down).start()
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return Response('{"user": "ada"}' if known and path in ("me", "orders") else "", 200 if known else 401)

    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    ended = scanned(f"http://127.0.0.1:{server.server_port}", tmp_path)
    thread.join()
    assert len(calls) >= 12
    assert ended.status == 3
    assert ended.report["grade"] is None
    assert "answer" in ended.report["incomplete"]
    assert ended.report["coverage"]["requests"] > 12
    assert TOKEN not in ended.text
