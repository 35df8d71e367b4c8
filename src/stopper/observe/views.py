"""Frozen views of what the witnesses were shown: parsed, without opinion.

The observers make them, the controls read them, nothing else passes between the two.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from stopper.model import Endpoint, Ignore, Place, Witness
from stopper.secret import Secret

# --------------------------------------------------------------------------- the specification


@dataclass(frozen=True, slots=True)
class Scheme:
    """A security scheme as the document defines it, in OpenAPI 3's words whatever the version.

    `kind` is bearer, basic, http (another HTTP scheme), apiKey, oauth2, openIdConnect or mutualTLS;
    `location` and `parameter` are set for apiKey. `urls` holds (name, url, place): tokenUrl, openIdConnectUrl, ...;
    `flows` holds (name, place) of the OAuth flows as written: password, authorizationCode (Swagger 2: accessCode), ...
    `type` is the type as written, `version` the document's own, `missing` a member that the type demands and that is
    not there.
    """

    name: str
    kind: str
    place: Place
    location: str = ""
    parameter: str = ""
    bearer_format: str = ""
    urls: tuple[tuple[str, str, Place], ...] = ()
    flows: tuple[tuple[str, Place], ...] = ()
    type: str = ""
    version: str = ""
    missing: str = ""

    @property
    def bearer(self) -> bool:
        """Tell whether a bearer token answers this scheme (RFC 6750), apiKey in the Authorization header included."""
        header = self.kind == "apiKey" and self.location == "header" and self.parameter.lower() == "authorization"
        return header or self.kind in ("bearer", "oauth2", "openIdConnect")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One way to be let in: all of its schemes together, each with the scopes it needs. No schemes: nothing needed."""

    schemes: tuple[tuple[Scheme, tuple[str, ...]], ...] = ()

    @property
    def bearer(self) -> bool:
        """Tell whether this alternative takes a bearer token."""
        return any(scheme.bearer for scheme, _ in self.schemes)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter; `values` are usable ones, best first: example, default, enum. They may be credentials."""

    name: str
    location: str
    required: bool
    place: Place
    type: str = ""
    format: str = ""
    values: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """A base URL after template expansion, resolved against the document's own address where it is relative.

    `relative` says that its scheme is not written in the document: it is the one by which the document was had.
    """

    url: str
    place: Place
    relative: bool = False

    @property
    def scheme(self) -> str:
        """Return `http`, `https` or another scheme in lower case; empty where the URL is relative."""
        return urlsplit(self.url).scheme

    @property
    def loopback(self) -> bool:
        """Tell whether the host is the machine itself: a loopback address, or localhost (RFC 6761 section 6.3)."""
        host = (urlsplit(self.url).hostname or "").rstrip(".")
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Operation:
    """What the specification promises about one endpoint.

    `security` are the alternatives in force (operation, else global): an empty tuple or an empty alternative means
    that nothing is needed. `security_place` is the line that decided. `issues_token` says that an answer's schema
    holds an access token or that a flow's tokenUrl points here. `changes_state` is set for methods other than
    GET, HEAD and OPTIONS and for names that say so. Where the operation's own `security` lets everybody in,
    `protected_siblings` are the operations of the same path, its collection or its members that let nobody in without
    a credential. `credentials` are those that the document shows where it describes the operation, or outside of all.
    `lifetime` is where an answer with a token says for how many seconds that works, where one does.
    """

    endpoint: Endpoint
    place: Place
    security: tuple[Requirement, ...] = ()
    security_place: Place | None = None
    servers: tuple[Server, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    statuses: tuple[str, ...] = ()
    operation_id: str = ""
    summary: str = ""
    deprecated: bool = False
    issues_token: bool = False
    protected_siblings: tuple[Endpoint, ...] = ()
    credentials: tuple[tuple[Place, Secret], ...] = field(default=(), repr=False)
    lifetime: tuple[Place, float] | None = None

    @property
    def protected(self) -> bool:
        """Tell whether no alternative lets a caller in without a credential."""
        return bool(self.security) and all(requirement.schemes for requirement in self.security)

    @property
    def bearer(self) -> bool:
        """Tell whether the operation is protected and a bearer token is one way in."""
        return self.protected and any(requirement.bearer for requirement in self.security)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in an input that is wrong but did not stop the reading: a duplicate key, a broken reference."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class SpecDocument:
    """A specification as read: `version` as declared, problems as met, the rest as resolved per operation.

    `ignores` is what it asks to suppress (`x-stopper-ignore`).
    """

    uri: str
    version: str
    title: str
    operations: tuple[Operation, ...]
    schemes: tuple[Scheme, ...] = ()
    servers: tuple[Server, ...] = ()
    problems: tuple[Problem, ...] = ()
    ignores: tuple[Ignore, ...] = ()


# --------------------------------------------------------------------------- the wire


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, target absolute. Headers keep their order and spelling; the body is bytes or None.

    `delay` is how many seconds are waited before it is sent. What is `undone` may be sent to an application in its own
    process alone, which answers only where nothing that it writes stays behind.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    delay: float = 0.0
    undone: bool = False

    def __repr__(self) -> str:
        """Return method and path only: headers and query may carry a token."""
        return f"Request({self.method} {urlsplit(self.url).path})"

    def header(self, name: str) -> str | None:
        """Return the first header of that name, compared without case."""
        return _first(self.headers, name)

    def with_headers(self, *headers: tuple[str, str]) -> Request:
        """Return a copy with these headers added at the end."""
        return replace(self, headers=self.headers + headers)

    @property
    def secure(self) -> bool:
        """Tell whether the target is https."""
        return self.url.lower().startswith("https:")


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One HTTP answer. `body` is cut at the client's cap, and `truncated` says so; `seconds` is to the last byte.

    `undecoded` names a content coding that was left on the body ("br"), which is then no text.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    seconds: float = 0.0
    undecoded: str = ""

    def __repr__(self) -> str:
        """Return the status only: headers and body may carry a token."""
        return f"Response({self.status})"

    def header(self, name: str) -> str | None:
        """Return the first header of that name, compared without case."""
        return _first(self.headers, name)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Return every header of that name, compared without case, in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def text(self) -> str:
        """Return the body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    for key, value in headers:
        if key.lower() == name.lower():
            return value
    return None


