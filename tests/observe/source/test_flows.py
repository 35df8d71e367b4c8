"""The data flow: what carries a value from its source to its sink, and what does not."""

from __future__ import annotations

import ast
import time

import pytest

from stopper.observe.source import Module, Project, read_project
from stopper.observe.source.flows import (
    Flow,
    Origin,
    Says,
    Sink,
    columns,
    credential,
    flows,
    jose_calls,
    made_by,
    safe,
)

HEADER = "import hashlib, json, logging, random, secrets, time, uuid\nimport jwt\nlog = logging.getLogger()\n"


def project(**files: str) -> Project:
    """Return a project of modules by their names."""
    return read_project((f"{name}.py", (HEADER + text).encode()) for name, text in files.items())


def module(text: str) -> Module:
    """Return the one module of a project."""
    return project(shop=text).modules[0]


def found(text: str) -> list[tuple[str, int]]:
    """Return (sink, line) of every flow, lines counted from the end of HEADER."""
    return [(flow.sink_kind.name, line(flow)) for flow in flows(module(text))]


def line(flow: Flow) -> int:
    """Return the line of a flow's sink, counted from the end of HEADER."""
    return int(getattr(flow.sink_node, "lineno", 0)) - HEADER.count("\n")


@pytest.mark.parametrize(
    "carrier",
    [
        "str(token)",
        "f'{token}'",
        "'%s' % token",
        "'{}'.format(token)",
        "'token ' + token",
        "token.encode().decode()",
        "json.dumps({'t': token})",
        "{'inner': {'t': token}}",
        "[token, 1]",
        "(1, token)[1]",
        "[t for t in (token,)]",
        "token if token else ''",
        "token or 'none'",
        "token[7:]",
        "(kept := token)",
        "','.join([token])",
        "(lambda: token)",
    ],
)
def test_carriers_keep_the_token(carrier: str) -> None:
    """What only changes a token's form leaves it a token."""
    assert found(f"def view(access_token):\n    token = access_token\n    x = {carrier}\n    log.info('%s', x)\n") == [
        ("LOGGED", 4)
    ]


@pytest.mark.parametrize(
    "cleanser",
    [
        "hashlib.sha256(token.encode()).hexdigest()",
        "len(token)",
        "bool(token)",
        "type(token)",
        "token == 'x'",
        "not token",
        "token is None",
        "redact(token)",
        "fingerprint(token)",
        "token[:8]",
        "token[-4:]",
        "'there is one' if token else 'there is none'",
        "token.id",
        "look_up(token)",
    ],
)
def test_cleansers_take_it_away(cleanser: str) -> None:
    """What shows nothing of a token is no token."""
    assert found(f"def view(access_token):\n    token = access_token\n    log.info('%s', {cleanser})\n") == []


def test_variables_are_followed_through_every_statement() -> None:
    """Branches, loops, with, try, match, del and tuple assignment are walked in their order."""
    text = """
def view(access_token, way):
    if way:
        a = access_token
    else:
        a = ""
    for part in [a]:
        b = part
    with open("x") as c:
        b, d = b, c
    try:
        e = b
    except ValueError:
        e = None
    finally:
        f = e
    match way:
        case 1:
            g = f
        case _:
            g = 0
    while way:
        h = g
    i = j = h
    i += "x"
    log.info("%s", i)
    j = "harmless"
    log.info("%s", j)
"""
    assert found(text) == [("LOGGED", 26)]


def test_path_tells_the_steps_in_order() -> None:
    """A flow's path begins at the source and ends at the sink, a sentence at each step."""
    (flow,) = flows(module("def new_token():\n    n = random.getrandbits(128)\n    return '%x' % n\n"))
    assert flow.source_kind is Origin.NUMBER
    assert flow.says is Says.TOKEN
    assert [place.line - HEADER.count("\n") for place, _ in flow.path] == [2, 3, 3]
    assert [text for _, text in flow.path] == [
        "a number of the random module",
        "put into a text",
        "becomes a credential: what new_token() returns",
    ]


def test_flow_crosses_modules_both_ways() -> None:
    """A weak value returned by another module, and a token handed into one that writes it, are seen at the call."""
    modules = project(
        shop="import tools\ndef view(user, key):\n    user.token = tools.text(8)\n"
        "    access_token = jwt.encode({}, key)\n    tools.keep(access_token)\n",
        tools="def text(n):\n    return ''.join(random.choice('ab') for _ in range(n))\n"
        "def keep(value):\n    with open('f', 'w') as file:\n        json.dump([value], file)\n",
    )
    made, kept = flows(modules.at("shop.py"))  # type: ignore[arg-type]
    assert (made.sink_kind, line(made), made.source_module.path) == (Sink.MADE, 3, "tools.py")
    assert (kept.sink_kind, line(kept)) == (Sink.FILE, 5)
    assert {place.uri for place, _ in kept.path} == {"shop.py", "tools.py"}
    assert flows(modules.at("tools.py")) == ()  # type: ignore[arg-type]


def test_a_callee_that_reports_itself_is_not_reported_again() -> None:
    """One leak is one flow: the function whose own parameter is called a token tells of it, its callers do not."""
    text = (
        "def show(token):\n    log.info(token)\ndef view(access_token):\n    show(access_token)\nlogin = bearer = 1\n"
    )
    assert found(text) == [("LOGGED", 2)]


def test_recursion_ends() -> None:
    """Functions that call one another are walked once each."""
    text = "def a(token):\n    return b(token)\ndef b(token):\n    return a(token)\nauthorization = jwt\n"
    assert found(text) == []


