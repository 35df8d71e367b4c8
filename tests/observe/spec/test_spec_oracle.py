"""Effective security, beside a second reading written from the specifications' text alone, over generated documents."""

from __future__ import annotations

from hypothesis import given, settings

from stopper.observe.spec import read
from tests.observe.spec.documents import Generated, generated
from tests.observe.spec.oracle import Oracle, ours


@given(document=generated())
@settings(max_examples=200, deadline=None)
def test_effective_security(document: Generated) -> None:
    """The reader and the oracle agree on every operation of every document, in JSON and in YAML, in parts and whole."""
    found = read(document.name, document.written(document.root), document.beside_written)
    assert dict(ours(found.operations)) == Oracle(document.root, document.beside).read()
    expected = ("is not defined", "not reached: ")
    other = [problem for problem in found.problems if not any(words in problem.message for words in expected)]
    assert document.broken or not other, "a valid document has no other problem"
