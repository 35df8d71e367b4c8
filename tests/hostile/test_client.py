"""The client against every hostile server: the right words, in bounded time and memory."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from stopper.io.errors import TransportError
from stopper.io.http import Client, Limits
from stopper.io.policy import Policy, PolicyError
from stopper.observe.views import Credential, Request
from stopper.secret import Secret
from tests.hostile.conftest import Site

CAP = 65_536
LIMITS = Limits(body=CAP, deadline=8, longest_wait=0.2, patience=0.5)
HASTY = replace(LIMITS, deadline=1)
TOKEN = Credential(Secret("canary-2f9c7d1e5b8a4f60"))

NEVER_DONE = ("drip-body", "drip-headers", "silent")

ERRORS = {
    "header-flood": "header flood",
    "long-header": "header flood",
    "cookie-flood": "header flood",
    "continue-flood": "too many interim answers",
    "hints-flood": "too many interim answers",
    "two-lengths": "malformed answer",
    "negative-length": "malformed answer",
    "bad-chunk": "malformed answer",
    "garbage": "malformed answer",
    "old-http": "malformed answer",
    "http2-frames": "malformed answer",
    "nul-in-header": "malformed answer",
    "close-at-once": "closed early",
    "close-in-body": "closed early",
    "close-in-chunk": "closed early",
    "half-close": "closed early",
    "reset": "closed early",
    "tls-expired": "tls: certificate expired",
    "tls-not-yet-valid": "tls: certificate not yet valid",
    "tls-self-signed": "tls: certificate self-signed",
    "tls-unknown-issuer": "tls: certificate of an unknown issuer",
    "tls-wrong-name": "tls: certificate for another name",
    "tls-old-version": "tls: no TLS version of 1.2 or above",
    "tls-client-certificate": "tls: client certificate demanded",
    "tls-http2-only": "malformed answer",
}

# case: status, bytes of body, truncated, undecoded
ANSWERS = {
    "plain": (200, 17, False, ""),
    "endless-chunked": (200, CAP, True, ""),
    "endless-body": (200, CAP, True, ""),
    "gzip-bomb": (200, CAP, True, ""),
    "deflate-bomb": (200, CAP, True, ""),
    "nested-gzip": (200, 48, False, "gzip, gzip"),
    "broken-gzip": (200, 15, False, "gzip (broken)"),
    "brotli": (200, 6, False, "br"),
    "redirect-loop": (302, 0, False, ""),
    "few-hints": (200, 2, False, ""),
    "soft-404": (200, 18, False, ""),
    "nested-json": (200, CAP, True, ""),
    "tls": (200, 17, False, ""),
}


class _Spent:
    """Wall-clock seconds and growth of the resident set's peak, in MiB, since it was made."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
        self._resident = self._memory("VmRSS")
        self._started = time.monotonic()

    def check(self, seconds: float, mebibytes: float) -> None:
        """Fail where more was used."""
        assert time.monotonic() - self._started < seconds
        assert self._memory("VmHWM") - self._resident < mebibytes

    @staticmethod
    def _memory(name: str) -> float:
        match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert match
        return int(match[1]) / 1024


@pytest.fixture
async def client(hostile: Site) -> AsyncIterator[Client]:
    """Give a client that may ask every hostile server."""
    async with Client(Policy.typed(hostile.urls.values()), LIMITS, hostile.ca_file) as opened:
        opened.protect(TOKEN.token)
        yield opened


@pytest.fixture
async def hasty(hostile: Site) -> AsyncIterator[Client]:
    """Give a client that waits a second and no longer."""
    async with Client(Policy.typed(hostile.urls.values()), HASTY, hostile.ca_file) as opened:
        yield opened


@pytest.mark.parametrize("case", NEVER_DONE)
async def test_the_deadline_holds_for_the_whole_request(hasty: Client, hostile: Site, case: str) -> None:
    """A byte now and then does not put it off, and a request that ran out of time is not repeated."""
    spent = _Spent()
    exchange = await hasty.send(Request("GET", hostile.url(case)))
    spent.check(HASTY.deadline + 2, 16)
    assert exchange.error == "timeout"
    assert hasty.sent == 1


