"""From targets to the engine's inputs: everything is read, and everything that must be closed is closed again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from stopper.cli.settings import Settings
from stopper.cli.targets import TargetError, Targets
from stopper.engine import Inputs, Limits, Login, Refresh, Target, Transport
from stopper.engine.discovery import Found, Search, behind_login, specification
from stopper.engine.guessing import Guessing
from stopper.io import files
from stopper.io.archive import unpack
from stopper.io.cache import Cache
from stopper.io.child import AppChild
from stopper.io.errors import TransportError
from stopper.io.har import read_recording
from stopper.io.in_process import InProcess
from stopper.io.listener import LoopbackListener
from stopper.io.lists import checked
from stopper.io.login import LoginFailed, LoginFlow, login, renew, throwaway
from stopper.io.policy import Policy
from stopper.io.policy import Target as Address
from stopper.model import Accepted, Ignore, Skip, Witness
from stopper.observe.app.snapshot import base_url
from stopper.observe.source import LARGEST_SOURCE, Project, deceptions, included, read_project, reads
from stopper.observe.source.standing import Scope
from stopper.observe.source.suppressions import suppressions
from stopper.observe.spec import SpecError, looks_like_spec, read
from stopper.observe.views import Credential, Exchange, SpecDocument, Throwaway
from stopper.observe.wire.jwt import parse
from stopper.secret import Secret

if TYPE_CHECKING:
    from stopper.io.http import Client

LARGEST_SPEC = 64 << 20


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the targets; `running` is an application in this process, asked instead of one."""

    settings: Settings
    limits: Limits
    token: Secret | None = None
    ca_file: Path | None = None
    python: Path | None = None
    clear_token: bool = False
    out_of_band: bool = False
    app_seconds: float = 30.0
    scope: Scope = field(default_factory=Scope)
    accepted: tuple[Accepted, ...] = ()
    cache: Cache | None = None
    guessing: Guessing = field(default_factory=Guessing)
    running: InProcess | None = None


@dataclass(slots=True)
class _Gathered:
    """What was found so far, on the way to `Inputs`; `source` is where the source is read from."""

    source: str
    documents: list[SpecDocument] = field(default_factory=list)
    live: list[Target] = field(default_factory=list)
    recorded: list[Exchange] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keys: list[Secret] = field(default_factory=list)
    incomplete: str = ""

    def skip(self, entry: files.Skip) -> None:
        """Keep what was not read of a folder or an archive."""
        what = entry.path if entry.number == 1 else f"{entry.number} files"
        self.skips.append(Skip(what, entry.reason, "file"))
        if entry.ended:
            self.incomplete = f"not read to its end: {entry.reason}"

    ignores: list[Ignore] = field(default_factory=list)


@asynccontextmanager
async def opened(targets: Targets, options: Options) -> AsyncIterator[Inputs]:
    """Give the inputs of a scan; the connections and the application's process live until the block is left.

    Raises the boundary errors of what is read: FileError, ChildError, PolicyError, SettingsError, TargetError.
    """
    gathered = _Gathered(source=files.escape(str(targets.archive or targets.folder)))
    with TemporaryDirectory(prefix="stopper-") as folder:
        if targets.archive:
            for entry in unpack(targets.archive, Path(folder), reads):
                gathered.skip(entry)
            targets = replace(targets, folder=Path(folder))
        async with _opened(targets, options, gathered) as inputs:
            yield inputs


@asynccontextmanager
async def _opened(targets: Targets, options: Options, gathered: _Gathered) -> AsyncIterator[Inputs]:
    root = targets.folder or Path()
    for path in targets.specs:
        gathered.documents.append(_spec(path, root, gathered))
    for path in targets.recordings:
        _recording(path, gathered)
    project = _project(targets.folder, options.scope, gathered) if targets.folder else None
    async with AsyncExitStack() as stack:
        if targets.urls:
            client = await stack.enter_async_context(opening(targets, options))
            if options.token:
                client.protect(options.token)
            await _wire(targets, options, client, gathered)
        snapshot = None
        if options.running or targets.application:
            child = options.running or _child(targets, options)
            await stack.enter_async_context(child)
            snapshot = await child.snapshot()
            gathered.keys.extend(await child.keys())
            gathered.notes.extend(snapshot.notes)
            mint = child.mint if isinstance(child, AppChild) and not targets.urls else None
            gathered.live.append(replace(_app_target(child, base_url(snapshot), options), mint=mint))
        if options.out_of_band:
            documents = stack.enter_context(LoopbackListener())
            gathered.live = [replace(live, documents=documents) if _near(live) else live for live in gathered.live]
        yield Inputs(
            targets=tuple(files.escape(word) for word in targets.words),
            documents=tuple(gathered.documents),
            project=project,
            snapshot=snapshot,
            live=tuple(gathered.live),
            recorded=tuple(gathered.recorded),
            keys=tuple(gathered.keys),
            secrets=_given_secrets(options) if gathered.live else (),
            skips=tuple(gathered.skips),
            incomplete=gathered.incomplete,
            notes=tuple(gathered.notes),
            scope=options.scope,
            ignores=tuple(gathered.ignores),
            accepted=options.accepted,
            cache=options.cache,
            guessing=_checked(options.guessing),
        )


