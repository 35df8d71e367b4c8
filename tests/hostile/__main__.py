"""Run hostile servers on free loopback ports and print one JSON object: their URLs and the authority's certificate."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import sys
import tempfile
from pathlib import Path

import trustme

from tests.hostile.cases import CASES, Case, Connection


async def _start(case: Case, authority: trustme.CA, site: dict[str, str]) -> asyncio.Server:
    numbers = itertools.count(1)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await case.handle(Connection(authority, reader, writer, site, next(numbers)))
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()

    context = case.context(authority) if case.context else None
    return await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)


async def _serve(names: list[str]) -> None:
    authority = trustme.CA()
    site: dict[str, str] = {}
    servers = []
    for name in names:
        server = await _start(CASES[name], authority, site)
        scheme = "https" if name.startswith("tls") else "http"
        site[name] = f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}/"
        servers.append(server)
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        sys.stdout.write(json.dumps({"ca_file": str(ca_file), "site": site}) + "\n")
        sys.stdout.flush()
        await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Parse the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--case", choices=sorted(CASES), action="append", help="default: all of them")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve([*dict.fromkeys([*(arguments.case or CASES), "echo"])]))


main()
