"""A host for Flask-Security: its own pages and JSON, and books behind its tokens, as its quickstart has it.

The environment names the database (`SECURITY_DATABASE`), the key (`SECURITY_KEY`), the salt of the passwords
(`SECURITY_SALT`) and the administrator's password (`SECURITY_PASSWORD`). `python host.py` makes the tables, the
administrator and a book.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from flask_security import (
    Security,
    SQLAlchemyUserDatastore,
    auth_required,
    current_user,
    hash_password,
    roles_required,
)
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

database = SQLAlchemy()
fsqla_v3.FsModels.set_db_info(database)


class Role(database.Model, fsqla_v3.FsRoleMixin):
    """A role."""


class User(database.Model, fsqla_v3.FsUserMixin):
    """A user."""


class Book(database.Model):
    """Something that the API is for."""

    id = database.Column(database.Integer, primary_key=True)
    title = database.Column(database.String(200), nullable=False)


def create_app() -> Flask:
    """Make the application from the environment."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=os.environ["SECURITY_KEY"],
        SECURITY_PASSWORD_SALT=os.environ["SECURITY_SALT"],
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['SECURITY_DATABASE']}",
        WTF_CSRF_CHECK_DEFAULT=False,
        SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS=True,
        SECURITY_REGISTERABLE=True,
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_CHANGEABLE=True,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_TRACKABLE=True,
    )
    database.init_app(app)
    app.security = Security(app, SQLAlchemyUserDatastore(database, User, Role))
    app.add_url_rule("/api/books", view_func=auth_required("token")(books))
    app.add_url_rule("/api/books/<int:number>", view_func=auth_required("token", "session")(book))
    app.add_url_rule("/api/admin", view_func=auth_required("token")(roles_required("admin")(users)))
    app.add_url_rule("/api/me", view_func=auth_required()(me))
    return app


def books() -> list[dict[str, Any]]:
    """Answer with all books, by token alone."""
    return [{"id": each.id, "title": each.title} for each in Book.query]


def book(number: int) -> dict[str, Any]:
    """Answer with one book, by token or session."""
    return {"id": number, "title": database.get_or_404(Book, number).title}


def users() -> dict[str, int]:
    """Answer with what administrators may know."""
    return {"users": User.query.count()}


def me() -> dict[str, str]:
    """Answer with who the caller is, by whatever way in the package has by default."""
    return {"email": current_user.email}


def fill(app: Flask) -> None:
    """Make the tables, the administrator and a book."""
    with app.app_context():
        database.create_all()
        store = app.security.datastore
        store.create_role(name="admin")
        password = hash_password(os.environ["SECURITY_PASSWORD"])
        store.create_user(email="ada@example.com", password=password, roles=["admin"])
        database.session.add(Book(title="A book"))
        database.session.commit()


if __name__ == "__main__":
    fill(create_app())
