"""A hook after each request that overwrites what a view says."""

from flask import Flask, jsonify


def never_stored(response):
    response.headers["Cache-Control"] = "no-store"
    return response


def create_app():
    app = Flask(__name__)
    app.after_request(never_stored)

    @app.post("/device")
    def device():
        return jsonify(access_token=app.config["MAKE"]()), 200, {"Cache-Control": "max-age=60"}  # ok

    return app
