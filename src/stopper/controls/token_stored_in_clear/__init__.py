"""A token is kept as it is.

## What is wrong

A table, cache, file or the session holds bearer tokens as they are presented, not a digest of them.

## Why it matters

One stolen backup, one SQL injection, one reader of the cache, and every session of every user is taken over. The
service needs the token only to recognise it, and for that a digest does as well: a token of 128 random bits needs
neither salt nor a slow hash (ASVS 5.0.0 11.4.1 and 14.2.4, CWE-312). Flask's session is a cookie that is signed, not
encrypted: what stands in it is readable by whoever holds it.

## Bad

    class Token(db.Model):
        value = db.Column(db.String(64), unique=True)

    db.execute("INSERT INTO tokens VALUES (?, ?)", (token, user.id))

## Good

    digest = hashlib.sha256(token.encode()).hexdigest()
    db.execute("INSERT INTO tokens VALUES (?, ?)", (digest, user.id))

The guard's stores keep digests only.

## References

RFC 6819 section 5.1.4.1.3; ASVS 5.0.0 11.4.1 and 14.2.4; CWE-256, CWE-312, CWE-522.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.app.leaks import digested, readable, said, somebody_s
from stopper.observe.source import Module, within
from stopper.observe.source.flows import STORES, Column, Flow, Says, columns, credential, flows, last_name, place, safe
from stopper.observe.source.flows.library import EXECUTES
from stopper.observe.source.labels import bare, label
from stopper.observe.source.mending_rows import DIGITS, Kept, by_digest
from stopper.observe.source.rewriting import at
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import Rewrite, Risk

CONTROL = Control(
    id="BT301",
    name="token_stored_in_clear",
    severity=Severity.CRITICAL,
    title="Tokens are stored in clear",
    witnesses="S A",
    requirements=("S01",),
    labels=("plaintext_token_storage",),
    cwe=(256, 312, 522),
    guard="store.Store",
)

_STORES = ("database", "cache", "session")


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the rows, caches and sessions into which the running application put the tokens of an exchange.

    Not every store is heard: of an exchange without any nothing is said. A presented token that was refused was
    nobody's, as far as can be told: it weighs less.
    """
    if exchange.endpoint is None:
        return
    for leak in readable(exchange, *_STORES):
        yield Verdict(
            kept=False,
            message=said(exchange, leak),
            place=leak.place,
            endpoints=(exchange.endpoint,),
            evidence=(evidence("the exchange meanwhile", exchange),),
            strength=Strength.PROVEN,
            cause=str(leak.place or leak.where),
            severity=None if somebody_s(exchange, leak) else Severity.MEDIUM,
        )
    for leak in digested(exchange, *_STORES):
        message = f"{exchange.endpoint} writes the {leak.form} of a token to {leak.where}"
        yield Verdict(True, message, place=leak.place, endpoints=(exchange.endpoint,))


def source(module: Module) -> Iterable[Verdict]:
    """Look at columns that hold tokens, and follow raw tokens into SQL, files, caches and the session."""
    for column in columns(module):
        yield from _column(module, column)
    for flow in flows(module):
        if flow.sink_kind in STORES:
            yield from _flow(module, flow)
    for text in _texts(module):
        yield Verdict(
            False, "an SQL text writes a token as it is", place=place(module, text), endpoints=module.endpoints(text)
        )
    for kept in safe(module):
        if kept.sink_kind in STORES:
            yield Verdict(True, f"{kept.target} keeps a digest of the token", place=place(module, kept.node))


_WRITES = re.compile(
    r"^\s*update\b(?!.*\bwhere\b).*\bset\b.*\b(?:\w+_)?(?:token|api_?key)\s*=\s*['\"]?$", re.IGNORECASE | re.DOTALL
)
"""An SQL text up to the place where a token is put into it."""


def _texts(module: Module) -> Iterator[ast.JoinedStr]:
    """Yield the SQL texts that are filled with a token to write, where the project's own function executes them."""
    if not module.mentions("update "):
        return
    for text in module.nodes(ast.JoinedStr):
        before = ""
        for part in text.values:
            if isinstance(part, ast.Constant):
                before += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                written = _WRITES.search(before) and credential(label(module, bare(part.value))) is Says.TOKEN
                if written and not _executed(module, text):
                    yield text
                before += "?"


def _executed(module: Module, text: ast.JoinedStr) -> bool:
    """Tell whether a text, or the variable that holds it, is given to what executes SQL, whose flows are followed."""
    outer = module.parent(text)
    name = last_name(outer.targets[0]) if isinstance(outer, ast.Assign) else ""
    function = module.function_of(text)
    calls = (node for node in within(function) if isinstance(node, ast.Call)) if function is not None else ()
    given = (call.args for call in calls if last_name(call) in EXECUTES)
    return any(each is text or (name and last_name(each) == name) for args in given for each in args)


def _column(module: Module, column: Column) -> Iterable[Verdict]:
    if column.digested or not column.plain:
        why = "holds a digest" if column.digested else "has a type of its own that does not keep plain text"
        message = f"the column {column.owner.name}.{column.name} {why}"
        yield Verdict(True, message, place=place(module, column.node))
        return
    name = f"{column.owner.name}.{column.name}"
    yield Verdict(
        kept=False,
        message=f"the column {name} keeps tokens as plain text, and nothing hashes them first",
        place=place(module, column.node),
        endpoints=module.endpoints(column.write) if column.write else (),
        severity=Severity.HIGH,
    )


def _flow(module: Module, flow: Flow) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"{flow.what} {flow.sink_kind.value} as it is: {flow.target}",
        place=place(module, flow.sink_node),
        endpoints=module.endpoints(flow.sink_node),
        evidence=(flow.evidence,),
    )


# --------------------------------------------------------------------------- the repair


def fix(subject: object, where: Place) -> Rewrite | None:
    """Keep and look for the digest, where all statements about the table are understood."""
    for call in at(subject, where, ast.Call) if isinstance(subject, Module) else ():
        if isinstance(subject, Module) and isinstance(call, ast.Call) and last_name(call) == "execute":
            kept, changes = by_digest(subject, call)
            why = f"{kept.table}.{kept.column} keeps the SHA-256 digest of a token, and is searched by it"
            return Rewrite(why, changes, Risk.STRICTER, _decisions(kept))
    return None


def _decisions(kept: Kept) -> tuple[str, ...]:
    """Say what becomes of the rows that there are."""
    return (
        f"tokens that `{kept.table}` holds already work no more: delete those rows (`DELETE FROM {kept.table}`), "
        "so that nobody reads them there, or put the SHA-256 digest in the place of each, once",
        f"`{kept.table}.{kept.column}` needs room for {DIGITS} characters",
    )
