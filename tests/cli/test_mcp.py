"""`stopper mcp`, asked by the protocol's own client over standard input and output, as a coding agent asks it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

from stopper.cli.mcp import Permissions, RefusedError

PLANTED = "a-signing-key-in-the-code-3f9c1d"
APP = f'''import random

import jwt
from flask import Flask, request

app = Flask(__name__)
app.config["SECRET_KEY"] = "{PLANTED}"


@app.get("/me")
def me():
    return jwt.decode(request.headers["Authorization"], options={{"verify_signature": False}})


@app.post("/token")
def token():
    return {{"access_token": "%032x" % random.getrandbits(128)}}
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    return folder


@asynccontextmanager
async def agent(project: Path, *words: str) -> AsyncIterator[Client]:
    command = ["-m", "stopper", "mcp", "--root", str(project), *words]
    async with Client(StdioServerParameters(command=sys.executable, args=command)) as client:
        yield client


async def said(client: Client, tool: str, **arguments: object) -> tuple[bool, str]:
    """Return whether a call failed, and all that it said."""
    result = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    return bool(result.is_error), text


async def test_an_agent_scans_explains_and_plans(project: Path) -> None:
    """All reading tools answer from one session, with places, a page and a diff, and none shows the planted key."""
    before = (project / "app.py").read_text()
    async with agent(project) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        scanned = await said(client, "scan", targets=["."])
        rows = await said(client, "matrix", targets=["."])
        page = await said(client, "explain", control="BT403")
        planned = await said(client, "fix_plan", targets=["."], controls=["BT205"])
    assert set(tools) == {"scan", "matrix", "explain", "fix_plan"}
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
    found = {(finding["control"], finding["place"]["line"]) for finding in json.loads(scanned[1])["findings"]}
    assert {("BT205", 7), ("BT403", 12)} <= found
    assert {row["endpoint"]["path"] for row in json.loads(rows[1])["matrix"]} == {"/me", "/token"}
    assert "What is wrong" in page[1]
    assert [repair["control"] for repair in json.loads(planned[1])["repairs"]] == ["BT205"]
    assert not any(failed for failed, _ in (scanned, rows, page, planned))
    assert not any(PLANTED in text for _, text in (scanned, rows, page, planned))
    assert (project / "app.py").read_text() == before


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("..", "outside"),
        ("app:app", "--allow-run"),
        ("https://someone:pa55word@api.test/v1", "https://api.test:443 would be sent requests"),
        ("--write", "no such file"),
        ("nothing.yaml", "no such file"),
    ],
)
async def test_what_was_not_allowed_is_refused(project: Path, target: str, why: str) -> None:
    """A target beyond the folder, an application and a URL are refused with the option that would allow them."""
    (project.parent / "other.py").write_text("import flask\n")
    async with agent(project) as client:
        failed, text = await said(client, "scan", targets=[target])
    assert failed
    assert why in text
    assert "pa55word" not in text


@pytest.mark.parametrize("port", [22, 25, 6379, 8443])
def test_an_agent_reaches_the_ports_that_were_allowed_and_no_others(tmp_path: Path, port: int) -> None:
    """Who serves scans to others names origins: their ports are the list of what may be asked."""
    permissions = Permissions(tmp_path, ("https://api.test", "http://127.0.0.1:5000"))
    permissions.check(["https://api.test/v1", "http://127.0.0.1:5000"])
    for denied in (f"https://api.test:{port}", f"http://127.0.0.1:{port}", "http://api.test"):
        with pytest.raises(RefusedError, match="would be sent requests: start the server with --allow-url"):
            permissions.check([denied])


async def test_a_link_out_of_the_folder_is_refused(project: Path) -> None:
    """What is named inside the folder and lies outside of it is outside."""
    (project.parent / "elsewhere").mkdir()
    (project / "inside").symlink_to(project.parent / "elsewhere")
    async with agent(project) as client:
        failed, text = await said(client, "scan", targets=["inside"])
    assert failed
    assert "outside" in text


async def test_no_module_of_the_folder_is_run(project: Path) -> None:
    """A module that has the name of one that Stopper imports is read like any other, and not run."""
    for name in ("stopper", "click", "json"):
        (project / f"{name}.py").write_text(f"open({str(project.parent / 'run')!r}, 'w')\n")
    async with agent(project) as client:
        failed, text = await said(client, "scan", targets=["."])
    assert not failed, text
    assert not (project.parent / "run").exists()


async def test_files_are_written_only_where_that_is_allowed(project: Path) -> None:
    """The tool that repairs exists with --allow-write alone, and then changes the file."""
    async with agent(project) as client:
        assert (await said(client, "fix", targets=["."]))[0]
    async with agent(project, "--allow-write") as client:
        failed, text = await said(client, "fix", targets=["."], controls=["BT201"])
    assert not failed
    assert json.loads(text)["written"]
    assert "secrets" in (project / "app.py").read_text()


async def test_an_application_is_run_where_that_is_allowed(project: Path) -> None:
    """With --allow-run an application can be named, and the answer has a grade."""
    async with agent(project, "--allow-run") as client:
        failed, text = await said(client, "scan", targets=[".", "app:app"])
    assert not failed
    assert set(json.loads(text)["coverage"]["witnesses"]) == {"source", "app"}
