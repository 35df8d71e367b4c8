"""A server of its own without TLS, and starts that are for the developer."""

from flask import Flask
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
jwt = JWTManager(app)


@app.get("/orders")
@jwt_required()
def orders():
    return []


def on_this_machine():
    app.run(port=5000)


def with_the_debugger():
    app.run(host="0.0.0.0", debug=True)


def run_dev_server():
    app.run(host="0.0.0.0")


def everything_else(job, runner):
    runner.run(job, host="0.0.0.0")


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)  # bad
