"""What a test of each control asks, and which promise it asserts.

A recipe gets a finding with what is known of the API and gives a test, or why there is none. It asks what the promise
says, not how it was broken: a repair of another kind than the usual one passes too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stopper.model import Endpoint, Finding
from stopper.regression.subject import Subject, literal


@dataclass(frozen=True, slots=True)
class Written:
    """A test: the end of its name, its sentence, its fixtures, its lines, the imports that it needs.

    `before` stands above it: constants and functions. `parameters` are (names, values) for `parametrize`.
    """

    name: str
    promise: str
    fixtures: tuple[str, ...]
    lines: tuple[str, ...]
    imports: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    parameters: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(frozen=True, slots=True)
class Case:
    """A finding of which a test is written."""

    finding: Finding
    subject: Subject

    @property
    def called(self) -> list[tuple[Endpoint, str]]:
        """Return the finding's operations that can be called, with path and query."""
        pairs = ((endpoint, self.subject.path_of(endpoint)) for endpoint in sorted(self.finding.endpoints))
        return [(endpoint, path) for endpoint, path in pairs if path]

    def call(self, endpoint: Endpoint, path: str, sent: str = "", base: str = "") -> str:
        """Return the expression that calls an operation; `sent` are further arguments."""
        method = endpoint.method.lower()
        known = method in ("get", "post", "put", "patch", "delete", "head", "options", "trace")
        begin = f"client.{method}(" if known else f'client.open(method="{endpoint.method}", path='
        arguments = [literal(path), f"base_url={literal(base or self.subject.base)}", *([sent] if sent else [])]
        return f"{begin}{', '.join(arguments)})"

    def presented(self, token: str) -> str:
        """Return the argument that presents a token, given as the inside of an f-string."""
        scheme = literal(f"{self.subject.scheme} ".lstrip())[1:-1].replace("{", "{{").replace("}", "}}")
        return f'headers={{{literal(self.subject.header)}: f"{scheme}{token}"}}'

    @property
    def refused(self) -> tuple[str, ...]:
        """Return the lines that assert a refusal (RFC 6750 §3), and a challenge where the scheme has one."""
        bearer = self.subject.header.lower() == "authorization" and self.subject.scheme.lower() == "bearer"
        challenge = 'assert answer.headers.get("WWW-Authenticate", "").startswith("Bearer")'
        return ("assert answer.status_code == 401", *((challenge,) if bearer else ()))


Recipe = Callable[[Case], Written | str]

_NO_PATH = "no value is known for a parameter of its path"
_NO_LOGIN = "it takes a token, and no login is known"


def _first(make: Callable[[Case, Endpoint, str], Written | str], token: bool) -> Recipe:
    """Return a recipe for the first operation that can be called; `token` says that it takes a login."""

    def recipe(case: Case) -> Written | str:
        if token and not case.subject.login:
            return _NO_LOGIN
        called = case.called
        if not called:
            return _NO_PATH if case.finding.endpoints else "no operation is named"
        return make(case, *called[0])

    return recipe


def words(endpoint: Endpoint) -> str:
    """Return an operation as a part of a name: `get_orders_number`."""
    return re.sub(r"\W+", "_", f"{endpoint.method} {endpoint.path}", flags=re.ASCII).strip("_").lower()[:80]


# --------------------------------------------------------------------------- refusals


