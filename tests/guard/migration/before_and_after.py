"""Applications written for another library, and the same ones with their import line changed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from flask import Flask
from flask.testing import FlaskClient

OLD_IMPORT = "from flask_jwt_extended import"
NEW_IMPORT = "from stopper.guard.compat.flask_jwt_extended import"


def load(source: Path, instance: Path, *, shimmed: bool) -> ModuleType:
    """Run an application's file as a module of its own; with the import line changed where it is `shimmed`.

    What its guard keeps goes into the folder `instance`.
    """
    text = source.read_text("utf-8")
    assert text.count(OLD_IMPORT) == 1
    if shimmed:
        text = text.replace(OLD_IMPORT, NEW_IMPORT)
    text = text.replace("Flask(__name__)", f"Flask(__name__, instance_path={str(instance)!r})")
    module = ModuleType(source.stem)
    exec(compile(text, str(source), "exec", dont_inherit=True), module.__dict__)
    return module


def client_of(module: ModuleType) -> FlaskClient:
    """Return a client of a module's application, which talks to it as its own tests do."""
    app: Flask = module.app
    return app.test_client()


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a token."""
    return {"Authorization": f"Bearer {token}"}
