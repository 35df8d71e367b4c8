"""Remembers who was here."""

import secrets
import sqlite3

from flask import Flask, request

app = Flask(__name__)
database = sqlite3.connect("shop.sqlite")


@app.post("/remember")
def remember():
    token = secrets.token_urlsafe(32)
    # the row
    database.execute("INSERT INTO remembered (owner, token, until) VALUES (?, ?, ?)", (request.form["o"], token, 9))
    return {"remember_token": token}, 201


@app.post("/resume")
def resume():
    """Look it up in remembered."""
    query = "SELECT owner FROM remembered WHERE until > ? AND token = ?"
    row = database.execute(query, (9, request.json["t"])).fetchone()  # one or none
    return {"owner": row["owner"]}


@app.post("/forget")
def forget(token: str = ""):
    database.execute("DELETE FROM remembered WHERE token=?", [token])
    database.execute("DELETE FROM remembered WHERE owner = ?", (request.form["o"],))
    return {}


@app.get("/orders")
def orders():
    token = request.form["t"]
    return {"orders": database.execute("SELECT * FROM orders WHERE token = ?", (token,)).fetchall()}