@pytest.mark.parametrize("case", sorted(ERRORS))
async def test_a_server_that_gives_no_answer_is_an_exchange_with_its_error(
    client: Client, hostile: Site, case: str
) -> None:
    """Each fault has words of its own, long before the deadline and within 16 MiB."""
    spent = _Spent()
    exchange = await client.send(Request("GET", hostile.url(case), TOKEN.headers()))
    spent.check(LIMITS.deadline, 16)
    assert exchange.response is None
    assert exchange.error == ERRORS[case]


@pytest.mark.parametrize("case", sorted(ANSWERS))
async def test_an_answer_is_kept_within_the_caps(client: Client, hostile: Site, case: str) -> None:
    """Endless, packed and odd answers come back cut at the cap, and say what was cut or left packed."""
    spent = _Spent()
    exchange = await client.send(Request("GET", hostile.url(case)))
    spent.check(LIMITS.deadline, 16)
    assert exchange.response
    answer = exchange.response
    assert (answer.status, len(answer.body), answer.truncated, answer.undecoded) == ANSWERS[case]


async def test_every_case_is_tried() -> None:
    """No hostile server is left without a test that names it."""
    from tests.hostile.cases import CASES

    text = Path(__file__).read_text()
    assert [case for case in CASES if f'"{case}"' not in text] == []


async def test_a_get_is_repeated_once_and_a_post_never(client: Client, hostile: Site) -> None:
    """Only what is safe to repeat is repeated when the connection closes early, and the repetition counts."""
    await client.send(Request("GET", hostile.url("close-at-once")))
    assert client.sent == 2
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        await client.send(Request(method, hostile.url("close-at-once")))
    assert client.sent == 6


async def test_a_get_survives_one_closed_connection(client: Client, hostile: Site) -> None:
    """The repetition's answer is the exchange's answer."""
    exchange = await client.send(Request("GET", hostile.url("close-first")))
    assert exchange.response
    assert (exchange.response.status, client.sent) == (200, 2)


async def test_tls_on_a_plain_port_and_the_reverse(hasty: Client, hostile: Site) -> None:
    """Speaking the wrong one of the two is named, not waited out."""
    plain = hostile.url("answers-anything").replace("http:", "https:")
    assert (await hasty.send(Request("GET", plain))).error == "tls: server does not speak TLS"
    secure = hostile.url("tls").replace("https:", "http:")
    assert (await hasty.send(Request("GET", secure))).error in ("closed early", "malformed answer")
    stalled = hostile.url("silent").replace("http:", "https:")
    assert (await hasty.send(Request("GET", stalled))).error == "timeout"


async def test_the_client_says_that_it_speaks_http_1_1(client: Client, hostile: Site) -> None:
    """A server that would rather speak HTTP/2 learns in the handshake that it cannot."""
    assert await client.fetch(hostile.url("tls-both-versions")) == b"http/1.1"


async def test_without_the_authority_a_private_certificate_is_not_trusted(hostile: Site) -> None:
    """The certificate file is what makes the difference."""
    async with Client(Policy.typed([hostile.url("tls")]), LIMITS) as client:
        exchange = await client.send(Request("GET", hostile.url("tls")))
    assert exchange.error == "tls: certificate of an unknown issuer"


async def test_odd_header_bytes_are_kept(client: Client, hostile: Site) -> None:
    """A header's bytes survive one for one, whatever they are."""
    exchange = await client.send(Request("GET", hostile.url("odd-header-bytes")))
    assert exchange.response
    assert exchange.response.header("x-odd") == "\x1b[31m\xff\xfe"


async def test_an_unknown_charset_is_read_all_the_same(client: Client, hostile: Site) -> None:
    """Text that says nothing usable of its encoding is decoded with replacements."""
    exchange = await client.send(Request("GET", hostile.url("unknown-charset")))
    assert exchange.response
    assert exchange.response.text == "caf\ufffd é"


