"""One guarded operation of a collection tells what the collection is; of another collection it tells nothing."""

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
jwt = JWTManager(app)


@app.get("/api/v1/users/list")  # ok
@jwt_required()
def users():
    return jsonify([])


@app.get("/api/v1/users/<int:number>")  # bad
def user(number):
    return jsonify(number=number)


@app.route("/api/v1/users/<int:number>", methods=["PUT", "DELETE"])  # bad
def change(number):
    return jsonify(number=number)


@app.get("/api/v1/users/<public_id>/orders")  # bad
def orders(public_id):
    return jsonify(public_id=public_id)


@app.get("/api/v1/authors/<name>/royalties")  # ok
@jwt_required()
def royalties(name):
    return jsonify(name=name)


@app.delete("/api/v1/authors/<name>")  # bad
def forget(name):
    return jsonify(name=name)


@app.delete("/api/v1/users/<auth_token>/devices")
def devices(auth_token):
    return jsonify(find(auth_token))


@app.post("/api/v1/users")
def sign_up():
    return jsonify({}), 201


@app.patch("/api/v1/colours/<name>")
def colour(name):
    return jsonify(name=name)
