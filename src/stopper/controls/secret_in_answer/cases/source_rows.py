"""Rows with tokens and hashes as they go to clients, and rows that keep them back."""

from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class RefreshToken(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    token = db.Column(db.String(500))
    expires_at = db.Column(db.DateTime)

    def to_dict(self):
        return {
            "id": self.id,
            "token": self.token,  # bad
            "expires_at": self.expires_at,
        }

    def json(self, whole=True):
        data = {"id": self.id}
        if whole:
            data["token"] = self.token  # bad
        return data

    def as_dict(self):
        return {"id": self.id, "expires_at": self.expires_at}

    def issued(self):
        return {"token": self.token}


class Grant:
    def __init__(self, token):
        self.token = token

    def to_dict(self):
        return {"token": self.token}


@app.get("/users")
def users():
    found = {}
    for row in load_users():
        digest = row[1]
        salt = row[2]
        found[row[0]] = {"hash": digest, "salt": salt}  # bad
    return jsonify(found)


@app.get("/commits")
def commits():
    return jsonify([{"hash": row[0], "author": row[1]} for row in load_users()])


def stored(row):
    return {"hash": row[0], "salt": row[1]}


def load_users():
    return ()
