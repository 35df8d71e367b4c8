"""The shop's login."""

from flask import Flask, request


def create_app():
    app = Flask(__name__)  # the shop
    app.config["DATABASE"] = "shop.sqlite"

    @app.post("/login")  # bad
    def login():
        return {"access_token": request.json["name"]}

    return app