class Purpose(enum.Enum):
    """Why a request was sent; N, R, O and M are the four answers that the proof protocol compares."""

    NOTHING = "N"
    RANDOM = "R"
    ORIGINAL = "O"
    MUTANT = "M"
    LOGIN = "login"
    CLEAR = "clear"
    PROBE = "probe"
    CANARY = "canary"
    CALIBRATION = "calibration"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Leak:
    """Where a token of an exchange went while the running application answered it.

    `kind` is log, output, exception, database, cache, session or answer; `where` names it (a log handler's class, a
    column, a key of a cache, a header). `issued` tells a token that the answer hands out from one that was presented.
    `place` is the line of the project that did it, `logger` the logger's name. `form` says how the token was written
    ("URL-encoded", "in Base64", empty for as it is), or which `digest` of it: that shows nobody the token.
    """

    kind: str
    where: str
    issued: bool
    place: Place | None = None
    logger: str = ""
    form: str = ""
    digest: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its answer, or with the `error` that came instead ("timeout", "refused", "malformed answer").

    `witness` says who carried it: the wire or the application in its child process, which also tells where tokens went
    meanwhile: `leaks` is None where that was not looked at, or there was no token. `disguised` says that stand-ins of
    the same form took the place of its credentials when it was recorded: what their values would tell cannot be told.
    """

    request: Request
    response: Response | None
    error: str = ""
    endpoint: Endpoint | None = None
    purpose: Purpose = Purpose.RECORDED
    witness: Witness = Witness.WIRE
    leaks: tuple[Leak, ...] | None = None
    disguised: bool = False


@dataclass(frozen=True, slots=True)
class Jwt:
    """A compact JWS taken apart without being verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes = field(repr=False)


Signer = Callable[[Mapping[str, Any], Mapping[str, Any]], Secret]
Seal = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Credential:
    """A token with the way it is presented, and what is known of its inside.

    `jwt` is None for an opaque token. `sign(header, claims)` makes a token that the API's own key signed, where that
    key was found or is at hand; `seal(signing_input)` gives the bare signature of any bytes, by the token's own
    algorithm. `public_keys` are keys in PEM that verify the token. `siblings` are the other tokens that came with it,
    by the name of their member (`refresh_token`). `guesses` keys were tried on it, and `guessed` says what kind of
    guess was right, where one was. `redated(at)` makes a token that is no JWT and carries its time again, as the
    API's own key would have signed it then. `label` says of a mutant what was changed. `disposable` says that the
    scan's own login made it: nobody else uses it. `lifetime` is for how many seconds the answer that gave it says that
    it works (`expires_in`). Where the header is Cookie, the scheme is the cookie's name.
    """

    token: Secret
    header: str = "Authorization"
    scheme: str = "Bearer"
    jwt: Jwt | None = None
    sign: Signer | None = field(default=None, repr=False)
    label: str = "original"
    disposable: bool = False
    seal: Seal | None = field(default=None, repr=False)
    public_keys: tuple[str, ...] = field(default=(), repr=False)
    siblings: tuple[tuple[str, Secret], ...] = ()
    guessed: str = ""
    guesses: int = 0
    redated: Callable[[float], Secret] | None = field(default=None, repr=False)
    lifetime: float | None = None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the header that presents the token, its value in clear: for a transport, never for a report."""
        value = self.token.reveal()
        between = "=" if self.header.lower() == "cookie" else " "
        return ((self.header, f"{self.scheme}{between}{value}" if self.scheme else value),)

    def changed(self, token: str, label: str) -> Credential:
        """Return a mutant: the same presentation with another token, labelled with what was changed."""
        return replace(self, token=Secret(token), label=label)


# --------------------------------------------------------------------------- the source


@dataclass(frozen=True, slots=True)
class Guard:
    """Something seen to stand before a view: a decorator, a hook of the app or blueprint, a call at the view's start.

    `kind` is bearer, session, basic, other or unknown; `how` is the name as written (`@jwt_required()`).
    `optional` is set where it lets a caller without a token through.
    """

    kind: str
    how: str
    place: Place
    optional: bool = False
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A route as the source writes it. `place` is the decorator or call that makes it.

    `view` is the line at which Python says the function begins (`co_firstlineno`): its first decorator, else `def`.
    `misplaced` are guards that stand above the decorator that makes the route, and so guard nothing.
    """

    endpoints: tuple[Endpoint, ...]
    place: Place
    view: Place
    name: str
    guards: tuple[Guard, ...] = ()
    public: bool = False
    misplaced: tuple[Guard, ...] = ()

    @property
    def guarded(self) -> bool:
        """Tell whether something that asks for a credential stands before the view."""
        return any(not guard.optional for guard in self.guards)


