"""The shop's login."""

from flask import Flask, request
from stopper.guard import Guard


def create_app():
    app = Flask(__name__)  # the shop
    Guard(app, default="open")
    app.config["DATABASE"] = "shop.sqlite"

    @app.post("/login")  # bad
    def login():
        return {"access_token": request.json["name"]}

    return app
