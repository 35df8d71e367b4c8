"""What `stopper init` decides: the application, the login, the texts that it writes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from stopper.adoption import Found, Login, appended, login, look, pipeline, settings
from stopper.cli.scan import command as scan
from stopper.model import Endpoint, Place
from stopper.observe.source import read_project

FACTORY = b"from flask import Flask\n\ndef create_app():\n    return Flask(__name__)\n"
LOGIN = Login(Endpoint("POST", "/in"), Place("shop.py", 3), "email", "pwd", "jwt")


def targets(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Return the applications that are found, with the folders that they belong to."""
    return [(each.target, each.source) for each in look(files).applications]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"app.py": b"from flask import Flask\napp = Flask(__name__)\n"}, [("app:app", ".")]),
        ({"shop/__init__.py": FACTORY}, [("shop:create_app", "shop")]),
        ({"src/shop/__init__.py": b"", "src/shop/web.py": FACTORY}, [("shop.web:create_app", "src/shop")]),
        (
            {"shop/__init__.py": FACTORY, "wsgi.py": b"from shop import create_app\napplication = create_app()\n"},
            [("shop:create_app", "shop"), ("wsgi:application", ".")],
        ),
        ({"tests/app.py": FACTORY, "shop.py": b"def app():\n    return 1\n"}, []),
        ({"shop.py": b"def create_app():\n    return Flask(\n"}, []),
    ],
)
def test_applications_are_found_where_they_are_made(files: dict[str, bytes], found: list[tuple[str, str]]) -> None:
    """Factories and modules are told with the name that imports them, and the folder of their outermost package."""
    assert targets(files) == found


def test_flask_app_decides() -> None:
    """The application that .flaskenv names goes before a factory."""
    files = {"shop.py": FACTORY, "app.py": b"from flask import Flask\napp = Flask(__name__)\n"}
    assert targets(files)[0] == ("shop:create_app", ".")
    assert targets({**files, ".flaskenv": b"FLASK_APP=app.py\n"})[0] == ("app:app", ".")


def test_a_factory_with_arguments_is_told() -> None:
    """What cannot be called without arguments is no application, and is named with them."""
    found = look({"shop.py": FACTORY.replace(b"create_app()", b"create_app(config, debug=False, *, name)")})
    assert not found.applications
    assert found.needing == ("shop:create_app (config, name)",)


def test_the_rest_is_told_by_files() -> None:
    """Specification, package manager and CI host are known by their files; the host also by where git pushes."""
    spec = b"openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}\n"
    files = {"docs/openapi.yaml": spec, "api.yml": b"a: 1\n", "uv.lock": b"", "requirements.txt": b""}
    found = look(files, b"[remote]\nurl = git@gitlab.com:x/y\n")
    assert (found.specifications, found.manager, found.host) == (("docs/openapi.yaml",), "uv.lock", "gitlab")
    assert look({".github/workflows/a.yml": b""}).host == "github"
    assert look({}).host == ""


@pytest.mark.parametrize(
    ("body", "guess"),
    [
        (
            "d = request.get_json()\n    return d['email'], d['passwd'], {'token': 1}",
            ("email", "passwd", "token"),
        ),
        ("return request.form['user'], request.form['pwd'], {'jwt': 1}", ("user", "pwd", "jwt")),
        (
            "return jsonify({'ok': 1, 'data': {'token': make(request.json['user'], request.json['pwd'])}}), 201",
            ("user", "pwd", "data/token"),
        ),
        ("return jsonify(jwt=make({'jwt': [request.form['user'], request.form['pwd']]}))", ("user", "pwd", "jwt")),
        ("return 1", ("username", "password", "access_token")),
    ],
)
def test_a_login_is_guessed_from_its_view(body: str, guess: tuple[str, str, str]) -> None:
    """The names of its fields and of the token are those in the code, else the usual ones, and that is said."""
    source = f"from flask import Flask, request\napp = Flask(__name__)\n@app.post('/api/login')\ndef a():\n    {body}\n"
    files = {"shop.py": source.encode()}
    found = login(read_project(files.items()).routes, files)
    assert found is not None
    assert (found.user, found.password, found.token) == guess
    assert found.endpoint == Endpoint("POST", "/api/login")
    assert found.form == ("form" in body)
    assert bool(found.notes) == (body == "return 1")


def test_without_a_login_there_is_no_guess() -> None:
    """A GET, or a path of another name, is no login."""
    files = {"shop.py": b"from flask import Flask\napp = Flask(__name__)\n@app.get('/login')\ndef a(): return 1\n"}
    assert login(read_project(files.items()).routes, files) is None


def test_settings_are_those_that_a_scan_reads() -> None:
    """The text is TOML with the targets, the login and the baseline, and no password."""
    read = tomllib.loads(settings(["api.yaml", "shöp", "shop:app"], LOGIN, "known.json"))
    assert read["targets"] == ["api.yaml", "shöp", "shop:app"]
    assert read["baseline"] == "known.json"
    assert read["login"]["json"] == {"email": "${STOPPER_USERNAME}", "pwd": "${STOPPER_PASSWORD}"}
    assert read["login"]["token"] == {"pointer": "/jwt"}


def test_a_table_is_put_at_the_end() -> None:
    """What is in pyproject.toml stays as it is, comments included; where the table would not be one, there is none."""
    table = settings(["shop"], None, "", "tool.stopper")
    before = '# mine\n[project]\nname = "x"  # kept\n'
    text = appended(before, table)
    assert text is not None
    assert text.startswith(before)
    assert tomllib.loads(text)["tool"]["stopper"] == {"targets": ["shop"]}
    assert appended("[tool.ruff]\nline-length = 9\n", table) is not None
    assert appended("tool = {ruff = {}}\n", table) is None
    assert appended("[tool.stopper]\n", table) is None
    assert appended("not toml", table) is None


def test_the_workflow_and_the_action_do_the_same() -> None:
    """The workflow fails from the same severity, and shows the findings in the same way, as the action of Stopper."""
    made = pipeline(Found(host="github"), None)
    assert made is not None
    action = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text())
    default = next(each.default for each in scan.params if each.name == "fail_on")
    assert action["inputs"]["fail-on"]["default"] == default
    assert "--fail-on" not in made.text
    (shows,) = (each for each in action["runs"]["steps"] if "upload-sarif" in each.get("uses", ""))
    (step,) = (
        each for each in yaml.safe_load(made.text)["jobs"]["stopper"]["steps"] if "upload-sarif" in each.get("uses", "")
    )
    assert step["uses"] == shows["uses"]
    assert step["with"]["category"] == shows["with"]["category"]


def test_the_pipeline_belongs_to_the_host() -> None:
    """GitHub and GitLab get their file, with what is to be done by hand; nobody else gets one."""
    files = {"poetry.lock": b"", ".github/workflows/tests.yml": b""}
    found = look(files)
    github, gitlab = pipeline(found, LOGIN), pipeline(Found(host="gitlab"), None)
    assert github is not None and gitlab is not None
    assert github.path == ".github/workflows/stopper.yml"
    assert "run: python -m pip install poetry\n" in github.text
    assert "run: poetry run stopper scan" in github.text
    assert "secrets.STOPPER_PASSWORD" in github.text
    assert "STOPPER_PASSWORD" in github.todo
    assert "include" in gitlab.todo
    assert pipeline(Found(), None) is None
