"""Evidence can be pasted into a shell and read by anybody: no credential stands in it, and nothing in it runs."""

from __future__ import annotations

import subprocess

import pytest

from stopper.model import Witness
from stopper.observe.views import Exchange, Purpose, Request, Response
from stopper.observe.wire.evidence import curl, evidence, shown_url, summary

TOKEN = "canary-5d41402abc4b2a76b9719d911017c592-token"


def words(command: str) -> list[str]:
    """Return what a shell makes of a command, `curl` replaced by something that prints its arguments."""
    script = command.replace("curl", r"printf '%s\n'", 1)
    shell = ["sh", "-c", f"TOKEN=T; {script}"]
    return subprocess.run(shell, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("hostile", ["$(id)", "`id`", "';id;'", '";id;"', "a b", "$HOME", "\\$(id)"])
def test_nothing_of_the_api_runs_in_the_shell(hostile: str) -> None:
    """A path, a query or a header of the API with shell syntax in it reaches curl as it is."""
    request = Request("GET", f"https://api.test/{hostile}?token={TOKEN}&x={hostile}", (("X-Name", hostile),))
    got = words(curl(request))
    assert f"X-Name: {hostile}" in got
    assert got[-1] == f"https://api.test/{hostile}?token=T&x={hostile}"


def test_stand_in_is_expanded() -> None:
    """The command works as soon as TOKEN is set."""
    request = Request("GET", "https://api.test/me", (("Authorization", f"Bearer {TOKEN}"),))
    assert "Authorization: Bearer T" in words(curl(request))


@pytest.mark.parametrize("name", ["Authentication-Token", "X-Auth-Token", "apikey", "X-Session-Id", "Api-Key"])
def test_headers_of_ones_own_hold_the_stand_in(name: str) -> None:
    """A credential in a header that the API made up is the stand-in too: the command works once TOKEN is set."""
    assert f"{name}: T" in words(curl(Request("GET", "https://api.test/me", ((name, TOKEN),))))


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Author", "Accept", "Sec-WebSocket-Key"])
def test_other_headers_are_shown(name: str) -> None:
    """A header that carries no credential is repeated as it is."""
    assert f"{name}: 7" in words(curl(Request("GET", "https://api.test/me", ((name, "7"),))))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (f"Negotiate, Bearer {TOKEN}", "Negotiate, Bearer T"),
        (f"Bearer\t{TOKEN}", "Bearer\tT"),
        (f"bearer {TOKEN},{TOKEN}", "bearer T,T"),
        (TOKEN, "T"),
    ],
)
def test_command_repeats_the_header_as_it_was_written(sent: str, shown: str) -> None:
    """Schemes, lists and white space stay; whatever may be a credential does not."""
    request = Request("GET", "https://api.test/me", (("Authorization", sent),))
    assert f"Authorization: {shown}" in words(curl(request))


@pytest.mark.parametrize(
    "headers",
    [
        (("Authorization", f"Bearer {TOKEN}"),),
        (("authorization", TOKEN),),
        (("Authorization", f"Weird {TOKEN}"),),
        (("X-API-Key", TOKEN),),
        (("Authentication-Token", TOKEN),),
        (("PI-Authorization", TOKEN),),
        (("Cookie", f"session={TOKEN}"),),
    ],
)
def test_no_credential_of_a_request(headers: tuple[tuple[str, str], ...]) -> None:
    """However a request presents its token, neither the command nor the line about it shows it."""
    request = Request("GET", f"https://user:{TOKEN}@api.test/me?access_token={TOKEN}", headers, TOKEN.encode())
    exchange = Exchange(request, Response(401), purpose=Purpose.ORIGINAL, witness=Witness.WIRE)
    shown = evidence("title", exchange)
    assert TOKEN not in shown.command + shown.detail + summary(exchange)


def test_answer_is_shown_without_the_token_it_hands_out() -> None:
    """An answer's body is cut and redacted, redaction first."""
    body = f'{{"access_token": "{TOKEN}"}}'.encode()
    exchange = Exchange(Request("GET", "https://api.test/me"), Response(200, body=body))
    assert TOKEN[:12] not in summary(exchange)


def test_query_keeps_what_is_no_credential() -> None:
    """Other parameters stay readable, so that the exchange can be repeated."""
    assert shown_url("https://api.test/a?page=2&jwt=x", "$TOKEN") == "https://api.test/a?page=2&jwt=$TOKEN"


def test_parameter_without_a_value_is_shown_as_it_is() -> None:
    """A flag in the query is no credential, whatever it is called."""
    assert shown_url("https://api.test/login?include_auth_token&a=1", "$TOKEN").endswith("?include_auth_token&a=1")
