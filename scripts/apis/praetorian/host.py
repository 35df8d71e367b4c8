"""A host for Flask-Praetorian: log in, refresh, and what its three decorators guard, as its quickstart has it.

The environment names the database (`PRAETORIAN_DATABASE`), the key (`PRAETORIAN_KEY`) and the administrator's password
(`PRAETORIAN_PASSWORD`). `python host.py` makes the table and the administrator.
"""

from __future__ import annotations

import os

from flask import Flask, request
from flask_praetorian import Praetorian, auth_required, current_user, roles_accepted, roles_required
from flask_sqlalchemy import SQLAlchemy

database = SQLAlchemy()
guard = Praetorian()


class User(database.Model):
    """A user as Flask-Praetorian wants it."""

    id = database.Column(database.Integer, primary_key=True)
    username = database.Column(database.Text, unique=True)
    password = database.Column(database.Text)
    roles = database.Column(database.Text)

    @property
    def identity(self) -> int:
        """Return what the token says of the user."""
        return self.id

    @property
    def rolenames(self) -> list[str]:
        """Return the user's roles."""
        return (self.roles or "").split(",")

    @classmethod
    def lookup(cls, username: str) -> User | None:
        """Return the user of a name."""
        return cls.query.filter_by(username=username).one_or_none()

    @classmethod
    def identify(cls, identity: int) -> User | None:
        """Return the user whom a token names."""
        return database.session.get(cls, identity)


def create_app() -> Flask:
    """Make the application from the environment; the lives are those of the package's quickstart."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=os.environ["PRAETORIAN_KEY"],
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['PRAETORIAN_DATABASE']}",
        JWT_ACCESS_LIFESPAN={"hours": 24},
        JWT_REFRESH_LIFESPAN={"days": 30},
    )
    guard.init_app(app, User)
    database.init_app(app)
    app.add_url_rule("/api/", view_func=home)
    app.add_url_rule("/api/login", view_func=login, methods=["POST"])
    app.add_url_rule("/api/refresh", view_func=refresh, methods=["POST"])
    app.add_url_rule("/api/protected", view_func=auth_required(protected))
    app.add_url_rule("/api/admin", view_func=roles_required("admin")(admin))
    app.add_url_rule("/api/operator", view_func=roles_accepted("operator", "admin")(operator))
    return app


def home() -> dict[str, str]:
    """Greet anybody."""
    return {"hello": "world"}


def login() -> dict[str, str]:
    """Hand out a token for a name and a password."""
    sent = request.get_json(force=True)
    return {"access_token": guard.encode_jwt_token(guard.authenticate(sent.get("username"), sent.get("password")))}


def refresh() -> dict[str, str]:
    """Hand out a token for one that has ended."""
    return {"access_token": guard.refresh_jwt_token(guard.read_token_from_header())}


def protected() -> dict[str, str]:
    """Greet the user."""
    return {"message": f"hello {current_user().username}"}


def admin() -> dict[str, str]:
    """Greet administrators."""
    return {"message": "hello administrator"}


def operator() -> dict[str, str]:
    """Greet those who run it."""
    return {"message": "hello operator"}


def fill(app: Flask) -> None:
    """Make the table and the administrator."""
    with app.app_context():
        database.create_all()
        password = guard.hash_password(os.environ["PRAETORIAN_PASSWORD"])
        database.session.add(User(username="ada", password=password, roles="admin"))
        database.session.commit()


if __name__ == "__main__":
    fill(create_app())
