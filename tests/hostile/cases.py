"""What each hostile server does with a connection. A case's docstring is its description."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.hostile import certificates

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass(slots=True)
class Connection:
    """One accepted connection; `site` maps the names of all running cases to their URLs, `number` counts from 1."""

    authority: certificates.Authority
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    site: Mapping[str, str]
    number: int

    async def request(self) -> bytes:
        """Read one request's head and return it."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def whole(self, head: bytes, body: bytes) -> None:
        """Send an answer with a right Content-Length and end it."""
        await self.say(head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)


Handler = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile server: what it does, and with which TLS context it speaks, if any."""

    handle: Handler
    context: Callable[[certificates.Authority], ssl.SSLContext] | None = None


async def plain(connection: Connection) -> None:
    """Answer well."""
    await connection.request()
    await connection.whole(OK, b'{"name": "plain"}')


async def echo(connection: Connection) -> None:
    """Answer with the request as it came."""
    await connection.whole(OK, await connection.request())


async def drip_body(connection: Connection) -> None:
    """Promise a body and send one byte of it every 50 ms."""
    await connection.request()
    await connection.say(OK + b"Content-Length: 1000000\r\n\r\n")
    while True:
        await connection.say(b"x")
        await asyncio.sleep(0.05)


async def drip_headers(connection: Connection) -> None:
    """Send a head that never ends, one byte every 50 ms."""
    await connection.request()
    await connection.say(OK + b"X-Long: ")
    while True:
        await connection.say(b"x")
        await asyncio.sleep(0.05)


async def silent(connection: Connection) -> None:
    """Accept and say nothing."""
    await asyncio.sleep(3600)


async def endless_chunked(connection: Connection) -> None:
    """Send chunks for ever."""
    await connection.request()
    await connection.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await connection.say(b"10000\r\n" + b"x" * 65536 + b"\r\n")


async def endless_body(connection: Connection) -> None:
    """Send a body without a length for ever."""
    await connection.request()
    await connection.say(OK + b"\r\n")
    while True:
        await connection.say(b"x" * 65536)


async def gzip_bomb(connection: Connection) -> None:
    """Send 300 kB that unfold to 300 MB."""
    await connection.request()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    await connection.whole(OK + b"Content-Encoding: gzip\r\n", head + _zeros() + bytes(8))


async def deflate_bomb(connection: Connection) -> None:
    """The same in a bare deflate stream."""
    await connection.request()
    await connection.whole(OK + b"Content-Encoding: deflate\r\n", _zeros())


def _zeros() -> bytes:
    """Return 300 MiB of zeros as a deflate stream: blocks that end in a full flush can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * 300 + b"\x03\x00"


async def nested_gzip(connection: Connection) -> None:
    """Send a body that was packed twice."""
    await connection.request()
    await connection.whole(OK + b"Content-Encoding: gzip, gzip\r\n", gzip.compress(gzip.compress(b"{}", 0), 0))


async def broken_gzip(connection: Connection) -> None:
    """Call a plain body gzip."""
    await connection.request()
    await connection.whole(OK + b"Content-Encoding: gzip\r\n", b'{"plain": true}')


async def brotli(connection: Connection) -> None:
    """Send a brotli stream though nobody asked for one."""
    await connection.request()
    await connection.whole(OK + b"Content-Encoding: br\r\n", b"\x0b\x02\x80{}\x03")


async def redirect_loop(connection: Connection) -> None:
    """Redirect to itself."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n", b"")


async def redirect_elsewhere(connection: Connection) -> None:
    """Redirect to another origin, which repeats what it is told."""
    await connection.request()
    await connection.whole(f"HTTP/1.1 307 Go\r\nLocation: {connection.site['echo']}\r\n".encode(), b"")


async def redirect_metadata(connection: Connection) -> None:
    """Redirect to the cloud's metadata service."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\n", b"")