def test_deep_expressions_are_given_up_not_crashed() -> None:
    """An expression deeper than the interpreter's stack leaves its function unread and the others read."""
    deep = "x = " + "-" * 900 + "1"
    text = f"def one(access_token):\n    {deep}\ndef two(access_token):\n    log.info(access_token)\n"
    assert ("LOGGED", 4) in found(text)


def test_long_sums_are_walked_without_recursion() -> None:
    """A sum of many parts does not exhaust the stack: the token at its end is seen."""
    many = " + ".join(["'x'"] * 300)
    assert found(f"def view(access_token):\n    log.info({many} + access_token)\n") == [("LOGGED", 2)]


def test_time_grows_no_faster_than_the_text() -> None:
    """Twice as many functions that call one another take about twice as long."""

    def seconds(count: int) -> float:
        text = "".join(
            f"def f{i}(token):\n    return f{(i * 7) % count}(token) + f{i // 2}(token)\n" for i in range(count)
        )
        shop = module("authorization = 1\n" + text)
        begun = time.process_time()
        flows(shop)
        return time.process_time() - begun

    seconds(50)
    assert seconds(800) < 12 * max(seconds(200), 0.01)


def test_claims_keep_what_is_sure_and_what_is_not() -> None:
    """A key set on every way is there, one set on some ways is optional, one that the caller chose is unknown."""
    text = """
def sign(user, key, kind, life=None):
    claims = {"sub": user}
    claims["iat"] = 1
    if kind == "short":
        claims["exp"] = 2
    if life:
        claims["nbf"] = 3
    return jwt.encode(claims, key)
"""
    (call,) = jose_calls(module(text))
    claims = call.values["claims"]
    assert set(claims.items) == {"sub", "iat", "exp"}
    assert claims.optional == {"exp"}
    assert not claims.closed


def test_options_are_read_through_variables() -> None:
    """An option is known from a literal, from a variable's member, and unknown where a branch sets it."""
    text = """
def one(t, k):
    options = {"verify_exp": False}
    return jwt.decode(t, k, options=options)
def two(t, k, way):
    options = {}
    if way == 1:
        options["verify_exp"] = False
    return jwt.decode(t, k, options=options)
def three(t, k):
    return jwt.decode(t, k, False)
"""
    one, two, three = jose_calls(module(text))
    assert one.option("verify_exp") is False
    assert two.option("verify_exp") not in (True, False, None)
    assert (one.verifies, three.verifies) == (True, False)


def test_strong_tokens_and_digests_are_told_as_right() -> None:
    """What was looked at and found right is told: a strong token made, its digest logged and stored."""
    text = """
def view(db):
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    log.info("%s", digest)
    db.execute("INSERT INTO tokens VALUES (?)", (digest,))
    return token
"""
    assert [one.sink_kind for one in safe(module(text))] == [Sink.MADE, Sink.LOGGED, Sink.SQL]
    assert found(text) == []


def test_column_is_digested_where_another_module_hashes() -> None:
    """The digest that another file puts into a column counts for the column."""
    model = "class Key(db.Model):\n    session_token = db.Column(db.String(64))\n"
    user = "def keep(key, raw_token):\n    key.session_token = hashlib.sha256(raw_token.encode()).hexdigest()\n"
    (alone,) = columns(project(model=model).modules[0])
    (hashed,) = columns(project(model=model, user=user).at("model.py"))  # type: ignore[arg-type]
    assert (alone.digested, hashed.digested) == (False, True)


def test_no_place_shows_a_secret() -> None:
    """The text of a line that a path shows does not hold the credential written in it."""
    canary = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    (flow, *_) = flows(module(f"def view(user):\n    log.info('{canary} %s', user.token)\nbearer = 1\n"))
    assert canary not in repr(flow.path)
    assert canary not in repr(flow.evidence)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("token", Says.TOKEN),
        ("accessToken", Says.TOKEN),
        ("X-API-Key", Says.TOKEN),
        ("auth_password_or_token", Says.TOKEN),
        ("encoded_jwt", Says.TOKEN),
        ("token_string", Says.TOKEN),
        ("JWT_SECRET_KEY", Says.SECRET),
        ("reset_pin", Says.CODE),
        ("new_password", Says.PASSWORD),
        ("token_hash", None),
        ("token_id", None),
        ("token_type", None),
        ("next_token", None),
        ("tokens", None),
        ("masked_token", None),
        ("decoded_token", None),
        ("public_key", None),
        ("partition_key", None),
        ("password_hash", None),
        ("status_code", None),
        ("", None),
        ("_", None),
    ],
)
def test_names_say_what_they_hold(name: str, says: Says | None) -> None:
    """A name tells a credential from what is only about one."""
    assert credential(name) is says


def test_functions_say_what_they_make() -> None:
    """`generate_reset_token` makes a token; `get_user` and `token` make none."""
    assert made_by("generate_reset_token") is Says.TOKEN
    assert made_by("makeApiKey") is Says.TOKEN
    assert made_by("generate_authorization_code") is Says.CODE
    assert made_by("get_user") is None
    assert made_by("token") is None


def test_lambda_default_and_nested_function_see_the_outer_variables() -> None:
    """A decorator's inner function reads the token that its outer one holds."""
    text = """
def outer(access_token):
    def inner():
        log.info(access_token)
    return inner
"""
    assert found(text) == [("LOGGED", 4)]


def test_every_node_of_a_path_is_in_its_module() -> None:
    """A flow's sink node belongs to the module that tells of it, so that its endpoints can be asked."""
    shop = module("def view(access_token):\n    print(access_token)\n")
    (flow,) = flows(shop)
    assert flow.sink_node in set(shop.nodes(ast.Call))
    assert flow.together
