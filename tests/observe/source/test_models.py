"""The columns of models: found by name, and told whether they keep text as it is."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source.models import column, overloaded, plain, with_column
from stopper.observe.source.names import Definition
from tests.observe.source.projects import module, package

MODELS = """
    from flask_sqlalchemy import SQLAlchemy
    from peewee import CharField, Model
    db = SQLAlchemy()
    class User(db.Model):
        token = db.Column(db.String(64))
        digest = db.Column(PasswordType)
        count: int = mapped_column(Integer)
        note: str = mapped_column()
        @property
        def shown(self): return self.token
    class Key(Model):
        token = CharField()
"""


def test_columns_are_found_by_name_in_every_class() -> None:
    """A field's classes are listed with the call that makes it; methods and other names are none."""
    project = package({"models.py": MODELS})
    assert [kind.node.name for kind, _ in with_column(project, "token")] == ["User", "Key"]
    assert with_column(project, "shown") == []
    (each,) = project.modules
    kinds = [Definition(each, node) for node in each.nodes(ast.ClassDef)]
    assert [made is not None for made in (column(kind, "digest") for kind in kinds)] == [True, False]


@pytest.mark.parametrize(
    ("written", "keeps"),
    [
        ("db.Column(db.String(64))", True),
        ("Column(Text)", True),
        ("mapped_column()", True),
        ("CharField()", True),
        ("Column(EncryptedType)", False),
        ("Column(Integer)", False),
        ("IntegerField()", False),
        ("relationship('User')", False),
    ],
)
def test_plain(written: str, keeps: bool) -> None:
    """Text types keep text; types of its own, numbers and relations do not."""
    (statement,) = ast.parse(written).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    assert plain(statement.value) is keeps


def test_overloaded() -> None:
    """A column whose every type is its own may hash or compare in its own way; one plain one says that it does not."""
    project = package({"models.py": MODELS})
    assert overloaded(project, "digest")
    assert not overloaded(project, "token")
    assert not overloaded(module("import flask").project, "token")
