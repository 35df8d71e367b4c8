"""What comes out of a specification: operations, security, servers, parameters and issuers, in every version."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from stopper.observe.spec import looks_like_spec, read
from stopper.observe.views import Operation, SpecDocument

SCHEMES = """
components:
  securitySchemes:
    bearer: {type: http, scheme: BEARER, bearerFormat: JWT}
    basic: {type: http, scheme: basic}
    digest: {type: http, scheme: digest}
    key: {type: apiKey, in: header, name: X-Key}
    oidc: {type: openIdConnect, openIdConnectUrl: https://login.test/.well-known/openid-configuration}
    tls: {type: mutualTLS}
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: https://login.test/token, scopes: {read: reading}}
        authorizationCode: {authorizationUrl: https://login.test/authorize, tokenUrl: /token, refreshUrl: /refresh}
"""


def document(paths: str, more: str = "", version: str = "openapi: 3.1.0", uri: str = "shop.yaml") -> SpecDocument:
    """Read a document whose `paths` are given as YAML, indented by two."""
    return read(uri, f"{version}\ninfo: {{title: Shop, version: '1'}}\npaths:\n{paths}{more}".encode())


def only(text: str, more: str = "", version: str = "openapi: 3.1.0", uri: str = "shop.yaml") -> Operation:
    """Read a document of one operation, given as a flow mapping."""
    (operation,) = document(f"  /orders: {{get: {text}}}\n", more, version, uri).operations
    return operation


def messages(found: SpecDocument) -> list[str]:
    """Return a document's problems in words."""
    return [problem.message for problem in found.problems]


# --------------------------------------------------------------------------- security

SECURITY = {
    "global holds": ("{}", "security: [{bearer: []}]", [["bearer"]]),
    "override": ("{security: [{basic: []}]}", "security: [{bearer: []}]", [["basic"]]),
    "opted out by an empty list": ("{security: []}", "security: [{bearer: []}]", []),
    "opted out by an empty alternative": ("{security: [{}, {bearer: []}]}", "", [[], ["bearer"]]),
    "all of several": ("{security: [{bearer: [], tls: []}]}", "", [["bearer", "tls"]]),
    "nothing said": ("{}", "", []),
    "null is nothing said": ("{security: null}", "security: [{bearer: []}]", [["bearer"]]),
    "mapping instead of list": ("{security: {bearer: []}}", "", [["bearer"]]),
    "name instead of mapping": ("{security: [bearer]}", "", [["bearer"]]),
}


@pytest.mark.parametrize("case", SECURITY)
def test_security_in_force(case: str) -> None:
    """An operation's own security replaces the document's; an empty list or alternative asks for nothing."""
    operation_text, root_text, expected = SECURITY[case]
    operation = only(operation_text, f"{root_text}\n{SCHEMES}")
    assert [[scheme.name for scheme, _ in alternative.schemes] for alternative in operation.security] == expected


def test_security_place() -> None:
    """The line that decided is the operation's own `security`, else the document's."""
    found = document("  /a:\n    get: {}\n    put:\n      security: []\n", "security: []\n")
    assert [o.security_place.line for o in found.operations if o.security_place] == [8, 7]


def test_scheme_kinds() -> None:
    """Every type of scheme has its kind, and those that a bearer token answers say so."""
    schemes = {scheme.name: scheme for scheme in document("  {}\n", SCHEMES).schemes}
    assert {name: scheme.kind for name, scheme in schemes.items()} == {
        "bearer": "bearer",
        "basic": "basic",
        "digest": "http",
        "key": "apiKey",
        "oidc": "openIdConnect",
        "tls": "mutualTLS",
        "oauth": "oauth2",
    }
    assert {name for name, scheme in schemes.items() if scheme.bearer} == {"bearer", "oidc", "oauth"}
    assert schemes["bearer"].bearer_format == "JWT"
    assert (schemes["key"].location, schemes["key"].parameter) == ("header", "X-Key")
    assert [(name, url) for name, url, _ in schemes["oauth"].urls] == [
        ("tokenUrl", "https://login.test/token"),
        ("authorizationUrl", "https://login.test/authorize"),
        ("tokenUrl", "/token"),
        ("refreshUrl", "/refresh"),
    ]


def test_scopes() -> None:
    """A requirement carries the scopes it names."""
    ((scheme, scopes),) = only("{security: [{oauth: [read, write]}]}", SCHEMES).security[0].schemes
    assert (scheme.kind, scopes) == ("oauth2", ("read", "write"))


def test_undefined_scheme() -> None:
    """A requirement that names no scheme is kept as undefined, protects, and is a problem at its line."""
    found = document("  /orders:\n    get:\n      security:\n        - ghost: []\n")
    (operation,) = found.operations
    assert operation.security[0].schemes[0][0].kind == "undefined"
    assert operation.protected and not operation.bearer
    assert [(p.place.line, p.message) for p in found.problems] == [(7, "the security scheme `ghost` is not defined")]


def test_referenced_scheme() -> None:
    """A scheme that is a reference is resolved."""
    more = "components: {securitySchemes: {a: {$ref: '#/x-schemes/b'}}}\nx-schemes: {b: {type: http, scheme: bearer}}\n"
    assert only("{security: [{a: []}]}", more).bearer


@pytest.mark.parametrize(
    ("version", "definition", "kind"),
    [
        ("swagger: '2.0'", "{type: http, scheme: bearer}", "bearer"),
        ("openapi: 3.0.3", "{type: bearer}", "bearer"),
        ("openapi: 3.0.3", "{type: basic}", "basic"),
        ("openapi: 3.0.3", "{type: magic}", "undefined"),
    ],
)
def test_misused_scheme_types(version: str, definition: str, kind: str) -> None:
    """A type of another version is understood as meant, one of none is undefined, and both are problems."""
    found = document("  {}\n", f"components: {{securitySchemes: {{a: {definition}}}}}\n", version)
    assert [scheme.kind for scheme in found.schemes] == [kind]
    assert "the security scheme `a` has a type that this version does not know" in messages(found)


# --------------------------------------------------------------------------- Swagger 2

SWAGGER = """swagger: '2.0'
info: {title: Shop, version: '1'}
host: shop.test
basePath: /v1/
schemes: [https, http]
consumes: [application/json]
security: [{key: []}]
securityDefinitions:
  key: {type: apiKey, in: header, name: Authorization}
  basic: {type: basic}
  oauth: {type: oauth2, flow: accessCode, authorizationUrl: https://l.test/a, tokenUrl: https://l.test/t}
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, type: integer, x-example: 7}
    get:
      parameters:
        - {name: limit, in: query, type: integer, default: 20, enum: [10, 20]}
        - {name: order, in: body, schema: {type: object}}
      responses: {200: {description: fine}, default: {description: error}}
    put: {schemes: [wss], security: [{oauth: [write]}], responses: {}}
"""


def test_swagger() -> None:
    """A Swagger 2.0 document gives the same views as an OpenAPI 3 one."""
    found = read("shop.yaml", SWAGGER.encode())
    get, put = found.operations
    assert found.version == "2.0"
    assert [server.url for server in found.servers] == ["https://shop.test/v1", "http://shop.test/v1"]
    assert [server.place.column for server in found.servers] == [11, 18]
    assert (str(get.endpoint), get.bearer, get.statuses) == ("GET /v1/orders/{id}", True, ("200", "default"))
    assert [(p.name, p.location, p.type, p.values) for p in get.parameters] == [
        ("id", "path", "integer", ("7",)),
        ("limit", "query", "integer", ("20", "10")),
    ]
    assert [server.url for server in put.servers] == ["wss://shop.test/v1"]
    assert {scheme.name: scheme.kind for scheme in found.schemes} == {
        "key": "apiKey",
        "basic": "basic",
        "oauth": "oauth2",
    }
    assert not found.problems


def test_swagger_served_somewhere() -> None:
    """Without schemes and host those of the document's own address hold; from a file the base path alone is known."""
    text = b"swagger: '2.0'\ninfo: {}\nbasePath: /v1\npaths: {/orders: {get: {}}}\n"
    served = read("https://shop.test/docs/swagger.yaml", text)
    assert [server.url for server in served.servers] == ["https://shop.test/v1"]
    from_file = read("swagger.yaml", text)
    assert [server.url for server in from_file.servers] == ["/v1"]
    assert {str(found.operations[0].endpoint) for found in (served, from_file)} == {"GET /v1/orders"}


# --------------------------------------------------------------------------- servers


def test_servers_in_force() -> None:
    """An operation's servers replace the path's, and those the document's."""
    found = document(
        "  /a:\n    servers: [{url: /path}]\n    get: {}\n    put: {servers: [{url: /operation}]}\n  /b: {get: {}}\n",
        "servers: [{url: /document}, {url: /second}]\n",
    )
    assert [str(o.endpoint) for o in found.operations] == ["GET /path/a", "PUT /operation/a", "GET /document/b"]
    assert [server.url for server in found.operations[2].servers] == ["/document", "/second"]


@pytest.mark.parametrize(
    ("written", "uri", "expected"),
    [
        ("/v1", "https://shop.test/docs/openapi.yaml", "https://shop.test/v1"),
        ("v1", "https://shop.test/docs/openapi.yaml", "https://shop.test/docs/v1"),
        ("//eu.test/v1", "https://shop.test/openapi.yaml", "https://eu.test/v1"),
        ("//eu.test/v1", "docs/openapi.yaml", "//eu.test/v1"),
        ("/v1", "docs/openapi.yaml", "/v1"),
        ("https://{tenant}.test/v1", "openapi.yaml", "https://{tenant}.test/v1"),
    ],
)
def test_relative_servers(written: str, uri: str, expected: str) -> None:
    """A relative server is resolved against the document's URL, and stays as it is where that is a file."""
    operation = only("{}", f"servers: [{{url: '{written}'}}]\n", uri=uri)
    assert [server.url for server in operation.servers] == [expected]


def test_default_server() -> None:
    """Without servers the document's own host serves, and no line says so."""
    (server,) = only("{}", uri="https://shop.test/openapi.yaml").servers
    assert (server.url, server.place.line) == ("https://shop.test/", 0)


@pytest.mark.parametrize("url", ["http://[::1", "https://" + "a" * 2_000, "''"])
def test_unusable_server(url: str) -> None:
    """A server whose url is no address, overlong or missing is left out, and that is said."""
    found = document("  /orders: {get: {}}\n", f"servers: [{{url: {json.dumps(url)}}}, {{}}, {{url: /v1}}]\n")
    urls = [server.url for server in found.operations[0].servers]
    assert urls[-1] == "/v1" and len(urls) == (2 if url == "''" else 1)
    assert "a server without a url" in messages(found)


# --------------------------------------------------------------------------- parameters


def test_parameters_in_force() -> None:
    """The operation's parameter replaces the path's of the same name and location; references are followed."""
    found = document(
        "  /a:\n    parameters:\n      - {name: page, in: query, schema: {type: integer}}\n"
        "      - {name: page, in: header, schema: {type: string}}\n"
        "    get:\n      parameters:\n        - {$ref: '#/components/parameters/page'}\n",
        "components: {parameters: {page: {name: page, in: query, required: true, schema: {type: [null, string]}}}}\n",
    )
    parameters = found.operations[0].parameters
    assert [(p.location, p.required, p.type) for p in parameters] == [
        ("query", True, "string"),
        ("header", False, "string"),
    ]


VALUES: Mapping[str, tuple[str, ...]] = {
    "example: 7, schema: {default: 8, enum: [8, 9]}": ("7", "8", "9"),
    "examples: {one: {value: a}, two: {$ref: '#/x-examples/b'}}": ("a", "b"),
    "schema: {example: a, default: b}": ("a", "b"),
    "schema: {examples: [true, 3.10, null, {a: b}]}": ("true", "3.10"),
    "content: {application/json: {schema: {default: 1}}}": ("1",),
    "schema: {$ref: '#/x-schema'}": ("c",),
    "schema: {type: integer}": (),
}


@pytest.mark.parametrize("text", VALUES)
def test_parameter_values(text: str) -> None:
    """Usable values come from examples, defaults and enums, best first, as they are written; none is invented."""
    more = "x-examples: {b: {value: b}}\nx-schema: {enum: [c]}\n"
    (parameter,) = only(f"{{parameters: [{{name: a, in: query, {text}}}]}}", more).parameters
    assert parameter.values == VALUES[text]


def test_broken_parameter() -> None:
    """A parameter without a name is a problem, and the one beside it is read."""
    found = document("  /a: {get: {parameters: [{in: query}, {name: b, in: query}, {$ref: '#/nothing'}, 7]}}\n")
    assert [parameter.name for parameter in found.operations[0].parameters] == ["b"]
    assert len(found.problems) == 3


# --------------------------------------------------------------------------- token endpoints


def issues(path: str, method: str, answer: str, more: str = "") -> bool:
    """Tell whether an operation is taken for an issuer; `answer` is the schema of its 200."""
    responses = f"{{'200': {{content: {{application/json: {{schema: {answer}}}}}}}}}"
    (operation,) = document(f"  {path}: {{{method}: {{responses: {responses}{more}}}}}\n", SCHEMES).operations
    return operation.issues_token


TEXT = "{type: string}"


@pytest.mark.parametrize(
    ("path", "method", "answer"),
    [
        ("/login", "post", f"{{properties: {{access_token: {TEXT}}}}}"),
        ("/anything", "get", f"{{properties: {{accessToken: {TEXT}}}}}"),
        ("/anything", "get", "{properties: {jwt: {}}}"),
        ("/me", "get", f"{{properties: {{data: {{properties: {{id_token: {TEXT}}}}}}}}}"),
        ("/me", "get", f"{{allOf: [{{properties: {{a: {TEXT}}}}}, {{properties: {{access-token: {TEXT}}}}}]}}"),
        ("/api/token", "get", "{properties: {token: {type: [string, 'null']}}}"),
        ("/shops/{id}/keys", "post", f"{{properties: {{token: {TEXT}}}}}"),
        ("/token", "post", "{}"),
    ],
)
def test_issuers(path: str, method: str, answer: str) -> None:
    """An operation issues a token when a success schema holds one, or a flow's tokenUrl is its path."""
    assert issues(path, method, answer)


@pytest.mark.parametrize(
    ("path", "method", "answer", "more"),
    [
        ("/tokens", "get", f"{{type: array, items: {{properties: {{access_token: {TEXT}}}}}}}", ""),
        ("/tokens", "get", f"{{properties: {{token: {{properties: {{name: {TEXT}}}}}}}}}", ""),
        ("/tokens/{id}", "get", f"{{properties: {{token: {TEXT}}}}}", ""),
        ("/orders", "get", f"{{properties: {{items: {{}}, token: {TEXT}}}}}", ""),
        ("/csrf-token", "get", f"{{properties: {{token: {TEXT}}}}}", ""),
        ("/login", "post", "{properties: {access_token: {type: string, writeOnly: true}}}", ""),
        ("/login", "post", "{properties: {access_token: {type: boolean}}}", ""),
        ("/login", "post", f"{{properties: {{token_type: {TEXT}, tokens: {{type: integer}}}}}}", ""),
        (
            "/devices",
            "post",
            f"{{properties: {{token: {TEXT}}}}}",
            f", requestBody: {{content: {{json: {{schema: {{properties: {{token: {TEXT}}}}}}}}}}}",
        ),
        ("/token", "get", "{}", ""),
    ],
)
def test_no_issuers(path: str, method: str, answer: str, more: str) -> None:
    """Metadata about tokens, page tokens, forgery tokens and what the caller sent are no issued tokens."""
    assert not issues(path, method, answer, more)


def test_errors_issue_nothing() -> None:
    """A token in the schema of a refusal makes no issuer."""
    responses = f"{{'401': {{content: {{json: {{schema: {{properties: {{access_token: {TEXT}}}}}}}}}}}}}"
    assert not only(f"{{responses: {responses}}}").issues_token


def test_token_url_of_another_host() -> None:
    """A flow whose token endpoint is at another host says nothing about the same path here."""
    flow = "components: {securitySchemes: {o: {type: oauth2, flows: {x: {tokenUrl: 'https://login.test/token'}}}}}\n"
    text = "  /token: {post: {}}\n"
    assert document(text, flow + "servers: [{url: 'https://login.test'}]\n").operations[0].issues_token
    assert not document(text, flow + "servers: [{url: 'https://shop.test'}]\n").operations[0].issues_token


# --------------------------------------------------------------------------- paths


def test_methods_and_fields() -> None:
    """Every method is an operation, OpenAPI 3.2's additional ones too; what is none is a problem or nothing."""
    found = document(
        "  x-internal: {get: {}}\n  /a:\n    summary: s\n    x-note: n\n    GET: {}\n    query: {}\n    gett: {}\n"
        "    head: 7\n    additionalOperations: {COPY: {}, 'A B': {}}\n  /b: 7\n"
    )
    assert [str(operation.endpoint) for operation in found.operations] == ["GET /a", "QUERY /a", "COPY /a"]
    assert [problem.place.line for problem in found.problems] == [10, 11, 12, 13]


def test_path_item_reference() -> None:
    """A path item that refers to another is read with its own fields beside the other's."""
    found = document(
        "  /a: {$ref: '#/components/pathItems/p', put: {}}\n  /b: {$ref: '#/components/pathItems/p'}\n",
        "components: {pathItems: {p: {get: {}}}}\n",
    )
    assert [str(operation.endpoint) for operation in found.operations] == ["GET /a", "PUT /a", "GET /b"]


def test_unreached() -> None:
    """Webhooks and callbacks, which the API calls itself, are named as not reached."""
    found = document(
        "  /a:\n    post:\n      callbacks:\n        paid: {'{$request.body#/url}': {post: {}}}\n",
        "webhooks:\n  shipped: {post: {}}\n",
    )
    assert [(p.place.line, p.message) for p in found.problems] == [
        (7, "not reached: callback `paid`"),
        (9, "not reached: webhook `shipped`"),
    ]
    assert len(found.operations) == 1


def test_facts_of_an_operation() -> None:
    """Name, summary, deprecation and statuses are carried over."""
    operation = only("{operationId: list, summary: All, deprecated: true, responses: {'200': {}, 4XX: {}}}")
    assert (operation.operation_id, operation.summary, operation.deprecated) == ("list", "All", True)
    assert operation.statuses == ("200", "4XX")


def test_one_broken_part_does_not_stop_the_rest() -> None:
    """Wherever a part has the wrong type, the operation beside it is read."""
    broken = ["7", "[]", "text", "null", "{}", "[[]]", "[{}]", "[7]", "{$ref: 7}", "{$ref: '#/'}", "{a: 7}"]
    for value in broken:
        for place in (
            "servers",
            "security",
            "components",
            "webhooks",
            "info",
            "schemes",
            "host",
            "securityDefinitions",
        ):
            more = f"{place}: {value}\n" if place != "info" else ""
            assert len(document("  /a: {get: {}}\n", more).operations) == 1
        for place in ("servers", "security", "parameters", "responses", "requestBody", "callbacks", "operationId"):
            assert only(f"{{{place}: {value}}}").endpoint.path == "/orders"


# --------------------------------------------------------------------------- JSON, and telling specifications apart


def test_json_that_yaml_parsers_refuse() -> None:
    """Surrogate pairs, keys beyond 1,024 characters and tabs are JSON and are read as such."""
    long = "k" * 5_000
    start = '{"openapi": "3.0.3",\t"info": {"title": "\\ud83d\\ude00 \\ud83d"},\n\t"paths": '
    text = start + json.dumps({f"/{long}": {"get": {}}}) + "}"
    found = read("shop.json", text.encode())
    assert found.title == "\U0001f600 \ufffd"
    assert [(o.endpoint.path, o.place.line) for o in found.operations] == [(f"/{long}", 2)]


def test_json_with_comments_is_read_as_yaml() -> None:
    """What begins like JSON and is none (comments, a comma at the end) is read as a flow mapping of YAML."""
    found = read("shop.json", b'{"openapi": "3.0.3", # a comment\n "info": {}, "paths": {"/a": {"get": {}},}}')
    assert [str(operation.endpoint) for operation in found.operations] == ["GET /a"]


def test_json_and_yaml_give_the_same() -> None:
    """The same document in JSON and YAML gives the same operations but for their places."""
    as_yaml = read("shop", SWAGGER.encode())
    data = {
        "swagger": "2.0",
        "info": {"title": "Shop", "version": "1"},
        "host": "shop.test",
        "basePath": "/v1/",
        "paths": {"/orders/{id}": {"get": {"parameters": [{"name": "limit", "in": "query", "default": 20}]}}},
    }
    as_json = read("shop", json.dumps(data).encode())
    assert as_json.operations[0].endpoint == as_yaml.operations[0].endpoint
    assert as_json.operations[0].parameters[0].values == ("20",)


@pytest.mark.parametrize("padding", ["", ", description: " + "long " * 100])
def test_places_hide_tokens(padding: str) -> None:
    """The text of a place shows no credential of its line, however long the line; nor does a parameter's repr."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    line = f"{{example: {token}, name: a, in: query{padding}}}"
    (parameter,) = only(f"{{parameters: [{line}]}}").parameters
    assert parameter.values == (token,)
    assert "{example: [redacted " in parameter.place.text
    assert token[:12] not in repr(parameter)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"openapi: 3.0.3\n", True),
        (b'# a comment\n"swagger": "2.0"\n', True),
        (b'{"components": {}, "openapi": "3.1.0"}', True),
        ("openapi: 3.0.3\n".encode("utf-16"), True),
        (b"\xef\xbb\xbfopenapi: 3.0.3", True),
        (b'{"log": {"entries": [{"response": {"content": {"text": "{\\"openapi\\": \\"3.0.3\\"}"}}}]}}', False),
        (b"<html>openapi: 3.0.3", False),
        (b"openapi: yes", False),
        (b"", False),
        (b"\0\0\0openapi: 3.0.3", False),
    ],
)
def test_looks_like_spec(data: bytes, expected: bool) -> None:
    """A version key with a number after it makes a specification; one quoted inside a recording does not."""
    assert looks_like_spec(data) is expected


# --------------------------------------------------------------------------- lifetimes

CONTENT = "{{responses: {{'200': {{content: {{application/json: {0}}}}}}}}}"
WITH_TOKEN = "properties: {{access_token: {{type: string}}, {0}}}"


@pytest.mark.parametrize(
    ("media", "seconds"),
    [
        ("{schema: {" + WITH_TOKEN.format("expires_in: {const: 60, example: 90}") + "}}", 60),
        ("{schema: {" + WITH_TOKEN.format("expiresIn: {enum: ['60']}") + "}}", 60),
        ("{schema: {" + WITH_TOKEN.format("expires_in: {default: 60}") + "}}", 60),
        ("{schema: {" + WITH_TOKEN.format("expires_in: {examples: [60, 90]}") + "}}", 60),
        ("{schema: {properties: {data: {" + WITH_TOKEN.format("expires-in: {example: 60}") + "}}}}", 60),
        ("{schema: {" + WITH_TOKEN.format("a: {}") + "}, examples: {x: {value: {expires_in: 60}}}}", 60),
        ("{schema: {" + WITH_TOKEN.format("a: {}") + ", example: {data: {expires_in: 60}}}}", 60),
        ("{schema: {" + WITH_TOKEN.format("expires_in: {enum: [60, 90]}") + "}}", None),
        ("{schema: {" + WITH_TOKEN.format("expires_in: {example: -1}") + "}}", None),
        ("{schema: {" + WITH_TOKEN.format("expires_in: {example: '1" + 40 * "0" + "'}") + "}}", None),
        ("{schema: {properties: {expires_in: {example: 60}}}}", None),
    ],
)
def test_lifetimes(media: str, seconds: int | None) -> None:
    """The lifetime of an issued token is what binds first: a constant, a default, an example; else nothing is said."""
    found = only(CONTENT.format(media)).lifetime
    assert (found[1] if found else None) == seconds


def test_vendor_keys_are_credentials() -> None:
    """A key with its vendor's prefix is found where it stands, and shown to nobody."""
    key = "sk_" + "live_" + "51NBK2JGI8iCEF234fdsa789abcd"
    ((place, secret),) = only("{description: 'use " + key + "', responses: {}}").credentials
    assert secret.reveal() == key
    assert key not in repr(secret) and key not in place.text
