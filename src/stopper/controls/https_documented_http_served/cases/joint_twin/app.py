from flask import Flask, abort, redirect, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def demand():
    if request.headers.get("Authorization") != f"Bearer {ISSUED}":
        abort(401)


@app.get("/served")  # one finding with /asks, where it is reported
def served():
    return {"ok": True}


@app.get("/asks")  # bad
def asks():
    demand()
    return {"ok": True}


@app.get("/refused")  # ok
def refused():
    if not request.is_secure:
        abort(403)
    demand()
    return {"ok": True}


@app.get("/redirected")  # ok
def redirected():
    if not request.is_secure:
        return redirect(request.url.replace("http:", "https:"))
    demand()
    return {"ok": True}


@app.get("/mixed")
def mixed():
    demand()
    return {"ok": True}


@app.get("/relative")
def relative():
    demand()
    return {"ok": True}


@app.get("/health")
def health():
    return {"status": "up"}
