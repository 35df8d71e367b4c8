"""mitmproxy's add-on: tells each exchange with the API, and how many others there were, down a pipe.

It runs in mitmproxy's own process and environment and needs nothing of ours. `stopper_pipe` is the descriptor that it
writes to, one JSON object a line; `stopper_target` the host and port that are recorded. Bodies above the size that
mitmproxy was told to keep are told without their bytes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from pathlib import Path
from typing import Any

from mitmproxy import ctx, http, tls


class Teller:
    """Writes what happens to the pipe; the proxy waits while the reader is behind, so that nothing piles up."""

    def load(self, loader: Any) -> None:
        """Declare the two settings."""
        loader.add_option("stopper_pipe", int, -1, "where exchanges are told")
        loader.add_option("stopper_target", str, "", "host:port that is recorded")

    def running(self) -> None:
        """Tell where clients are listened for, once they are and the authority that they must trust was made."""
        self._starting = asyncio.get_running_loop().create_task(_started())

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Count tunnels to other hosts: they are not opened."""
        if not _asks_target(flow):
            _tell(left_out="connections to other hosts, not opened")

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """Tell of a client that does not trust the proxy's certificate."""
        _tell(refused=data.context.client.sni or "")

    def response(self, flow: http.HTTPFlow) -> None:
        """Tell an answered exchange with the API."""
        if not _asks_target(flow):
            _tell(left_out="exchanges with other hosts")
        elif flow.response is None or flow.websocket is not None:
            _tell(left_out="no HTTP answer")
        else:
            _tell(exchange=_exchange(flow, flow.response))

    def error(self, flow: http.HTTPFlow) -> None:
        """Count what was never answered whole."""
        _tell(left_out="broken off" if _asks_target(flow) else "exchanges with other hosts")


async def _started() -> None:
    server = ctx.master.addons.get("proxyserver")
    authority = Path(ctx.options.confdir).expanduser() / "mitmproxy-ca-cert.pem"
    while not (authority.exists() and server.listen_addrs()):
        await asyncio.sleep(0.02)
    host, port, *_ = next(iter(server.listen_addrs()))
    _tell(listening=f"[{host}]:{port}" if ":" in host else f"{host}:{port}", authority=str(authority))


def _asks_target(flow: http.HTTPFlow) -> bool:
    return bool(f"{flow.request.host.lower()}:{flow.request.port}" == ctx.options.stopper_target)


def _exchange(flow: http.HTTPFlow, answer: http.Response) -> dict[str, Any]:
    request = flow.request
    ended = answer.timestamp_end or request.timestamp_start
    return {
        "method": request.method,
        "url": request.url,
        "version": request.http_version,
        "started": request.timestamp_start,
        "milliseconds": round((ended - request.timestamp_start) * 1000, 3),
        "request_headers": _headers(request.headers),
        "request_body": _body(request.raw_content),
        "request_size": _size(request),
        "status": answer.status_code,
        "reason": answer.reason,
        "headers": _headers(answer.headers),
        "body": _body(answer.raw_content),
        "size": _size(answer),
    }


def _headers(headers: http.Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers.fields]


def _body(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _size(message: http.Message) -> int:
    """Return the bytes of a body; what passed without being kept has at least one."""
    if message.raw_content is not None:
        return len(message.raw_content)
    length = message.headers.get("content-length", "")
    return int(length) if length.isdigit() else 1


def _tell(**what: Any) -> None:
    data = json.dumps(what).encode() + b"\n"
    try:
        while data:
            data = data[os.write(ctx.options.stopper_pipe, data) :]
    except OSError:  # nobody listens any more
        ctx.master.shutdown()


addons = [Teller()]
