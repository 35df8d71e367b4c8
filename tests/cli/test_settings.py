"""The project's settings: where they are read from, what a login becomes, and how mistakes are told."""

from __future__ import annotations

import base64
import traceback
from pathlib import Path

import pytest

from stopper.cli.settings import Settings, SettingsError, load
from stopper.io.login import LoginFlow
from stopper.observe.views import Credential
from stopper.secret import Secret

CANARY = "canary-7d31f0a25b"


def settings(folder: Path, text: str) -> Settings:
    """Return what a stopper.toml of this text gives."""
    (folder / "stopper.toml").write_text(text)
    return load(None, [folder])


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    """No file, and a pyproject.toml that does not mention Stopper, give the defaults."""
    assert load(None, [tmp_path]) == Settings()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    assert load(None, [tmp_path]) == Settings()
    assert Settings().logins == ()


def test_the_first_folder_with_settings_counts(tmp_path: Path) -> None:
    """stopper.toml goes before pyproject.toml, an earlier folder before a later one, a named file before all."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    folders = [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "b" / "stopper.toml").write_text("header = 'X-B'")
    assert load(None, folders).header == "X-B"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.stopper]\nheader = 'X-A'")
    assert load(None, folders).header == "X-A"
    (tmp_path / "a" / "stopper.toml").write_text("header = 'X-C'")
    assert load(None, folders).header == "X-C"
    assert load(tmp_path / "a" / "pyproject.toml", folders).header == "X-A"
    assert load(tmp_path / "b" / "stopper.toml", folders).header == "X-B"


def test_a_json_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Method, path, headers, JSON body, environment, pointer and presentation all arrive in the flow."""
    monkeypatch.setenv("SHOP_PASSWORD", CANARY)
    monkeypatch.setenv("SHOP_USER", "ada")
    found = settings(
        tmp_path,
        """
        scheme = "Token"
        [login]
        method = "put"
        url = "/auth/${SHOP_USER}"
        headers = { X-Client = "scan" }
        json = { user = "${SHOP_USER}", secrets = ["pre-${SHOP_PASSWORD}"], remember = true, provider = "db" }
        token = { pointer = "/a/0" }
        header = "X-Auth"
        """,
    )
    assert found.logins == (
        LoginFlow(
            path="/auth/ada",
            method="PUT",
            headers=(("X-Client", "scan"), ("Content-Type", "application/json")),
            body=f'{{"user": "ada", "secrets": ["pre-{CANARY}"], "remember": true, "provider": "db"}}'.encode(),
            name="/a/0",
            header="X-Auth",
            scheme="Token",
            secrets=(Secret(CANARY),),
        ),
    )
    assert CANARY not in repr(found) + repr(found.logins)


def test_what_is_judged_and_what_is_known(tmp_path: Path) -> None:
    """A baseline lies beside the file that names it; without the keys nothing is known and tests are left out."""
    made = settings(tmp_path, "include_tests=true\nbaseline='known/base.json'\n")
    assert made.include_tests and made.baseline == tmp_path / "known/base.json"
    plain = settings(tmp_path, "")
    assert not plain.include_tests and plain.baseline is None


