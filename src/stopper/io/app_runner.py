"""Runs inside the application's own interpreter: makes the named Flask application and answers questions about it.

Started by `app_start.py` with one argument, the number of an inherited socket. It needs only the standard library and
the application's Flask, and must never import `stopper`, which that interpreter need not have. Every line on the socket
is one JSON object: a command comes in, an answer goes out. What the application prints goes elsewhere and cannot
disturb it. Of an exception only its type and place are told, never its text.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import difflib
import functools
import importlib
import importlib.metadata
import inspect
import io
import itertools
import json
import logging
import os
import re
import secrets
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from .app_mint import minted, strange
from .app_seal import Copies, Fence, not_undone, seal
from .app_watch import (
    HOME,
    Watch,
    databases_watched,
    every_handler,
    installed,
    kind_of,
    writes_what_it_formats,
)

KEY_WORDS = ("KEY", "SECRET", "PASSWORD", "PEM", "PEPPER", "SALT", "JWT", "TOKEN")
TEXT_CAP = 16_384
DEPTH_CAP = 6
ITEMS_CAP = 1_000


class TimeLimitError(BaseException):
    """The application took longer than it was given; no `except Exception` of the application stops it."""


class LoadError(Exception):
    """The application cannot be used; holds the answer that says why."""

    def __init__(self, kind: str, **details: object) -> None:
        super().__init__(kind)
        self.answer = {"kind": kind, **details}


# --------------------------------------------------------------------------- the fences


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitError in the main thread after so many seconds, whatever Python code is running."""

    def expire(*_: object) -> None:
        raise TimeLimitError

    signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


# --------------------------------------------------------------------------- making the application


def search_paths(folder: str) -> tuple[Path, Path]:
    """Return where to import from: the folder's first ancestor that is no package, and the folder itself."""
    inner = outer = Path(folder).absolute()
    while (outer / "__init__.py").is_file() and outer.parent != outer:
        outer = outer.parent
    return outer, inner


def of_project(file: str, project: Path) -> bool:
    """Tell whether a file belongs to the project and not to what is installed inside its folder."""
    path = Path(file)
    return project in path.parents and not {"site-packages", "dist-packages"} & set(path.relative_to(project).parts)


def load(target: str, folder: str) -> Any:
    """Return the WSGI application that `module:attribute` names; a callable that is no application is called.

    Raises LoadError where there is none, and whatever importing raises.
    """
    module_name, _, path = target.partition(":")
    try:
        importlib.import_module("flask")
    except ImportError as error:
        raise LoadError("no-flask", name=error.name) from None
    found: Any = _imported(module_name)
    for name in path.split("."):
        found = _attribute(found, name)
    if flask_of(found) is None and callable(found):
        found = _called(found, folder)
    if flask_of(found) is None:
        raise LoadError("not-flask", type=type(found).__name__)
    return found


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name + ".").startswith(error.name + "."):
            raise LoadError("no-module", name=error.name) from None
        raise


def _attribute(owner: Any, name: str) -> Any:
    if hasattr(owner, name):
        return getattr(owner, name)
    near = difflib.get_close_matches(name, [key for key in dir(owner) if not key.startswith("_")], 1)
    raise LoadError("no-attribute", name=name, near=near[0] if near else "")


def _called(factory: Callable[[], Any], folder: str) -> Any:
    try:
        signature = inspect.signature(factory)
        needed = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind not in (2, 4)]
    except (TypeError, ValueError):
        needed = []
    if needed:
        raise LoadError("arguments", names=needed)
    with told("call", folder):
        return factory()


@contextlib.contextmanager
def told(stage: str, folder: str) -> Iterator[None]:
    """Turn what the application raises into a LoadError with the exception's type and place."""
    try:
        yield
    except LoadError:
        raise
    except BaseException as error:
        file, line = _raised_at(error, folder)
        details: dict[str, object] = {"stage": stage, "type": type(error).__name__, "file": file, "line": line}
        if isinstance(error, TimeLimitError):
            raise LoadError("timeout", **details) from None
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
            raise LoadError("exit", status=status, **details) from None
        if isinstance(error, ModuleNotFoundError):
            raise LoadError("needs-module", name=error.name, **details) from None
        raise LoadError("raised", **details) from None


