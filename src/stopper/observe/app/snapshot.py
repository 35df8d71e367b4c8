"""Turns the child's answer about an application into an `AppSnapshot`."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stopper.model import Endpoint, Place
from stopper.observe.views import AppPart, AppRoute, AppSnapshot, FaultAnswer, LogTrial
from stopper.secret import Secret, recognise

_PARAMETER = re.compile(r"<(?:(?P<converter>[A-Za-z_]\w*(?:\(.*?\))?):)?(?P<name>[A-Za-z_]\w*)>")
_SECRET_NAME = re.compile(
    r"(?i)secret|passw|private|(?:^|_)(?:pass|pwd|pepper|dsn|credentials?)(?:$|_)|(?:key|token|salt)s?(?:_fallbacks)?$"
)
_HARMLESS_NAME = re.compile(r"(?i)public|(?:json|message)_key$")


def snapshot(answer: Mapping[str, Any], target: str, root: Path) -> AppSnapshot:
    """Return the snapshot; places are relative to `root`, or to the import path that holds them where they lie outside.

    Where two rules make one endpoint, the first in the url_map counts, as it does for Flask. Raises KeyError,
    TypeError or ValueError for an answer that the runner does not give.
    """
    routes: dict[Endpoint, AppRoute] = {}
    paths = [Path(path) for path in answer["paths"]]
    for route in _routes(answer["rules"], root, paths):
        routes.setdefault(route.endpoint, route)
    return AppSnapshot(
        target=target,
        routes=tuple(routes.values()),
        config={key: configured(key, value) for key, value in answer["config"]},
        extensions=tuple(answer["extensions"]),
        hooks={blueprint: tuple(names) for blueprint, names in answer["hooks"].items()},
        handlers=tuple(answer["handlers"]),
        versions=dict(answer["versions"]),
        notes=(*answer["notes"], *_hidden(answer["rules"])),
        layers=tuple(map(_part, answer["layers"])),
        parts={name: _part(part) for name, part in answer["parts"].items()},
        logs=tuple(_trial(trial, root, paths) for trial in answer["logs"]),
        fault=_fault(answer["fault"], root, paths) if answer["fault"] else None,
        place=place(answer["maker"], 0, root, paths) if answer["maker"] else None,
    )


def _hidden(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one line on the rules of other hosts that share path and method with a rule before them, if any."""
    first: dict[tuple[str, str], str] = {}
    hidden = {
        f"{method} {rule['host']}{rule['rule']}"
        for rule in rules
        for method in rule["views"]
        if method not in rule["automatic"] and first.setdefault((method, rule["rule"]), rule["host"]) != rule["host"]
    }
    if hidden:
        names = f"{', '.join(sorted(hidden)[:5])}{', …' if len(hidden) > 5 else ''}"
        yield f"of routes that differ in their host alone the first is looked at; not looked at: {names}"


def _part(answer: Mapping[str, Any]) -> AppPart:
    return AppPart(answer["kind"], {name: configured(name, value) for name, value in answer["options"]})


def _trial(answer: Mapping[str, Any], root: Path, paths: Sequence[Path]) -> LogTrial:
    told = {name: answer[name] for name in ("logger", "handler", "form", "way", "readable")}
    return LogTrial(**told, place=_code(answer, root, paths))


def _fault(answer: Mapping[str, Any], root: Path, paths: Sequence[Path]) -> FaultAnswer:
    return FaultAnswer(answer["shown"], answer["status"], _code(answer, root, paths))


def _code(answer: Mapping[str, Any], root: Path, paths: Sequence[Path]) -> Place | None:
    file, line = answer["place"]
    return place(file, line, root, paths) if file else None


def _routes(rules: Sequence[Mapping[str, Any]], root: Path, paths: Sequence[Path]) -> Iterator[AppRoute]:
    for rule in rules:
        path, arguments = template(rule["rule"])
        for method, (file, line) in rule["views"].items():
            yield AppRoute(
                endpoint=Endpoint(method, path),
                name=rule["endpoint"],
                view=place(file, line, root, paths),
                automatic=method in rule["automatic"],
                arguments=arguments,
            )


def template(rule: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a Werkzeug rule as an OpenAPI path template, and its arguments as (name, converter as written).

    `/users/<int:id>` becomes `/users/{id}` with `(("id", "int"),)`; an argument without a converter is a `string`.
    """
    arguments = tuple((found["name"], found["converter"] or "string") for found in _PARAMETER.finditer(rule))
    return _PARAMETER.sub(r"{\g<name>}", rule), arguments


def place(file: str, line: int, root: Path, paths: Sequence[Path]) -> Place:
    """Return a place relative to `root`, else to the longest import path that holds the file, else as it is."""
    if not file:
        return Place("")
    here = Path(file)
    for base in (root.absolute(), *sorted(paths, key=lambda path: len(path.parts), reverse=True)):
        for candidate, folder in ((here, base), (here.resolve(), base.resolve())):
            if candidate.is_relative_to(folder):
                return Place(candidate.relative_to(folder).as_posix(), line)
    return Place(here.as_posix(), line)


def configured(name: str, value: Sequence[Any]) -> Any:
    """Return a configuration value as the child encoded it; texts and bytes are `Secret` where name or form says so.

    Bytes become text by UTF-8, or byte for byte (Latin-1) where they are none: `observe.wire.jwt` reads keys both ways.
    """
    kind, content = value
    if kind == "dict":
        return {key: configured(key if _plain_name(name) else name, item) for key, item in content}
    if kind == "list":
        return tuple(configured(name, item) for item in content)
    if kind == "object":
        return f"<{content}>"
    if kind == "bytes":
        return _text_or_secret(name, _text(base64.b64decode(content)))
    return _text_or_secret(name, content) if isinstance(content, str) else content


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _plain_name(name: str) -> bool:
    return not _SECRET_NAME.search(name) or bool(_HARMLESS_NAME.search(name))


def _text_or_secret(name: str, text: str) -> str | Secret:
    if text and (not _plain_name(name) or any(recognise(text))):
        return Secret(text)
    return text


def found_keys(answer: Mapping[str, Any]) -> tuple[Secret, ...]:
    """Return what the child took for possible signing keys."""
    keys = (configured("key", value) for value in answer["keys"])
    return tuple(key for key in keys if isinstance(key, Secret))


def base_url(snapshot: AppSnapshot) -> str:
    """Return an https origin that the application takes for its own: SERVER_NAME, a trusted host, or localhost."""
    hosts = snapshot.config.get("TRUSTED_HOSTS") or ()
    host = snapshot.config.get("SERVER_NAME") or (hosts[0] if isinstance(hosts, tuple) and hosts else "localhost")
    return f"https://{str(host).lstrip('.')}"
