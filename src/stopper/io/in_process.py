"""Asks a Flask application that is in this process, as `child.py` asks one in a process of its own.

It is for who has the application at hand: a test run. Nothing fences it off: a request has no time limit but that of
the test, and the application's own connections go where they go.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stopper.io.app_runner import (
    LoadError,
    candidate_keys,
    described,
    fault_answer,
    flask_of,
    load,
    log_trials,
    search_paths,
    told,
    watched_answer,
)
from stopper.io.app_watch import Watch, databases_watched, every_handler
from stopper.io.child import PEER, ChildError
from stopper.model import Witness
from stopper.observe.app.exchange import call_command, exchange
from stopper.observe.app.failure import failure
from stopper.observe.app.snapshot import found_keys, snapshot
from stopper.observe.views import AppSnapshot, Exchange, Request
from stopper.secret import Secret


class InProcess:
    """A WSGI application here, with the interface of `AppChild`; places are told relative to `root`.

    While it is entered, what is written to SQLite over new connections is heard too; a `watch` that is given hears it
    from wherever it was begun.
    """

    def __init__(
        self, application: Any, root: Path = Path(), target: str = "the application", watch: Watch | None = None
    ) -> None:
        """Take the application; `target` is what a report calls it."""
        self.application = application
        self.target = target
        self.root = root.absolute()
        self._watch = watch or Watch()
        self._entered = contextlib.ExitStack()

    async def __aenter__(self) -> Self:
        """Begin to hear what is written."""
        self._entered.enter_context(databases_watched(self._watch))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hear nothing any more."""
        self._entered.close()

    async def send(self, request: Request) -> Exchange:
        """Carry one request to the application; whatever goes wrong stands in the exchange's `error`.

        It runs in a context of its own, as in a server: what a test pushed (an application context with its `g`) must
        not let one request in on the credential of another.
        """
        if request.undone:
            return Exchange(request, None, "not called: the process is not its own", witness=Witness.APP)
        command = call_command(request, PEER, 0.0)
        if command is None:
            return Exchange(request, None, "malformed request", witness=Witness.APP)
        started = time.perf_counter()
        try:
            answer = contextvars.Context().run(watched_answer, self.application, command, self._watch)
        except (Exception, SystemExit) as error:  # what the application lets through
            return Exchange(request, None, f"exception: {type(error).__name__}", witness=Witness.APP)
        return exchange(request, {**answer, "seconds": time.perf_counter() - started}, self.root)

    async def snapshot(self) -> AppSnapshot:
        """Return what Flask knows of the application now."""
        return contextvars.Context().run(self._snapshot)

    def _snapshot(self) -> AppSnapshot:
        app = flask_of(self.application)
        trials = {"logs": log_trials(app), "fault": fault_answer(app)}
        paths = [str(Path(path).absolute()) for path in sys.path]
        answer = described(self.application, app) | trials | {"notes": [], "paths": paths}
        return snapshot(answer, self.target, self.root)

    async def keys(self) -> tuple[Secret, ...]:
        """Return texts that may be signing keys; whether one is, the signature of a token shows."""
        project = search_paths(str(self.root))[0]
        return found_keys({"keys": candidate_keys(flask_of(self.application), project)})


def made(target: str, folder: Path) -> Any:
    """Return the application that `module:app` or `module:factory` names, imported from a folder.

    Raises ChildError with one line that says why there is none.
    """
    named = target.removesuffix("()")
    outer, inner = map(str, search_paths(str(folder)))
    sys.path[:0] = [path for path in dict.fromkeys((outer, inner)) if path not in sys.path]
    try:
        with told("import", str(folder)):
            return load(named, str(folder))
    except LoadError as error:
        raise ChildError(failure(error.answer, named, folder.absolute(), 0.0)) from None


@contextlib.contextmanager
def handlers_set_aside(which: Callable[[logging.Handler], bool]) -> Iterator[None]:
    """Take log handlers away while the context lasts: those of a test run are none of the application's."""
    chosen = {handler for handler in every_handler() if which(handler)}
    loggers = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    held = [(logger, logger.handlers[:]) for logger in (logging.root, *loggers)]
    for logger, handlers in held:
        logger.handlers[:] = [handler for handler in handlers if handler not in chosen]
    try:
        yield
    finally:
        for logger, handlers in held:
            logger.handlers[:] = handlers
