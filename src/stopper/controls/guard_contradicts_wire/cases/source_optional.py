"""Guards that let callers without a token through."""

from flask import Flask, abort, request
from flask_jwt_extended import current_user, get_jwt_identity, jwt_required

app = Flask(__name__)


@app.delete("/orders/<int:number>")  # bad
@jwt_required(optional=True)
def remove(number):
    db.orders.remove(number)
    return {}


@app.post("/prices")  # bad
@jwt_required(optional=True)
def price():
    db.prices.put(request.get_json())
    return {}


@app.get("/prices")
@jwt_required(optional=True)
def prices():
    return db.prices.all()


@app.post("/comments")
@jwt_required(optional=True)
def comment():
    db.comments.put(request.get_json(), by=get_jwt_identity() or "guest")
    return {}


def stored(comment):
    return db.comments.put(comment, by=get_jwt_identity())


@app.patch("/comments")
@jwt_required(optional=True)
def edit_comment():
    stored(request.get_json())
    return {}


@app.put("/profile")
@jwt_required(optional=True)
def profile():
    if not current_user:
        abort(401)
    return {}


@app.put("/orders/<int:number>")  # ok
@jwt_required(optional=False)
def change(number):
    db.orders.put(number, request.get_json())
    return {}