def _checked(guessing: Guessing) -> Guessing:
    """Return it where its lists can be read: that is told at once. Raises FileError."""
    for path in guessing.lists:
        checked(path)
    return guessing


def _given_secrets(options: Options) -> tuple[Secret, ...]:
    """Return the credentials that the user gave: the token, and what logs in."""
    given = (options.token,) if options.token else ()
    return (*given, *(secret for flow in options.settings.logins for secret in flow.secrets))


# --------------------------------------------------------------------------- files


def _recording(path: Path, gathered: _Gathered) -> None:
    """Read recorded traffic; what of it was never kept, or cannot be told of it, is a skip. Raises FileError."""
    recording, name = read_recording(path), files.escape(path.name)
    gathered.recorded.extend(recording.exchanges)
    gathered.skips.extend(Skip(f"{number} in {name}", why, "recording") for why, number in recording.left_out.items())
    if recording.disguised:
        why = "stand-ins were recorded in their place: neither their keys nor what they are made of was guessed"
        gathered.skips.append(Skip(f"the credentials of {name}", why, "recording"))


def _spec(path: Path, root: Path, gathered: _Gathered) -> SpecDocument:
    """Read a specification; places in the scanned folder are told relative to it, as those of the source are."""
    base = root if path.resolve().is_relative_to(root.resolve()) else path.parent
    uri = path.resolve().relative_to(base.resolve()).as_posix()
    return _document(uri, files.read(path, LARGEST_SPEC), lambda ref: files.read_in_jail(base, ref), gathered)


def _document(uri: str, data: bytes, read_ref: Callable[[str], bytes] | None, gathered: _Gathered) -> SpecDocument:
    try:
        document = read(uri, data, _refusing(read_ref) if read_ref else None)
    except SpecError as error:
        raise TargetError(f"{files.escape(uri)}: {error}") from None
    gathered.skips.extend(Skip(str(problem.place), problem.message, "specification") for problem in document.problems)
    return document