def test_an_identity_that_may_be_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A throw-away login names its operations; its tokens stand in their bodies when they are sent, and not before."""
    monkeypatch.setenv("SHOP_KEY", CANARY)
    (flow,) = settings(
        tmp_path,
        """
        [login]
        url = "/login"
        json = { user = "ada", password = "hidden" }
        throwaway = true
        samples = 90
        [login.logout]
        url = "/logout"
        method = "delete"
        [login.refresh]
        url = "/token"
        form = { grant_type = "refresh_token", refresh_token = "${refresh_token}", client_secret = "${SHOP_KEY}" }
        bearer = "none"
        """,
    ).logins
    assert (flow.throwaway, flow.samples, flow.words) == (True, 90, ("ada",))
    named = dict(flow.operations)
    held = Credential(Secret("access-1"), siblings=(("refresh_token", Secret("refresh+1")),))
    logout = named["logout"].request("https://shop.test", held)
    assert (logout.method, logout.url, logout.body) == ("DELETE", "https://shop.test/logout", None)
    assert logout.header("Authorization") == "Bearer access-1"
    refresh = named["refresh"].request("https://shop.test/", held)
    assert refresh.body == f"grant_type=refresh_token&refresh_token=refresh%2B1&client_secret={CANARY}".encode()
    assert refresh.header("Authorization") is None
    assert Secret(CANARY) in flow.secrets
    assert CANARY not in repr(flow)


def test_how_keys_are_guessed(tmp_path: Path) -> None:
    """Lists and the file of how far it came lie beside the settings; leaked secrets are tried first."""
    text = "[guess]\nwords='w'\nleaked='l'\nsalts=['confirm']\nseconds=5\nkeys=1_000\nstate='s.json'"
    made = settings(tmp_path, text).guessing
    assert made.lists == (tmp_path / "l", tmp_path / "w")
    assert (made.salts, made.seconds, made.keys, made.state) == (("confirm",), 5, 1000, tmp_path / "s.json")


def test_form_and_basic_logins(tmp_path: Path) -> None:
    """Several logins keep their order; a form is encoded, HTTP Basic becomes its header, literals are secrets too."""
    first, second, third, fourth = settings(
        tmp_path,
        """
        [[login]]
        url = "/token"
        form = { grant_type = "client_credentials", client_secret = "a b&c" }
        basic = { username = "ada", password = "pass word" }
        [[login]]
        method = "GET"
        url = "/t?x=1"
        token = { header = "X-Token" }
        [[login]]
        url = "/raw"
        body = "let me in"
        token = { cookie = "session" }
        [[login]]
        url = "/api"
        headers = { content-type = "application/vnd.api+json" }
        json = []
        """,
    ).logins
    credentials = base64.b64encode(b"ada:pass word").decode()
    assert first.headers == (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", f"Basic {credentials}"),
    )
    assert first.body == b"grant_type=client_credentials&client_secret=a+b%26c"
    assert set(first.secrets) == {Secret("a b&c"), Secret("pass word"), Secret(credentials)}
    assert (second.method, second.path, second.body, second.place, second.name) == (
        "GET",
        "/t?x=1",
        None,
        "header",
        "X-Token",
    )
    assert (third.headers, third.body, third.place) == ((), b"let me in", "cookie")
    assert (fourth.headers, fourth.body) == ((("content-type", "application/vnd.api+json"),), b"[]")


def test_an_unset_variable_matters_only_when_the_login_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan that logs in nowhere needs no password; one that does is told which variable is missing."""
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    found = settings(tmp_path, "[login]\nurl = '/login'\njson = { password = '${SHOP_PASSWORD}' }")
    with pytest.raises(SettingsError) as caught:
        _ = found.logins
    assert str(caught.value) == "stopper.toml: login: the environment variable SHOP_PASSWORD is not set"