def _raised_at(error: BaseException, folder: str) -> tuple[str, int]:
    """Return the innermost line of the project on the way to the exception, else the innermost of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return str(Path(error.filename).absolute()), error.lineno or 0
    walked = [(Path(frame.filename), frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    frames = [(str(f.absolute()), line) for f, line in walked if f.exists() and not str(f.absolute()).startswith(HOME)]
    project = [frame for frame in frames if of_project(frame[0], search_paths(folder)[0])]
    return (project or frames or [("", 0)])[-1]


def flask_of(application: Any) -> Any:
    """Return the Flask application itself, looked for behind up to five WSGI wrappers, or None."""
    from flask import Flask

    for _ in range(6):
        if isinstance(application, Flask):
            return application
        inner = _inner(application)
        if inner is None:
            return None
        application = inner
    return None


def _inner(wrapper: Any) -> Any:
    """Return what a WSGI wrapper wraps, by the attribute names in use, or None."""
    if inspect.ismethod(wrapper):
        return wrapper.__self__
    if inspect.ismodule(wrapper) or inspect.isclass(wrapper):
        return None
    names = ("app", "wsgi_app", "application", "wsgi_application")
    return next((value for name in names if callable(value := getattr(wrapper, name, None))), None)


# --------------------------------------------------------------------------- looking at it


def code_place(function: Any) -> tuple[str, int]:
    """Return file and `co_firstlineno` of what a view is once decorators, partials and methods are taken off.

    For a decorated function that is the line of its first decorator. ("", 0) where there is no Python code.
    """
    for _ in range(100):
        if hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "func") and hasattr(function, "keywords"):
            function = function.func  # functools.partial
        elif hasattr(function, "__func__"):
            function = function.__func__
        elif hasattr(function, "__code__"):
            file = Path(function.__code__.co_filename).absolute()
            return (str(file), function.__code__.co_firstlineno) if file.exists() else ("", 0)
        elif callable(function) and not inspect.isclass(function):
            function = type(function).__call__
        else:
            break
    return "", 0


def view_place(function: Any, method: str, methods: Iterable[str]) -> tuple[str, int]:
    """Return the place of the code that answers one HTTP method, which in a MethodView is that method's own."""
    view_class = getattr(function, "view_class", None)
    if view_class is None:
        return code_place(function)
    for name in (method, "GET", *sorted(methods)):
        handler = getattr(view_class, name.lower(), None)
        if handler is not None:
            return code_place(handler)
    return code_place(view_class.dispatch_request)


