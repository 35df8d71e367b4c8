"""`flask tokens`, `flask keys` and `flask clients`: what an operator does. A token or secret is read from a prompt or
standard input and never taken as an argument, which other users of the machine and the shell's history would see.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from stopper.guard import respond
from stopper.guard.audit import Kind as Happening
from stopper.guard.clients import GRANTS, Clients
from stopper.guard.endpoints import clients_of
from stopper.guard.gate import Gate, current_gate
from stopper.guard.keys import RefusedKeyError
from stopper.guard.rules import DEFAULTS, Access, rule_for
from stopper.guard.settings import ConfigurationError
from stopper.guard.store import REDIS_SCHEMES, Kind, StoreError
from stopper.guard.token import Token, kept_name
from stopper.secret import fingerprint

if TYPE_CHECKING:
    from stopper.guard import Guard

_GUARD = "stopper-guard"

tokens = AppGroup("tokens", help="Issue, find and end tokens; check what the routes declare.")
keys = AppGroup("keys", help="The keys that sign tokens.")
clients = AppGroup("clients", help="The clients of the token endpoint.")


def register(app: Flask, guard: Guard) -> None:
    """Give an application's `flask` command the groups."""
    app.extensions[_GUARD] = guard
    for group in (tokens, keys, clients):
        app.cli.add_command(group)


