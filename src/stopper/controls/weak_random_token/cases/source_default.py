"""Columns whose default makes the token: of weak randomness, of strong randomness, and columns that hold no token."""

import random
import secrets

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


def guessable():
    number = random.getrandbits(128)
    return str(number)


def strong():
    return secrets.token_urlsafe(32)


class Invitation(db.Model):
    token = db.Column(db.String(40), default=guessable)  # bad
    reset_token = db.Column(db.String(40), default=lambda: str(random.getrandbits(128)))  # bad
    access_token = db.Column(db.String(40), default=strong)
    colour = db.Column(db.String(40), default=guessable)