def _refusing(read_ref: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """Turn the jail's refusal into the error that the reader takes for one."""

    def refusing(reference: str) -> bytes:
        try:
            return read_ref(reference)
        except files.FileError as error:
            raise ValueError(str(error)) from None

    return refusing


def _project(folder: Path, scope: Scope, gathered: _Gathered) -> Project:
    """Read the folder's Python files; what was not read or not analysed is a skip. Raises TargetError without any."""
    # The folder's own name: a package scanned from the inside imports itself by it.
    sources = _commented(_sources(folder, gathered), scope, gathered)
    project = read_project(sources, folder.resolve().name, partial(_again, folder))
    if not project.paths:
        raise TargetError(f"{gathered.source}: holds no Python files")
    return project


def _again(folder: Path, path: str) -> bytes:
    """Return a file's bytes once more; none where it is gone or has grown since."""
    try:
        return files.read_in_jail(folder, quote(path), LARGEST_SOURCE)
    except files.FileError:
        return b""


def _commented(sources: Iterable[tuple[str, bytes]], scope: Scope, gathered: _Gathered) -> Iterator[tuple[str, bytes]]:
    """Pass the files on; keep the comments that suppress, of those that are judged."""
    for path, data in sources:
        if scope.asks(path):
            gathered.ignores.extend(suppressions(path, data))
        yield path, data


def _sources(folder: Path, gathered: _Gathered) -> Iterator[tuple[str, bytes]]:
    """Yield the files one at a time; then what they include."""
    walked: set[str] = set()
    waiting: set[str] = set()
    for entry in files.walk(folder, reads):
        if isinstance(entry, files.SourceFile):
            walked.add(entry.path)
            waiting |= included(entry.path, entry.data)
            gathered.notes.extend(deceptions(entry.path, entry.data))
            yield entry.path, entry.data
        else:
            gathered.skip(entry)
    while waiting := waiting - walked:
        path = min(waiting)
        walked.add(path)
        try:
            data = files.read_in_jail(folder, quote(path))
        except files.FileError as error:
            gathered.skips.append(Skip(files.escape(path), str(error).removeprefix(f"{path}: "), "file"))
            continue
        waiting |= included(path, data)
        yield path, data


# --------------------------------------------------------------------------- the wire


def opening(targets: Targets, options: Options) -> Client:
    """Return the client of a scan, not opened yet; it holds back what the user gave from where it must not go."""
    # Only here: a scan of source alone needs no client, whose libraries take longer to load than ours.
    from stopper.io.http import Client, Limits

    limits = Limits(
        deadline=options.limits.request_seconds,
        # documents, logins, renewals and the throw-away identity come on top of the scan's own budget
        requests=options.limits.requests
        + 150
        + sum(flow.samples + flow.tries for flow in options.settings.logins if flow.throwaway),
        rate=options.limits.per_second,
    )
    client = Client(Policy.typed(targets.urls, options.clear_token), limits, options.ca_file)
    for secret in _given_secrets(options):
        client.protect(secret)
    return client


async def _wire(targets: Targets, options: Options, client: Client, gathered: _Gathered) -> None:
    """Tell specifications from base addresses by fetching what has a path, and make the wire's target."""
    bases: list[str] = []
    locked: list[str] = []
    for url in targets.urls:
        data = await _fetched(client, url, locked) if urlsplit(url).path.strip("/") else b""
        if data and looks_like_spec(data):
            gathered.documents.append(_document(url, data, None, gathered))
        elif url not in locked:
            bases.append(url)
    secure = [url for url in bases if url.lower().startswith("https:")]
    clear = [url for url in bases if not url.lower().startswith("https:")]
    if len(secure) > 1 or len(clear) > 1:
        raise TargetError("one API at a time: at most one https address and its plain http twin")
    if secure and clear and not _twins(Address.parse(secure[0]), Address.parse(clear[0])):
        raise TargetError(
            f"{files.escape(clear[0])}: not the plain http twin of {files.escape(secure[0])}, but another host"
        )
    base = (secure or clear or [""])[0]
    if not base:
        if locked:
            raise TargetError(f"{locked[0]}: needs a login, and no address to log in at was given")
        return
    target = _target(client, base, clear[0] if secure and clear else "", options)
    if not gathered.documents and not locked:
        target = replace(target, asked=await _looked_for(client, target, options, gathered))
    gathered.live.append(target)
    for url in locked:
        gathered.documents.append(await _behind_login(client, url, target, gathered))


def _twins(secure: Address, clear: Address) -> bool:
    """Tell whether two addresses can be one API: a token goes to no other host than that of the first."""
    return secure.host == clear.host or (secure.loopback and clear.loopback)


async def _fetched(client: Client, url: str, locked: list[str]) -> bytes:
    try:
        return await client.fetch(url)
    except TransportError as error:
        if str(error).endswith(("status 401", "status 403")):
            locked.append(url)
        elif "status" not in str(error):
            raise TargetError(f"{files.escape(url)}: {error}") from None
    return b""


async def _looked_for(client: Client, target: Target, options: Options, gathered: _Gathered) -> int:
    """Look for a specification where none was given; returns how many requests that took, and says what was found."""
    most = options.limits.requests // 4
    found, shown = await _searched(client, specification(target.base, most)), None
    if found.locked and (target.logins or target.token):
        made = await _made(client, target)
        shown = made if isinstance(made, Credential) else None
        if shown:
            again = await _searched(client, behind_login(found.locked, shown, most - found.asked))
            found = replace(again, asked=found.asked + again.asked)
    if not found.url:
        gathered.notes.append(f"no specification at the usual places: {found.why or f'{found.asked} were asked'}")
        return found.asked
    gathered.notes.append(f"the specification was found at {files.escape(found.url)}, after {found.asked} requests")
    try:
        data = await client.fetch(found.url, shown) if found.truncated else found.body
        gathered.documents.append(_document(found.url, data, None, gathered))
    except (TargetError, TransportError) as error:
        gathered.notes.append(f"it cannot be read: {error}")
    return found.asked


async def _searched(client: Client, search: Search) -> Found:
    try:
        request = next(search)
        while True:
            request = search.send(await client.send(request))
    except StopIteration as stop:
        found: Found = stop.value
        return found


async def _behind_login(client: Client, url: str, target: Target, gathered: _Gathered) -> SpecDocument:
    """Fetch a specification that only a logged-in caller is shown; it must lie where the credential belongs."""
    if Address.parse(url).origin not in {Address.parse(each).origin for each in (target.base, target.clear) if each}:
        raise TargetError(f"{files.escape(url)}: needs a login, and is on another origin than the API")
    made = await _made(client, target)
    if isinstance(made, str):
        raise TargetError(f"{files.escape(url)}: needs a login: {made}")
    try:
        return _document(url, await client.fetch(url, made), None, gathered)
    except TransportError as error:
        raise TargetError(f"{files.escape(url)}: {error}") from None


async def _made(client: Client, target: Target) -> Credential | str:
    """Return the credential of the API's first identity, or why there is none."""
    return await target.logins[0](client, target.base) if target.logins else (target.token or "no identity was given")


def _target(client: Client, base: str, clear: str, options: Options) -> Target:
    loopback = Address.parse(base).loopback
    return Target(
        witness=Witness.WIRE,
        transport=client,
        base=base,
        clear=clear,
        logins=_logins(options, client.protect),
        token=_given(options),
        loopback=loopback,
        may_send_clear=bool(clear) and (Address.parse(clear).loopback or options.clear_token),
        handshake=partial(client.handshake, base),
        throwaway=_throwaway(options, base, client.protect),
        refresh=_refresh(options, client.protect),
        another=_another(options, client.protect),
    )


def _near(live: Target) -> bool:
    """Tell whether an API can fetch what is served on this machine's loopback."""
    return live.loopback or live.witness is Witness.APP


def _given(options: Options) -> Credential | None:
    """Return the credential given on the command line, presented as the settings say."""
    if not options.token:
        return None
    return Credential(
        options.token,
        header=options.settings.header,
        scheme=options.settings.scheme,
        jwt=parse(options.token.reveal()),
    )


def _logins(options: Options, protect: Callable[[Secret], None]) -> tuple[Login, ...]:
    """Return what logs in as the user of the scan: the identity, and further token endpoints."""
    return tuple(_bound(flow, protect) for flow in options.settings.logins if not flow.another)


def _another(options: Options, protect: Callable[[Secret], None]) -> Login | None:
    """Return what logs in as another user."""
    return next((_bound(flow, protect) for flow in options.settings.logins if flow.another), None)


def _refresh(options: Options, protect: Callable[[Secret], None]) -> Refresh | None:
    """Return what renews the identity's credential, where the user named how."""
    flow = next((flow for flow in options.settings.logins if not flow.another), None)
    if flow is None or flow.operation("refresh") is None:
        return None

    async def bound(transport: Transport, base: str, held: Credential) -> Credential | str:
        return _protected(await renew(transport, base, flow, held), protect)

    return bound


def _throwaway(options: Options, base: str, protect: Callable[[Secret], None]) -> Throwaway | None:
    """Return the identity that may be spent, of the first login that is marked so."""
    flow = next((flow for flow in options.settings.logins if flow.throwaway), None)
    return throwaway(flow, base, protect) if flow else None


def _bound(flow: LoginFlow, protect: Callable[[Secret], None]) -> Login:
    async def bound(transport: Transport, base: str) -> Credential | str:
        return _protected(await login(transport, base, flow), protect)

    return bound


def _protected(made: Credential | LoginFailed, protect: Callable[[Secret], None]) -> Credential | str:
    """Have the transport hold back the tokens of a credential from where they must not go."""
    if isinstance(made, LoginFailed):
        return made.why
    for secret in (made.token, *(token for _, token in made.siblings)):
        protect(secret)
    return made


def _unprotected(_: Secret) -> None:
    """Hold nothing back: what the application is asked in process goes nowhere."""


# --------------------------------------------------------------------------- the application


def _child(targets: Targets, options: Options) -> AppChild:
    folder = targets.folder or Path()
    return AppChild(
        targets.application,
        python=options.python,
        cwd=home(targets.application, (folder, folder.parent, Path())),
        root=folder,
        timeout=options.app_seconds,
        call_timeout=options.limits.request_seconds,
        env=dict(os.environ),
    )


def home(application: str, folders: Sequence[Path]) -> Path:
    """Return the first folder from which the application's module can be imported, else the last one."""
    top = application.partition(":")[0].partition(".")[0]
    for folder in folders:
        if (folder / f"{top}.py").is_file() or (folder / top).is_dir():
            return folder
    return folders[-1]


def _app_target(child: AppChild | InProcess, base: str, options: Options) -> Target:
    return Target(
        witness=Witness.APP,
        transport=child,
        base=base,
        clear=base.replace("https:", "http:", 1),
        logins=_logins(options, _unprotected),
        token=_given(options),
        may_send_clear=True,
        throwaway=_throwaway(options, base, _unprotected),
        refresh=_refresh(options, _unprotected),
        another=_another(options, _unprotected),
    )
