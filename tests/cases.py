"""The one harness that runs every control's cases: reads a case, runs the control over it, compares with the marks.

Marks are comments in the case itself: `bad` must be exactly the broken lines, `ok` demands a kept verdict there.
"""

from __future__ import annotations

import asyncio
import re
import types
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stopper.controls import Entry
from stopper.correlate import Key, key_of
from stopper.engine import Event, Inputs, Limits, Login, Scan, Target, Transport
from stopper.io.app_runner import described, fault_answer, log_trials
from stopper.io.app_watch import Watch, databases_watched
from stopper.io.in_process import InProcess, handlers_set_aside
from stopper.io.listener import LoopbackListener
from stopper.io.login import login, throwaway
from stopper.model import Endpoint, Place, Verdict, Witness
from stopper.observe.app.snapshot import snapshot
from stopper.observe.source import Project, read_project
from stopper.observe.source.standing import Scope
from stopper.observe.spec import read
from stopper.observe.views import AppSnapshot, Credential, Exchange, Purpose, Request, Response, SpecDocument, Tls
from stopper.observe.wire.jwt import parse
from stopper.secret import Secret
from stopper.sweep.sources import sources
from stopper.sweep.sweeping import Sweep
from stopper.sweep.tally import Tally

Line = tuple[str, int]

_MARK = re.compile(r"(?:#|//)\s*(bad|ok)\b")


@dataclass
class Judged:
    """What a case expects and what the control said: lines by (file, line)."""

    bad: set[Line] = field(default_factory=set)
    ok: set[Line] = field(default_factory=set)
    broken: set[Line] = field(default_factory=set)
    kept: set[Line] = field(default_factory=set)
    crashed: list[str] = field(default_factory=list)


def marks(name: str, text: str) -> Judged:
    """Return the marked lines of one file."""
    judged = Judged()
    for number, line in enumerate(text.splitlines(), 1):
        for mark in _MARK.findall(line):
            (judged.bad if mark == "bad" else judged.ok).add((name, number))
    return judged


def run(entry: Entry, case: Path) -> Judged:
    """Run one case of a control."""
    kind = re.match(r"[a-z]+", case.name)
    runner = _RUNNERS[kind.group() if kind else ""]
    return runner(entry, case)


# --------------------------------------------------------------------------- static witnesses


def _spec(entry: Entry, case: Path) -> Judged:
    judged = marks(case.name, case.read_text())
    for operation in read(case.name, case.read_bytes(), None).operations:
        _sort(judged, entry.hooks["spec"](operation), _at_place)
    return judged


def _source(entry: Entry, case: Path) -> Judged:
    judged = marks(case.name, case.read_text())
    project = read_project([(case.name, case.read_bytes())])
    for module in project.modules:
        said = entry.hooks["source"](module)
        weighed = (Scope().weighed(project, verdict, entry.control.severity) for verdict in said)
        _sort(judged, (verdict for verdict in weighed if verdict is not None), _at_place)
    return judged


def _manifest(entry: Entry, case: Path) -> Judged:
    """Run over a folder: what a manifest is, its name says."""
    judged, project = _folder(case)
    for manifest in project.manifests:
        _sort(judged, entry.hooks["manifest"](manifest), _at_place)
    return judged


def _configuration(entry: Entry, case: Path) -> Judged:
    """Run over a folder: what is a file of settings, and what git leaves out, the names and `.gitignore` say."""
    judged, project = _folder(case)
    for settings in project.configurations:
        _sort(judged, entry.hooks["configuration"](settings), _at_place)
    return judged


def _folder(case: Path) -> tuple[Judged, Project]:
    files = {path.relative_to(case).as_posix(): path for path in sorted(case.rglob("*")) if path.is_file()}
    judged = Judged()
    for name, path in files.items():
        own = marks(name, path.read_text())
        judged.bad |= own.bad
        judged.ok |= own.ok
    return judged, read_project((name, path.read_bytes()) for name, path in files.items())


def _frontend(entry: Entry, case: Path) -> Judged:
    """Run over one page, template or script."""
    judged = marks(case.name, case.read_text())
    for page in read_project([(case.name, case.read_bytes())]).frontends:
        _sort(judged, entry.hooks["frontend"](page), _at_place)
    return judged


def _at_place(verdict: Verdict) -> Iterator[Line]:
    if verdict.place:
        yield verdict.place.uri, verdict.place.line


def _sort(judged: Judged, verdicts: Iterator[Verdict] | None, lines: Callable[[Verdict], Iterator[Line]]) -> None:
    for verdict in verdicts or ():
        (judged.kept if verdict.kept else judged.broken).update(lines(verdict))


