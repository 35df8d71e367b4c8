"""Hooks before each request guard what they do not exempt."""

from flask import Blueprint, Flask, abort, g, jsonify, request
from flask_httpauth import HTTPTokenAuth

app = Flask(__name__)
auth = HTTPTokenAuth()
api = Blueprint("api", __name__, url_prefix="/api")
admin = Blueprint("admin", __name__, url_prefix="/admin")
OPEN = ("api.catalogue_item",)


@auth.verify_token
def verify(token):
    return g.sessions.get(token)


@api.before_request
def demand_token():
    if request.endpoint in OPEN:
        return None
    if request.headers.get("X-Api-Key") is None:
        abort(401)


@admin.before_request
@auth.login_required
def demand_login():
    """The decorator refuses."""


@app.before_request
def open_database():
    g.database = object()


@api.get("/orders")  # ok
def orders():
    return jsonify([])


@api.put("/orders")  # ok
def change_orders():
    return jsonify([])


@api.get("/catalogue/<int:number>")
def catalogue_item(number):
    return jsonify(number=number)


@admin.delete("/customers/<int:number>")  # ok
def remove(number):
    return "", 204


app.register_blueprint(api)
app.register_blueprint(admin)
