from flask import Flask

app = Flask(__name__)


@app.get("/orders/<int:order_id>")  # ok
def order(order_id):
    return {"order": order_id}


@app.get("/internal/export")  # bad
def export():
    return {"orders": [1, 2, 3]}


@app.route("/orders/<int:order_id>", methods=["DELETE"])  # bad
def remove(order_id):
    return "", 204


@app.get("/openapi.json")
def document():
    return {"openapi": "3.0.3"}