# --------------------------------------------------------------------------- recorded exchanges


def _wire(entry: Entry, case: Path) -> Judged:
    judged = Judged()
    for number, wanted, recorded in exchanges(case.read_text()):
        verdicts = tuple(entry.hooks["wire"](recorded) or ())
        line = (case.name, number)
        if wanted != "none":
            (judged.bad if wanted == "bad" else judged.ok).add(line)
        if any(not verdict.kept for verdict in verdicts) or (verdicts and wanted == "none"):
            judged.broken.add(line)
        elif verdicts:
            judged.kept.add(line)
    return judged


def exchanges(text: str) -> Iterator[tuple[int, str, Exchange]]:
    """Yield line number, mark and exchange of a `wire*.http` case.

    Each begins with `### bad`, `### ok` or `### none`, optionally followed by the purpose (`nothing`, `login`, ...);
    then the request, whose target is absolute, then the response, which begins with `HTTP/1.1`.
    """
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("###")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = lines[start].lstrip("#").split()
        yield start + 1, words[0], _exchange(lines[start + 1 : end], words[1:])


def _exchange(lines: list[str], words: list[str]) -> Exchange:
    answer = next(number for number, line in enumerate(lines) if line.startswith("HTTP/"))
    head, sent_headers, body = _message(lines[:answer])
    status, headers, answered = _message(lines[answer:])
    method, url = head.split()[:2]
    request = Request(method, url, sent_headers, body or None)
    response = Response(int(status.split()[1]), headers, body=answered)
    presented = request.header("Authorization") is not None
    purpose = Purpose[words[0].upper()] if words else (Purpose.ORIGINAL if presented else Purpose.NOTHING)
    path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0]
    return Exchange(request, response, endpoint=Endpoint(method, path or "/"), purpose=purpose)


def _message(lines: list[str]) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(lines[1:], 1):
        if not line.strip():
            return lines[0], tuple(headers), "\n".join(lines[number + 1 :]).strip().encode()
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    return lines[0], tuple(headers), b""


# --------------------------------------------------------------------------- running applications


class Sendable(InProcess):
    """The application in process, to which every request of a control must be sendable."""

    async def send(self, request: Request) -> Exchange:
        """Return the answer of the application."""
        answered = await super().send(request)
        assert answered.error != "malformed request", "a control made a request that cannot be sent"
        return answered


def _app(entry: Entry, case: Path) -> Judged:
    judged = marks(case.name, case.read_text())
    project = read_project([(case.name, case.read_bytes())])
    watch = Watch()
    with handlers_set_aside(lambda handler: True), databases_watched(watch):
        module = _loaded(case)
        live = replace(_live(module), transport=Sendable(module.app, case.parent, watch=watch))
        scan = _scan(entry, Inputs(targets=(case.name,), live=(live,), snapshot=_seen(module), keys=_keys(module)))
    lines = _route_lines(project)
    for observation in scan.observations.values():
        _sort(judged, iter([observation.verdict]), lambda verdict: _at_endpoints(verdict, lines))
    judged.crashed = [str(failure) for failure in scan.failures]
    return judged


def _loaded(case: Path) -> types.ModuleType:
    module = types.ModuleType(f"case_{case.stem}")
    module.__file__ = str(case)
    exec(compile(case.read_text(), str(case), "exec"), module.__dict__)
    return module


def _live(module: types.ModuleType) -> Target:
    """Return the case's app as a wire target: the hooks for the wire are the widest set."""
    made = module.login(module.app.test_client()) if hasattr(module, "login") else None
    token = _credential(made) if made is not None else None
    return Target(
        witness=Witness.WIRE,
        transport=Sendable(module.app),
        base="https://shop.test",
        clear="http://shop.test",
        token=token,
        may_send_clear=True,
        handshake=_handshake(module),
        throwaway=throwaway(module.LOGIN, "https://shop.test", lambda _: None) if hasattr(module, "LOGIN") else None,
        another=_another(module),
    )


def _another(module: types.ModuleType) -> Login | None:
    """Return what logs in as another user, where the case has one."""
    if not hasattr(module, "ANOTHER"):
        return None

    async def another(transport: Transport, base: str) -> Credential | str:
        made = await login(transport, base, module.ANOTHER)
        return made if isinstance(made, Credential) else made.why

    return another


def _handshake(module: types.ModuleType) -> Callable[[], Awaitable[Tls | None]]:
    """Return what gives the case's `TLS`, where it has one."""

    async def handshake() -> Tls | None:
        return getattr(module, "TLS", None)

    return handshake