# --------------------------------------------------------------------------- the running application


@dataclass(frozen=True, slots=True)
class AppRoute:
    """A rule of the url_map, one per method; `view` is the unwrapped function's file and line as the app sees it."""

    endpoint: Endpoint
    name: str
    view: Place
    automatic: bool = False
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AppPart:
    """An object that the application is built with: its class (`flask_talisman.talisman.Talisman`), its attributes.

    `options` are the public ones, as in `AppSnapshot.config`.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogTrial:
    """What became of a made-up token that was written to a logger in one way, at one log handler.

    `logger` is where it was written (empty for the root), `handler` the handler's class; `form` says how the token
    looked, `way` how it was passed. `readable` says that it came out whole; else it was blotted out of what came out.
    `place` is the code of the handler's filter, formatter or own class, where that is the project's.
    """

    logger: str
    handler: str
    form: str
    way: str
    readable: bool
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class FaultAnswer:
    """How the application answers an exception that nobody expected; `shown` says that the exception's text comes out.

    `place` is the error handler, where it is the project's.
    """

    shown: bool
    status: int
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class AppSnapshot:
    """What Flask itself knows after the app was made.

    `config` maps keys to plain values; secrets among them are given as `Secret`. `hooks` are qualified names of
    before_request functions by blueprint ("" for the app); `handlers` are classes of log handlers;
    `versions` maps distributions to releases; `notes` say what could not be looked at. `layers` are the WSGI wrappers
    around Flask, outermost first; `parts` are its extensions, by name, and the objects whose methods are its hooks;
    `logs` is what came of made-up tokens in the logs, `fault` the answer to an exception, None where it is let through.
    `place` is the file that makes the application.
    """

    target: str
    routes: tuple[AppRoute, ...]
    config: Mapping[str, Any]
    extensions: tuple[str, ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    handlers: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    layers: tuple[AppPart, ...] = ()
    parts: Mapping[str, AppPart] = field(default_factory=dict)
    logs: tuple[LogTrial, ...] = ()
    fault: FaultAnswer | None = None
    place: Place | None = None


# --------------------------------------------------------------------------- one endpoint, as all see it


class Access(enum.Enum):
    """What the proof protocol found of an operation's door before any mutant was sent."""

    OPEN = "open"
    """Nothing sent, and it answers as it does with a credential, or with success where there is none."""
    ANY_TOKEN = "any token"
    """Refused without a credential, answered with a random one."""
    GUARDED = "guarded"
    """Refused without and with a random credential; the original, where there is one, is let in."""
    UNCLEAR = "unclear"
    """Anything else: no claim."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The answers N, R and O of one operation over one transport, and what they say of its door.

    `reached` says that the operation answered for itself: neither an error, nor a refusal of everybody, nor what a path
    that cannot exist is answered with.
    """

    witness: Witness
    endpoint: Endpoint
    access: Access
    nothing: Exchange | None = None
    random: Exchange | None = None
    original: Exchange | None = None
    why: str = ""
    reached: bool = True


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server speaks TLS, as handshakes show it.

    `old_versions` are those below 1.2 that it speaks; `refusal` is why a careful client turns away (expired, another
    name, unknown authority), empty where it does not. `expires` is a Unix time; `key` is kind and bits of the
    certificate's key, `signature_hash` the hash in its signature ("sha256").
    """

    old_versions: tuple[str, ...] = ()
    refusal: str = ""
    expires: float | None = None
    key: tuple[str, int] = ("", 0)
    signature_hash: str = ""


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """An address at which the scan itself serves the public key of `observe.wire.keys.own`, and who fetched it."""

    url: str
    fetched: Callable[[], int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Live:
    """One operation that can be called over one transport: what `probe` is given.

    `request` is complete but for a credential; `clear` is the same over plain HTTP where there is such a twin, and
    `clear_nothing` its answer to a caller with nothing;
    `credential` is None without an identity; `operation` is the promise, where a specification knows the endpoint.
    `may_send_clear` says whether the credential may cross the clear twin (loopback, or allowed). `thorough` is false
    where another operation was asked everything already: here only what tells most is worth a request. `own_keys` is
    set where the user allowed that the API fetches something from us, `throwaway` where there is an identity to spend.
    `expendable` is the credential that may cross the clear twin, `another` that of another user.
    """

    endpoint: Endpoint
    witness: Witness
    request: Request
    baseline: Baseline
    clear: Request | None = None
    credential: Credential | None = None
    operation: Operation | None = None
    loopback: bool = False
    may_send_clear: bool = False
    thorough: bool = True
    clear_nothing: Exchange | None = None
    own_keys: OwnKeys | None = None
    tls: Tls | None = None
    throwaway: Throwaway | None = None
    expendable: Credential | None = None
    another: Credential | None = None

    def with_credential(self, credential: Credential | None = None) -> Request:
        """Return the request with a credential: the given one, else the working one, else none."""
        chosen = credential or self.credential
        return self.request.with_headers(*chosen.headers()) if chosen else self.request


@dataclass(frozen=True, slots=True)
class Throwaway:
    """What may be done with an identity that nobody needs, as the user allowed it.

    `login` is the request that logs in, `read(exchange)` gives the credential in its answer or one line that says why
    there is none, `samples` is how many logins may be made to compare their tokens, `words` are what the login sends
    that names somebody. `logout`, `password`, `refresh` and `disable` (by which another user ends the account) make the
    request of the operation that the user named, with a credential; None where none was named. `tries` is how often
    `wrong` may be sent: a login with a wrong password, another one each time.
    """

    login: Request
    read: Callable[[Exchange], Credential | str] = field(repr=False)
    samples: int = 0
    words: tuple[str, ...] = ()
    logout: Callable[[Credential], Request] | None = field(default=None, repr=False)
    password: Callable[[Credential], Request] | None = field(default=None, repr=False)
    refresh: Callable[[Credential], Request] | None = field(default=None, repr=False)
    disable: Callable[[Credential], Request] | None = field(default=None, repr=False)
    tries: int = 0
    wrong: Callable[[], Request] | None = field(default=None, repr=False)


class NotAskedError(Exception):
    """A probe's reason, in words, not to ask this operation; the report states it."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One endpoint as each witness sees it; None or empty where a witness does not know it or was not asked.

    `asked` holds the witnesses that took part in the scan, so that "not in the specification" can be told from
    "no specification given". `traffic` are the exchanges of this endpoint, whichever transport carried them.
    `described` is the path that all documented operations begin with (`/api`), the part of the application that the
    specification speaks of; empty where it speaks of all. `caught_by` is the application's route that answers a
    promised path which has none of its own. `served` is the share of the promised operations that the application, or
    else the source, has a route for; `recognised` that of the routes promised to be protected on which the source shows
    a guard; both say how far an exception is one. `configured` is the setting that says for how many seconds the
    application's access tokens work, where it has one.
    """

    endpoint: Endpoint
    asked: frozenset[Witness]
    operation: Operation | None = None
    route: Route | None = None
    app_route: AppRoute | None = None
    baselines: tuple[Baseline, ...] = ()
    traffic: tuple[Exchange, ...] = ()
    described: str = ""
    caught_by: Endpoint | None = None
    served: float = 0.0
    recognised: float = 0.0
    configured: tuple[str, float] | None = None

    @property
    def place(self) -> Place | None:
        """Return where to mend it: the source's route, else the running app's view, else the specification's line."""
        if self.route:
            return self.route.place
        if self.app_route and self.app_route.view.uri:
            return self.app_route.view
        return self.operation.place if self.operation else None


def fill(template: str, values: Mapping[str, str]) -> str | None:
    """Return a path with its `{parameters}` replaced and percent-encoded, or None where one has no value."""
    parts: list[str] = []
    rest = template
    while rest:
        before, brace, tail = rest.partition("{")
        parts.append(before)
        if not brace:
            break
        name, _, rest = tail.partition("}")
        if name not in values:
            return None
        parts.append(quote(values[name], safe=""))
    return "".join(parts)
