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


FAILED_TO_DECRYPT_SECRET = "failed"


def enrolled(user, totp_secret):
    if totp_secret and user.totp_secret != totp_secret:
        user.totp_secret = totp_secret
    return user


def decrypted(client_secret):
    return "" if client_secret == FAILED_TO_DECRYPT_SECRET else client_secret


def replayed(user, totp_secret):
    if user.totp_secret != totp_secret:  # bad
        user.attempts = totp_secret
