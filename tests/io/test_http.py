"""The client's own rules: what it refuses to send, how it counts, and that it gives nothing away."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stopper.io.errors import CertificateFileError, TransportError
from stopper.io.http import Client, Limits
from stopper.io.policy import Policy
from stopper.observe.views import Credential, Request
from stopper.secret import Secret

TOKEN = "canary-8d1f0c6b2e7a4953"


@asynccontextmanager
async def _server(seen: list[bytes]) -> AsyncIterator[str]:
    """Answer one request on each connection with an empty 200 and keep its head."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}"


async def test_a_request_arrives_as_it_was_written() -> None:
    """Path, header order and doubled headers are not tidied; no encoding is asked for."""
    seen: list[bytes] = []
    async with _server(seen) as base, Client(Policy.typed([base])) as client:
        headers = (("X-Two", "1"), ("x-two", "2"), ("Authorization", "Bearer  x"), ("AUTHORIZATION", "b"))
        exchange = await client.send(Request("OPTIONS", f"{base}/a/../b//%2e;x?q=[1]", headers))
    assert exchange.error == ""
    lines = seen[0].decode().split("\r\n")
    assert lines[0] == "OPTIONS /a/../b//%2e;x?q=[1] HTTP/1.1"
    assert [line for line in lines if line.lower().startswith(("x-two", "authorization"))] == [
        "X-Two: 1",
        "X-Two: 2",
        "Authorization: Bearer  x",
        "Authorization: b",
    ]
    assert "Accept-Encoding: identity" in lines


async def test_a_body_goes_without_an_invented_type() -> None:
    """Only the length is added."""
    seen: list[bytes] = []
    async with _server(seen) as base, Client(Policy.typed([base])) as client:
        assert (await client.send(Request("POST", base, body=b"{}"))).error == ""
    assert b"Content-Length: 2\r\n" in seen[0]
    assert b"content-type" not in seen[0].lower()


async def test_nothing_is_remembered_or_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookies are not sent back, and proxies of the environment are not used."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    seen: list[bytes] = []
    async with _server(seen) as base, Client(Policy.typed([base])) as client:
        for _ in range(2):
            assert (await client.send(Request("GET", base))).error == ""
    assert not any(b"cookie" in head.lower() for head in seen)


@pytest.mark.parametrize(
    ("request_made", "words"),
    [
        (Request("GET", "http://localhost/", (("X", "a\r\nY: b"),)), "control character in the header X"),
        (Request("GET", "http://localhost/", (("X", "a\x00"),)), "control character in the header X"),
        (Request("GET", "http://localhost/", (("X\r\nY", "a"),)), "malformed header name"),
        (Request("GET", "http://localhost/", (("", "a"),)), "malformed header name"),
        (Request("GET /x", "http://localhost/"), "malformed method"),
        (Request("GET", "http://localhost/", (("Content-Length", "5"),)), "Content-Length is the client's own to set"),
        (Request("POST", "http://localhost/", (("transfer-encoding", "x"),)), "transfer-encoding is the client's own"),
        (Request("GET", "http://localhost/\n"), "control character in the URL"),
        (Request("GET", "gopher://localhost/"), "not an http or https URL"),
    ],
)
async def test_what_could_split_a_request_is_not_sent(request_made: Request, words: str) -> None:
    """Control characters, framing headers and other schemes end before a connection is made."""
    async with Client(Policy.typed(["http://localhost/"])) as client:
        exchange = await client.send(request_made)
    assert exchange.error.startswith(f"not sendable: {words}")
    assert client.sent == 0