def rules(app: Any) -> list[dict[str, Any]]:
    """Return every rule of the url_map that Flask answers, in the order in which Flask tries equals."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.build_only or rule.websocket:
            continue
        view = app.view_functions.get(rule.endpoint)
        methods = sorted(rule.methods or ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
        written = {name.upper() for name in methods if hasattr(getattr(view, "view_class", None), name.lower())}
        automatic = set()
        if "HEAD" in methods and "GET" in methods and "HEAD" not in written:
            automatic.add("HEAD")
        if getattr(rule, "provide_automatic_options", False):
            automatic.add("OPTIONS")
        found.append(
            {
                "rule": rule.rule,
                "host": rule.host or rule.subdomain or "",
                "endpoint": str(rule.endpoint),
                "automatic": sorted(automatic),
                "views": {name: view_place(view, name, methods) for name in methods},
            }
        )
    return found


def encoded(value: Any, depth: int = DEPTH_CAP) -> list[Any]:
    """Return a configuration value as [kind, JSON value], cut in depth, length and size."""
    if value is None or isinstance(value, (bool, int, float)):
        return ["plain", value]
    if isinstance(value, str) and len(value) <= TEXT_CAP:
        return ["plain", str.__str__(value)]
    if isinstance(value, (bytes, bytearray)) and len(value) <= TEXT_CAP:
        return ["bytes", base64.b64encode(bytes(value)).decode()]
    if isinstance(value, datetime.timedelta):
        return ["seconds", value.total_seconds()]
    if depth and isinstance(value, dict):
        return ["dict", [[str(k), encoded(v, depth - 1)] for k, v in list(value.items())[:ITEMS_CAP]]]
    if depth and isinstance(value, (list, tuple)):
        return ["list", [encoded(item, depth - 1) for item in value[:ITEMS_CAP]]]
    if depth and isinstance(value, (set, frozenset)):
        return ["list", [encoded(item, depth - 1) for item in sorted(value, key=repr)[:ITEMS_CAP]]]
    return ["object", f"{type(value).__module__}.{type(value).__qualname__}"]


def hook_name(function: Any) -> str:
    """Return `module.qualified_name` of a hook, the function under its decorators where there is one."""
    for _ in range(100):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if inner is None:
            break
        function = inner
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', None) or '?'}.{name}"


def log_handlers() -> list[str]:
    """Return the classes of all log handlers in place, on whichever logger."""
    return sorted({kind_of(handler) for handler in every_handler()})


def versions() -> dict[str, str]:
    """Return the releases of Python and of the distributions that the application has loaded, by name (PEP 503)."""
    found = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    loaded = {name.partition(".")[0] for name in list(sys.modules)}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name and distribution.version and loaded & set(top_levels(distribution)):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return found


def top_levels(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """Yield the packages and modules of a distribution, as its files name them."""
    for file in distribution.files or ():
        if file.suffix in (".py", ".so") and file.parts[0] != "..":
            yield file.parts[0].partition(".")[0]


def layers(application: Any, app: Any) -> list[Any]:
    """Return the WSGI wrappers that a request passes before Flask, outermost first."""
    found: list[Any] = []
    for outermost in (application, app.wsgi_app):
        layer = outermost
        while layer is not None and layer is not app and not inspect.ismethod(layer):
            found.append(layer)
            layer = _inner(layer)
    return found


def part(thing: Any) -> dict[str, Any]:
    """Return class and public attributes of an object, as they stand: no code of its own is run."""
    attributes = vars(thing) if hasattr(thing, "__dict__") and not inspect.isroutine(thing) else {}
    public = {name: value for name, value in list(attributes.items())[:ITEMS_CAP] if not str(name).startswith("_")}
    return {
        "kind": kind_of(thing),
        "options": [[str(name), encoded(value, 2)] for name, value in public.items()],
    }


def parts(app: Any) -> dict[str, dict[str, Any]]:
    """Return the extensions by name, and by their class the other objects whose methods are hooks of the application.

    An extension need not enter itself in `app.extensions`: Flask-Talisman does not.
    """
    found = {str(name): part(extension) for name, extension in app.extensions.items()}
    for functions in (app.before_request_funcs, app.after_request_funcs):
        for function in (function for listed in functions.values() for function in listed):
            owner = getattr(function, "__self__", None)
            if owner is not None and owner is not app:
                found.setdefault(type(owner).__qualname__, part(owner))
    return found


def maker(app: Any) -> str:
    """Return the file of the module that the application is named after."""
    file = getattr(sys.modules.get(app.import_name), "__file__", None)
    return str(Path(file).absolute()) if file else ""


def described(application: Any, app: Any) -> dict[str, Any]:
    """Return what Flask knows of the application."""
    hooks = {blueprint or "": [hook_name(f) for f in fs] for blueprint, fs in app.before_request_funcs.items()}
    return {
        "rules": rules(app),
        "config": [[str(key), encoded(value)] for key, value in app.config.items()],
        "extensions": sorted(str(name) for name in app.extensions),
        "hooks": {name: functions for name, functions in hooks.items() if functions},
        "handlers": log_handlers(),
        "versions": versions(),
        "layers": [part(layer) for layer in layers(application, app)],
        "parts": parts(app),
        "maker": maker(app),
    }


def candidate_keys(app: Any, project: Path) -> list[list[Any]]:
    """Return texts and bytes that may be signing keys, encoded: whether one is a key, a token's signature shows.

    They are told by the name of a configuration value, of a constant in the project's modules, of a variable of the
    environment.
    """
    sources: list[dict[Any, Any]] = [dict(app.config)]
    for name, module in list(sys.modules.items()):
        if not name.startswith(f"{__package__}.") and of_project(getattr(module, "__file__", None) or "", project):
            sources.append(dict(vars(module)))
    sources.append(dict(os.environ))
    found = []
    for values in sources:
        for name, value in values.items():
            if isinstance(name, str) and any(word in name.upper() for word in KEY_WORDS):
                items = value if isinstance(value, (list, tuple)) else [value]
                found += [encoded(item) for item in items if isinstance(item, (str, bytes)) and item]
    return found[:ITEMS_CAP]


# --------------------------------------------------------------------------- what its logs do with a token

MARK = "stopper-canary"
MOST_LOGGERS = 50
TRIAL_SECONDS = 5.0
MINTED_FOR = 4
"""Operations for which a token is minted: they mostly share one check."""


def log_trials(app: Any) -> list[dict[str, Any]]:
    """Pass made-up tokens to the loggers and return what each log handler would write; nothing is written.

    What neither token nor mark stands in tells nothing: a formatter leaves extras out, a filter drops records.
    """
    found: list[dict[str, Any]] = []
    names: dict[logging.Handler, str] = {}
    for logger in origins(app):
        for form, shown, token in made_up():
            for way, record in canary_records(logger, shown, token):
                for handler, text in written(logger, record):
                    if token in text or MARK in text:
                        found.append(
                            {
                                "logger": "" if logger is logging.root else logger.name,
                                "handler": names.setdefault(handler, name_among(handler, names)),
                                "form": form,
                                "way": way,
                                "readable": token in text,
                                "place": redacting_place(logger, handler),
                            }
                        )
    return found


def name_among(handler: logging.Handler, others: Iterable[logging.Handler]) -> str:
    """Return a handler's class, with a number where others are of the same one."""
    before = sum(type(other) is type(handler) for other in others)
    return f"{kind_of(handler)} no. {before + 1}" if before else kind_of(handler)


