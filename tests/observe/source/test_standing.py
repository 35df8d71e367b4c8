"""Where code stands: production, lesser, vendored, test."""

from __future__ import annotations

import ast

import pytest

from stopper.model import Severity
from stopper.observe.source import Module, read_project
from stopper.observe.source.standing import Standing, severity, silent, standing


def module(path: str, text: str = "secret = 1\n") -> Module:
    """Return a module at a path."""
    return read_project([(path, text.encode())]).modules[0]


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
        ("examples/simple.py", Standing.LESSER),
        ("migrations/versions/1.py", Standing.LESSER),
        ("shop/seed_users.py", Standing.LESSER),
        ("docs/conf.py", Standing.LESSER),
        ("shop/vendor/jwt.py", Standing.VENDORED),
    ],
)
def test_path(path: str, expected: Standing) -> None:
    """The folders and the file's name tell where code stands; part of another word does not."""
    assert standing(module(path), module(path).tree) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Config", Severity.HIGH),
        ("ProductionConfig", Severity.HIGH),
        ("DevelopmentConfig", Severity.LOW),
        ("DevConfig", Severity.LOW),
        ("TestingConfig", None),
        ("TestConfig", None),
        ("TestApi", None),
        ("LatestConfig", Severity.HIGH),
        ("DeviceConfig", Severity.HIGH),
    ],
)
def test_class(name: str, expected: Severity | None) -> None:
    """A class of settings for development is low, one for tests is not spoken of."""
    shop = module("shop/config.py", f"class {name}:\n    SECRET_KEY = 'x'\n")
    (assign,) = shop.nodes(ast.Assign)
    assert severity(shop, assign, Severity.HIGH) is expected


def test_lesser_never_raises_a_severity() -> None:
    """An advice stays an advice in an example."""
    shop = module("examples/simple.py")
    assert severity(shop, shop.tree, Severity.ADVICE) is Severity.ADVICE


def test_silent_files() -> None:
    """Tests and vendored files need not be read further, examples do."""
    assert silent(module("tests/test_a.py"))
    assert silent(module("third_party/a.py"))
    assert not silent(module("examples/a.py"))