MISTAKES = {
    "logn = {}": "stopper.toml has no key 'logn': did you mean 'login'?",
    "grant='CANARY'": (
        "stopper.toml has no key 'grant': there are baseline, guess, header, include_tests, login, scheme, targets"
    ),
    "include_tests='CANARY'": "stopper.toml: include_tests must be true or false",
    "[login]\nurl='/l'\n[login.logout]\nurl='/o'": (
        "stopper.toml: login: logout: only for an identity that is marked `throwaway = true`"
    ),
    "[login]\nurl='/l'\nthrowaway=true\n[login.logout]\nurl='CANARY'": (
        "stopper.toml: login: logout: url must be a path that begins with one '/', it is put behind the base URL"
    ),
    "[login]\nurl='/l'\nthrowaway=true\nrefresh={url='/r', bearer='CANARY'}": (
        "stopper.toml: login: refresh: bearer must be access, refresh or none"
    ),
    "[login]\nurl='/l'\nsamples=-1": "stopper.toml: login: samples must be a number that is not below 0",
    "guess=7": "stopper.toml: guess must be a table",
    "[guess]\nword='CANARY'": "stopper.toml: guess has no key 'word': did you mean 'words'?",
    "[guess]\nseconds=-1": "stopper.toml: guess: seconds must be a number that is not below 0",
    "[guess]\nkeys=true": "stopper.toml: guess: keys must be a number that is not below 0",
    "[guess]\nsalts='CANARY'": "stopper.toml: guess: salts must be a list of texts",
    "[guess]\nsalts=[7]": "stopper.toml: guess: salts must be texts",
    "baseline=7": "stopper.toml: baseline must be a text",
    "[login]\nurl='/l'\nforms={a='CANARY'}": "stopper.toml: login has no key 'forms': did you mean 'form'?",
    "[login]\nurl='/l'\ntoken={pinter='/a'}": "stopper.toml: login: token has no key 'pinter': did you mean 'pointer'?",
    "[login]\nurl='/l'\nbasic={user='a'}": "stopper.toml: login: basic has no key 'user': did you mean 'username'?",
    "[login]\nurl='/l'\ntoken={}": "stopper.toml: login: token needs one of pointer, header, cookie, text and value",
    "[login]\nurl='/l'\ntoken={text='CANARY'}": (
        "stopper.toml: login: token.text must be a pattern with one group, the token"
    ),
    "[login]\nurl='/l'\ntoken={text='((CANARY'}": (
        "stopper.toml: login: token.text must be a pattern with one group, the token"
    ),
    "[login]\nurl='/l'\ntoken={value='CANARY'}": "stopper.toml: login: url: a token at hand is not logged in for",
    "[login]\ntoken={value='a b CANARY'}": "stopper.toml: login: token.value is nothing that a header can carry",
    "[login]\nurl='/l'\nthrowaway=true\ndisable={url='/d'}": (
        "stopper.toml: login: disable: there is no login that is marked `another = true`"
    ),
    "[login]\nurl='/l'\nthrowaway=true\ndisable={url='/d', bearer='access'}": (
        "stopper.toml: login: disable: it is sent with the token of the other user, bearer must be none"
    ),
    "[login]\nurl='/l'\ntries=3": (
        "stopper.toml: login: tries: only for an identity that is marked `throwaway = true`"
    ),
    "[login]\nurl='/l'\ntoken={header='a', cookie='b'}": (
        "stopper.toml: login: token needs one of pointer, header, cookie, text and value"
    ),
    "[login]\nurl='/l'\ntoken={pointer='a'}": (
        "stopper.toml: login: token.pointer must begin with '/', as JSON pointers do"
    ),
    "[login]\nurl='/l'\njson={a='CANARY'}\nbody='b'": "stopper.toml: login: json and body exclude each other",
    "[login]\nurl='/l'\njson={a=2024-01-01}": "stopper.toml: login: json holds a date or time: write it as a text",
    "[login]\nurl='/l'\nheaders={a=1}": "stopper.toml: login: headers.a must be one line of text",
    '[login]\nurl="/l"\nheaders={a="CANARY\\n"}': "stopper.toml: login: headers.a must be one line of text",
    "[login]\nurl='/l'\nheaders={'a b'='c'}": "stopper.toml: login: headers holds what HTTP does not allow there",
    "[login]\nurl='/l'\nmethod='G T'": "stopper.toml: login: method holds what HTTP does not allow there",
    "[login]\nurl='/l'\nscheme=1": "stopper.toml: login: scheme must be a text",
    "[login]\njson={a='CANARY'}": (
        "stopper.toml: login: url must be a path that begins with one '/', it is put behind the base URL"
    ),
    "[login]\nurl='https://elsewhere.test/CANARY'": (
        "stopper.toml: login: url must be a path that begins with one '/', it is put behind the base URL"
    ),
    "[login]\nurl='//elsewhere.test'": (
        "stopper.toml: login: url must be a path that begins with one '/', it is put behind the base URL"
    ),
    "login = 'CANARY'": "stopper.toml: login must be a table, or tables",
    "login = ['CANARY']": "stopper.toml: login must be a table, or tables",
    "a = 1\nb = CANARY": "stopper.toml: is not TOML (line 2)",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_told_in_one_line_without_values(tmp_path: Path, text: str) -> None:
    """A mistake names the file, the key and where it can the nearest right one, and shows no value."""
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, text.replace("CANARY", CANARY))
    assert str(caught.value) == MISTAKES[text]
    assert CANARY not in "".join(traceback.format_exception_only(caught.value))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A named file that is not there, and one that is no text, are told in one line; so is a wrong tool table."""
    with pytest.raises(SettingsError, match=r"^none\.toml: No such file or directory$"):
        load(tmp_path / "none.toml", [])
    (tmp_path / "stopper.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"^stopper\.toml: is not UTF-8$"):
        load(None, [tmp_path])
    (tmp_path / "pyproject.toml").write_text("[tool]\nstopper = 1")
    with pytest.raises(SettingsError, match=r"^pyproject\.toml: tool\.stopper must be a table$"):
        load(tmp_path / "pyproject.toml", [])


def test_targets_are_beside_the_file(tmp_path: Path) -> None:
    """Targets that are files or folders beside the settings are found from anywhere; others stay as they are."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "stopper.toml").write_text('targets = ["shop", "shop:create_app", "https://shop.test"]')
    assert load(None, (tmp_path,)).targets == (str(tmp_path / "shop"), "shop:create_app", "https://shop.test")