def made_up() -> list[tuple[str, str, str]]:
    """Return new tokens as (form, how it is shown, token): nobody ever issued them."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": MARK, "jti": secrets.token_hex(8)})
    encoded_parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    jwt = ".".join((*encoded_parts, secrets.token_urlsafe(32)))
    opaque = secrets.token_urlsafe(36)
    return [("a JWT", jwt, jwt), ("a bearer credential", f"Bearer {opaque}", opaque)]


def origins(app: Any) -> list[logging.Logger]:
    """Return the loggers to write to: the application's, the root, those with handlers, and a child of each."""
    every = [v for v in list(logging.root.manager.loggerDict.values()) if isinstance(v, logging.Logger) and v.handlers]
    own = list(dict.fromkeys([app.logger, logging.root, *every[:MOST_LOGGERS]]))
    found = []
    for logger in own:
        child = logging.Logger("stopper" if logger is logging.root else f"{logger.name}.stopper")
        child.parent = logger
        found += [logger, child]
    return found


def canary_records(logger: logging.Logger, shown: str, token: str) -> Iterator[tuple[str, logging.LogRecord]]:
    """Yield records that carry a token, each in another way."""

    def record(message: str, *args: object, trace: Any = None, extra: Any = None) -> logging.LogRecord:
        return logger.makeRecord(logger.name, logging.ERROR, __file__, 0, message, args, trace, None, extra)

    yield "in the message", record(f"{MARK} {shown}")
    yield "as an argument", record("%s %s", MARK, shown)
    yield "in a mapping that is an argument", record("%s %s", MARK, {"Authorization": shown})
    yield "as an extra", record("an extra", extra={"stopper_canary": f"{MARK} {shown}"})
    if shown == token:
        yield "in a request line", record('%s "GET /?access_token=%s HTTP/1.1" 200 -', MARK, shown)
    try:
        raise ValueError(f"{MARK} {shown}")
    except ValueError:
        yield "in a traceback", record("an exception", trace=sys.exc_info())


