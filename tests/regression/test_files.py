"""The tests that are written: which findings get one, what stands in it, and how it logs in."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pytest

from stopper.controls import catalogue
from stopper.model import Control, Endpoint, Finding, Place, Severity, Status
from stopper.regression import Subject, folder, one_file, written
from stopper.regression.recipes import RECIPES

ORDERS = Endpoint("GET", "/orders")
ORDER = Endpoint("GET", "/orders/{number}")
SUBJECT = Subject("shop:create_app", factory=True, login=("return ''",), source="../../shop", specs=("../../api.yaml",))


def finding(control: str, message: str = "", *endpoints: Endpoint, place: Place | None = None) -> Finding:
    """Return a finding of a control."""
    name = catalogue()[control].control.name
    return Finding(control, name, name, Severity.HIGH, Status.CONFIRMED, message, place, endpoints, ())


def pair(found: Finding) -> tuple[Finding, Control]:
    """Return a finding with its control."""
    return found, catalogue()[found.control].control


def untested(found: Finding, subject: Subject = SUBJECT) -> str:
    """Return why a finding gets no test."""
    ((_, why),) = folder([pair(found)], subject, with_stopper=False).untested
    return why


MESSAGES = {
    "BT201": "a choice of the random module becomes a token",
    "BT301": "a token is written by an SQL statement as it is",
    "BT302": "a token is written to a log",
    "BT306": "the credential is taken from the query: `access_token`",
    "BT307": "answers without no-store",
    "BT416": "takes the token from a header with no scheme and with two methods in a list",
    "BT418": "answers 401",
    "BT610": "it answers over plain HTTP",
}
SECRET = Place("keys.py", 3, text='KEY = "[redacted 0123456789ab]"')


@pytest.mark.parametrize("control", sorted(RECIPES))
def test_every_recipe_gives_a_module(control: str) -> None:
    """Each recipe gives a module that Python reads, with one test that names control and promise."""
    found = finding(control, MESSAGES.get(control, ""), ORDERS, place=SECRET)
    made = folder([pair(found)], SUBJECT, with_stopper=False)
    assert not made.untested
    name, text = list(made.files.items())[1]
    compile(text, name, "exec")
    assert name.startswith(f"test_{control.lower()}_")
    assert text.startswith(f'"""{control} ')
    assert text.count("\ndef test_") == 1
    assert max(map(len, text.splitlines())) <= 120
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_all_in_one_file() -> None:
    """Tests that share functions and constants share one module, each name once."""
    found = [pair(finding(each, MESSAGES.get(each, ""), ORDERS, place=SECRET)) for each in sorted(RECIPES)]
    (text,) = one_file("test_tokens.py", found, SUBJECT, with_stopper=False).files.values()
    compile(text, "test_tokens.py", "exec")
    for line in ("def tokens_in(", "def encoded(", "SPECIFICATION =", "def client("):
        assert text.count(f"\n{line}") == 1
    assert text.count("\ndef test_") == len(RECIPES)


def test_what_gets_no_test_is_said() -> None:
    """Where no test can be written, the reason is told."""
    assert "no value is known" in untested(finding("BT401", "", ORDER))
    assert "no login is known" in untested(finding("BT402", "", ORDERS), replace(SUBJECT, login=()))
    assert "--with-stopper" in untested(finding("BT110", "", ORDERS))
    assert "fingerprint" in untested(finding("BT205", "", place=Place("keys.py", 3, text="KEY = ****")))
    assert "other way round" in untested(finding("BT610", "documented as http, served over https", ORDERS))
    assert "one specification" in untested(finding("BT605", "", ORDERS), replace(SUBJECT, specs=()))


def test_values_of_a_path_are_those_of_the_scan() -> None:
    """A parameter has the value by which the scan called the operation."""
    called = replace(SUBJECT, paths={ORDER: "/orders/7?all=1"})
    made = folder([pair(finding("BT401", "", ORDER))], called, with_stopper=False)
    assert 'client.get("/orders/7?all=1", base_url="https://localhost")' in list(made.files.values())[1]


def test_equal_names_are_numbered() -> None:
    """Two findings of one control at one operation are two tests."""
    twice = [pair(finding("BT401", "", ORDERS))] * 2
    names = list(folder(twice, SUBJECT, with_stopper=False).files)
    assert names == [
        "conftest.py",
        "test_bt401_get_orders_demands_a_token.py",
        "test_bt401_get_orders_demands_a_token_2.py",
    ]


def test_the_project_s_own_fixture_is_taken() -> None:
    """Where the project's tests have a fixture `app`, none is written."""
    own = folder([pair(finding("BT401", "", ORDERS))], replace(SUBJECT, fixture=True), with_stopper=False)
    assert "def app(" not in own.files["conftest.py"]
    assert "create_app" not in own.files["conftest.py"]


def test_a_login_keeps_its_secrets_in_the_environment() -> None:
    """Variables stay variables, and a password that stands in the settings becomes one."""
    login = {"url": "/in", "json": {"user": "ada", "password": "hunter2", "mail": "${NAME}@shop.test"}}
    made = written(login, {"hunter2"}, "https://shop.test")
    text = "\n".join(made.lines)
    assert "hunter2" not in text
    assert made.invented == ("TEST_PASSWORD",)
    assert '{"user": "ada", "password": os.environ["TEST_PASSWORD"], "mail": os.environ["NAME"] + "@shop.test"}' in text
    assert text.endswith('token: str = answer.get_json()["access_token"]\nreturn token')


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ({"header": "X-Auth"}, 'return answer.headers["X-Auth"].removeprefix("Bearer ")'),
        ({"cookie": "session"}, "return cookie.value"),
        ({"pointer": "/data/0/a~1b"}, 'token: str = answer.get_json()["data"][0]["a/b"]'),
    ],
)
def test_a_token_is_taken_from_where_it_stands(place: dict[str, str], line: str) -> None:
    """Header, cookie and JSON pointer are read as the settings say."""
    assert line in written({"url": "/in", "token": place}, (), "https://shop.test").lines


def test_nothing_of_the_target_becomes_code() -> None:
    """Whatever stands in a path, a file's name or a scheme, the module has the one test and runs nothing else."""
    hostile = '"""\nimport os\nos.abort()\n"""\\'
    endpoint = Endpoint("GET", f"/x{hostile}/" + "é²" * 200)
    subject = replace(SUBJECT, scheme='B"{0/0}', source=f"../{hostile}", specs=(f"../{hostile}.yaml",))
    for control in sorted(RECIPES):
        place = Place(f"{hostile}\udc80.py", 3, text=SECRET.text)
        found = finding(control, MESSAGES.get(control, ""), endpoint, place=place)
        for with_stopper in (False, True):
            made = folder([pair(found)], subject, with_stopper=with_stopper)
            ((_, module), (name, text)) = made.files.items()
            assert re.fullmatch(r"test_\w{1,140}\.py", name, re.ASCII)
            for source in (module, text):
                tree = ast.parse(source)
                imported = {
                    alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
                }
                assert "os" not in imported
                divided = [
                    node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and ast.unparse(node) == "0 / 0"
                ]
                assert not divided
