import hashlib
import logging
import secrets
import sys
import warnings

import click
import jwt
from flask import current_app, jsonify, request

from shop.security import fingerprint

log = logging.getLogger(__name__)


class Token:
    """A token that does not show itself."""

    def __repr__(self):
        return "Token(***)"


def login(user, key):
    token = jwt.encode({"sub": user.id}, key, algorithm="HS256")
    print(f"issued {token}")  # bad
    log.info("issued %s to %s", token, user)  # bad
    log.debug("issued " + token)  # bad
    current_app.logger.warning("issued {}".format(token))  # bad
    log.info("issued", extra={"token": token})  # bad
    warnings.warn(f"issued {token}")  # bad
    sys.stderr.write(token)  # bad
    return jsonify(token=token)


def presented():
    header = request.headers.get("Authorization", "")
    log.debug("header %s", header)  # bad
    scheme, _, rest = header.partition(" ")
    log.debug("credentials %s", rest)  # bad
    raise ValueError(f"bad credentials {rest}")


def refused():
    raise PermissionError("refused: " + request.headers["Authorization"])  # bad


def refuse(access_token):
    raise ValueError(f"token {access_token} has expired")  # bad


def body():
    content = request.get_json()
    print(content)  # bad
    return content["username"], content["password"]


def answer(client):
    data = client.post("/token").json()
    log.debug("answer %s", data)  # bad
    return data["access_token"]


def query(connection, name, password):
    statement = f"SELECT * FROM users WHERE name = '{name}' AND password = '{password}'"
    print("query", statement)  # bad
    return connection.execute(statement)


def trace(message):
    log.debug(message)


def traced(api_key):
    trace(f"calling with {api_key}")  # bad


def found(record):
    token = secrets.token_urlsafe(32)
    log.info("record %s", {"id": record.id, "token": token})  # bad
    return token


def harmless(token, secret):
    log.info("token %s", fingerprint(token))  # ok
    log.info("token %s", hashlib.sha256(token.encode()).hexdigest())  # ok
    log.info("length %d", len(token))
    log.info("begins %s", token[:8])
    log.info("ends %s", token[-4:])
    log.info("type %s", type(token))
    log.info("there is %s token", "a" if token else "no")
    log.info("matches: %s", token == secret)
    log.error("could not verify token")
    log.info("using token of %s", "token.txt")


def objects(session, value):
    token = session.query(Token).filter_by(value=value).first()
    log.info("found %s", token)
    log.info("token %s of %s", token.id, token.user)
    made = Token()
    log.info("made %s", made)


def typed(token: Token):
    log.info("token %s", token)


def masked(token):
    masked_token = token[:4] + "..." + token[-4:]
    log.info("token %s", masked_token)


def request_number():
    number = secrets.token_hex(8)
    log.info("request %s", number)


def paged(next_token, token_count, token_type):
    log.info("page %s, %d tokens of %s", next_token, token_count, token_type)


@click.command()
def new_token(user):
    token = secrets.token_urlsafe(32)
    click.echo(token)
    print(token)
