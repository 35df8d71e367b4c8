import hashlib
import sqlite3

from flask import Flask, abort, request

app = Flask("keeps_tokens")
database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("CREATE TABLE seen (token TEXT)")


def login(client):
    return "f3b1c0d9e8a74625b1d0c3e2f5a69788"


@app.get("/orders")  # bad
def orders():
    database.execute("INSERT INTO seen (token) VALUES (?)", (request.headers.get("Authorization"),))
    return {}


@app.get("/issued")  # bad
def issued():
    database.execute("UPDATE seen SET token = ?", ("0a1b2c3d4e5f60718293a4b5c6d7e8f9",))
    return {"access_token": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"}


@app.get("/digests")
def digests():
    digest = hashlib.sha256(request.headers.get("Authorization", "").encode()).hexdigest()
    database.execute("INSERT INTO seen (token) VALUES (?)", (digest,))
    return {}