async def redirect_inside(connection: Connection) -> None:
    """Redirect to a loopback address in hexadecimal."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 302 Found\r\nLocation: http://0x7f.1/\r\n", b"")


async def redirect_port(connection: Connection) -> None:
    """Redirect to a database beside the API, on a host that was typed."""
    await connection.request()
    host = urlsplit(connection.site["echo"]).hostname
    await connection.whole(f"HTTP/1.1 302 Found\r\nLocation: http://{host}:6379/\r\n".encode(), b"")


async def redirect_malformed(connection: Connection) -> None:
    """Redirect to what is no URL."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n", b"")


async def redirect_file(connection: Connection) -> None:
    """Redirect to a file."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n", b"")


async def header_flood(connection: Connection) -> None:
    """Send 20,000 headers."""
    await connection.request()
    await connection.whole(OK + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)), b"{}")


async def long_header(connection: Connection) -> None:
    """Send one header of 20 MB."""
    await connection.request()
    await connection.whole(OK + b"X-Long: " + b"y" * (20 << 20) + b"\r\n", b"{}")


async def cookie_flood(connection: Connection) -> None:
    """Set 500 cookies of 4 kB."""
    await connection.request()
    cookies = b"".join(b"Set-Cookie: c%d=%s\r\n" % (number, b"v" * 4000) for number in range(500))
    await connection.whole(OK + cookies, b"{}")


async def continue_flood(connection: Connection) -> None:
    """Send 200,000 interim answers."""
    await connection.request()
    for _ in range(200):
        await connection.say(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
    await connection.whole(OK, b"{}")


async def hints_flood(connection: Connection) -> None:
    """Send early hints for ever."""
    await connection.request()
    while True:
        await connection.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 100)


async def few_hints(connection: Connection) -> None:
    """Send three interim answers and then a good one."""
    await connection.request()
    await connection.say(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3)
    await connection.whole(OK, b"{}")


async def two_lengths(connection: Connection) -> None:
    """Send two Content-Lengths that disagree."""
    await connection.request()
    await connection.say(OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}xyz")


async def negative_length(connection: Connection) -> None:
    """Send a negative Content-Length."""
    await connection.request()
    await connection.say(OK + b"Content-Length: -1\r\n\r\n{}")


async def bad_chunk(connection: Connection) -> None:
    """Send a chunk size that is no number."""
    await connection.request()
    await connection.say(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nwhat\r\n")


async def garbage(connection: Connection) -> None:
    """Send bytes that are no HTTP."""
    await connection.request()
    await connection.say(bytes(range(256)) * 4)


async def old_http(connection: Connection) -> None:
    """Answer as HTTP/0.9 does: a body and no head."""
    await connection.request()
    await connection.say(b"<html>hello</html>")


async def http2_frames(connection: Connection) -> None:
    """Speak HTTP/2 without being asked."""
    await connection.say(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64")
    await connection.request()


async def close_at_once(connection: Connection) -> None:
    """Take the request and close."""
    await connection.request()


async def close_first(connection: Connection) -> None:
    """Close every odd connection without an answer, answer on every even one."""
    await connection.request()
    if connection.number % 2 == 0:
        await connection.whole(OK, b"{}")


async def close_in_body(connection: Connection) -> None:
    """Close in the middle of a body."""
    await connection.request()
    await connection.say(OK + b"Content-Length: 100\r\n\r\n{")


async def close_in_chunk(connection: Connection) -> None:
    """Close in the middle of a chunk."""
    await connection.request()
    await connection.say(OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\n{")


async def half_close(connection: Connection) -> None:
    """End the answer's direction only, before any answer."""
    await connection.request()
    connection.writer.write_eof()
    await asyncio.sleep(3600)


async def reset(connection: Connection) -> None:
    """Reset the connection."""
    await connection.request()
    handle: socket.socket = connection.writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def odd_header_bytes(connection: Connection) -> None:
    """Put ESC and bytes that are no UTF-8 in a header."""
    await connection.request()
    await connection.whole(OK + b"X-Odd: \x1b[31m\xff\xfe\r\n", b"{}")


async def nul_in_header(connection: Connection) -> None:
    """Put NUL in a header."""
    await connection.request()
    await connection.whole(OK + b"X-Odd: a\x00b\r\n", b"{}")


