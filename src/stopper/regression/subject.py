"""What a test must know of the API: how it is made, how to log in, which paths can be called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from stopper.model import Endpoint


def literal(text: str) -> str:
    """Return a text as a literal of Python, in double quotes."""
    try:
        text.encode()
    except UnicodeEncodeError:  # a file's name need not be UTF-8
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """The API under test.

    `application` is `module:attribute`, and `factory` says that it is called; `fixture` says that the project's own
    tests have a fixture `app`, which is taken then. `base` is the https origin. `login` are the lines of the fixture
    `token` without its head, none where no login is known. `paths` are path and query of the operations that were
    called. `source` and `specs` are the scanned folder and files, relative to the folder that the tests stand in.
    """

    application: str
    factory: bool
    fixture: bool = False
    base: str = "https://localhost"
    login: tuple[str, ...] = ()
    header: str = "Authorization"
    scheme: str = "Bearer"
    paths: Mapping[Endpoint, str] = field(default_factory=dict)
    source: str = ""
    specs: tuple[str, ...] = ()

    def path_of(self, endpoint: Endpoint) -> str:
        """Return the path and query that call an operation, empty where a parameter has no value."""
        return self.paths.get(endpoint, "" if "{" in endpoint.path else endpoint.path)

    @property
    def plain(self) -> str:
        """Return the origin over plain HTTP."""
        return self.base.replace("https:", "http:", 1)
