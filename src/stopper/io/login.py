"""Logs in as the user configured it, over the wire or over the application's child process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, Protocol
from urllib.parse import quote

from stopper.observe.views import Credential, Exchange, Request, Response, Throwaway
from stopper.observe.wire.answers import named_tokens
from stopper.observe.wire.jwt import parse
from stopper.secret import Secret

Place = Literal["pointer", "header", "cookie", "text"]

_OTHER_KINDS = frozenset({"refreshtoken", "idtoken"})
_SENDABLE = re.compile(r"[\x21-\x7e]{1,65536}")
_BYTES = re.compile(r"b'([^']*)'")
"""How Python writes bytes, where an API forgot to decode its token."""


class Transport(Protocol):
    """Carries one request: the wire's client or the application's child."""

    async def send(self, request: Request) -> Exchange:
        """Return the exchange, its error set where no answer came."""
        ...


@dataclass(frozen=True, slots=True)
class LoginFlow:
    """The request that logs in, where in its answer the token stands, and how the token is presented afterwards.

    `path` is put behind the base URL. `place` and `name` are a JSON pointer (RFC 6901), a header, a cookie, or the text
    of the answer with a pattern whose first group is the token. `given` is a token that was given in its place: then
    nothing is sent. `secrets` are the values in the request that must not appear in any output. `another` says that it
    is another user than the first. `throwaway` says that nobody needs the identity: it may log in `samples` times to
    compare tokens and `tries` times with what `wrong` makes, a login with a wrong password, and `operations` by name
    may end its sessions. `words` are the texts in the request that name somebody.
    """

    path: str
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    place: Place = "pointer"
    name: str = "/access_token"
    header: str = "Authorization"
    scheme: str = "Bearer"
    secrets: tuple[Secret, ...] = ()
    throwaway: bool = False
    samples: int = 20
    words: tuple[str, ...] = field(default=(), repr=False, compare=False)
    operations: tuple[tuple[str, NamedOperation], ...] = ()
    given: Secret | None = None
    another: bool = False
    tries: int = 0
    wrong: Callable[[], LoginFlow] | None = field(default=None, repr=False, compare=False)

    def operation(self, name: str) -> NamedOperation | None:
        """Return the operation of that name, where the user named one."""
        return dict(self.operations).get(name)


@dataclass(frozen=True, slots=True)
class LoginFailed:
    """Why there is no credential: one line without any value of the request or the answer."""

    why: str


async def login(transport: Transport, base_url: str, flow: LoginFlow) -> Credential | LoginFailed:
    """Send the flow's request to a base URL and return the credential in its answer. Redirects are not followed."""
    if flow.given:
        return Credential(flow.given, flow.header, flow.scheme, parse(flow.given.reveal()))
    return credential(await transport.send(request(base_url, flow)), flow)


def request(base_url: str, flow: LoginFlow) -> Request:
    """Return the request that logs in."""
    return Request(flow.method, base_url.rstrip("/") + flow.path, flow.headers, flow.body)


def credential(exchange: Exchange, flow: LoginFlow) -> Credential | LoginFailed:
    """Return the credential in the answer to a login."""
    return _credential(exchange, flow, f"login {flow.method} {flow.path}")


async def renew(transport: Transport, base_url: str, flow: LoginFlow, held: Credential) -> Credential | LoginFailed:
    """Renew a credential by the flow's refresh operation; what the answer does not give anew stays as it was."""
    operation = flow.operation("refresh")
    if operation is None:
        return LoginFailed("no refresh operation is named")
    exchange = await transport.send(operation.request(base_url, held))
    made = _credential(exchange, flow, f"refresh {operation.method} {operation.path}")
    if isinstance(made, LoginFailed) or any("refresh" in name.lower() for name, _ in made.siblings):
        return made
    return replace(made, siblings=held.siblings)


def _credential(exchange: Exchange, flow: LoginFlow, doing: str) -> Credential | LoginFailed:
    if exchange.response is None:
        return LoginFailed(f"{doing}: {exchange.error}")
    doing += f" answered {exchange.response.status}"
    if exchange.response.status >= 400:
        return LoginFailed(doing)
    token = _token(exchange.response, flow)
    if token is None:
        return LoginFailed(f"{doing} without a token in {flow.place} {flow.name}")
    token = token.removeprefix(f"{flow.scheme} ")
    written = _BYTES.fullmatch(token)
    token = written[1] if written else token
    if not _SENDABLE.fullmatch(token):
        return LoginFailed(f"{doing} with something in {flow.place} {flow.name} that no header can carry")
    siblings = tuple(_others(exchange.response, token))
    return Credential(
        Secret(token),
        flow.header,
        flow.scheme,
        parse(token),
        disposable=True,
        siblings=siblings,
        lifetime=_lifetime(exchange.response),
    )


