"""Tables that are used in ways that cannot all be followed."""

import secrets

import psycopg2
from flask import Flask, request

app = Flask(__name__)
cursor = psycopg2.connect("").cursor()


@app.post("/a")
def listed():
    token = secrets.token_urlsafe(32)
    cursor.execute("INSERT INTO shown (token) VALUES (%s)", (token,))  # by hand
    cursor.execute("SELECT token FROM shown WHERE token = %s", (token,))
    return {"token": token}


@app.post("/b")
def put_together():
    token = secrets.token_urlsafe(32)
    cursor.execute("INSERT INTO sought (token) VALUES (%s)", (token,))  # by hand
    cursor.execute(f"SELECT 1 FROM sought WHERE token = '{token}'")
    return {"token": token}


@app.post("/b/list")
def put_together_in_parts():
    token = secrets.token_urlsafe(32)
    wanted = "token"
    cursor.execute("INSERT INTO parted (token) VALUES (%s)", (token,))  # by hand
    cursor.execute(f"SELECT {wanted} FROM parted WHERE token = %s", (token,))
    return {"token": token}


@app.post("/b/bytes")
def of_bytes():
    token = secrets.token_bytes(32)
    cursor.execute("INSERT INTO raw (token) VALUES (%s)", (token,))  # by hand
    return {"token": token.hex()}


@app.post("/c")
def narrow():
    token = secrets.token_hex(16)
    cursor.execute("CREATE TABLE narrow (token CHAR(32))")
    cursor.execute("INSERT INTO narrow (token) VALUES (%s)", (token,))  # by hand
    return {"token": token}


@app.post("/d")
def by_position():
    token = secrets.token_hex(16)
    cursor.execute("INSERT INTO unnamed VALUES (%s, %s)", (token, 1))  # by hand
    return {"token": token}


@app.post("/e")
def alone():
    token = secrets.token_hex(16)
    cursor.execute("INSERT INTO good (owner, token) VALUES (%s, %s)", (1, token))
    cursor.execute("UPDATE good SET used = %s WHERE token = %s", (1, token))
    return {"token": token}