def _stranger(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    if case.finding.control == "BT418" and "401" not in case.finding.message:
        return "the challenge is missing elsewhere than in a 401"
    lines = (f"answer = {case.call(endpoint, path)}", *case.refused)
    return Written(
        f"{words(endpoint)}_demands_a_token", f"{endpoint} refuses a caller without a token", ("client",), lines
    )


def _forged(case: Case, endpoint: Endpoint, path: str) -> Written:
    lines = (
        'content, dot, signature = token.rpartition(".")',
        "forged = content + dot + secrets.token_urlsafe(len(signature) * 3 // 4)",
        f"answer = {case.call(endpoint, path, case.presented('{forged}'))}",
        *case.refused,
    )
    promise = f"{endpoint} refuses a token that nobody issued"
    return Written(
        f"{words(endpoint)}_refuses_a_forged_token", promise, ("client", "token"), lines, ("import secrets",)
    )


_ENCODED = (
    "def encoded(data: bytes) -> str:",
    '    """Return base64url without padding (RFC 7515 section 2)."""',
    '    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()',
)


def _unsigned(case: Case, endpoint: Endpoint, path: str) -> Written:
    shown = re.search(r'"(none)"', case.finding.message, re.IGNORECASE)
    algorithm = shown[1] if shown else "none"
    lines = (
        f'header = encoded(json.dumps({{"alg": "{algorithm}", "typ": "JWT"}}).encode())',
        'claims = token.partition(".")[2].rpartition(".")[0]',
        f"answer = {case.call(endpoint, path, case.presented('{header}.{claims}.'))}",
        *case.refused,
    )
    return Written(
        f"{words(endpoint)}_refuses_an_unsigned_token",
        f"{endpoint} refuses a token that says it needs no signature (RFC 8725 section 3.2)",
        ("client", "token"),
        lines,
        ("import base64", "import json"),
        _ENCODED,
    )


def _empty_key(case: Case, endpoint: Endpoint, path: str) -> Written:
    lines = (
        'header = encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())',
        'signed = header + "." + token.partition(".")[2].rpartition(".")[0]',
        'for key in (b"", b"\\0", bytes(32), b"null", b"None"):',
        '    signature = encoded(hmac.digest(key, signed.encode(), "sha256"))',
        f"    answer = {case.call(endpoint, path, case.presented('{signed}.{signature}'))}",
        *(f"    {line}" for line in case.refused),
    )
    return Written(
        f"{words(endpoint)}_refuses_a_token_of_an_empty_key",
        f"{endpoint} refuses a token that is signed with no key to speak of",
        ("client", "token"),
        lines,
        ("import base64", "import hmac", "import json"),
        _ENCODED,
    )


def _expired(case: Case, endpoint: Endpoint, path: str) -> Written:
    lines = (
        "with time_machine.travel(time.time() + 400 * 86_400):",
        f"    answer = {case.call(endpoint, path, case.presented('{token}'))}",
        *case.refused,
    )
    return Written(
        f"{words(endpoint)}_refuses_an_expired_token",
        f"{endpoint} refuses in a year the token of today",
        ("client", "token"),
        lines,
        ("import time", "import time_machine"),
    )


_LOOSE = (
    ("no scheme", '"{token}"'),
    ("an unknown scheme", '"Another {token}"'),
    ("two methods in a list", '"Negotiate, Bearer {token}"'),
    ("TAB", '"Bearer\\t{token}"'),
    ("two headers", '"Bearer {token},Bearer another"'),
)


def _header(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    loose = tuple(value for form, value in _LOOSE if form in case.finding.message)
    if not loose:
        return "it is not shown which form of the header is let in"
    lines = (
        'headers = {"Authorization": written.format(token=token)}',
        f"answer = {case.call(endpoint, path, 'headers=headers')}",
        "assert answer.status_code in (400, 401)",
    )
    return Written(
        f"{words(endpoint)}_reads_the_header_strictly",
        f"{endpoint} takes a token in no other form than `Bearer TOKEN` (RFC 6750 section 2.1)",
        ("client", "token", "written"),
        lines,
        parameters=("written", loose),
    )


def _in_url(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    named = re.search(r"`([\w-]+)`", case.finding.message)
    if not named:
        return "it is not shown which parameter the token is taken from"
    lines = (
        f'query = {{"{named[1]}": token}}',
        f"answer = {case.call(endpoint, path.partition('?')[0], 'query_string=query')}",
        "assert answer.status_code in (400, 401)",
    )
    promise = f"{endpoint} takes no token from the address (RFC 6750 section 2.3)"
    return Written(f"{words(endpoint)}_takes_no_token_from_the_address", promise, ("client", "token"), lines)


# --------------------------------------------------------------------------- transport


def _plain(case: Case, endpoint: Endpoint, path: str) -> Written:
    sent = case.presented("{token}")
    lines = (
        f"answer = {case.call(endpoint, path, sent, case.subject.plain)}",
        "assert 400 <= answer.status_code < 500",
    )
    promise = f"{endpoint} refuses plain HTTP, and does not redirect: the token has crossed in clear"
    return Written(f"{words(endpoint)}_refuses_plain_http", promise, ("client", "token"), lines)


def _served_plain(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    if "plain HTTP" not in case.finding.message:
        return "the specification and the API contradict each other the other way round"
    return _plain(case, endpoint, path)


_FORWARDED = {"Forwarded": "proto=https", "X-Forwarded-Ssl": "on"}


def _forwarded(case: Case, endpoint: Endpoint, path: str) -> Written:
    named = re.search(r"\(([A-Za-z-]+)\)", case.finding.message)
    name = named[1] if named else "X-Forwarded-Proto"
    value = f"{literal(f'{case.subject.scheme} ')} + token" if case.subject.scheme else "token"
    lines = (
        f"credential = {{{literal(case.subject.header)}: {value}}}",
        f'claimed = {{**credential, "{name}": "{_FORWARDED.get(name, "https")}"}}',
        f"plain = {case.call(endpoint, path, 'headers=credential', case.subject.plain)}",
        f"answer = {case.call(endpoint, path, 'headers=claimed', case.subject.plain)}",
        "assert answer.status_code == plain.status_code",
        "assert answer.status_code >= 400",
    )
    promise = f"{endpoint} does not believe a client that calls its plain HTTP secure"
    return Written(f"{words(endpoint)}_believes_no_forwarding_header", promise, ("client", "token"), lines)


# --------------------------------------------------------------------------- answers


def _uncached(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    if "no-store" not in case.finding.message:
        return "the answer may be kept for another reason than a missing no-store"
    lines = (
        f"answer = {case.call(endpoint, path, case.presented('{token}'))}",
        "assert answer.status_code < 300",
        'assert "no-store" in answer.headers.get("Cache-Control", "")',
    )
    promise = f"no cache keeps what {endpoint} answers (RFC 6750 section 5.3)"
    return Written(f"{words(endpoint)}_is_not_stored", promise, ("client", "token"), lines)


def _no_echo(case: Case, endpoint: Endpoint, path: str) -> Written:
    lines = (
        "presented = secrets.token_urlsafe(32)",
        f"answer = {case.call(endpoint, path, case.presented('{presented}'))}",
        "assert presented not in answer.get_data(as_text=True)",
        "assert presented not in str(answer.headers)",
    )
    promise = f"{endpoint} does not repeat a token that it refuses"
    return Written(f"{words(endpoint)}_repeats_no_token", promise, ("client",), lines, ("import secrets",))


def _hsts(case: Case, endpoint: Endpoint, path: str) -> Written:
    lines = (
        f"answer = {case.call(endpoint, path)}",
        'policy = re.search(r"max-age=(\\d+)", answer.headers.get("Strict-Transport-Security", ""))',
        "assert policy is not None",
        "assert int(policy[1]) >= 31_536_000",
    )
    promise = f"{endpoint} tells browsers to come over TLS alone, for a year at least (RFC 6797)"
    return Written(f"{words(endpoint)}_demands_tls_of_browsers", promise, ("client",), lines, ("import re",))


_CLAIMS = (
    "def claims_of(token: str) -> dict[str, object]:",
    '    """Return what stands in a JSON Web Token, unverified."""',
    '    part = token.split(".")[1]',
    '    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))',
    "    return claims",
)


def _ending(case: Case, endpoint: Endpoint, path: str) -> Written:
    lines = (
        f"answer = {case.call(endpoint, path, case.presented('{token}'))}",
        "assert answer.status_code < 300",
        "said = answer.get_json()",
        'issued = [text for text in said.values() if isinstance(text, str) and text.count(".") == 2]',
        'assert all("exp" in claims_of(each) for each in issued) if issued else "expires_in" in said',
    )
    return Written(
        f"{words(endpoint)}_issues_tokens_that_end",
        f"what {endpoint} issues ends some day",
        ("client", "token"),
        lines,
        ("import base64", "import json"),
        _CLAIMS,
    )


# --------------------------------------------------------------------------- generation and keeping


_TOKENS = (
    "def tokens_in(said: object) -> set[str]:",
    '    """Return the texts in a JSON answer that may be tokens: long ones without a space."""',
    "    if isinstance(said, dict):",
    "        return {token for value in said.values() for token in tokens_in(value)}",
    "    if isinstance(said, list):",
    "        return {token for value in said for token in tokens_in(value)}",
    '    return {said} if isinstance(said, str) and len(said) >= 16 and not {" ", "/"} & set(said) else set()',
)


def _issuing(case: Case, endpoint: Endpoint, path: str, name: str) -> tuple[str, str, str]:
    """Return the lines that have an operation issue tokens and keep them under a name."""
    return (
        f"answer = {case.call(endpoint, path, case.presented('{token}'))}",
        'assert answer.status_code < 300, "it must issue a token for this test to say anything"',
        f"{name} = tokens_in(answer.get_json())",
    )


def _unpredictable(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    if "random module" not in case.finding.message:
        return "what makes the token cannot be set back from a test"
    lines = (
        "random.seed(1)",
        *_issuing(case, endpoint, path, "first"),
        "random.seed(1)",
        *_issuing(case, endpoint, path, "second"),
        "assert first and second",
        "assert not first & second",
    )
    return Written(
        f"{words(endpoint)}_issues_tokens_that_nobody_can_tell",
        f"what {endpoint} issues does not follow from the state of the random module",
        ("client", "token"),
        lines,
        ("import random",),
        _TOKENS,
    )


_IN_ROWS = re.compile(r"SQL statement|to the (?:column|table) ")
"""How the source and the running application say that a token becomes part of a row."""

_STATEMENTS = (
    "@pytest.fixture",
    "def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:",
    '    """The statements that SQLite runs from now on, their values filled in."""',
    "    heard: list[str] = []",
    "    original = sqlite3.connect",
    "",
    "    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:",
    "        connection: sqlite3.Connection = original(*arguments, **options)",
    "        connection.set_trace_callback(heard.append)",
    "        return connection",
    "",
    '    monkeypatch.setattr("sqlite3.connect", connect)',
    '    monkeypatch.setattr("sqlite3.dbapi2.connect", connect)',
    "    return heard",
)


def _digested(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    finding = case.finding
    said = " ".join((finding.message, *(observation.verdict.message for observation in finding.observations)))
    if not _IN_ROWS.search(said):
        return "where it is stored, a test cannot look without knowing the store"
    lines = (
        "statements.clear()",
        *_issuing(case, endpoint, path, "issued"),
        "assert issued",
        'assert statements, "no statement was heard: this test knows SQLite alone"',
        "assert not [each for each in statements if any(token in each for token in issued)]",
    )
    return Written(
        f"{words(endpoint)}_keeps_digests_alone",
        f"no token that {endpoint} issues reaches the database as it is",
        ("statements", "client", "token"),
        lines,
        ("import sqlite3", "from typing import Any", "import pytest"),
        (*_STATEMENTS, "", "", *_TOKENS),
    )


def _unlogged(case: Case, endpoint: Endpoint, path: str) -> Written | str:
    if "log" not in case.finding.message:
        return "it reaches something else than a log"
    lines = (
        "caplog.set_level(logging.DEBUG)",
        *_issuing(case, endpoint, path, "issued"),
        "written = [record.getMessage() for record in caplog.records]",
        "assert not [line for line in written if any(each in line for each in (token, *issued))]",
    )
    return Written(
        f"{words(endpoint)}_logs_no_token",
        f"neither the token that {endpoint} is given nor one that it issues is logged",
        ("client", "token", "caplog: pytest.LogCaptureFixture"),
        lines,
        ("import logging", "import pytest"),
        _TOKENS,
    )


_HANDLERS = (
    "def written(handler: logging.Handler, logger: logging.Logger, message: str, *arguments: object) -> str:",
    '    """Return what a log handler would write."""',
    "    record = logger.makeRecord(logger.name, logging.ERROR, __file__, 0, message, arguments, None)",
    "    kept = handler.filter(record)",
    '    return handler.format(kept if isinstance(kept, logging.LogRecord) else record) if kept else ""',
)


def _redacted(case: Case) -> Written | str:
    if not case.subject.login:
        return _NO_LOGIN
    lines = (
        "loggers = [logging.root, *logging.root.manager.loggerDict.values()]",
        "own = [logger for logger in loggers if isinstance(logger, logging.Logger)]",
        "pairs = [(handler, logger) for logger in own for handler in logger.handlers]",
        'assert [handler for handler, _ in pairs if "_pytest" not in type(handler).__module__], "nothing is logged"',
        "for handler, logger in pairs:",
        '    if "_pytest" in type(handler).__module__:',
        "        continue",
        '    assert token not in written(handler, logger, f"Bearer {token}")',
        '    assert token not in written(handler, logger, "%s", f"Bearer {token}")',
        '    assert token not in written(handler, logger, "%s", {"Authorization": f"Bearer {token}"})',
    )
    promise = "no log handler of the application writes a token, however it comes"
    return Written("logs_show_no_token", promise, ("client", "token"), lines, ("import logging",), _HANDLERS)


_REDACTED = re.compile(r"\[redacted ([0-9a-f]{12})\]")


_FINGERPRINT = (
    "def fingerprint(text: str) -> str:",
    '    """Return what tells a secret without showing it."""',
    '    return hashlib.sha256(b"stopper fingerprint 1\\0" + text.encode()).hexdigest()[:12]',
)


def _relative(path: str) -> str:
    """Return the expression for a path that is given relative to the folder of the tests."""
    parts = path.split("/")
    ups = sum(part == ".." for part in parts)
    return f"Path(__file__).parents[{ups}]" + "".join(
        f" / {literal(part)}" for part in parts if part not in ("..", ".")
    )


def _no_literal(case: Case) -> Written | str:
    place = case.finding.place
    marks = tuple(dict.fromkeys(_REDACTED.findall(place.text))) if place else ()
    if place is None or not marks or not place.uri.endswith(".py"):
        return "the line shows no secret of which a fingerprint could be kept"
    parts = [part for part in (*case.subject.source.split("/"), *place.uri.split("/")) if part not in ("", ".")]
    folder = _relative("/".join(parts[:-1]))
    lines = (
        f"leaked = {json.dumps(list(marks))}",
        f'trees = [ast.parse(path.read_bytes()) for path in ({folder}).glob("*.py")]',
        "constants = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]",
        "literals = [value for value in constants if isinstance(value, str)]",
        "assert not [text for text in literals if fingerprint(text) in leaked]",
    )
    name = re.sub(r"\W+", "_", place.uri.removesuffix(".py"), flags=re.ASCII).strip("_").lower()[:80]
    return Written(
        f"no_secret_stands_in_{name or 'the_source'}",
        f"the secret that stood in {place.uri} stands there no more, nor beside it",
        (),
        lines,
        ("import ast", "import hashlib", "from pathlib import Path"),
        _FINGERPRINT,
    )


# --------------------------------------------------------------------------- the specification


def _document(case: Case) -> tuple[tuple[str, ...], tuple[str, ...]] | str:
    """Return imports and lines that read the specification, or why that cannot be."""
    if len(case.subject.specs) != 1:
        return "it takes one specification in a file"
    file = case.subject.specs[0]
    module, reading = ("json", "json.loads") if file.endswith(".json") else ("yaml", "yaml.safe_load")
    return (
        ("from pathlib import Path", f"import {module}"),
        (f'SPECIFICATION = {reading}(({_relative(file)}).read_text(encoding="utf-8"))',),
    )


_ADDRESSES = (
    'NAMED = ("url", "tokenUrl", "authorizationUrl", "refreshUrl", "openIdConnectUrl")',
    "",
    "",
    "def addresses(node: Any) -> Iterator[str]:",
    '    """Yield every address of a server or of an OAuth endpoint that the specification names."""',
    "    if isinstance(node, dict):",
    "        yield from (value for key, value in node.items() if key in NAMED and isinstance(value, str))",
    "    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():",
    "        yield from addresses(inner)",
)


def _https_servers(case: Case) -> Written | str:
    read = _document(case)
    if isinstance(read, str):
        return read
    imports = (*read[0], "from collections.abc import Iterator", "from typing import Any")
    lines = (
        'assert not [each for each in addresses(SPECIFICATION) if each.startswith("http:")]',
        'assert "http" not in SPECIFICATION.get("schemes", [])',
    )
    promise = "the specification sends no client to plain HTTP"
    return Written("specification_names_https_alone", promise, (), lines, imports, (*read[1], "", "", *_ADDRESSES))


def _documented(case: Case) -> Written | str:
    read = _document(case)
    if isinstance(read, str):
        return read
    if not case.finding.endpoints:
        return "no operation is named"
    endpoint = min(case.finding.endpoints)
    rule = re.sub(r"\{[^}]*\}", "{}", endpoint.path)
    lines = (
        'rules = [rule for rule in app.url_map.iter_rules() if "' + endpoint.method + '" in (rule.methods or ())]',
        'served = {re.sub(r"<[^>]*>", "{}", rule.rule) for rule in rules}',
        'told = {re.sub(r"{[^}]*}", "{}", path): item for path, item in SPECIFICATION["paths"].items()}',
        f"item = told.get({literal(rule)}, {{}})",
        f'assert "{endpoint.method.lower()}" in item or {literal(rule)} not in served',
    )
    promise = f"who reads the specification knows of {endpoint}, while it is served"
    imports = (*read[0], "import re", "from flask import Flask")
    return Written(f"{words(endpoint)}_is_documented", promise, ("app: Flask",), lines, imports, read[1])


RECIPES: Mapping[str, Recipe] = {
    "BT101": _first(_plain, token=True),
    "BT102": _first(_plain, token=True),
    "BT103": _first(_plain, token=True),
    "BT104": _https_servers,
    "BT105": _https_servers,
    "BT106": _first(_hsts, token=False),
    "BT107": _first(_forwarded, token=True),
    "BT112": _first(_plain, token=True),
    "BT201": _first(_unpredictable, token=True),
    "BT205": _no_literal,
    "BT206": _no_literal,
    "BT301": _first(_digested, token=True),
    "BT302": _first(_unlogged, token=True),
    "BT303": _redacted,
    "BT304": _first(_no_echo, token=False),
    "BT306": _first(_in_url, token=True),
    "BT307": _first(_uncached, token=True),
    "BT401": _first(_stranger, token=False),
    "BT402": _first(_forged, token=True),
    "BT403": _first(_forged, token=True),
    "BT404": _first(_unsigned, token=True),
    "BT405": _first(_empty_key, token=True),
    "BT411": _first(_expired, token=True),
    "BT416": _first(_header, token=True),
    "BT418": _first(_stranger, token=False),
    "BT501": _first(_ending, token=True),
    "BT601": _first(_stranger, token=False),
    "BT605": _documented,
    "BT608": _first(_stranger, token=False),
    "BT610": _first(_served_plain, token=True),
}
"""What is written for the findings of a control."""