def written(logger: logging.Logger, record: logging.LogRecord) -> Iterator[tuple[logging.Handler, str]]:
    """Yield each handler that a record reaches, with the text that it would write, in the order of `logging`."""
    passed = logger.filter(record)
    record = passed if isinstance(passed, logging.LogRecord) else record
    reached: logging.Logger | None = logger if passed else None
    while reached is not None:
        for handler in reached.handlers:
            text = formatted(handler, record)
            if text:
                yield handler, text
        reached = reached.parent if reached.propagate else None


def formatted(handler: logging.Handler, record: logging.LogRecord) -> str:
    """Return what a handler would write of a record, an empty text for nothing or where that is not to be known."""
    if record.levelno < handler.level or not writes_what_it_formats(handler):
        return ""
    texts: list[str] = []
    handler.emit = lambda record: texts.append(str(handler.format(record)))  # type: ignore[method-assign]
    try:
        handler.handle(record)
    except Exception:  # the application's filter or formatter: logging itself would pass over it too
        return ""
    finally:
        del handler.emit
    return "".join(texts)


def redacting_place(logger: logging.Logger, handler: logging.Handler) -> tuple[str, int]:
    """Return the first code on the way to a handler that is neither the standard library's nor installed."""
    filters = [(each, "filter") for each in (*handler.filters, *logger.filters)]
    for holder, name in (*filters, (handler.formatter, "format"), (handler, "emit")):
        file, line = code_place(getattr(type(holder), name, holder))
        if file and type(holder).__module__.partition(".")[0] != "logging" and not installed(file):
            return file, line
    return "", 0


# --------------------------------------------------------------------------- what it answers to a fault of its own


def fault_answer(app: Any) -> dict[str, Any] | None:
    """Have the application answer an exception with a made-up text, and tell whether the client would read the text.

    Nothing is logged meanwhile. None where the application lets the exception through, or its handler fails.
    """
    text = f"{MARK}-{secrets.token_hex(8)}"
    try:
        with nothing_logged(), app.test_request_context("/", base_url="https://localhost"):
            response = app.make_response(handled(app, text))
            status, said = response.status_code, f"{response.headers}{response.get_data(as_text=True)}"
    except Exception:  # of the application's handlers and teardown functions
        return None
    return {"shown": text in said, "status": status, "place": fault_place(app)}


def handled(app: Any, text: str) -> Any:
    """Return what the application's error handlers make of an exception, by the way that Flask takes."""
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        try:
            return app.handle_user_exception(error)
        except RuntimeError:
            return app.handle_exception(error)


def fault_place(app: Any) -> tuple[str, int]:
    """Return the code that answers a RuntimeError: its handler, that of a broader class, else that of status 500."""
    handlers = app.error_handler_spec[None]
    every = [handlers[None].get(kind) for kind in RuntimeError.__mro__] + list(handlers[500].values())
    return next((code_place(handler) for handler in every if handler is not None), ("", 0))


@contextlib.contextmanager
def nothing_logged() -> Iterator[None]:
    """Keep the log handlers from writing while the context lasts."""
    silent = [handler for handler in every_handler() if "emit" not in getattr(handler, "__dict__", ("emit",))]
    for handler in silent:
        handler.emit = lambda record: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        for handler in silent:
            vars(handler).pop("emit", None)


# --------------------------------------------------------------------------- calling it


