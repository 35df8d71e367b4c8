"""Rows 33 to 49 of the catalogue of faults: what a hostile or broken specification may do, and what comes of it."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stopper.observe.spec import Budget, SpecError, read
from stopper.observe.views import SpecDocument
from tests.observe.spec.conftest import Bounded

CANARY = "canary-3f9ab1"
HEAD = 'openapi: 3.0.3\ninfo: {title: T, version: "1"}\n'
ORDERS = HEAD + "paths:\n  /orders:\n    get:\n      responses: {'200': {description: fine}}\n"


def bomb(key: str) -> str:
    """Return a document in which nine aliases deep, nine times each, stand below a key."""
    levels = "\n".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10))
    return f"{ORDERS}{key}:\n  - &l0 [lol]\n{levels}\n"


def schema_deep(levels: int) -> str:
    """Return a document with a schema that nests arrays in arrays."""
    schema: dict[str, object] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return json.dumps({"openapi": "3.0.3", "info": {}, "paths": {}, "components": {"schemas": {"deep": schema}}})


def body(schema: str, more: str = "") -> str:
    """Return a document whose one operation answers with a schema, and with more text at its end."""
    return (
        f"{HEAD}paths:\n  /orders:\n    get:\n      responses:\n        '200':\n          description: fine\n"
        f"          content: {{application/json: {{schema: {schema}}}}}\n{more}"
    )


def chain(length: int) -> str:
    """Return a document whose answer's schema is a chain of references."""
    links = "".join(f"    s{n}: {{$ref: '#/components/schemas/s{n + 1}'}}\n" for n in range(length))
    return body(
        "{$ref: '#/components/schemas/s0'}", f"components:\n  schemas:\n{links}    s{length}: {{type: string}}\n"
    )


def doubling(levels: int) -> str:
    """Return a document whose schema refers twice to one that refers twice to one, and so on."""
    links = "".join(
        f"    s{n}: {{allOf: [{{$ref: '#/components/schemas/s{n + 1}'}}, {{$ref: '#/components/schemas/s{n + 1}'}}]}}\n"
        for n in range(levels)
    )
    return body(
        "{$ref: '#/components/schemas/s0'}",
        f"components:\n  schemas:\n{links}    s{levels}: {{properties: {{access_token: {{type: string}}}}}}\n",
    )


