from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def ask():
    if request.headers.get("Authorization") != f"Bearer {ISSUED}":
        abort(401)


@app.get("/users")
def users():
    ask()
    return {"users": [1, 2]}


@app.post("/users")
def sign_up():
    return {"id": 3}, 201


@app.get("/users/<int:id>")
def user(id):
    return {"id": id, "name": "ada"}


@app.put("/users/<int:id>")
def change(id):
    ask()
    return {"id": id}


@app.get("/notes")
def notes():
    ask()
    return {"notes": [1]}


@app.get("/notes/<int:id>")
def note(id):
    ask()
    return {"note": id}
