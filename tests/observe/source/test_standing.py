"""Where code stands: what is judged in full, what is judged low, what is left out."""

from __future__ import annotations

import ast

import pytest

from stopper.model import Place, Severity, Verdict
from stopper.observe.source import Module, read_project
from stopper.observe.source.development import on_own_machine
from stopper.observe.source.standing import EVERYTHING, Scope, Standing, of_line, of_path


def module(path: str, text: str = "secret = 1\n") -> Module:
    """Return a module at a path."""
    return read_project([(path, text.encode())]).modules[0]


def test_metadata_speaks_of_the_project() -> None:
    """That a package was put beside the project is the project's own doing, unless it was for tests."""
    assert of_path("vendor/PyJWT-2.3.0.dist-info/METADATA") is Standing.PRODUCTION
    assert of_path("tests/vendor/PyJWT-2.3.0.dist-info/METADATA") is Standing.TEST


def broken(where: Module, line: int, severity: Severity | None = None) -> Verdict:
    """Return a broken promise at a line of a module."""
    return Verdict(False, "broken", Place(where.path, line), severity=severity)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("shop/api.py", Standing.PRODUCTION),
        ("contest/attestation.py", Standing.PRODUCTION),
        ("shop/latest.py", Standing.PRODUCTION),
        ("shop/tests/helpers.py", Standing.TEST),
        ("test_api.py", Standing.TEST),
        ("shop/api_test.py", Standing.TEST),
        ("conftest.py", Standing.TEST),
        ("tests/vendor/jwt.py", Standing.TEST),
        ("examples/simple.py", Standing.EXAMPLE),
        ("docs/conf.py", Standing.EXAMPLE),
        ("migrations/versions/1.py", Standing.MIGRATION),
        ("shop/seed_users.py", Standing.SEED),
        ("shop/config_local.py", Standing.DEVELOPMENT),
        ("shop/device.py", Standing.PRODUCTION),
        ("shop/e2e_login.py", Standing.TEST),
        ("shop/testing.py", Standing.TEST),
        ("shop/testing_ground.py", Standing.PRODUCTION),
        ("shop/Demo.py", Standing.EXAMPLE),
        ("shop/vendor/jwt.py", Standing.VENDORED),
    ],
)
def test_path(path: str, expected: Standing) -> None:
    """The folders and the file's name tell where code stands; part of another word does not."""
    assert of_path(path) is expected
    assert of_line(module(path), 1) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("requirements.txt", Standing.PRODUCTION),
        ("requirements-dev.txt", Standing.DEVELOPMENT),
        ("requirements/test.txt", Standing.TEST),
        ("test-requirements.in", Standing.TEST),
        ("config.test.yaml", Standing.TEST),
        ("config.yaml", Standing.PRODUCTION),
        (".env", Standing.PRODUCTION),
        (".env.example", Standing.EXAMPLE),
        (".env.local", Standing.DEVELOPMENT),
        ("demo.ipynb", Standing.EXAMPLE),
        ("static/login.test.js", Standing.TEST),
        ("web/login.spec.ts", Standing.TEST),
        ("web/__tests__/login.tsx", Standing.TEST),
        ("openapi.spec.yaml", Standing.PRODUCTION),
        ("templates/demo.html", Standing.EXAMPLE),
        ("templates/login.html", Standing.PRODUCTION),
        ("latest.ipynb", Standing.PRODUCTION),
    ],
)
def test_path_beside_the_code(path: str, expected: Standing) -> None:
    """Lists of packages, settings and notebooks are told apart by the words of their names as well."""
    assert of_path(path) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Config", Severity.HIGH),
        ("ProductionConfig", Severity.HIGH),
        ("DevelopmentConfig", Severity.LOW),
        ("DevConfig", Severity.LOW),
        ("DemoConfig", Severity.LOW),
        ("TestingConfig", None),
        ("TestConfig", None),
        ("TestApi", None),
        ("LatestConfig", Severity.HIGH),
        ("DeviceConfig", Severity.HIGH),
    ],
)
def test_class(name: str, expected: Severity | None) -> None:
    """A class of settings for development is low, one for tests is not spoken of; what follows it is production."""
    shop = module("shop/config.py", f"class {name}:\n    SECRET_KEY = 'x'\n\nSECRET_KEY = 'y'\n")
    weighed = Scope().weighed(shop.project, broken(shop, 2), Severity.HIGH)
    assert (weighed and (weighed.severity or Severity.HIGH)) is expected
    assert Scope().weighed(shop.project, broken(shop, 4), Severity.HIGH) == broken(shop, 4)


