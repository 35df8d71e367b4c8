"""A host for Flask-Headless-Auth: its accounts, roles and logs, with tokens in the body of an answer as APIs use them.

The environment names the database (`HEADLESS_DATABASE`), the keys (`HEADLESS_SECRET_KEY`, `HEADLESS_JWT_KEY`) and the
administrator's password (`HEADLESS_PASSWORD`). `python host.py` makes the tables and the administrator.
"""

from __future__ import annotations

import os

from flask import Flask
from flask_headless_auth import AuthSvc


def create_app() -> Flask:
    """Make the application from the environment."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=os.environ["HEADLESS_SECRET_KEY"],
        JWT_SECRET_KEY=os.environ["HEADLESS_JWT_KEY"],
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['HEADLESS_DATABASE']}",
        AUTHSVC_TOKEN_DELIVERY="body_only",
    )
    AuthSvc(app)
    return app


def fill(app: Flask) -> None:
    """Make the tables, a permission, a role that may everything, and the administrator who has it."""
    service, database = app.extensions["authsvc"], app.extensions["sqlalchemy"]
    with app.app_context():
        database.create_all()
    credentials = {"email": "ada@example.com", "password": os.environ["HEADLESS_PASSWORD"]}
    answer = app.test_client().post("/api/auth/register", json=credentials)
    if answer.status_code >= 400:
        raise SystemExit(f"registering answers {answer.status_code}: {answer.get_data(as_text=True)}")
    with app.app_context():
        role = service.role_model(name="admin")
        database.session.add_all((role, service.permission_model(name="orders.read", resource="orders", action="read")))
        user = service.user_model.query.filter_by(email=credentials["email"]).one()
        user.role = role
        database.session.commit()


if __name__ == "__main__":
    fill(create_app())