REFUSED: Mapping[str, tuple[str | bytes, str]] = {
    "33 alias bomb": (bomb("x-bomb"), "values, its aliases written out"),
    "33 alias bomb alone": (bomb("x-bomb").replace(ORDERS, ""), "values, its aliases written out"),
    "35 flow sequences": ("[" * 100_000, "nested more than 200 levels deep"),
    "35 flow mappings": ("{a: " * 100_000, "nested more than 200 levels deep"),
    "35 block sequences": (ORDERS + "x:\n " + "- " * 100_000, "nested more than 200 levels deep"),
    "35 JSON": (ORDERS + "x: " + '{"a":[' * 100_000, "nested more than 200 levels deep"),
    "36 Python object": (ORDERS + f"x: !!python/object/apply:os.system ['echo {CANARY}']\n", "a tag asks for a Python"),
    "44 deep schema": (schema_deep(400), "nested more than 200 levels deep"),
    "46 large": (b" " * (100 << 20), "larger than 33,554,432 bytes"),
    "46 NUL": (ORDERS + f"x: '\0{CANARY}'", "NUL characters"),
    "46 HTML": (f"<!doctype html><title>{CANARY}</title>", "HTML or XML"),
    "46 empty": (" \n\t", "is empty"),
    "46 compressed": (gzip.compress(ORDERS.encode()), "no valid YAML|NUL characters"),
    "46 prose": (f"openapi is fine, {CANARY} too", "no OpenAPI or Swagger document"),
    "46 other JSON": (json.dumps({"log": {"entries": [CANARY]}}), "no OpenAPI or Swagger document"),
    "46 broken JSON": ('{"openapi": "3.0.3",\n "x": ' + CANARY + "}}", "line 2: no valid JSON"),
    "46 broken YAML": (ORDERS + f"x: [{CANARY}\n  :\n", "no valid YAML"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refused(fault: str, bounded: Bounded) -> None:
    """Input that is no specification or costs too much is refused in one line that quotes nothing of it."""
    data, cause = REFUSED[fault]
    with pytest.raises(SpecError, match=cause) as caught:
        bounded(lambda: read("shop.yaml", data if isinstance(data, bytes) else data.encode()))
    assert "\n" not in str(caught.value)
    assert CANARY not in str(caught.value)


PROBLEMS: Mapping[str, tuple[str, str, int]] = {
    "34 alias cycle": (ORDERS + "x: &a [*a]\n", "an alias stands inside its own anchor", 7),
    "34 alias without anchor": (ORDERS + "x: *nowhere\n", "an alias names no anchor", 7),
    "36 unknown tag": (ORDERS + "x: !vault secret\n", "a tag that is not YAML's own", 7),
    "37 duplicate YAML key": (ORDERS + "    get: {}\n", "the key `get` is given twice", 7),
    "37 duplicate JSON key": (
        '{"openapi": "3.0.3", "info": {}, "paths": {"/orders": {"get": {}}},\n "info": {}}',
        "the key `info` is given twice",
        2,
    ),
    "39 file reference": (body("{$ref: 'file:///etc/passwd'}"), "remote reference refused: `file://`", 9),
    "39 path out of the folder": (body("{$ref: '../../etc/passwd'}"), "no other file may be read", 9),
    "40 metadata address": (
        body("{$ref: 'http://user:canary@169.254.169.254/latest/meta-data'}"),
        "remote reference refused: `http://169.254.169.254`",
        9,
    ),
    "40 metadata address that nothing leads to": (
        ORDERS + "components: {schemas: {x: {$ref: 'http://169.254.169.254/'}}}\n",
        "remote reference refused: `http://169.254.169.254`",
        7,
    ),
    "40 host only": (body("{$ref: '//169.254.169.254/x'}"), "remote reference refused", 9),
    "41 reference to itself": (
        body("{$ref: '#/components/schemas/s'}", "components: {schemas: {s: {$ref: '#/components/schemas/s'}}}\n"),
        "a reference leads back to itself",
        10,
    ),
    "41 chain": (chain(1_000), "a chain of more than 100", 111),
    "41 to nothing": (body("{$ref: '#/components/schemas/nothing'}"), "points to nothing", 9),
    "47 unknown version": (ORDERS.replace("3.0.3", "4.1.0"), "the version `openapi: 4.1.0` is unknown", 1),
    "47 version of the other family": (ORDERS.replace("openapi: 3.0.3", "swagger: 3.0.3"), "is unknown", 1),
    "47 version contradicted": (ORDERS.replace("3.0.3", "3.1.0") + "host: shop.test\n", "`host` belongs to another", 7),
    "47 no version": (ORDERS.replace("openapi: 3.0.3", "x-openapi: 3.0.3"), "names no version", 1),
    "49 path without slash": (ORDERS.replace("/orders", "orders"), "does not begin with a slash", 4),
}


BROKEN: Mapping[str, tuple[str, str]] = {
    "servers": ("servers: everywhere\n", "`servers` is no list"),
    "server variable": (
        "servers: [{url: 'https://{a}.test', variables: {a: x}}]\n",
        "`a server variable` is no mapping",
    ),
    "parameters": ("    parameters: page\n", "`parameters` is no list"),
    "responses": ("    put: {responses: fine}\n", "`responses` is no mapping"),
    "callbacks": ("    put: {callbacks: [x]}\n", "`callbacks` is no mapping"),
    "webhooks": ("webhooks: [x]\n", "`webhooks` is no mapping"),
    "other methods": ("    additionalOperations: [COPY]\n", "`additionalOperations` is no mapping"),
    "components": ("components: [x]\n", "`components` is no mapping"),
    "schemes": ("components: {securitySchemes: x}\n", "`securitySchemes` is no mapping"),
    "flows": ("components: {securitySchemes: {a: {type: oauth2, flows: password}}}\n", "`flows` is no mapping"),
    "scopes": (
        "security: [{a: read}]\ncomponents: {securitySchemes: {a: {type: http, scheme: bearer}}}\n",
        "`the scopes of a security requirement` is no list",
    ),
}


@pytest.mark.parametrize("part", BROKEN)
def test_broken_part(part: str) -> None:
    """What is of the wrong kind is said, and the operation beside it is read."""
    more, message = BROKEN[part]
    document = read("shop.yaml", (ORDERS + more).encode())
    assert "GET /orders" in [str(operation.endpoint) for operation in document.operations]
    assert message in [problem.message for problem in document.problems]


def test_scheme_named_by_its_address() -> None:
    """OpenAPI 3.2 lets a requirement name a scheme by its address; earlier versions do not, and nothing is followed."""
    text = ORDERS + (
        "security: [{'#/components/securitySchemes/token': [read]}]\n"
        "components: {securitySchemes: {token: {type: http, scheme: bearer}}}\n"
    )
    for version, bearer in (("3.2.0", True), ("3.1.0", False)):
        (operation,) = read("shop.yaml", text.replace("3.0.3", version).encode()).operations
        assert (operation.protected, operation.bearer) == (True, bearer)


@pytest.mark.parametrize(
    "data", [f"openapi: 3.0.3\nx: [{'1,' * 2_001}]", '{"openapi": "3.0.3", "x": [%s1]}' % ("1," * 2_001)]
)
def test_46_many_values(data: str) -> None:
    """A document that holds more values than the budget allows is refused, in YAML and in JSON."""
    with pytest.raises(SpecError, match="more than 2,000 values"):
        read("shop.yaml", data.encode(), budget=Budget(nodes=2_000))


def test_46_many_files() -> None:
    """References that lead to ever more files stop at the budget."""
    text = body("{$ref: 'part0.yaml'}").encode()
    with pytest.raises(SpecError, match="more than 5 files"):
        read("shop.yaml", text, lambda uri: f"$ref: 'part{int(uri[4:-5]) + 1}.yaml'".encode(), budget=Budget(files=5))


@pytest.mark.parametrize("fault", PROBLEMS)
def test_problem(fault: str, bounded: Bounded) -> None:
    """A broken part is a problem at its line, and the operation beside it is read."""
    text, message, line = PROBLEMS[fault]
    document: SpecDocument = bounded(lambda: read("shop.yaml", text.encode()))
    assert [str(operation.endpoint) for operation in document.operations] == ["GET /orders"]
    assert [problem.place.line for problem in document.problems if message in problem.message] == [line]
    assert "canary" not in str([problem.message for problem in document.problems])


def test_33_aliases_within_the_budget() -> None:
    """Ordinary aliases and merge keys are read, and each alias stands where it is written."""
    text = (
        f"{HEAD}paths:\n  /a: &item\n    get: &get\n      security: [{{bearer: []}}]\n"
        "  /b: *item\n  /c:\n    post:\n      <<: *get\n      summary: merged\n"
        "components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}\n"
    )
    operations = read("shop.yaml", text.encode()).operations
    assert [(str(o.endpoint), o.bearer) for o in operations] == [("GET /a", True), ("GET /b", True), ("POST /c", True)]


def test_37_many_duplicates(bounded: Bounded) -> None:
    """Of two hundred thousand duplicate keys in one line a thousand are listed and the rest counted."""
    text = '{"openapi": "3.0.3", "info": {}, "paths": {}' + ', "x": 1' * 200_000 + "}"
    document: SpecDocument = bounded(lambda: read("shop.json", text.encode()))
    assert len(document.problems) == 1_001
    assert document.problems[-1].message == "198,999 more problems are not listed"


def test_38_core_types() -> None:
    """`no:` stays text and version 3.10 is not 3.1: YAML 1.2 rules for keys and version."""
    document = read("shop.yaml", (ORDERS.replace("3.0.3", "3.10") + "    no: {}\n    on: {}\n").encode())
    assert document.version == "3.10"
    fields = [problem.message for problem in document.problems if "field" in problem.message]
    assert fields == ["the path item's field `no` is unknown", "the path item's field `on` is unknown"]


def test_38_required_is_a_boolean_only_unquoted() -> None:
    """A plain true is a boolean, a quoted one is text."""
    parameters = "[{name: a, in: query, required: true}, {name: b, in: query, required: 'true'}]"
    document = read("shop.yaml", (ORDERS + f"      parameters: {parameters}\n").encode())
    assert [parameter.required for parameter in document.operations[0].parameters] == [True, False]


def test_39_nothing_of_a_file_is_told() -> None:
    """A local file that is no specification part gives a problem that quotes nothing of it."""
    files = {"passwd": f"root:x:0:0:{CANARY}:/root\n\t: :{CANARY}".encode()}
    document = read("shop.yaml", body("{$ref: 'passwd#/x'}").encode(), files.__getitem__)
    assert len(document.problems) == 1
    assert CANARY not in document.problems[0].message


def test_40_remote_only_through_the_reader_given() -> None:
    """A remote reference is read through the caller's vetted reader when there is one, and no other way."""
    asked: list[str] = []

    def fetch(uri: str) -> bytes:
        asked.append(uri)
        return b"{properties: {access_token: {type: string}}}"

    text = body("{$ref: 'https://schemas.test/token.yaml'}").encode()
    document = read("shop.yaml", text, read_remote=fetch)
    assert asked == ["https://schemas.test/token.yaml"]
    assert document.operations[0].issues_token and not document.problems
    assert not read("shop.yaml", text).operations[0].issues_token


def test_41_long_chain_within_the_limit() -> None:
    """A chain of fifty references is followed to its end."""
    document = read("shop.yaml", chain(50).encode())
    assert not document.problems


def test_42_references_are_never_written_out(bounded: Bounded) -> None:
    """Schemas that refer twice to each other, 2^60 when written out, are walked once each."""
    document: SpecDocument = bounded(lambda: read("shop.yaml", doubling(60).encode()))
    assert document.operations[0].issues_token


def test_42_shared_schemas_within_steps(bounded: Bounded) -> None:
    """A large schema that thousands of answers take in is refused by its cost, not by running out of memory."""
    properties = ", ".join(f"p{n}: {{}}" for n in range(5_000))
    answer = "{responses: {'200': {content: {json: {schema: {allOf: [{$ref: '#/x-huge'}]}}}}}}"
    paths = "".join(f"  /p{n}: {{get: {answer}}}\n" for n in range(2_000))
    text = f"{HEAD}x-huge: {{properties: {{{properties}}}}}\npaths:\n{paths}"
    with pytest.raises(SpecError, match="more than 1,000,000 steps"):
        bounded(lambda: read("shop.yaml", text.encode()))


def test_43_patterns_are_never_run(bounded: Bounded) -> None:
    """A pattern that takes exponential time is read as text, beside an example that would set it off."""
    parameter = "{name: a, in: query, example: '%s!', schema: {type: string, pattern: '^(a+)+$'}}" % ("a" * 60)
    document: SpecDocument = bounded(
        lambda: read("shop.yaml", (ORDERS + f"      parameters: [{parameter}]\n").encode())
    )
    assert document.operations[0].parameters[0].values == ("a" * 60 + "!",)


@pytest.mark.parametrize("form", ["json", "minified", "yaml"])
def test_45_five_thousand_paths(form: str, bounded: Bounded) -> None:
    """Five thousand paths are read within the limits, every operation at its own line."""
    if form != "yaml":
        item = {"get": {"responses": {"200": {"description": "fine"}}, "security": [{"bearer": []}]}}
        paths = {f"/things{n}/{{id}}": item for n in range(5_000)}
        text = json.dumps({"openapi": "3.1.0", "info": {}, "paths": paths}, indent=1 if form == "json" else None)
    else:
        paths_text = "".join(
            f"  /things{n}/{{id}}:\n    get:\n      security: [{{bearer: []}}]\n      responses: {{'200': {{}}}}\n"
            for n in range(5_000)
        )
        text = f"{HEAD}paths:\n{paths_text}"
    document: SpecDocument = bounded(lambda: read(f"shop.{form}", text.encode()))
    gets = [match.start(1) for match in re.finditer(r'[ {]("?get"?):', text)]
    places = [operation.place for operation in document.operations]
    lines = text.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    assert [starts[place.line - 1] + place.column - 1 for place in places] == gets
    assert len(gets) == 5_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_46_encodings(encoding: str) -> None:
    """UTF-8 with and without a byte order mark, UTF-16 and UTF-32 are told apart; lines and columns are the same."""
    document = read("shop.yaml", ORDERS.replace("title: T", "title: Größe").encode(encoding))
    assert document.title == "Größe"
    assert [(o.place.line, o.place.column) for o in document.operations] == [(5, 5)]
    assert not document.problems


def test_46_other_bytes_are_replaced() -> None:
    """Latin-1 in a comment does not stop the reading, and is said."""
    document = read("shop.yaml", ORDERS.encode() + "# Größe\n".encode("latin-1"))
    assert len(document.operations) == 1
    assert [problem.message for problem in document.problems] == ["holds bytes that are no utf-8; they were replaced"]


def test_47_versions_are_read_alike() -> None:
    """The same operations come out of a document whatever version it declares."""
    read_as = {v: read("s.yaml", ORDERS.replace("3.0.3", v).encode()) for v in ("3.0.0", "3.1.1", "3.2.0")}
    assert all(len(document.operations) == 1 and not document.problems for document in read_as.values())


def test_48_server_templates() -> None:
    """Every combination of a template's values is a server, at the line of its url, the default first."""
    text = ORDERS + (
        "servers:\n  - url: '{scheme}://{host}/v1'\n    variables:\n"
        "      scheme: {enum: [http, https], default: https}\n      host: {default: shop.test, enum: [eu.test]}\n"
    )
    document = read("shop.yaml", text.encode())
    assert [server.url for server in document.servers] == [
        "https://shop.test/v1",
        "https://eu.test/v1",
        "http://shop.test/v1",
        "http://eu.test/v1",
    ]
    assert {server.place.line for server in document.servers} == {8}
    assert str(document.operations[0].endpoint) == "GET /v1/orders"


def test_48_templates_are_bounded(bounded: Bounded) -> None:
    """A template with 10^20 combinations is cut, and that is said."""
    variables = "".join(f"      v{n}: {{default: a, enum: [a, b, c, d, e, f, g, h, i, j]}}\n" for n in range(20))
    template = ".".join(f"{{v{n}}}" for n in range(20))
    text = f"{ORDERS}servers:\n  - url: https://{template}\n    variables:\n{variables}"
    document: SpecDocument = bounded(lambda: read("shop.yaml", text.encode()))
    assert len(document.servers) == 256
    assert any("more than 256 expansions" in problem.message for problem in document.problems)


def test_49_paths_are_encoded() -> None:
    """Line breaks and spaces in a path or base path cannot end a request line; a name of 10 kB is read."""
    name = "n" * 10_240
    text = json.dumps(
        {
            "openapi": "3.0.3",
            "info": {},
            "servers": [{"url": "https://shop.test/v1\r\nHost: evil"}],
            "paths": {"/a/../b\r\nX: y {id}": {"get": {}}, f"/{{{name}}}": {"get": {}}},
        }
    )
    first, second = (operation.endpoint.path for operation in read("shop.json", text.encode()).operations)
    assert first == "/v1%0D%0AHost:%20evil/a/../b%0D%0AX:%20y%20{id}"
    assert second.endswith(f"/{{{name}}}")


def test_local_files(tmp_path: Path) -> None:
    """A reference to a file beside the document is followed once, and places name that file."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "orders.yaml").write_text("get:\n  responses: {'200': {$ref: 'answers.json#/fine~1ok'}}\n")
    (tmp_path / "parts" / "answers.json").write_text('{"fine/ok": {"description": "fine"}}')
    asked: list[str] = []

    def read_ref(uri: str) -> bytes:
        asked.append(uri)
        return (tmp_path / uri).read_bytes()

    text = HEAD + "paths:\n  /orders: {$ref: parts/orders.yaml}\n  /again: {$ref: './parts/orders.yaml'}\n"
    document = read("shop.yaml", text.encode(), read_ref)
    assert [str(operation.place) for operation in document.operations] == ["parts/orders.yaml:1"] * 2
    assert asked == ["parts/orders.yaml", "parts/answers.json"]
    assert not document.problems


def test_operations_in_files_of_their_own() -> None:
    """An operation that is itself a reference is read where it stands; one that cannot be read is left out."""
    files = {"resources/list.yml": b"security: [{bearer: []}]\nresponses: {'200': {}}\n"}
    text = HEAD + "paths:\n  /orders:\n    get: {$ref: resources/list.yml}\n    put: {$ref: resources/none.yml}\n"
    document = read("shop.yaml", text.encode(), files.__getitem__)
    assert [(str(o.endpoint), o.protected, str(o.place)) for o in document.operations] == [
        ("GET /orders", True, "resources/list.yml:1")
    ]
    assert "a reference to `resources/none.yml`: not read (KeyError)" in [p.message for p in document.problems]


def test_refusing_reader() -> None:
    """A reader that refuses a file, with whatever exception, leaves a problem that does not repeat its words."""

    def refuse(uri: str) -> bytes:
        raise RuntimeError(f"{CANARY} {uri}")

    reader: Callable[[str], bytes] = refuse
    document = read("shop.yaml", body("{$ref: 'other.yaml#/x'}").encode(), reader)
    assert [problem.message for problem in document.problems] == [
        "a reference to `other.yaml`: not read (RuntimeError)"
    ]