async def test_a_storm_of_refusals_is_waited_for_within_limits(client: Client, hostile: Site) -> None:
    """Retry-After is honoured up to the longest wait and the patience of the whole scan, negative ones not at all."""
    started = time.monotonic()
    for _ in range(2):
        exchange = await client.send(Request("GET", hostile.url("too-many-requests")))
        assert exchange.response
        assert exchange.response.status == 429
    assert time.monotonic() - started >= 0.2
    for _ in range(40):
        await client.send(Request("GET", hostile.url("too-many-requests")))
    assert time.monotonic() - started < LIMITS.patience + 4
    unhurried = time.monotonic()
    for _ in range(5):
        await client.send(Request("GET", hostile.url("unavailable")))
    assert time.monotonic() - unhurried < 4


async def test_a_target_that_goes_down_is_seen_in_every_later_exchange(client: Client, hostile: Site) -> None:
    """No answer of before stands in for one that did not come."""
    errors = [(await client.send(Request("POST", hostile.url("down-halfway")))).error for _ in range(5)]
    assert errors == ["", "", "", "closed early", "closed early"]


# --------------------------------------------------------------------------- redirects


async def test_a_redirect_is_an_answer_and_is_not_followed(client: Client, hostile: Site) -> None:
    """The token goes once, to the origin that it was sent to."""
    exchange = await client.send(Request("GET", hostile.url("redirect-elsewhere"), TOKEN.headers()))
    assert exchange.response
    assert exchange.response.header("Location") == hostile.url("echo")
    assert client.sent == 1


async def test_fetching_gives_up_on_a_redirect_loop(client: Client, hostile: Site) -> None:
    """Five redirects are followed, a sixth is not."""
    with pytest.raises(TransportError, match="more than 5 redirects"):
        await client.fetch(hostile.url("redirect-loop"))
    assert client.sent == 6


async def test_a_token_does_not_follow_a_redirect_to_another_origin(client: Client, hostile: Site) -> None:
    """The server that the redirect leads to shows what it was sent: no token."""
    shown = await client.fetch(hostile.url("redirect-elsewhere"), TOKEN)
    assert b"canary" not in shown
    assert b"authorization" not in shown.lower()
    assert b"canary" in await client.fetch(hostile.url("echo"), TOKEN)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("redirect-metadata", "target denied: 169.254.169.254 is or resolves to a cloud metadata address"),
        ("redirect-inside", "target denied: 127.0.0.1 is or resolves to a loopback address"),
        ("redirect-port", "target denied: port 6379 of localhost was not named by the user"),
        ("redirect-malformed", "not sendable: malformed redirect"),
        ("redirect-file", "not sendable: not an http or https URL"),
    ],
)
async def test_a_redirect_leads_nowhere_that_was_not_typed(
    client: Client, hostile: Site, case: str, words: str
) -> None:
    """Each hop is judged as a target of its own before anything is sent to it."""
    with pytest.raises(PolicyError) as error:
        await client.fetch(hostile.url(case))
    assert str(error.value) == words
    assert client.sent == 1


async def test_fetching_does_not_go_from_https_to_http(client: Client, hostile: Site) -> None:
    """A document that was asked for securely is not taken from a plain connection."""
    assert hostile.url("tls-redirect-to-plain").startswith("https:")
    with pytest.raises(TransportError, match="redirected from https to http"):
        await client.fetch(hostile.url("tls-redirect-to-plain"))


async def test_a_document_cut_short_is_not_a_document(hostile: Site) -> None:
    """Fetching fails where the body is larger than the bound or still packed."""
    limits = replace(LIMITS, document=CAP)
    async with Client(Policy.typed(hostile.urls.values()), limits, hostile.ca_file) as client:
        with pytest.raises(TransportError, match="document too large"):
            await client.fetch(hostile.url("endless-body"))
        with pytest.raises(TransportError, match="unknown content coding br"):
            await client.fetch(hostile.url("brotli"))
        assert await client.fetch(hostile.url("tls-echo"))
