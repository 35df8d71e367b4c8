"""Whatever the bytes, a reading ends in a document or in a `SpecError`, and places are where the text is."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stopper.observe.spec import Budget, SpecError, looks_like_spec, read
from stopper.observe.spec.json_reader import read_json
from stopper.observe.spec.node import Node, Problems, Source
from stopper.observe.spec.yaml_reader import read_yaml

WORDS = [
    "openapi", "swagger", "info", "paths", "/a", "/a/{id}", "get", "post", "parameters", "security", "servers", "url",
    "variables", "default", "enum", "schemes", "host", "basePath", "components", "securitySchemes",
    "securityDefinitions", "type", "http", "oauth2", "apiKey", "flows", "tokenUrl", "scheme", "bearer", "in", "query",
    "name", "schema", "content", "responses", "200", "default", "properties", "allOf", "access_token", "token",
    "example", "examples", "callbacks", "webhooks", "$ref", "#/components/securitySchemes/a", "#/paths/~1a", "#",
    "other.yaml#/a", "http://169.254.169.254/", "http://[", "{a}", "3.1.0", "2.0", "<<", "additionalOperations",
    "x-a",
]  # fmt: skip
WORD = st.sampled_from(WORDS) | st.text(max_size=5)
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def nested(scalar: st.SearchStrategy[Any], key: st.SearchStrategy[str] = WORD) -> st.SearchStrategy[Any]:
    """Return lists and mappings of scalars, some levels deep."""
    return st.recursive(
        scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(key, inner, max_size=5), max_leaves=40
    )


VALUE = nested(st.none() | st.booleans() | NUMBER | WORD)
OPERATION = st.dictionaries(WORD, VALUE, max_size=5)
DOCUMENT = st.fixed_dictionaries(
    {
        "openapi": VALUE,
        "paths": VALUE | st.dictionaries(WORD, st.dictionaries(WORD, OPERATION, max_size=3), max_size=3),
    },
    optional=dict.fromkeys(("servers", "security", "components", "swagger", "webhooks", "securityDefinitions"), VALUE),
)


def attempt(data: bytes) -> None:
    """Read bytes; only `SpecError` may come out, in one line."""
    looks_like_spec(data)
    try:
        document = read("shop.yaml", data, lambda uri: data)
    except SpecError as error:
        assert "\n" not in str(error)
        return
    text = repr(document)
    assert text.encode(), "a lone surrogate would stop every report"


@given(st.binary(max_size=300))
@settings(deadline=None)
@example(b"\xff\xfe")
@example(b"openapi: &a\n<<: *a")
@example(b"? ? ? {")
@example(b"- openapi: 3.0.3\n--- x")
@example(b'{"openapi": "\\ud800", "paths": {"/\\udfff": {"get": {"operationId": "\\ud800"}}}, "info": {}}')
def test_any_bytes(data: bytes) -> None:
    """Random bytes never raise anything but SpecError."""
    attempt(data)


@given(st.binary(max_size=60), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
@settings(deadline=None)
def test_any_bytes_within_a_document(data: bytes, encoding: str) -> None:
    """Nor do random bytes in the midst of a specification."""
    attempt("openapi: 3.0.3\ninfo: {}\npaths:\n ".encode(encoding) + data)


@given(DOCUMENT)
@settings(max_examples=200, deadline=None)
def test_any_document_in_json(data: Any) -> None:
    """Documents of the right words in all the wrong places are read as JSON."""
    attempt(json.dumps(data).encode())


@given(DOCUMENT)
@settings(max_examples=100, deadline=None)
def test_any_document_in_yaml(data: Any) -> None:
    """And as YAML, with the anchors and aliases that a dumper makes of repeated parts."""
    attempt(yaml.safe_dump([data, data], allow_unicode=True)[2:].replace("\n  ", "\n").encode("utf-8", "replace"))
    attempt(yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "replace"))


@given(VALUE, st.sampled_from([None, 2]))
@settings(deadline=None)
def test_json_as_json_reads_it(value: Any, indent: int | None) -> None:
    """The JSON reader gives what Python's own decoder gives, and every scalar stands at its place."""
    text = json.dumps(value, indent=indent)
    root = read_json(Source("a.json", text), Budget(), Problems())
    assert plain(root) == as_written(json.loads(text))
    check_places(root)


@given(nested(st.booleans() | NUMBER | WORD, WORD.filter(lambda key: key != "<<")))
@settings(deadline=None)
def test_yaml_as_pyyaml_reads_it(value: Any) -> None:
    """The YAML reader gives the texts that PyYAML's own composer gives."""
    text = yaml.safe_dump(value, allow_unicode=True)
    assert plain(read_yaml(Source("a.yaml", text), Budget(), Problems())) == yaml.load(text, Loader=yaml.BaseLoader)


def plain(node: Node) -> Any:
    """Return a node as plain data, its scalars as text."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.text


def as_written(value: Any) -> Any:
    """Return decoded data in the form of `plain`."""
    if isinstance(value, dict):
        return {key: as_written(child) for key, child in value.items()}
    if isinstance(value, list):
        return [as_written(child) for child in value]
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def check_places(node: Node) -> None:
    """See that below a mapping each node's offset is that of its key, and its place the same in lines and columns."""
    text = node.source.text
    for key, child in node.entries.items():
        assert json.JSONDecoder(strict=False).raw_decode(text, child.offset)[0] == key
        place = child.place
        assert text.split("\n")[place.line - 1][place.column - 1] == '"'
    for child in (*node.entries.values(), *node.items):
        check_places(child)
