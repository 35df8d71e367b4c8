from flask import Flask, abort

app = Flask(__name__)


@app.get("/status")  # ok
def status():
    return {"status": "up"}


@app.get("/orders/<int:id>")  # ok
def order(id):
    abort(404)


@app.get("/files/<path:name>")  # ok
def file(name):
    return {"name": name}
