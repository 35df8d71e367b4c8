"""`stopper scan` as a process: bad input is one line and a status, and nothing is written half."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from flask import Flask, abort, request
from werkzeug.serving import make_server

from stopper.cli import scan
from stopper.cli.inputs import Options, opening
from stopper.cli.settings import Settings
from stopper.cli.targets import Targets
from stopper.engine import Limits
from stopper.observe.views import Request
from stopper.secret import Secret

TOKEN = "canary-5d41402abc4b2a76b9719d911017c592-token"
SPEC = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
security: [{bearer: []}]
paths:
  /me: {get: {responses: {"200": {description: you}}}}
"""
ALIAS_BOMB = "a: &a [x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)


def stopper(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "stopper", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )


@contextlib.contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on a free loopback port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def shop() -> Flask:
    """Return an application with one guarded route that repeats the token it was sent."""
    app = Flask(__name__)

    @app.get("/me")
    def me() -> dict[str, str]:
        header = request.headers.get("Authorization", "")
        if header != f"Bearer {TOKEN}":
            abort(401)
        return {"user": "ada", "you_sent": header}

    return app


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """Return a small specification."""
    path = tmp_path / "openapi.yaml"
    path.write_text(SPEC)
    return path


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Demand one line on standard error that holds these words, nothing on standard output, and status 2."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("stopper: ")
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("page.yaml", "<!doctype html><html><body>not found</body></html>", "neither"),
        ("notes.txt", "these are notes", "neither"),
        ("bomb.yaml", f"openapi: 3.1.0\ninfo: {{title: x, version: '1'}}\n{ALIAS_BOMB}paths: {{}}\n", "alias"),
        ("deep.yaml", "openapi: 3.1.0\npaths: " + "{a: " * 400 + "{}" + "}" * 400 + "\n", "nested"),
        ("empty.yaml", "", "neither"),
    ],
)
def test_file_that_is_no_specification(tmp_path: Path, name: str, content: str, cause: str) -> None:
    """A file that is no specification, or one over a budget, is named with the cause."""
    path = tmp_path / name
    path.write_text(content)
    one_line(stopper("scan", path), name, cause)


def test_folders(tmp_path: Path) -> None:
    """A folder that is not there and one without Python are told apart."""
    one_line(stopper("scan", tmp_path / "nowhere"), "nowhere", "no such file or folder")
    one_line(stopper("scan", tmp_path), "no Python files")


def test_manifests_with_what_they_include(tmp_path: Path) -> None:
    """What requirements include is read by whatever name, once and inside the folder; what is missing is told."""
    (tmp_path / "outside.lst").write_text("joserfc==1.6.7\n")
    folder = tmp_path / "shop"
    (folder / "deps").mkdir(parents=True)
    (folder / "app.py").write_text("import jwt\n")
    includes = "-r deps/web.lst\n-r ../outside.lst\n-c deps/missing.lst\n-r requirements.txt\n"
    (folder / "requirements.txt").write_text(includes)
    (folder / "deps" / "web.lst").write_text("-r more.lst\nPyJWT==2.3.0\n")
    (folder / "deps" / "more.lst").write_text("-r web.lst\nauthlib==1.6.8\n")
    report = json.loads(stopper("scan", folder, "--format", "json").stdout)
    found = [(each["place"]["uri"], each["place"]["line"]) for each in report["findings"] if each["control"] == "BT215"]
    assert sorted(found) == [("deps/more.lst", 2), ("deps/web.lst", 2)]
    assert [skip["why"] for skip in report["skips"] if skip["what"] == "deps/missing.lst"] == [
        "no such file or directory"
    ]


