"""A host for Flask-AppBuilder: its security API, its OpenAPI document and a model of our own, on a database.

The environment names the database (`APPBUILDER_DATABASE`), the signing key (`APPBUILDER_SECRET_KEY`) and the
administrator's password (`APPBUILDER_PASSWORD`). `python host.py` makes the tables and the administrator.
"""

from __future__ import annotations

import os

from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelRestApi
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, String

database = SQLAlchemy()


class Book(Model):
    """Something that the API is for."""

    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    title = Column(String(200), nullable=False)


class BookApi(ModelRestApi):
    """Books as Flask-AppBuilder serves any model: list, read, add, change, delete."""

    resource_name = "book"
    datamodel = SQLAInterface(Book)


def create_app() -> Flask:
    """Make the application from the environment."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=os.environ["APPBUILDER_SECRET_KEY"],
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['APPBUILDER_DATABASE']}",
        FAB_ADD_SECURITY_API=True,
        FAB_API_SWAGGER_UI=True,
    )
    database.init_app(app)
    with app.app_context():
        builder = AppBuilder(app, database.session)
        builder.add_api(BookApi)
    return app


def fill(app: Flask) -> None:
    """Make the administrator and a book; Flask-AppBuilder has made the tables."""
    with app.app_context():
        manager = app.appbuilder.sm
        password = os.environ["APPBUILDER_PASSWORD"]
        manager.add_user("admin", "Ada", "Admin", "admin@example.com", manager.find_role("Admin"), password)
        database.session.add(Book(title="A book"))
        database.session.commit()


if __name__ == "__main__":
    fill(create_app())