def environ_of(call: dict[str, Any]) -> dict[str, Any]:
    """Return the WSGI environ of one request (PEP 3333), as a server in production would make it.

    Doubled headers are joined with a comma and names with an underscore dropped, as gunicorn does by default.
    """
    url = urlsplit(call["url"])
    body = base64.b64decode(call["body"]) if call["body"] is not None else b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path or "/").decode("latin-1"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": (url.path or "/") + (f"?{url.query}" if url.query else ""),
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call["peer"],
        "REMOTE_PORT": "49152",
        "HTTP_HOST": url.netloc.rpartition("@")[2],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if call["body"] is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
    given: dict[str, str] = {}
    for name, value in call["headers"]:
        if "_" not in name:
            key = name.upper().replace("-", "_")
            given[key] = f"{given[key]},{value.strip()}" if key in given else value.strip()
    for key, value in given.items():
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def answer_of(application: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Call the WSGI application once and return status, headers and the body up to the cap."""
    started: list[Any] = []
    body = bytearray()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return body.extend

    result = application(environ_of(call), start_response)
    try:
        for chunk in result:
            body += chunk
            if len(body) > call["cap"]:
                break
    finally:
        if hasattr(result, "close"):
            result.close()
    status, headers = started
    bodiless = call["method"] == "HEAD" or status[:3] in ("204", "304")
    kept = b"" if bodiless else bytes(body[: call["cap"]])
    return {
        "status": int(status[:3]),
        "headers": [[str(name), str(value)] for name, value in headers],
        "body": base64.b64encode(kept).decode(),
        "truncated": not bodiless and len(body) > call["cap"],
    }


# --------------------------------------------------------------------------- its answer, and where tokens went


def watched_answer(application: Any, call: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Call the WSGI application once; `leaks` tells where tokens of the request and the answer went meanwhile."""
    with watch.during(flask_of(application)):
        answer = answer_of(application, call)
    return {**answer, "leaks": watch.leaks(call, answer)}


# --------------------------------------------------------------------------- the conversation


class Runner:
    """Holds the application between commands; each public method answers the command of its name."""

    def __init__(self, fence: Fence, watch: Watch, copies: Copies, channel: int = -1) -> None:
        self.fence = fence
        self.watch = watch
        self.copies = copies
        self.channel = channel
        self.application: Any = None
        self.app: Any = None
        self.project = Path()
        self.travel: Any = None
        self.notes: list[str] = []

    def load(self, command: dict[str, Any]) -> dict[str, Any]:
        """Make the application; must come first."""
        self.copies.folder = self.fence.folder = str(Path(command["copies"]).resolve())
        outer, folder = search_paths(command["folder"])
        self.project = outer
        sys.path.insert(0, str(outer))
        if folder != outer:
            sys.path.append(str(folder))
        sys.argv = [command["target"]]
        try:
            with told("import", command["folder"]), time_limit(command["seconds"]):
                self.application = load(command["target"], command["folder"])
        except LoadError as error:
            return {"failed": {**error.answer, "refused": sorted(self.fence.refused)}}
        self.app = flask_of(self.application)
        return {}

    def snapshot(self, command: dict[str, Any]) -> dict[str, Any]:
        """Tell what Flask knows of the application."""
        return {
            **described(self.application, self.app),
            "logs": self._tried(log_trials, "what the logs do with tokens") or [],
            "fault": self._tried(fault_answer, "what is answered to a fault"),
            "notes": self._notes(),
            "paths": [str(Path(path).absolute()) for path in sys.path],
        }

    def _tried(self, trial: Callable[[Any], Any], what: str) -> Any:
        """Return what a trial of the application gives; its own code runs in it, and is given little time."""
        try:
            with time_limit(TRIAL_SECONDS):
                return trial(self.app)
        except TimeLimitError:
            self.notes.append(f"{what} took longer than {TRIAL_SECONDS:g} s to find out: it is not looked at")
            return None

    def _notes(self) -> list[str]:
        notes = list(self.notes)
        notes += [
            f"requests pass through {type(layer).__qualname__} before Flask: what it adds is not looked at"
            for layer in layers(self.application, self.app)
        ]
        if any(rule.websocket for rule in self.app.url_map.iter_rules()):
            notes.append("websocket routes are not looked at")
        if self.app.subdomain_matching or self.app.url_map.host_matching:
            notes.append("routes are matched by host too: only those that answer the host of the scan are reached")
        if self.fence.refused:
            notes.append(f"connections beyond loopback were refused: {', '.join(sorted(self.fence.refused)[:5])}")
        return notes

    def keys(self, command: dict[str, Any]) -> dict[str, Any]:
        """Tell texts that may be the application's signing keys."""
        return {"keys": candidate_keys(self.app, self.project)}

    def call(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send one request through the application; one whose effects are to be undone only where they can be."""
        if command["undone"]:
            reasons = not_undone(self.copies, self.channel, every_handler())
            if reasons:
                return {"error": f"not called: {reasons[0]}"}
            seal(self.fence)
            self.watch.muted = True
        started = time.perf_counter()
        try:
            with time_limit(command["seconds"]):
                answer = watched_answer(self.application, command, self.watch)
            return {**answer, "seconds": time.perf_counter() - started}
        except TimeLimitError:
            return {"error": "timeout"}
        except BaseException as error:
            return {"error": f"exception: {type(error).__name__}"}

    def mint(self, command: dict[str, Any]) -> dict[str, Any]:
        """Make a token that an operation lets in, of those that turn away who has none; no token where none is."""
        keys = [str(key[1]) for key in candidate_keys(self.app, self.project) if key[0] == "plain"]
        private = [key for key in keys if "PRIVATE KEY" in key]
        with contextlib.suppress(TimeLimitError), time_limit(command["seconds"]):
            closed = (each for each in command["calls"] if all(self._turns_away(each, t) for t in ("", strange())))
            for call in itertools.islice(closed, MINTED_FOR):
                made = minted(self.app, private, functools.partial(self._lets_in, call))
                if made is not None:
                    return {"token": made[0], "by": made[1]}
        return {"token": ""}

    def _turns_away(self, call: dict[str, Any], token: str) -> bool:
        return self._status(call, token) in (401, 403, 422)

    def _lets_in(self, call: dict[str, Any], token: str) -> bool:
        return 200 <= self._status(call, token) < 300

    def _status(self, call: dict[str, Any], token: str) -> int:
        """Return the status of the answer to a request with a token, 500 where an exception comes out."""
        presented = [("Authorization", f"Bearer {token}")] if token else []
        try:
            answer = watched_answer(self.application, {**call, "headers": [*call["headers"], *presented]}, self.watch)
        except Exception:
            return 500
        return int(answer["status"])

    def clock(self, command: dict[str, Any]) -> dict[str, Any]:
        """Move Python's wall clock so many seconds away from the true time, or back to it with 0."""
        try:
            import time_machine
        except ImportError:
            note = "the clock cannot be moved: the application's environment has no time-machine"
            self.notes = [*(n for n in self.notes if n != note), note]
            return {"moved": False}
        if self.travel is not None:
            self.travel.stop()
            self.travel = None
        if command["seconds"]:
            self.travel = time_machine.travel(time.time() + command["seconds"], tick=True)
            self.travel.start()
        return {"moved": True}


def cut_off(channel: socket.socket) -> None:
    """Take the socket from a fork of the application, which must not answer in its place.

    The descriptor stays in use: closed, its number would go to a file that the fork opens next.
    """
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, channel.fileno(), inheritable=False)
    os.close(null)


def main() -> None:
    """Answer commands until the other end closes the socket."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    os.register_at_fork(after_in_child=lambda: cut_off(channel))
    fence = Fence()
    sys.addaudithook(fence)
    watch, copies = Watch(), Copies()
    runner = Runner(fence, watch, copies, channel.fileno())
    with databases_watched(watch, copies):
        for line in channel.makefile("rb"):
            command = json.loads(line)
            try:
                answer = getattr(runner, command["command"])(command)
            except BaseException as error:
                answer = {"crashed": type(error).__name__}
            channel.sendall(json.dumps({**answer, "number": command["number"]}).encode() + b"\n")
