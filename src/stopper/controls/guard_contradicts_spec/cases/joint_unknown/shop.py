from flask import Flask

from gateway import behind_the_gateway

app = Flask(__name__)
behind_the_gateway(app)


@app.get("/orders")
def orders():
    return {}


@app.get("/me")
def me():
    return {}


@app.get("/status")
def status():
    return {}

