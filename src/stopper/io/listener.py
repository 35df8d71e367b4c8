"""Serves a document on loopback while a scan lasts, and counts who fetches it: nothing else leads there."""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class LoopbackListener:
    """A server of one document at an address that nobody can know by chance; a context manager.

    It runs in a thread of its own, so that an application that is called in process can fetch from it too.
    """

    def __init__(self) -> None:
        self._document = b""
        self._path = f"/{secrets.token_hex(16)}"
        self._fetched = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        """Begin to listen."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self, document: bytes) -> str:
        """Serve this document from now on; returns its URL."""
        self._document = document
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"

    def fetched(self) -> int:
        """Return how often the document was fetched so far."""
        return self._fetched

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one request."""

            timeout = 5

            def do_GET(self) -> None:
                """Serve the document at its address, and nothing elsewhere."""
                known = self.path == listener._path
                listener._fetched += known
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(listener._document) if known else 0))
                self.end_headers()
                self.wfile.write(listener._document if known else b"")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: a request line may hold what nobody should read."""

        return Handler