@pytest.mark.parametrize(
    "reference", ["file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "../../etc/passwd"]
)
def test_reference_that_leads_out(tmp_path: Path, reference: str) -> None:
    """A reference out of the folder is refused, said, and its target is neither read nor shown."""
    path = tmp_path / "openapi.yaml"
    path.write_text(SPEC + f'  /x: {{$ref: "{reference}"}}\n')
    done = stopper("scan", path, "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    skips = json.loads(done.stdout)["skips"]
    assert any("openapi.yaml" in skip["what"] and skip["kind"] == "specification" for skip in skips)
    assert "root:" not in done.stdout


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise ValueError('SECRET')", "ValueError"),
        ("import sys; sys.exit(3)", "exit"),
        ("print('noise'); app = 7", "int"),
        ("while True: pass", "did not return"),
        ("import absent_module_of_the_test", "absent_module_of_the_test"),
    ],
)
def test_application_that_cannot_be_made(tmp_path: Path, body: str, cause: str) -> None:
    """An application that raises, leaves, is none, or never returns is named with its cause, without its text."""
    (tmp_path / "shop.py").write_text(f"{body}\n")
    done = stopper("scan", tmp_path, "shop:app", "--app-timeout", "2")
    one_line(done, "shop:app", cause)
    assert "SECRET" not in done.stderr


def test_application_that_prints(tmp_path: Path) -> None:
    """What the application prints stays out of the report."""
    (tmp_path / "shop.py").write_text("print('NOISE')\nfrom flask import Flask\napp = Flask(__name__)\n")
    done = stopper("scan", tmp_path, "shop:app", "--format", "json")
    assert "NOISE" not in done.stdout + done.stderr
    assert json.loads(done.stdout)["targets"]


def test_tokens_are_taken_from_the_environment_only(spec: Path) -> None:
    """A token on the command line would be in every process list: it is refused, and not repeated."""
    done = stopper("scan", spec, "--token", TOKEN)
    one_line(done, "env:NAME")
    assert TOKEN not in done.stderr
    one_line(stopper("scan", spec, "--token", "env:NOT_THERE_AT_ALL"), "NOT_THERE_AT_ALL")