def _guard() -> Guard:
    guard: Guard = current_app.extensions[_GUARD]
    return guard


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (ConfigurationError, RefusedKeyError, StoreError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except respond.Refusal as refusal:
        raise click.ClickException(refusal.reason) from None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _columns(rows: Iterable[Iterable[str]]) -> None:
    """Write rows in columns, with what could steer a terminal escaped (CWE-150)."""
    table = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


# --------------------------------------------------------------------------- tokens


@tokens.command("issue")
@click.argument("subject")
@click.option("--scope", "scopes", multiple=True, help="A scope; may be given again.")
@click.option("--lifetime", type=click.IntRange(min=1), help="Seconds, at most the configured lifetime.")
def issue_token(subject: str, scopes: tuple[str, ...], lifetime: int | None) -> None:
    """Print a new access token of SUBJECT, and nothing else."""
    with _one_line_errors():
        click.echo(_guard().issue(subject, scopes, lifetime=lifetime)["access_token"])


@tokens.command("list")
@click.argument("subject")
def list_tokens(subject: str) -> None:
    """List the opaque tokens of SUBJECT that have not expired: id, state, scopes, times, client."""
    gate = current_gate()
    with _one_line_errors():
        rows = [
            (
                token.id,
                "revoked" if gate.tokens.store.is_revoked(token) else "active",
                _moment(token.issued_at),
                _moment(token.expires_at),
                " ".join(sorted(token.scopes)) or "-",
                token.client or "-",
            )
            for token in gate.tokens.store.tokens_of(subject, time.time())
        ]
    _columns([("ID", "STATE", "ISSUED", "EXPIRES", "SCOPES", "CLIENT"), *rows])


@tokens.command("revoke")
@click.argument("token_id", required=False)
@click.option("--family", help="End a line of refresh tokens and all that came from it.")
@click.option("--subject", help="End all that a subject was given so far.")
@click.option("--issuer", default="", help="Whose subject it is, where not our own.")
@click.option("--all", "everything", is_flag=True, help="End all that anybody was given so far.")
def revoke(token_id: str | None, family: str | None, subject: str | None, issuer: str, everything: bool) -> None:
    """End the token TOKEN_ID with its family, or what an option names."""
    if sum((token_id is not None, family is not None, subject is not None, everything)) != 1:
        raise click.UsageError("name one: a token id, --family, --subject or --all")
    if issuer and subject is None:
        raise click.UsageError("--issuer goes with --subject")
    gate, guard = current_gate(), _guard()
    with _one_line_errors():
        if subject is not None:
            guard.revoke_subject(subject, issuer=issuer)
        elif everything:
            guard.revoke_all()
        elif family is not None:
            gate.tokens.revoke(Kind.FAMILY, family)
            gate.recorder.record(Happening.REVOKED, reason=f"family {family}")
        elif token_id is not None:
            _revoke_by_id(gate, guard, token_id)
    click.echo(f"revoked; every process knows within {gate.settings.revocation_lag} s", err=True)


def _revoke_by_id(gate: Gate, guard: Guard, token_id: str) -> None:
    token = gate.tokens.store.find_by_id(token_id)
    if token is not None:
        guard.revoke(token)
    elif gate.settings.issuer or gate.settings.trusted_issuers:  # signed tokens are not in the store
        gate.tokens.revoke(Kind.TOKEN, kept_name(token_id))
        gate.recorder.record(Happening.REVOKED, token_id=kept_name(token_id))
    else:
        raise click.ClickException(f"no token has the id {token_id}")


@tokens.command("init-db")
def initialise() -> None:
    """Make the tables of an SQL store, or bring those of an earlier release up to date."""
    from stopper.guard.migrations import upgrade  # with it comes SQLAlchemy, which a store in Redis does without

    gate = current_gate()
    with _one_line_errors():
        if gate.settings.store.startswith(REDIS_SCHEMES):
            gate.tokens.store.newest_revocation()
            click.echo("Redis has no tables to make")
        else:
            click.echo(f"the tables are of revision {upgrade(gate.settings.store)}")


@tokens.command("purge")
def purge() -> None:
    """Forget what has expired."""
    with _one_line_errors():
        click.echo(f"{current_gate().tokens.store.purge(time.time())} entries purged")


@tokens.command("fingerprint")
def show_fingerprint() -> None:
    """Turn a leaked token, read from a prompt or standard input, into what to search for and what to revoke."""
    credential = _read_secret("Token")
    gate = current_gate()
    rows = [("fingerprint", fingerprint(credential))]
    with _one_line_errors():
        refresh = gate.tokens.find_refresh(credential) if credential.isascii() else None
        if refresh is not None:
            rows += ("kind", "refresh token"), ("subject", refresh.subject), ("revoke by", f"--family {refresh.family}")
        else:
            rows += _told(gate, credential)
    _columns(rows)


def _told(gate: Gate, credential: str) -> list[tuple[str, str]]:
    try:
        token: Token = gate.tokens.verify(credential)
    except (respond.InvalidToken, UnicodeEncodeError) as refusal:
        return [("state", refusal.reason if isinstance(refusal, respond.InvalidToken) else "not a token of this API")]
    return [("kind", "access token"), ("state", "active"), ("subject", token.subject), ("revoke by", token.id)]


@tokens.command("sweep")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--revoke", "revoking", is_flag=True, help="End every token of this API that lives.")
@click.option("--resume", type=click.Path(path_type=Path, dir_okay=False), help="Keeps how far the sweep came.")
def sweep_for_tokens(paths: tuple[str, ...], revoking: bool, resume: Path | None) -> None:
    """Find tokens at rest in PATHs and tell which live: files, folders, archives, databases (URL or env:NAME), git.

    Ends with 1 where one was found, with 3 where something was not read. Never prints a token.
    """
    from stopper.guard.leaked import ending, standing  # not paid for by the application itself
    from stopper.sweep.listing import lines
    from stopper.sweep.sighting import Life
    from stopper.sweep.sources import sources
    from stopper.sweep.sweeping import Sweep
    from stopper.sweep.tally import Tally

    gate, guard = current_gate(), _guard()
    judge = ending(gate.tokens, guard.revoke) if revoking else standing(gate.tokens)
    try:
        with _one_line_errors():
            sweep = Sweep(Tally(judge), resume)
            sweep.over(sources(paths, leave_out=resume))
    except click.ClickException as error:
        error.show()
        sys.exit(2)  # 1 says that a token was found
    rows = sweep.tally.rows
    for line in lines(rows, sweep.skipped, sweep.sources, sweep.bytes, sweep.tally.further):
        click.echo(_printable(line))
    if revoking:
        click.echo(f"revoked: {sum(row.life is Life.REVOKED_NOW for row in rows)}", err=True)
    sys.exit(3 if sweep.skipped else 1 if rows else 0)


def _read_secret(name: str) -> str:
    text: str = click.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise click.ClickException(f"no {name.lower()} was given")
    return text.strip()


@tokens.command("check")
def check() -> None:
    """List the routes that declare neither require, optional nor public; fail where they are not protected."""
    gate, app = current_gate(), current_app._get_current_object()  # type: ignore[attr-defined]
    undeclared = sorted(
        (rule.rule, method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if rule_for(app, rule, method, DEFAULTS["declare"]).access is Access.UNDECLARED
    )
    if not undeclared:
        click.echo("every route is declared")
        return
    _columns((method, path, endpoint) for path, method, endpoint in undeclared)
    if gate.default.access is not Access.REQUIRE:
        raise click.ClickException(f"{len(undeclared)} undeclared")
    click.echo(f"{len(undeclared)} undeclared, which need a token by default", err=True)


# --------------------------------------------------------------------------- keys


@keys.command("list")
def list_keys() -> None:
    """List the keys: id, algorithm, and what each does."""
    gate = current_gate()
    with _one_line_errors():
        listed = gate.tokens.keys.listed()
    if not listed:
        click.echo("no keys yet: the first is made when it is needed", err=True)
        return
    rows = [(key.id, key.algorithm, "signs" if key is listed[0] else "verifies") for key in listed]
    _columns([("ID", "ALGORITHM", "USE"), *rows])


@keys.command("rotate")
def rotate_key() -> None:
    """Make a new key, which signs from now on; the old ones go on verifying until they are retired."""
    gate = current_gate()
    with _one_line_errors():
        key = gate.tokens.keys.rotate()
    gate.recorder.record(Happening.KEY_ROTATED, token_id=key.id)
    click.echo(key.id)


@keys.command("retire")
@click.argument("key_id")
def retire_key(key_id: str) -> None:
    """Take the old key KEY_ID away, and with it all that it has signed."""
    gate = current_gate()
    with _one_line_errors():
        gate.tokens.keys.retire(key_id)
    gate.recorder.record(Happening.KEY_RETIRED, token_id=key_id)


# --------------------------------------------------------------------------- clients


def _registry() -> Clients:
    return clients_of(current_gate())


@clients.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="A scope that its own tokens may have; may be given again.")
@click.option("--grant", "grants", multiple=True, type=click.Choice(GRANTS), help="What it may ask for.")
@click.option("--introspects", is_flag=True, help="It may ask what a token is worth.")
@click.option("--public", is_flag=True, help="It can keep no secret and only refreshes.")
def add_client(name: str, scopes: tuple[str, ...], grants: tuple[str, ...], introspects: bool, public: bool) -> None:
    """Register a client called NAME; print its id and, this once, its secret."""
    if public and (scopes or grants or introspects):
        raise click.UsageError("a public client has neither scopes nor grants of its own")
    with _one_line_errors():
        if public:
            click.echo(_registry().add_public(name, time.time()).id)
            return
        given = grants or (() if introspects else ("client_credentials",))
        client, secret = _registry().add(name, time.time(), scopes, given, introspects=introspects)
    click.echo(f"{client.id} {secret}")


@clients.command("list")
def list_clients() -> None:
    """List the clients: id, name, grants, scopes and how many secrets work."""
    now = time.time()
    with _one_line_errors():
        rows = [
            (
                client.id,
                client.name,
                " ".join(sorted(client.grants)) or "-",
                " ".join(sorted(client.scopes)) or "-",
                "yes" if client.introspects else "no",
                str(sum(now < kept.until for kept in client.secrets)),
            )
            for client in _registry().all()
        ]
    _columns([("ID", "NAME", "GRANTS", "SCOPES", "INTROSPECTS", "SECRETS"), *rows])


@clients.command("rotate")
@click.argument("client_id")
@click.option("--overlap", type=click.IntRange(min=0), default=0, help="Seconds for which the old secret works on.")
def rotate_client(client_id: str, overlap: int) -> None:
    """Print a new secret of CLIENT_ID, and nothing else."""
    with _one_line_errors():
        click.echo(_registry().rotate(client_id, time.time(), overlap))


@clients.command("revoke")
@click.argument("client_id")
def revoke_client(client_id: str) -> None:
    """Forget CLIENT_ID and end all tokens that it was given."""
    gate = current_gate()
    with _one_line_errors():
        if not _registry().revoke(client_id):
            raise click.ClickException(f"no client has the id {client_id}")
        gate.tokens.revoke(Kind.CLIENT, client_id)
    gate.recorder.record(Happening.REVOKED, reason=f"client {client_id}")
