"""What an expression takes is called, and the value inside of what leaves it as it is."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source.labels import bare, label
from tests.observe.source.projects import marked, module

LABELS = {
    "token": "token",
    "user.token": "token",
    "form.token.data": "token",
    "data['token']": "token",
    "args.get('token')": "token",
    "os.getenv('TOKEN')": "TOKEN",
    "get_setting('TOKEN')": "TOKEN",
    "data[KEY]": "token",
    "data[1:]": "",
    "data[0]": "",
    "make('token')": "",
    "args.get()": "",
    "'token'": "",
}


@pytest.mark.parametrize("written", LABELS)
def test_label(written: str) -> None:
    """Names, keys, headers and settings say what they hold; positions, slices and other calls say nothing."""
    each = module(f"import os, jwt\nKEY = 'token'\nhere({written})")
    assert label(each, marked(each)) == LABELS[written]


BARE = {
    "x": "x",
    "x.strip().encode()": "x",
    "str(x)": "x",
    "str()": "str()",
    "x[7:]": "x",
    "x[7]": "x[7]",
    "f'Bearer {x}'": "x",
    "f'{y} {x}'": "f'{y} {x}'",
    "'Bearer ' + x": "x",
    "x + y": "x + y",
    "hash(x)": "hash(x)",
    "(await x).get_secret_value()": "x",
}


@pytest.mark.parametrize("written", BARE)
def test_bare(written: str) -> None:
    """Conversions, slices and prefixes are taken off; what makes another value of it is left."""
    (statement,) = ast.parse(written).body
    assert isinstance(statement, ast.Expr)
    assert ast.unparse(bare(statement.value)) == BARE[written]
