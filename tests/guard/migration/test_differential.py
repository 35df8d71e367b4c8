"""Every route of every example, asked with every kind of credential: the stand-in answers as Flask-JWT-Extended does.

Where it does not, the difference is in `DIFFERENT`, and the page on migrating tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt
import pytest
import time_machine

from tests.guard.migration.before_and_after import load

EXAMPLES = Path(__file__).parent / "examples"
PAGE = Path(__file__).parents[3] / "docs" / "guard" / "migrating" / "flask-jwt-extended.md"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = timedelta(days=40)

Make = Callable[[ModuleType, Any], str]
"""Makes the Authorization header for a subject, with the functions that the example has imported."""


def _access(module: ModuleType, who: Any, **more: Any) -> str:
    token: str = module.create_access_token(who, **more)
    return token


def _refresh(module: ModuleType, who: Any) -> str:
    made = getattr(module, "create_refresh_token", None)  # an example without refresh tokens has no route for one
    return f"Bearer {made(who)}" if made else "Bearer"


def _foreign(secret: str | None, algorithm: str) -> Make:
    members = {"sub": "ada", "type": "access", "fresh": True, "jti": "7", "iat": NOON, "nbf": NOON, "exp": NOON + LATER}
    return lambda module, who: f"Bearer {jwt.encode(members, secret, algorithm)}"


CREDENTIALS: dict[str, Make] = {
    "none": lambda module, who: "",
    "scheme alone": lambda module, who: "Bearer",
    "two words": lambda module, who: "Bearer one two",
    "another scheme": lambda module, who: "Basic YTpi",
    "no scheme": lambda module, who: _access(module, who),
    "access": lambda module, who: f"Bearer {_access(module, who)}",
    "fresh": lambda module, who: f"Bearer {_access(module, who, fresh=True)}",
    "fresh for a minute": lambda module, who: f"Bearer {_access(module, who, fresh=timedelta(minutes=1))}",
    "short-lived": lambda module, who: f"Bearer {_access(module, who, expires_delta=timedelta(seconds=30))}",
    "refresh": _refresh,
    "spaces behind": lambda module, who: f"Bearer {_access(module, who)}  ",
    "spaces before": lambda module, who: f"  Bearer   {_access(module, who)}",
    "expired": lambda module, who: f"Bearer {_access(module, who)}",
    "expired refresh": _refresh,
    "noise": lambda module, who: "Bearer noise",
    "three parts": lambda module, who: "Bearer a.b.c",
    "changed": lambda module, who: f"Bearer {_access(module, who)[:-1]}~",
    "another key": _foreign("another key than the application has", "HS256"),
    "unsigned": _foreign(None, "none"),
    "lower case": lambda module, who: f"bearer {_access(module, who)}",
    "comma behind": lambda module, who: f"Bearer {_access(module, who)},",
    "two credentials": lambda module, who: f"Basic YTpi, Bearer {_access(module, who)}",
}

REWORDED = {"noise", "three parts", "changed", "another key", "unsigned"}
"""Credentials for which the words of the message differ, and status and members do not."""

DIFFERENT = {
    "lower case": "`bearer` in lower case is the same scheme",
    "comma behind": "several credentials",
    "two credentials": "several credentials",
}
"""Credentials that are answered in another way, and what the page says of it."""


def _asked(module: ModuleType, clock: time_machine.Traveller, name: str) -> Iterator[tuple[str, int, Any]]:
    """Yield each route and method with status and body of its answer to a kind of credential, made anew for each."""
    app = module.app
    who = module.USERS["1"] if hasattr(module, "USERS") else "ada"
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods))):
        path = rule.rule.replace("<number>", "2").replace("<name>", "bob")
        for method in sorted(rule.methods - {"HEAD"} if rule.endpoint != "static" else ()):
            with app.app_context():
                header = CREDENTIALS[name](module, who)
            clock.move_to(NOON + LATER * name.startswith("expired"), tick=False)
            headers = {"Authorization": header} if header else {}
            body = {"name": "ada", "password": "pencil"} if method == "POST" else None
            answer = app.test_client().open(path, method=method, headers=headers, json=body)
            clock.move_to(NOON, tick=False)
            yield f"{method} {path}", answer.status_code, _masked(answer.get_json(silent=True) or answer.text, name)


def _masked(body: Any, name: str) -> Any:
    """Return a body without what is random in it, and without words that may differ."""
    if not isinstance(body, dict):
        return body
    said = {key: "" if key.endswith("_token") else value for key, value in body.items()}
    return sorted(said) if name in REWORDED else said


@pytest.mark.parametrize("example", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_every_answer_is_the_same(example: str, tmp_path: Path) -> None:
    """Status and body of each route of an example agree for each kind of credential, but for what the page tells."""
    differing: dict[str, list[str]] = {}
    compared = refused = 0
    with time_machine.travel(NOON, tick=False) as clock:
        modules = [load(EXAMPLES / f"{example}.py", tmp_path, shimmed=shimmed) for shimmed in (False, True)]
        for name in CREDENTIALS:
            before, after = (list(_asked(module, clock, name)) for module in modules)
            compared += len(before)
            refused += sum(status >= 400 for _, status, _ in before)
            differing[name] = [f"{one} {two}" for one, two in zip(before, after, strict=True) if one != two]
    assert refused > compared / 10
    assert {name: found for name, found in differing.items() if found and name not in DIFFERENT} == {}
    assert all(differing[name] for name in DIFFERENT)


def test_each_difference_is_told() -> None:
    """What is answered in another way stands on the page, for clients to know."""
    told = PAGE.read_text("utf-8")
    assert all(words in told for words in DIFFERENT.values())
    assert "The words of the message for what is no token at all differ" in told