async def test_a_connection_that_closed_unannounced_fails_no_request() -> None:
    """What is not repeated gets a connection of its own; a GET on a kept one is sent again."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, Client(Policy.typed([base])) as client:
        for method in ("GET", "POST", "GET", "HEAD", "HEAD", "POST", "PUT", "GET", "DELETE"):
            assert (await client.send(Request(method, base))).error == ""


async def test_only_typed_hosts_are_asked() -> None:
    """A request built from a link or a specification does not leave for another host, public or not."""
    async with Client(Policy.typed(["http://localhost:1/"])) as client:
        for url in ("http://127.0.0.1:1/", "http://example.test/", "http://[::1]/", "http://2130706433/"):
            exchange = await client.send(Request("GET", url))
            assert exchange.error.endswith("was not named by the user")
    assert client.sent == 0


@pytest.mark.parametrize(
    "place",
    [
        lambda base: Request("GET", base, (("Authorization", "Bearer anything"),)),
        lambda base: Request("GET", base, (("Cookie", "session=anything"),)),
        lambda base: Request("GET", base, (("X-Api-Key", TOKEN),)),
        lambda base: Request("GET", f"{base}/?access_token={TOKEN}"),
        lambda base: Request("POST", base, body=b"token=" + TOKEN.encode()),
        lambda base: Request("GET", base, (("X-Basic", "dXNlcjpjYW5hcnktOGQxZjBjNmIyZTdhNDk1Mw=="),)),
    ],
)
async def test_a_credential_stays_at_its_origin(place: Callable[[str], Request]) -> None:
    """In a header, the query, the body or in base64: another port of the same host is another origin."""
    seen: list[bytes] = []
    async with _server(seen) as base, _server(seen) as other, Client(Policy.typed([base])) as client:
        client.protect(Secret(TOKEN))
        assert (await client.send(place(base))).error == ""
        assert (await client.send(Request("GET", other))).error == ""
        refused = await client.send(place(other))
    assert refused.error == f"credential withheld: {other} was not named by the user"
    assert len(seen) == 2


async def test_a_name_is_resolved_once_and_all_its_addresses_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that changes its mind after the first answer is not asked again; inside ones are refused."""
    answers = iter([["10.0.0.1", "8.8.8.8"]])

    async def resolve(self: object, host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    async with Client(Policy.typed(["http://rebind.test/"])) as client:
        exchange = await client.send(Request("GET", "http://rebind.test/"))
    assert exchange.error == "target denied: rebind.test resolves to public and private addresses"


async def test_a_second_resolution_cannot_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new connection goes to the address that was vetted first, whatever the name says by then."""
    seen: list[bytes] = []
    async with _server(seen) as base:
        port = int(base.rpartition(":")[2])
        asked = []

        async def resolve(self: object, host: str, port: int, **_: object) -> list[object]:
            asked.append(host)
            address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
        url = f"http://rebind.test:{port}/"
        async with Client(Policy.typed([url])) as client:
            first, second = await asyncio.gather(*(client.send(Request("GET", url)) for _ in range(2)))
    assert (first.error, second.error, asked) == ("", "", ["rebind.test"])
    assert b"Host: rebind.test" in seen[0]


async def test_no_socket_is_made_for_an_address_that_nobody_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last gate holds by itself, should a way around the others be found."""
    monkeypatch.setattr("stopper.io.connection.Resolver.vet", lambda *_: None)
    urls = ["http://127.0.0.1:1/", "http://localhost:1/"]
    async with Client(Policy.typed(urls)) as client:
        for url in urls:
            assert (await client.send(Request("GET", url))).error == "target denied: address was not vetted"


async def test_a_target_typed_as_metadata_is_still_refused() -> None:
    """No word of the user opens the cloud's metadata service, in whatever form its address is written."""
    urls = ["http://169.254.169.254/", "http://[::ffff:a9fe:a9fe]/", "http://2852039166/", "http://0.0.0.0/"]
    async with Client(Policy.typed(urls)) as client:
        for url in urls:
            assert (await client.send(Request("GET", url))).error.startswith("target denied: ")
    assert client.sent == 0


async def test_an_unknown_name_and_a_closed_port_have_their_words() -> None:
    """The two commonest errors of a first try say what they are."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        async with Client(Policy.typed(["http://nowhere.invalid/", refused])) as client:
            assert (await client.send(Request("GET", refused))).error == "refused"
            assert (await client.send(Request("GET", "http://nowhere.invalid/"))).error == "name not found"


async def test_the_budget_ends_the_requests() -> None:
    """One request above the budget is not sent and says why."""
    seen: list[bytes] = []
    async with _server(seen) as base, Client(Policy.typed([base]), Limits(requests=3)) as client:
        errors = [(await client.send(Request("GET", base))).error for _ in range(5)]
        with pytest.raises(TransportError, match="budget spent"):
            await client.fetch(base)
    assert errors == ["", "", "", "budget spent", "budget spent"]
    assert len(seen) == client.sent == 3


async def test_loopback_is_not_slowed_down_and_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate holds for a name that is not this machine's by its own words."""

    async def resolve(self: object, host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    seen: list[bytes] = []
    async with _server(seen) as base:
        named = base.replace("localhost", "api.test")
        async with Client(Policy.typed([base, named]), Limits(rate=5)) as client:
            started = time.monotonic()
            await asyncio.gather(*(client.send(Request("GET", base)) for _ in range(30)))
            unhurried = time.monotonic() - started
            started = time.monotonic()
            await asyncio.gather(*(client.send(Request("GET", named)) for _ in range(4)))
            paced = time.monotonic() - started
    assert len(seen) == 34
    assert unhurried < 4
    assert paced >= 0.6


async def test_no_more_requests_at_once_than_allowed() -> None:
    """With a concurrency of two, a third request waits for one of the others."""
    running, most = 0, 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        await reader.readuntil(b"\r\n\r\n")
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        writer.write(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, Client(Policy.typed([base]), Limits(concurrency=2)) as client:
        await asyncio.gather(*(client.send(Request("GET", base)) for _ in range(6)))
    assert most == 2


async def test_a_token_over_plain_http_needs_loopback() -> None:
    """The credential of a plain target elsewhere is withheld before anything is resolved."""
    credential = Credential(Secret(TOKEN))
    async with Client(Policy.typed(["http://api.test/"])) as client:
        exchange = await client.send(Request("GET", "http://api.test/", credential.headers()))
    assert exchange.error == "credential withheld: http://api.test:80 is plain http"
    assert client.sent == 0


@pytest.mark.parametrize(("text", "words"), [("nonsense", "no certificate in PEM form"), (None, "no such file")])
def test_a_bad_certificate_file_is_one_line(tmp_path: Path, text: str | None, words: str) -> None:
    """The error names the file and the cause."""
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CertificateFileError) as error:
        Client(Policy.typed([]), ca_file=path)
    assert str(error.value).lower().startswith(f"{path}: {words}".lower())
