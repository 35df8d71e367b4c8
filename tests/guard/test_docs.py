"""The pages of the guard: their code runs, and the table of settings says what the settings are."""

from __future__ import annotations

import logging
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk

from stopper.guard.claims import PROFILES
from stopper.guard.settings import Settings

PAGES = sorted((Path(__file__).parents[2] / "docs" / "guard").rglob("*.md"))
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of Python of a page runs, one after the other in one module, with the assertions in it."""
    blocks = CODE.findall(page.read_text("utf-8"))
    assert blocks
    assert len(blocks) == page.read_text("utf-8").count("```python")
    handlers = list(logging.getLogger("shop").handlers)
    module = tmp_path / "example.py"
    module.write_text("\n".join(blocks))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example", "__file__": str(module)}
    try:
        exec(compile("\n".join(blocks), str(module), "exec", dont_inherit=True), names)
    finally:
        logging.getLogger("shop").handlers = handlers
        sentry_sdk.get_global_scope().set_client(None)  # which the page on telemetry sets for the whole process


def _default(setting: Field[Any]) -> str:
    if setting.name == "proxy_header":
        return "'X-Forwarded-Proto'"  # as it is written, and not as the environment calls it
    return repr(setting.default if setting.default_factory is MISSING else setting.default_factory())


def test_the_table_of_settings_is_complete() -> None:
    """G16: the page lists every key with its default, in the order of the settings, and no other."""
    page = next(page for page in PAGES if page.stem == "configuration").read_text("utf-8")
    listed = re.findall(r"^\| `(STOPPER_\w+)` \| `(.*?)` \| \S.*\|$", page, re.MULTILINE)
    assert listed == [(f"STOPPER_{setting.name.upper()}", _default(setting)) for setting in fields(Settings)]


def test_each_profile_says_what_it_keeps_out() -> None:
    """V15: the page on issuers has what each profile says of ID and refresh tokens, and no other profile."""
    page = next(page for page in PAGES if page.stem == "issuers").read_text("utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page.split("| profile |")[1], re.MULTILINE))
    assert listed == {name: profile.keeps_out for name, profile in PROFILES.items()}


def test_what_is_out_of_reach_is_said() -> None:
    """Fault 86: the page on redaction says that a token that is split over two log calls is out of reach."""
    page = next(page for page in PAGES if page.stem == "redaction").read_text("utf-8")
    assert "split over two log calls" in page.partition("## What is out of reach")[2]
