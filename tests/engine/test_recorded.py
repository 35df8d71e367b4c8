"""Recorded traffic is held against its endpoints, on the API's own hosts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan
from stopper.engine.recorded import host, own, strangers
from stopper.model import Report
from stopper.observe.spec import read
from stopper.observe.views import Exchange, Operation, Request, Response
from stopper.observe.wire.jwt import hmac_signer

JSON = (("Content-Type", "application/json"),)
TOKEN = hmac_signer(b"secret")({"alg": "HS256"}, {"sub": "ada", "exp": 4_000_000_000}).reveal()
SPECIFICATION = json.dumps(
    {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "servers": [{"url": "https://api.test"}],
        "paths": {"/login": {"post": {"responses": {"200": {"description": "a token"}}}}},
    }
).encode()


def exchange(url: str, body: object = None, token: str = "") -> Exchange:
    """Return a recorded exchange that was answered with JSON."""
    headers = (("Authorization", f"Bearer {token}"),) if token else ()
    return Exchange(Request("POST", url, headers), Response(200, JSON, json.dumps(body).encode()))


def operations() -> list[Operation]:
    """Return those of the specification."""
    return list(read("openapi.json", SPECIFICATION, None).operations)


async def scanned(*exchanges: Exchange, documented: bool = False) -> Report:
    """Return the report of a scan of recorded traffic."""
    documents = (read("openapi.json", SPECIFICATION, None),) if documented else ()
    inputs = Inputs(targets=("traffic.har",), recorded=exchanges, documents=documents)
    return await Scan(inputs, catalogue(), Limits(), lambda _: None).run()


async def test_recorded_traffic_alone_shows_what_is_wrong_with_its_operations() -> None:
    """An answer with a token is found although no specification names its operation."""
    login = exchange("https://api.test/login", {"access_token": TOKEN})
    report = await scanned(login, exchange("https://api.test/me", {}, TOKEN))
    found = {finding.control: finding for finding in report.findings}
    assert [str(endpoint) for endpoint in found["BT307"].endpoints] == ["POST /login"]
    assert TOKEN not in repr(report)


async def test_other_hosts_are_named_and_not_judged() -> None:
    """What the same path of somebody else answers is none of the API's."""
    foreign = exchange("https://ads.test:8443/login", {"access_token": TOKEN})
    report = await scanned(foreign, exchange("https://api.test/login", {"user": "ada"}), documented=True)
    assert "BT307" not in {finding.control for finding in report.findings}
    assert "recorded exchanges with other hosts than the API's were not looked at: ads.test:8443 (1)" in report.notes


async def test_a_recording_of_another_environment_counts() -> None:
    """Where no exchange is with the servers of the specification, its operations are known by their paths."""
    report = await scanned(exchange("https://staging.test/login", {"access_token": TOKEN}), documented=True)
    assert "BT307" in {finding.control for finding in report.findings}
    assert not [note for note in report.notes if "other hosts" in note]


@pytest.mark.parametrize("disguised", [False, True])
async def test_no_key_is_guessed_of_a_stand_in(disguised: bool) -> None:
    """A weak key is found in what was recorded in clear; of a stand-in nothing is said, neither good nor bad."""
    shown = replace(exchange("https://api.test/me", {}, TOKEN), disguised=disguised)
    report = await scanned(shown)
    said = [each.verdict.kept for each in report.observations if each.control == "BT208"]
    assert said == ([] if disguised else [False])


def test_the_api_that_is_asked_comes_before_the_one_that_is_promised() -> None:
    """A recording may hold both."""
    here, promised, foreign = (
        exchange(f"{url}/login") for url in ("http://127.0.0.1:5000", "https://api.test:443", "https://ads.test")
    )
    every = (here, promised, foreign)
    assert own(every, ["http://127.0.0.1:5000/v1"], operations()) == (here,)
    assert own(every, [], operations()) == (promised,)
    assert own((here, foreign), ["https://prod.test"], operations()) == (here, foreign)


def test_many_hosts_are_told_in_number() -> None:
    """A page of the web asks dozens."""
    others = [exchange(f"https://host{number}.test/") for number in range(8)]
    (note,) = strangers(others, [])
    assert note.endswith("host4.test (1) and 3 more")
    assert host("https://[::1]:99999/") == ""