def _lifetime(response: Response) -> float | None:
    """Return the seconds of `expires_in` (RFC 6749 section 5.1), where the answer has it at its top or one below."""
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    tables = [document, *document.values()] if isinstance(document, dict) else []
    said = [table["expires_in"] for table in tables if isinstance(table, dict) and "expires_in" in table]
    return next((float(each) for each in said if isinstance(each, int | float) and 0 < each < 1e9), None)


ACCESS_MARK, REFRESH_MARK = "stopper-access-token-here", "stopper-refresh-token-here"
"""What stands for the identity's tokens in the request of a named operation, until it is sent."""


@dataclass(frozen=True, slots=True)
class NamedOperation:
    """An operation that the user named: how an identity renews its token, logs out, changes its password, is disabled.

    `bearer` says which token is presented: `access`, `refresh` or `none`. Marks in path and body stand for tokens.
    """

    path: str
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    bearer: str = "access"
    secrets: tuple[Secret, ...] = ()

    def request(self, base_url: str, held: Credential) -> Request:
        """Return the operation's request with a credential of the identity."""
        refresh = next((token for name, token in held.siblings if "refresh" in name.lower()), held.token)
        form = any(value.startswith("application/x-www-form-urlencoded") for _, value in self.headers)
        body, path = self.body, self.path
        for mark, token in ((ACCESS_MARK, held.token), (REFRESH_MARK, refresh)):
            text = token.reveal()
            written = quote(text, safe="") if form else json.dumps(text)[1:-1]
            body = body.replace(mark.encode(), written.encode()) if body is not None else None
            path = path.replace(mark, quote(text, safe=""))
        made = Request(self.method, base_url.rstrip("/") + path, self.headers, body)
        presented = {"access": held, "refresh": held.changed(refresh.reveal(), "refresh token")}.get(self.bearer)
        return made.with_headers(*presented.headers()) if presented else made


def throwaway(flow: LoginFlow, base_url: str, learnt: Callable[[Secret], None]) -> Throwaway:
    """Return the identity of a login as one that may be spent; `learnt` is given every token that is read."""

    def read(exchange: Exchange) -> Credential | str:
        made = credential(exchange, flow)
        if isinstance(made, LoginFailed):
            return made.why
        for secret in (made.token, *(token for _, token in made.siblings)):
            learnt(secret)
        return made

    named = {name: partial(operation.request, base_url) for name, operation in flow.operations}
    return Throwaway(
        request(base_url, flow),
        read,
        flow.samples,
        flow.words,
        logout=named.get("logout"),
        password=named.get("password"),
        refresh=named.get("refresh"),
        disable=named.get("disable"),
        tries=flow.tries,
        wrong=partial(_wrong, flow.wrong, base_url) if flow.wrong else None,
    )


def _wrong(make: Callable[[], LoginFlow], base_url: str) -> Request:
    return request(base_url, make())


def _others(response: Response, token: str) -> Iterator[tuple[str, Secret]]:
    """Yield the tokens of another kind in a login's answer: they belong to other places than the access token does."""
    for name, other in named_tokens(response):
        if other != token and name.lower().replace("_", "").replace("-", "") in _OTHER_KINDS:
            yield name, Secret(other)


def _token(response: Response, flow: LoginFlow) -> str | None:
    if flow.place == "header":
        return response.header(flow.name)
    if flow.place == "cookie":
        return _cookie(response, flow.name)
    if flow.place == "text":
        return _text(response, flow.name)
    try:
        found = resolve(json.loads(response.body), flow.name)
    except (ValueError, LookupError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _cookie(response: Response, wanted: str) -> str | None:
    """Return the value that the answer sets for a cookie (RFC 6265 §5.2), the last one where it does so twice."""
    for line in reversed(response.all_headers("Set-Cookie")):
        name, _, value = line.partition(";")[0].partition("=")
        if name.strip() == wanted:
            return value.strip().strip('"')
    return None


def _text(response: Response, pattern: str) -> str | None:
    """Return what a pattern's first group matches in the answer's text; without a pattern the text itself."""
    if not pattern:
        return response.text.strip().strip('"') or None
    found = re.search(pattern, response.text)
    return found[1] if found else None


def resolve(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer points at (RFC 6901 §4). Raises LookupError where there is nothing."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document[key]
        elif isinstance(document, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", key):
            document = document[int(key)]
        else:
            raise LookupError(pointer)
    return document