def _credential(made: str | Credential) -> Credential:
    return replace(made if isinstance(made, Credential) else Credential(Secret(made), jwt=parse(made)), disposable=True)


def _seen(module: types.ModuleType) -> AppSnapshot:
    """Return what the child process would tell of the case's app; a case may name other releases as installed."""
    trials = {"logs": log_trials(module.app), "fault": fault_answer(module.app)}
    answer = described(module.app, module.app) | trials | {"notes": [], "paths": []}
    return snapshot(
        answer | {"versions": getattr(module, "INSTALLED", {})}, "case:app", Path(module.__file__ or ".").parent
    )


def _keys(module: types.ModuleType) -> tuple[Secret, ...]:
    return (Secret(module.KEY),) if hasattr(module, "KEY") else ()


def _scan(entry: Entry, inputs: Inputs) -> Scan:
    """Scan with one control; everything is allowed, a server of our own keys included."""
    with LoopbackListener() as documents:
        live = tuple(replace(target, documents=documents) for target in inputs.live)
        return _scanned(entry, replace(inputs, live=live))


def _scanned(entry: Entry, inputs: Inputs) -> Scan:
    events: list[Event] = []
    scan = Scan(
        inputs, {entry.control.id: entry}, Limits(requests=5000, per_operation=5000, per_group=0), events.append
    )
    asyncio.run(scan.run())
    return scan


def _route_lines(project: Project, document: SpecDocument | None = None) -> Mapping[Key, Line]:
    """Return where each endpoint is made; the source's line goes before the specification's."""
    found: dict[Key, Line] = {}
    for operation in document.operations if document else ():
        found[key_of(operation.endpoint)] = (operation.place.uri, operation.place.line)
    for module in project.modules:
        for route in module.routes:
            for endpoint in route.endpoints:
                found[key_of(endpoint)] = (route.place.uri, route.place.line)
    return found


def _at_endpoints(verdict: Verdict, lines: Mapping[Key, Line]) -> Iterator[Line]:
    """Yield the lines of the verdict's endpoints; one without any speaks of the whole application."""
    if not verdict.endpoints:
        yield from lines.values()
    for endpoint in verdict.endpoints:
        if key_of(endpoint) in lines:
            yield lines[key_of(endpoint)]


# --------------------------------------------------------------------------- witnesses side by side


def _joint(entry: Entry, case: Path) -> Judged:
    judged = Judged()
    texts = {path.name: path for path in sorted(case.iterdir()) if path.is_file()}
    for name, path in texts.items():
        own = marks(name, path.read_text())
        judged.bad |= own.bad
        judged.ok |= own.ok
    project = read_project([(name, path.read_bytes()) for name, path in texts.items() if name.endswith(".py")])
    specs = [name for name in texts if name.endswith((".yaml", ".json"))]
    document = read(specs[0], texts[specs[0]].read_bytes(), None) if specs else None
    module = _loaded(texts["app.py"]) if "app.py" in texts else None
    recorded = tuple(
        e for name, path in texts.items() if name.endswith(".http") for _, _, e in exchanges(path.read_text())
    )
    scan = _scan(
        entry,
        Inputs(
            targets=(case.name,),
            documents=(document,) if document else (),
            project=project if project.files else None,
            snapshot=_seen(module) if module else None,
            live=(_live(module),) if module else (),
            recorded=recorded,
            keys=_keys(module) if module else (),
        ),
    )
    lines = _route_lines(project, document)
    judged.broken = {(p.uri, p.line) for f in scan.report().findings if (p := f.place or Place(""))}
    for observation in scan.observations.values():
        if observation.verdict.kept:
            judged.kept.update(_at_place(observation.verdict))
            judged.kept.update(_at_endpoints(observation.verdict, lines))
    judged.crashed = [str(failure) for failure in scan.failures]
    return judged


# --------------------------------------------------------------------------- at rest


def _rest(entry: Entry, case: Path) -> Judged:
    """Sweep one file: each row's places are where the control speaks."""
    judged = marks(case.name, case.read_text())
    tally = Tally()
    Sweep(tally).over(sources((str(case),)))
    for row in tally.rows:
        lines = {(case.name, spot.line) for spot in row.spots}
        for verdict in entry.hooks["rest"](row):
            (judged.kept if verdict.kept else judged.broken).update(lines)
    return judged


_RUNNERS: Mapping[str, Callable[[Entry, Path], Judged]] = {
    "spec": _spec,
    "source": _source,
    "manifest": _manifest,
    "configuration": _configuration,
    "frontend": _frontend,
    "wire": _wire,
    "app": _app,
    "joint": _joint,
    "rest": _rest,
}
