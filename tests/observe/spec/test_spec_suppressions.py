"""What a specification suppresses: by document, path and operation, each control for a reason."""

from __future__ import annotations

import pytest

from stopper.model import Endpoint, Silencer
from stopper.observe.spec import BudgetError, read

SPEC = """openapi: 3.1.0
info: {title: Shop, version: "1"}
x-stopper-ignore: {BT104: tried on one machine}
paths:
  /a:
    x-stopper-ignore:
      bt604: waits for the gateway
    get: {responses: {}}
    post: {responses: {}}
  /b:
    get:
      x-stopper-ignore: {BT601: "", BT605: [no, text]}
      responses: {}
  /c:
    get:
      x-stopper-ignore: BT601
      responses: {}
"""
A, POST, B, C = Endpoint("GET", "/a"), Endpoint("POST", "/a"), Endpoint("GET", "/b"), Endpoint("GET", "/c")


def test_who_is_suppressed_where() -> None:
    """The document speaks for all operations and all of its lines, a path for its methods, an operation for itself."""
    found = {ignore.controls: ignore for ignore in read("openapi.yaml", SPEC.encode()).ignores}
    wide, path = found[("BT104",)], found[("BT604",)]
    assert wide.endpoints == (A, POST, B, C) and wide.first == 0 and wide.last > 1_000_000
    assert path.endpoints == (A, POST) and path.last < path.first
    assert (path.place.line, path.reason, path.by) == (7, "waits for the gateway", Silencer.SPECIFICATION)


def test_a_reason_must_be_a_text() -> None:
    """An empty reason and one that is no text are none."""
    found = {ignore.controls: ignore.reason for ignore in read("openapi.yaml", SPEC.encode()).ignores}
    assert found[("BT601",)] == found[("BT605",)] == ""


def test_what_is_no_mapping_is_a_problem() -> None:
    """A bare id gives no reason: nothing is suppressed, and the document's problems say so."""
    document = read("openapi.yaml", SPEC.encode())
    assert [problem.place.line for problem in document.problems if "x-stopper-ignore" in problem.message] == [16]
    assert not any(C in ignore.endpoints for ignore in document.ignores if ignore.controls != ("BT104",))


def test_suppressions_that_multiply_cost_too_much() -> None:
    """Thousands of entries on thousands of operations are refused as anything else that multiplies."""
    entries = ", ".join(f"X{number}: why" for number in range(2_000))
    paths = "".join(f"  /{number}: {{get: {{responses: {{}}}}}}\n" for number in range(2_000))
    text = f"openapi: 3.1.0\ninfo: {{title: x, version: '1'}}\nx-stopper-ignore: {{{entries}}}\npaths:\n{paths}"
    with pytest.raises(BudgetError):
        read("openapi.yaml", text.encode())


def test_a_document_without_any() -> None:
    """Most documents suppress nothing."""
    text = SPEC.replace("x-stopper-ignore", "x-other")
    assert read("openapi.yaml", text.encode()).ignores == ()
