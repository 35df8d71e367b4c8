"""A column whose type overloads `==`, and a parser's tokens."""

from sqlalchemy import Column
from sqlalchemy_utils import PasswordType


class Client:
    client_secret = Column(PasswordType(schemes=["argon2"]))


def authorized(client, client_secret):
    return client.client_secret == client_secret


class Secret:
    def compared(self, value, secret):
        return value.secret != secret  # bad
