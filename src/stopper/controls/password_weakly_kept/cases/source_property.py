"""A property that answers with an object whose `==` verifies the hash."""

from flask import request
from sqlalchemy import Column, String
from sqlalchemy.ext.hybrid import hybrid_property
from werkzeug.security import check_password_hash


class Kept:
    def __init__(self, digest):
        self.digest = digest

    def __eq__(self, other):
        return check_password_hash(self.digest, other)  # ok


class User:
    _password = Column("password", String(80))

    @hybrid_property
    def password(self):
        return Kept(self._password)


def login(user):
    return user.password == request.form.get("password")