async def unknown_charset(connection: Connection) -> None:
    """Name a character set that does not exist."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=klingon\r\n", b"caf\xe9 \xc3\xa9")


async def too_many_requests(connection: Connection) -> None:
    """Answer 429 and ask for a wait of thirty years."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 429 Slow\r\nRetry-After: 999999999\r\n", b"{}")


async def unavailable(connection: Connection) -> None:
    """Answer 503 and ask for a negative wait."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 503 Down\r\nRetry-After: -5\r\n", b"{}")


async def soft_404(connection: Connection) -> None:
    """Answer 200 with the same page to every path."""
    await connection.request()
    await connection.whole(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", b"<h1>Not found</h1>")


async def nested_json(connection: Connection) -> None:
    """Send JSON nested 100,000 deep."""
    await connection.request()
    await connection.whole(OK, b"[" * 100_000)


async def down_halfway(connection: Connection) -> None:
    """Answer three times and then never again."""
    await connection.request()
    if connection.number <= 3:
        await connection.whole(OK, b"{}")


async def agreed_protocol(connection: Connection) -> None:
    """Answer with the application protocol that the TLS handshake settled on."""
    await connection.request()
    tls: ssl.SSLObject = connection.writer.get_extra_info("ssl_object")
    await connection.whole(OK, str(tls.selected_alpn_protocol()).encode())


async def answers_anything(connection: Connection) -> None:
    """Answer plainly to whatever bytes come first, as a plain HTTP server does to a TLS greeting."""
    await connection.reader.read(65536)
    await connection.whole(b"HTTP/1.1 400 Bad Request\r\n", b"")


def handshake(context: Callable[[certificates.Authority], ssl.SSLContext]) -> Handler:
    """Return a handler that does TLS by hand: asyncio's own servers swallow the alert that says why they refuse."""

    async def handle(connection: Connection) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context(connection.authority).wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                await connection.say(outgoing.read())
                return
            except ssl.SSLWantReadError:
                await connection.say(outgoing.read())
            except ssl.SSLError:
                await connection.say(outgoing.read())
                # Closing on unread bytes would reset the connection and drop the alert.
                await connection.reader.read()
                return
            incoming.write(await connection.reader.read(65536))

    return handle


CASES: dict[str, Case] = {
    handler.__name__.replace("_", "-"): Case(handler)
    for handler in (
        plain,
        echo,
        drip_body,
        drip_headers,
        silent,
        endless_chunked,
        endless_body,
        gzip_bomb,
        deflate_bomb,
        nested_gzip,
        broken_gzip,
        brotli,
        redirect_loop,
        redirect_elsewhere,
        redirect_metadata,
        redirect_inside,
        redirect_port,
        redirect_file,
        redirect_malformed,
        header_flood,
        long_header,
        cookie_flood,
        continue_flood,
        hints_flood,
        few_hints,
        two_lengths,
        negative_length,
        bad_chunk,
        garbage,
        old_http,
        http2_frames,
        close_at_once,
        close_first,
        close_in_body,
        close_in_chunk,
        half_close,
        reset,
        odd_header_bytes,
        nul_in_header,
        unknown_charset,
        too_many_requests,
        unavailable,
        soft_404,
        nested_json,
        down_halfway,
        answers_anything,
    )
} | {
    "tls": Case(plain, certificates.good),
    "tls-echo": Case(echo, certificates.good),
    "tls-redirect-to-plain": Case(redirect_elsewhere, certificates.good),
    "tls-expired": Case(plain, certificates.expired),
    "tls-not-yet-valid": Case(plain, certificates.not_yet_valid),
    "tls-self-signed": Case(plain, certificates.self_signed),
    "tls-unknown-issuer": Case(plain, certificates.unknown_issuer),
    "tls-wrong-name": Case(plain, certificates.wrong_name),
    "tls-old-version": Case(handshake(certificates.old_version)),
    "tls-client-certificate": Case(handshake(certificates.client_certificate)),
    "tls-both-versions": Case(agreed_protocol, certificates.both_versions),
    "tls-http2-only": Case(http2_frames, certificates.http2_only),
}