def test_lesser_never_raises_a_severity() -> None:
    """An advice stays an advice in an example, whether the control or the verdict says so."""
    shop = module("examples/simple.py")
    for verdict, full in ((broken(shop, 1), Severity.ADVICE), (broken(shop, 1, Severity.ADVICE), Severity.HIGH)):
        weighed = Scope().weighed(shop.project, verdict, full)
        assert weighed is not None and weighed.severity is Severity.ADVICE
    kept = Verdict(True, "kept", Place(shop.path, 1))
    assert Scope().weighed(shop.project, kept, Severity.HIGH) == kept


@pytest.mark.parametrize("path", ["tests/test_a.py", "third_party/a.py"])
def test_left_out_unless_asked_for(path: str) -> None:
    """Of tests and other people's code nothing is said, kept or broken; with everything in scope it is low."""
    shop = module(path)
    assert not Scope().asks(path)
    assert Scope().weighed(shop.project, broken(shop, 1), Severity.HIGH) is None
    assert Scope().weighed(shop.project, Verdict(True, "kept", Place(path, 1)), Severity.HIGH) is None
    weighed = EVERYTHING.weighed(shop.project, broken(shop, 1), Severity.HIGH)
    assert EVERYTHING.asks(path) and weighed is not None and weighed.severity is Severity.LOW


def test_the_place_counts_not_the_module_that_was_asked() -> None:
    """A verdict about another file stands where that file stands, even where it is no Python."""
    project = read_project([("shop/api.py", b"secret = 1\n"), ("tests/app.py", b"secret = 1\n")])
    assert Scope().weighed(project, Verdict(False, "x", Place("tests/app.py", 1)), Severity.HIGH) is None
    assert Scope().weighed(project, Verdict(False, "x", Place("tests/requirements.txt", 1)), Severity.HIGH) is None
    wide = Verdict(False, "x")
    assert Scope().weighed(project, wide, Severity.HIGH) == wide


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if app.debug:\n    here = 1\n", True),
        ("if not app.debug:\n    here = 1\n", False),
        ("if app.debug:\n    pass\nelse:\n    here = 1\n", False),
        ("if not app.debug:\n    pass\nelse:\n    here = 1\n", True),
        ("if env == 'production':\n    pass\nelse:\n    here = 1\n", True),
        ("if env != 'production':\n    here = 1\n", True),
        ("if env == 'production':\n    here = 1\n", False),
        ("if not (app.debug or app.testing):\n    here = 1\n", False),
        ("if not app.debug and not app.testing:\n    here = 1\n", False),
        ("if env == 'production':\n    pass\nelif ready:\n    here = 1\n", True),
        ("x = here if app.debug else 2\n", True),
        ("x = 2 if app.debug else here\n", False),
        ("if here := app.debug:\n    pass\n", False),
        ("if ready:\n    here = 1\n", False),
        ("def run_local():\n    here = 1\n", True),
        ("class DevConfig:\n    here = 1\n", True),
        ("class Device:\n    here = 1\n", False),
    ],
)
def test_own_machine(text: str, expected: bool) -> None:
    """A function, a class, the side of a condition that runs in development alone: for the developer's machine."""
    shop = module("shop/token.py", f"secret = 1\n{text}")
    here = next(node for node in shop.nodes(ast.Name) if node.id == "here")
    assert on_own_machine(shop, here) is expected


def test_own_machine_by_file() -> None:
    """A file for development is for the developer's machine as a whole; one for devices is not."""
    for path, expected in (("config_dev.py", True), ("devices.py", False)):
        shop = module(path)
        assert on_own_machine(shop, shop.tree.body[0]) is expected
