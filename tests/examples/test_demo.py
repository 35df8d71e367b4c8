"""The demonstration serves the shops as it says, and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts import demo

LEAKY = demo.Application(Path(sys.executable), "shop:create_app()", demo.ROOT / "examples" / "leaky")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that were started, in order."""
    processes: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def remembered(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        processes.append(start(*arguments, **options))  # type: ignore[call-overload]
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", remembered)
    yield processes


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """An environment in which the shops have a database of their own."""
    return os.environ | {"SHOP_DATABASE": str(tmp_path / "shop.sqlite"), "SHOP_PASSWORD": "secret"}


def status(url: str, authority: Path, **headers: str) -> int:
    """Return the status of the products, which are public."""
    host = urlsplit(url).netloc
    connection: http.client.HTTPConnection
    if url.startswith("https:"):
        context = ssl.create_default_context(cafile=str(authority))
        connection = http.client.HTTPSConnection(host, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", "/products", headers=headers)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_served_over_tls_and_in_clear_without_trusted_forwarders(
    tmp_path: Path, environment: Mapping[str, str], started: list[subprocess.Popen[bytes]]
) -> None:
    """The shop answers over TLS, gunicorn believes no forwarding header in clear, and both have ended afterwards."""
    authority = demo.certificates(tmp_path)
    with (
        demo.served(LEAKY, tmp_path, environment, tls=True) as secure,
        demo.served(LEAKY, tmp_path, environment, tls=False) as clear,
    ):
        # One that gunicorn takes from loopback unless told otherwise, and that the leaky shop does not read itself.
        claimed = {"X-Forwarded-Protocol": "ssl"}
        answers = status(secure, authority), status(clear, authority), status(clear, authority, **claimed)
    assert answers == (200, 403, 403)
    assert [process.poll() for process in started] == [0, 0]
    for process in started:
        with pytest.raises(ProcessLookupError):  # no worker is left in the server's process group
            os.killpg(process.pid, 0)


def test_server_that_does_not_start_is_told_with_its_log(
    tmp_path: Path, environment: Mapping[str, str], started: list[subprocess.Popen[bytes]]
) -> None:
    """A shop that cannot be made gives the cause out of the server's log, and its process has ended."""
    broken = dict(environment) | {"SHOP_DATABASE": str(tmp_path / "no such folder" / "shop.sqlite")}
    serving = demo.served(LEAKY, tmp_path, broken, tls=False)
    with pytest.raises(demo.NotServedError, match="unable to open database file"), serving:
        pytest.fail("a shop without a database is served")
    assert started[0].poll() is not None


def test_outcome_other_than_expected_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong grade, a wrong status and a serious finding of the guarded shop each are a problem; a low one is not."""
    report = (
        '{"grade": "B", "findings": [{"severity": "medium", "control": "BT307", "message": "is cacheable"},'
        ' {"severity": "low", "control": "BT418", "message": "has no challenge"}]}'
    )

    def shown(example: demo.Example, outputs: tuple[Path, Path]) -> int:
        for output in outputs:
            output.write_text(report)
        return 1

    monkeypatch.setattr(demo, "shown", shown)
    assert demo.unexpected(demo.Example("guarded", tmp_path, "A", 0)) == [
        "the scan of examples/guarded ended with 1, not 0",
        "examples/guarded has grade B, not A",
        "examples/guarded: BT307 is cacheable",
    ]
    assert demo.unexpected(demo.Example("leaky", tmp_path, "B", 1)) == []
