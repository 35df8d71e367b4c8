"""Settings that a module writes, in each of Flask's ways, and the numbers in them."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.flows import seconds, settings, written
from tests.observe.source.projects import marked, module

HEAD = """
import os
from datetime import timedelta
import datetime as dt
from flask import Flask
app = Flask('x')
HOUR = 3600
"""

WAYS = (
    "app.config['LIFE'] = 60",
    "app.config.update(LIFE=60)",
    "app.config.update({'LIFE': 60})",
    "app.config.from_mapping(LIFE=60)",
    "app.config.from_mapping({'LIFE': 60})",
    "class Config:\n    LIFE = 60",
    "class Config:\n    LIFE: int = 60",
    "LIFE = 60",
    "config = dict(LIFE=60)",
    "app.config['LIFE'] = timedelta(minutes=1)",
)


@pytest.mark.parametrize("way", WAYS)
def test_settings_are_found_in_each_way(way: str) -> None:
    """Each way to write a setting tells its value; a duration tells its seconds."""
    assert [value for _, value in settings(module(HEAD + way), frozenset({"LIFE"}))] == [60]


def test_what_is_not_sure_is_unknown() -> None:
    """A setting from the environment is told to be there, its value not; other settings are not told."""
    each = module(HEAD + "app.config['LIFE'] = os.environ['LIFE']\napp.config['OTHER'] = 1")
    assert [value for _, value in settings(each, frozenset({"LIFE"}))] == [UNKNOWN]
    assert list(settings(each, frozenset({"NOWHERE"}))) == []


SECONDS = {
    "90": 90.0,
    "1.5": 1.5,
    "HOUR * 2": 7200.0,
    "timedelta(1)": 86_400.0,
    "timedelta(days=1, hours=2)": 93_600.0,
    "dt.timedelta(weeks=1)": 604_800.0,
    "timedelta(hours=HOUR)": 12_960_000.0,
    "timedelta(hours=unknown)": None,
    "timedelta(fortnights=1)": None,
    "True": None,
    "'90'": None,
    "later()": None,
}


@pytest.mark.parametrize("expression", SECONDS)
def test_seconds(expression: str) -> None:
    """Numbers and durations written with numbers have seconds; truth values, texts and computed ones do not."""
    each = module(f"{HEAD}here({expression})")
    assert seconds(each, marked(each)) == SECONDS[expression]


def test_written() -> None:
    """A name that is bound once is written where it is bound; bound twice, nowhere."""
    each = module(HEAD + "once = [1]\ntwice = [1]\ntwice = [2]\nhere(once)\nthere(twice)\nelse_where([3])")
    assert ast.unparse(written(each, marked(each)) or ast.Name("")) == "[1]"
    assert written(each, marked(each, "there")) is None
    assert ast.unparse(written(each, marked(each, "else_where")) or ast.Name("")) == "[3]"