def test_host_that_cannot_be_reached(spec: Path) -> None:
    """A host that refuses connections makes the scan incomplete: status 3, no grade, and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = stopper("scan", f"http://127.0.0.1:{port}", spec, "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert report["grade"] is None
    assert "refused" in json.dumps(report["skips"])


def test_tls_that_is_not_trusted(spec: Path, tmp_path: Path) -> None:
    """A certificate that nobody vouches for makes the scan incomplete and is named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = make_server("127.0.0.1", 0, shop(), ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    done = stopper("scan", f"https://127.0.0.1:{server.server_port}", spec, "--format", "json")
    server.shutdown()
    assert done.returncode == 3
    assert "certificate" in done.stdout


def test_token_that_is_refused_everywhere(spec: Path) -> None:
    """A token that is not accepted at all: status 3 and no grade."""
    with served(shop()) as url:
        done = stopper("scan", url, spec, "--token", "env:T", "--format", "json", T="not-the-right-token-at-all")
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert report["grade"] is None
    assert "accepted nowhere" in report["incomplete"]


def test_no_token_in_any_output(spec: Path, tmp_path: Path) -> None:
    """A token that the API even repeats is in no output of any format, nor on standard error."""
    outputs = [tmp_path / name for name in ("r.json", "r.sarif", "r.txt")]
    with served(shop()) as url:
        words = [word for output in outputs for word in ("-o", str(output))]
        done = stopper("scan", url, spec, "--token", "env:T", *words, T=TOKEN)
    assert done.returncode in (0, 1), done.stderr
    for text in (done.stdout, done.stderr, *(output.read_text() for output in outputs)):
        assert text
        assert TOKEN not in text


def test_interrupted_scan(spec: Path, tmp_path: Path) -> None:
    """Ctrl-C ends the scan with status 130 and a whole report that says it is partial."""
    output = tmp_path / "report.json"
    with socket.create_server(("127.0.0.1", 0)) as listener:  # accepts and never answers
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "stopper", "scan", url, str(spec), "-o", str(output)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        listener.accept()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    report = json.loads(output.read_text())
    assert report["partial"] == "interrupted"
    assert report["grade"] is None


def test_output_that_cannot_be_written(spec: Path, tmp_path: Path) -> None:
    """An output in a folder that is not there is an error of one line."""
    one_line(stopper("scan", spec, "-o", tmp_path / "nowhere" / "r.json"), "r.json")


def test_output_is_tried_before_anything_is_asked(spec: Path, tmp_path: Path) -> None:
    """A report that could not be written is told before the first request: no work is done to be lost."""
    app, calls = shop(), []
    app.before_request(lambda: calls.append(1))
    with served(app) as url:
        one_line(stopper("scan", url, spec, "-o", tmp_path / "nowhere" / "r.json"), "r.json", "no such folder")
    assert calls == []


def test_readers_that_leave(spec: Path) -> None:
    """A closed pipe keeps the status and is no error; a full device is one, in one line."""
    spec.write_text(SPEC.replace("security: [{", 'servers: [{url: "http://api.test"}]\nsecurity: [{'))
    command = [sys.executable, "-m", "stopper", "scan", str(spec)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, "stopper: standard output: no space left on device\n")


def gone(pid: int) -> bool:
    """Tell whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_the_application_is_made(tmp_path: Path, number: signal.Signals) -> None:
    """Interrupted before there is anything to report: status 130, one line, and the application's process is gone."""
    told = tmp_path / "pid.txt"
    told.touch()
    body = f"import os, pathlib, time\npathlib.Path({str(told)!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    (tmp_path / "shop.py").write_text(body)
    process = subprocess.Popen(
        [sys.executable, "-m", "stopper", "scan", str(tmp_path), "shop:app"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    patience = time.monotonic() + 30
    while not told.read_text() and time.monotonic() < patience:
        time.sleep(0.05)
    process.send_signal(number)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (130, "", "stopper: interrupted\n")
    assert gone(int(told.read_text()))


def test_interrupted_while_logging_in(spec: Path, tmp_path: Path) -> None:
    """SIGTERM during the login gives the whole report, labelled partial."""
    (tmp_path / "stopper.toml").write_text('[login]\nurl = "/login"\njson = { user = "ada", password = "x" }\n')
    output = tmp_path / "report.json"
    with socket.create_server(("127.0.0.1", 0)) as listener:  # accepts and never answers
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        words = ["scan", url, str(spec), "-o", str(output), "--config", str(tmp_path / "stopper.toml")]
        process = subprocess.Popen(
            [sys.executable, "-m", "stopper", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        listener.settimeout(30)
        with listener.accept()[0] as connection:
            assert connection.recv(65536).startswith(b"POST /login")
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 130
    assert json.loads(output.read_text())["partial"] == "interrupted"


def test_plain_twin_on_another_host(spec: Path) -> None:
    """A token for one host does not go to another that is called its twin."""
    one_line(stopper("scan", "https://api.test", "http://127.0.0.1:9", spec), "another host")


def test_specification_on_another_origin_does_not_get_the_token() -> None:
    """A specification that asks for a login is shown the credential only where the API is."""
    other, heard = Flask("other"), []

    @other.get("/openapi.json")
    def locked() -> str:
        heard.append(request.headers.get("Authorization"))
        return abort(401)

    with served(shop()) as url, served(other) as elsewhere:
        done = stopper("scan", url, f"{elsewhere}/openapi.json", "--token", "env:T", T=TOKEN)
    one_line(done, "another origin")
    assert heard == [None]


@pytest.mark.parametrize(("header", "value"), [("X-Api-Key", TOKEN), ("X-Note", "correct horse")])
async def test_nothing_of_the_user_crosses_plain_http(header: str, value: str) -> None:
    """Token and password alike are held back from an address off loopback that is plain http, wherever they stand."""
    flow = {"url": "/login", "json": {"user": "ada", "password": "correct horse"}}
    options = Options(Settings(tables=(flow,)), Limits(), token=Secret(TOKEN))
    async with opening(Targets((), urls=("http://192.0.2.1",)), options) as client:
        exchange = await client.send(Request("GET", "http://192.0.2.1/", ((header, value),)))
    assert exchange.error.startswith("credential withheld")


def test_defect_is_not_taken_for_findings(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw ends with 3 and one line that holds its kind and place, and not its text."""

    def broken(*_: object) -> None:
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(scan, "graded", broken)
    done = CliRunner().invoke(scan.command, [str(spec)])
    assert done.exit_code == 3
    assert "a defect in test_scan_command.py:" in done.output and "RuntimeError" in done.output
    assert TOKEN not in done.output


def test_fail_on(spec: Path) -> None:
    """The threshold decides between status 0 and 1; the findings are the same."""
    spec.write_text(SPEC.replace("security: [{", 'servers: [{url: "http://api.test"}]\nsecurity: [{'))
    assert stopper("scan", spec).returncode == 1
    assert stopper("scan", spec, "--fail-on", "critical").returncode == 0


def test_version_and_catalogue() -> None:
    """The version, the list and a page come without a scan; an unknown control is an error that names it."""
    assert stopper("--version").stdout.startswith("stopper, version ")
    assert "BT601" in stopper("controls").stdout
    page = stopper("explain", "bt601")
    assert page.returncode == 0 and "What is wrong" in page.stdout
    unknown = stopper("explain", "BT999")
    assert unknown.returncode == 2 and "BT999" in unknown.stderr


# --------------------------------------------------------------------------- what is known, what is left out

SECRET = """from flask import Flask
app = Flask(__name__)
app.config["SECRET_KEY"] = "a9f1-secret-of-the-shop"
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Return a folder with a program that holds its secret, and a test that holds another."""
    folder = tmp_path / "code"
    (folder / "tests").mkdir(parents=True)
    (folder / "shop.py").write_text(SECRET)
    (folder / "tests" / "test_shop.py").write_text(SECRET)
    return folder


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the JSON report of a scan."""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_baseline_from_first_scan_to_repair(code: Path, tmp_path: Path) -> None:
    """What a baseline holds does not fail a scan until its day is over; what was repaired leaves it."""
    base = tmp_path / "base.json"
    scanning = ("scan", code, "--format", "json", "--baseline", base)
    assert stopper("scan", code, "--write-baseline", base).returncode == 1
    known = stopper(*scanning)
    assert known.returncode == 0 and report(known)["findings"] == []
    (finding,) = report(known)["suppressed"]
    assert "not judged yet" in finding["suppression"]["reason"]
    base.write_text(base.read_text().replace(finding["suppression"]["expires"], "2026-01-01"))
    late = stopper(*scanning)
    assert late.returncode == 1 and any("expired" in note for note in report(late)["notes"])
    (code / "shop.py").write_text("import os\nfrom flask import Flask\n")
    mended = stopper(*scanning, "--write-baseline", base)
    assert mended.returncode == 0 and any("match nothing" in note for note in report(mended)["notes"])
    assert json.loads(base.read_text())["entries"] == []


def test_baseline_named_in_the_settings(code: Path) -> None:
    """A settings file names a baseline beside it, and the command line another."""
    stopper("scan", code, "--write-baseline", code / "base.json")
    (code / "stopper.toml").write_text("baseline = 'base.json'\n")
    assert stopper("scan", code).returncode == 0
    (code / "empty.json").write_text('{"stopper_baseline": 1, "entries": []}')
    assert stopper("scan", code, "--baseline", code / "empty.json").returncode == 1


def test_baseline_that_cannot_be_read(code: Path, tmp_path: Path) -> None:
    """A baseline that is missing or none is one line, before anything is asked."""
    one_line(stopper("scan", code, "--baseline", tmp_path / "none.json"), "none.json", "no such file")
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    one_line(stopper("scan", code, "--baseline", wrong), "wrong.json", "is no baseline")


def test_baseline_of_a_scan_that_is_not_whole(code: Path, tmp_path: Path) -> None:
    """What an unfinished scan did not see is not forgotten: the baseline is left as it is, and that is said."""
    for number in range(9):
        (code / f"broken{number}.py").write_text("token = (\n")
    base = tmp_path / "base.json"
    base.write_text("as it was")
    done = stopper("scan", code, "--write-baseline", base)
    assert done.returncode == 3
    assert base.read_text() == "as it was" and "base.json: not written" in done.stderr


def test_tests_are_judged_where_that_is_asked_for(code: Path) -> None:
    """Tests are left out and counted; by option or by settings they are judged, at low severity."""
    plain = report(stopper("scan", code, "--format", "json"))
    assert plain["coverage"]["files_left_out"] == 1 and len(plain["findings"]) == 1
    asked = report(stopper("scan", code, "--format", "json", "--include-tests"))
    (code / "stopper.toml").write_text("include_tests = true\n")
    for document in (asked, report(stopper("scan", code, "--format", "json"))):
        low = [f["place"]["uri"] for f in document["findings"] if f["severity"] == "low"]
        assert low == ["tests/test_shop.py"] and document["coverage"]["files_left_out"] == 0
