"""I Hate Money, with its settings in the file that the environment names, and its own demonstration project.

`python host.py` makes the tables and the project; the environment gives the project's password (`IHATEMONEY_PASSWORD`),
the database (`IHATEMONEY_DATABASE`) and the signing key (`IHATEMONEY_SECRET_KEY`), which settings.cfg reads.
"""

from __future__ import annotations

import os

from flask import Flask
from ihatemoney.models import Project, db
from ihatemoney.run import create_app
from werkzeug.security import generate_password_hash


def fill(app: Flask) -> None:
    """Make the demonstration project, with a password that nobody knows."""
    with app.app_context():
        project = Project.create_demo_project()
        project.password = generate_password_hash(os.environ["IHATEMONEY_PASSWORD"])
        db.session.commit()


if __name__ == "__main__":
    fill(create_app())
