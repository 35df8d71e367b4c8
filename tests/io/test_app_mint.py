"""Tokens made with an application's own key and library, where nobody said how to log in."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from stopper.io.child import AppChild
from stopper.observe.views import Request
from stopper.observe.wire.jwt import parse

HEAD = """
    import functools, secrets
    from flask import Flask, abort, request
    app = Flask(__name__)

    def token():
        return request.headers.get("Authorization", "").removeprefix("Bearer ") or abort(401)

    @app.errorhandler(Exception)
    def refused(error):
        return {"error": "invalid_token"}, 401
"""

APPLICATIONS = {
    "PyJWT": """
        import jwt
        KEY = secrets.token_hex(32)

        def own_decoder(text):
            return jwt.decode(text, KEY, algorithms=["HS512"], audience=["shop"], issuer="https://shop.test")

        @app.get("/me")
        def me():
            return {"user": own_decoder(token())["sub"]}
    """,
    "PyJWT with a key pair": """
        import jwt
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives import serialization as form
        pair = ec.generate_private_key(ec.SECP256R1())
        PRIVATE_KEY = pair.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()

        @app.get("/me")
        def me():
            return jwt.decode(token(), pair.public_key(), algorithms=["ES256"])
    """,
    "joserfc": """
        from joserfc import jwt
        from joserfc.jwk import OctKey
        key = OctKey.generate_key(256)
        claims = jwt.JWTClaimsRegistry(iss={"essential": True, "value": "shop"}, aud={"values": ["a", "b"]})

        @app.get("/me")
        def me():
            found = jwt.decode(token(), key, algorithms=["HS256"]).claims
            claims.validate(found)
            return found
    """,
    "Authlib": """
        from authlib.jose import JsonWebToken
        key = secrets.token_bytes(32)

        @app.get("/me")
        def me():
            wanted = {"iss": {"essential": True, "value": "shop"}}
            found = JsonWebToken(["HS256"]).decode(token(), key, claims_options=wanted)
            found.validate()
            return dict(found)
    """,
    "itsdangerous": """
        from itsdangerous import URLSafeTimedSerializer
        keeper = URLSafeTimedSerializer(secrets.token_hex(16), salt="auth")

        @app.get("/me")
        def me():
            return {"user": keeper.loads(token(), max_age=60)["user_id"]}
    """,
    "Flask-JWT-Extended": """
        from flask_jwt_extended import JWTManager, jwt_required
        app.config["JWT_SECRET_KEY"] = secrets.token_hex(32)
        JWTManager(app)
        app.error_handler_spec[None][None].pop(Exception)

        @app.get("/me")
        @jwt_required()
        def me():
            return {}
    """,
    "the guard": """
        from stopper.guard import Guard
        app.error_handler_spec[None][None].clear()
        app.config["STOPPER_STORE"] = "sqlite:///guard.sqlite"
        Guard(app)

        @app.get("/me")
        def me():
            return {}
    """,
}

NONE = {
    "an opaque token": "@app.get('/me')\n    def me():\n        return {} if token() == str(app) else abort(401)",
    "any token": "@app.get('/me')\n    def me():\n        return {'user': token()[:3]}",
    "no token": "@app.get('/me')\n    def me():\n        return {}",
    "a public key alone": APPLICATIONS["PyJWT with a key pair"].replace("PRIVATE_KEY =", "unnamed ="),
}


async def minted(folder: Path, source: str) -> tuple[str, str, int]:
    """Return the token that was minted, by what, and the status that it gives: nothing and 0 where there is none."""
    (folder / "shop.py").write_text(textwrap.dedent(HEAD) + textwrap.dedent(source))
    request = Request("GET", "https://localhost/me")
    async with AppChild("shop:app", cwd=folder) as child:
        made = await child.mint([request])
        if made is None:
            return "", "", 0
        token, library = made
        answer = await child.send(request.with_headers(("Authorization", f"Bearer {token.reveal()}")))
        return token.reveal(), library, answer.response.status if answer.response else 0


@pytest.mark.parametrize("name", APPLICATIONS)
async def test_a_token_is_minted(tmp_path: Path, name: str) -> None:
    """The application lets in what its own library made with its own key, with the claims that its decoder wants."""
    token, library, status = await minted(tmp_path, APPLICATIONS[name])
    assert status == 200
    assert library.startswith(name.partition(" with")[0])
    claims = (found.claims if (found := parse(token)) else {}) if name == "PyJWT" else {}
    assert name != "PyJWT" or (claims["aud"], claims["iss"], claims["sub"]) == ("shop", "https://shop.test", "1")


@pytest.mark.parametrize("name", NONE)
async def test_where_no_key_is_at_hand_no_token_is(tmp_path: Path, name: str) -> None:
    """Opaque tokens, doors that are open to anybody, and keys that are not there give nothing."""
    source = NONE[name] if name == "a public key alone" else textwrap.dedent("    " + NONE[name])
    assert await minted(tmp_path, source) == ("", "", 0)
