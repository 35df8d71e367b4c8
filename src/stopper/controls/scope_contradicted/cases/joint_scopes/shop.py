from flask import Flask

from stopper.guard import Guard

app = Flask(__name__)
guard = Guard(app)


@app.get("/orders")  # ok
@guard.require("read")
def orders():
    return {}


@app.post("/orders")  # bad
@guard.require("read")
def create():
    return {}


@app.get("/reports")  # ok
@guard.require("read", "write")
def reports():
    return {}


@app.get("/unscoped")
@guard.require("read")
def unscoped():
    return {}
