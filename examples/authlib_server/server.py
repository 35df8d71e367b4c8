"""An authorization server of Authlib's whose tokens are the guard's: authorization code with PKCE, refresh, revoke.

    export FLASK_SECRET_KEY="$(openssl rand -hex 32)"
    flask --app examples/authlib_server/server.py run --cert cert.pem --key key.pem

Users, clients and codes are kept in memory here, as an application has a database of its own for them. Nothing keeps a
credential: passwords are hashed, secrets, codes and tokens are kept as digests.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from flask import Flask, abort, redirect, request, session
from markupsafe import escape
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from stopper.guard import Guard, authlib, current_token
from stopper.guard.token import Token

CODE_LIFETIME = 60
"""Seconds that a client has to exchange a code (ASVS 10.4.3)."""


def digest(value: str) -> str:
    """Return what is kept of a secret or code; 256 random bits need no slow hash."""
    return hashlib.sha256(value.encode()).hexdigest()


@dataclass
class User:
    """Somebody who has an account."""

    id: str
    password_hash: str

    def get_user_id(self) -> str:
        """Return the subject of the user's tokens."""
        return self.id


@dataclass
class Client(ClientMixin):
    """A registered client; one without a secret is public. Ids begin with `client-`, which no user's may."""

    id: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    grants: tuple[str, ...] = ("authorization_code", "refresh_token")
    secret_digest: str = ""
    introspects: bool = False

    def get_client_id(self) -> str:
        """Return the id."""
        return self.id

    def get_default_redirect_uri(self) -> str | None:
        """Return none: each request names the address."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return those scopes that the client may have."""
        return " ".join(name for name in (scope or "").split() if name in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether an address is, letter for letter, one that was registered (ASVS 10.4.1)."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether this is the client's secret."""
        return bool(self.secret_digest) and hmac.compare_digest(self.secret_digest, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether the client authenticates so: with HTTP Basic, or not at all where it has no secret."""
        return method == ("client_secret_basic" if self.secret_digest else "none")

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether the client may ask for this: codes alone."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether the client may use a grant."""
        return grant_type in self.grants


@dataclass
class Code(AuthorizationCodeMixin):
    """What an authorization code stands for, and the first token that was issued for it."""

    client_id: str
    user_id: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str
    expires_at: float = field(default_factory=lambda: time.time() + CODE_LIFETIME)
    uses: int = 0
    token: Token | None = None

    def get_redirect_uri(self) -> str:
        """Return the address that the code was sent to."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what the user allowed."""
        return self.scope


class Accounts:
    """The users, clients and codes of one server."""

    def __init__(self) -> None:
        """Begin with none."""
        self.users: dict[str, User] = {}
        self.clients: dict[str, Client] = {}
        self._codes: dict[str, Code] = {}
        self._lock = threading.Lock()

    def add_user(self, name: str, password: str) -> None:
        """Register a user."""
        self.users[name] = User(name, generate_password_hash(password))

    def keep(self, code: str, kept: Code) -> None:
        """Keep the digest of a code."""
        with self._lock:
            self._codes[digest(code)] = kept

    def use(self, code: str, client_id: str) -> Code | None:
        """Return what a code of a client stands for and count the use, or None for one that is unknown or too old."""
        with self._lock:
            kept = self._codes.get(digest(code))
            if kept is None or kept.client_id != client_id or kept.expires_at <= time.time():
                return None
            kept.uses += 1
            return kept


def code_grant(accounts: Accounts, guard: Guard) -> type[grants.AuthorizationCodeGrant]:
    """Return the grant for authorization codes, each of which works once."""

    class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            challenge, method = data["code_challenge"], data["code_challenge_method"]
            redirect_uri = request.payload.redirect_uri
            kept = Code(request.client.id, request.user.id, redirect_uri, request.scope, challenge, method)
            accounts.keep(code, kept)

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            kept = accounts.use(code, client.id)
            if kept is None or kept.uses == 1:
                return kept
            if kept.token is not None:  # somebody else has the code too: end what it gave (RFC 6749 §4.1.2)
                guard.revoke(kept.token)
            return None

        def delete_authorization_code(self, authorization_code: Code) -> None:
            """Keep it until it ends, to know it when it comes again."""

        def authenticate_user(self, authorization_code: Code) -> User | None:
            return accounts.users.get(authorization_code.user_id)

    return AuthorizationCodeGrant


def remember_token(guard: Guard) -> Any:
    """Return what notes the first token of a code, so that a second use of the code can end it."""

    def save_token(token: dict[str, Any], request: Any) -> None:
        code = getattr(request, "authorization_code", None)
        found = authlib.find_token(token["access_token"]) if code is not None else None
        if found is not None:
            code.token = found.token
            if code.uses > 1:  # the second use came in between
                guard.revoke(found.token)

    return save_token


class Refresh(authlib.RefreshTokenGrant):
    """Also for public clients, which name themselves: they alone have the token, and it works once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")


class Revocation(authlib.RevocationEndpoint):
    """Also for public clients, which name themselves."""

    CLIENT_AUTH_METHODS = ("client_secret_basic", "none")


class Introspection(authlib.IntrospectionEndpoint):
    """For the clients that may ask."""

    def check_permission(self, token: authlib.IssuedToken, client: Client, request: Any) -> bool:
        """Tell whether a client may ask about tokens."""
        return client.introspects


def authorization_server(app: Flask, guard: Guard, accounts: Accounts) -> AuthorizationServer:
    """Return Authlib's server with the guard's tokens."""
    server = AuthorizationServer(app, accounts.clients.get, remember_token(guard))
    server.register_token_generator("default", authlib.generate_token)
    server.register_grant(code_grant(accounts, guard), [authlib.CodeChallenge()])
    server.register_grant(Refresh)
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)
    return server


def add_views(
    app: Flask, guard: Guard, accounts: Accounts, server: AuthorizationServer, require_oauth: ResourceProtector
) -> None:
    """Put the server's endpoints and two protected routes on an application."""

    @app.post("/login")
    @guard.public
    def login() -> Response:
        user = accounts.users.get(request.form.get("name", ""))
        if user is None or not check_password_hash(user.password_hash, request.form.get("password", "")):
            abort(403)
        session.clear()
        session["user"] = user.id
        return Response(status=204)

    @app.route("/authorize", methods=["GET", "POST"])
    @guard.public
    def authorize() -> Response | str:
        user = accounts.users.get(session.get("user", ""))
        if user is None:
            abort(403)
        try:
            grant = server.get_consent_grant(end_user=user)
        except OAuth2Error as error:
            return server.handle_error_response(server.create_oauth2_request(None), error)
        if request.method == "GET":
            asked = f"{grant.client.id} asks for {grant.request.scope}"
            return f'<form method="post"><p>{escape(asked)}</p><button name="allow" value="yes">Allow</button></form>'
        allowed = user if request.form.get("allow") == "yes" else None
        return server.create_authorization_response(grant_user=allowed, grant=grant)

    @app.post("/token")
    @guard.public
    def token() -> Response:
        return server.create_token_response()

    @app.post("/revoke")
    @guard.public
    def revoke() -> Response:
        return server.create_endpoint_response("revocation")

    @app.post("/introspect")
    @guard.public
    def introspect() -> Response:
        return server.create_endpoint_response("introspection")

    @app.get("/orders")
    @guard.public  # Authlib looks at the token
    @require_oauth("orders")
    def orders() -> object:
        return {"user": current_token.subject}

    @app.get("/stock")
    @guard.require("stock")  # the guard does
    def stock() -> object:
        return {"user": current_token.subject}

    @app.get("/")
    @guard.public
    def home() -> Response:
        return redirect("/authorize")


def create_app(instance_path: str | None = None) -> Flask:
    """Return the server with a user `alice`, whose password is `correct horse`, and a public client."""
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_prefixed_env()
    app.config.update(
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # so that no other site can press "Allow"
        OAUTH2_SCOPES_SUPPORTED=["orders", "stock"],  # whoever asks for another is told so
    )
    guard, accounts = Guard(app), Accounts()
    accounts.add_user("alice", "correct horse")
    public = Client("client-00000000000000a1", ("https://app.test/callback",), ("orders", "stock"))
    accounts.clients[public.id] = public
    require_oauth = ResourceProtector()
    require_oauth.register_token_validator(authlib.TokenValidator())
    add_views(app, guard, accounts, authorization_server(app, guard, accounts), require_oauth)
    app.extensions["accounts"] = accounts
    return app
