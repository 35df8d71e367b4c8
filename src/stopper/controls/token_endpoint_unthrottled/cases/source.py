import jwt
from flask import Flask, jsonify, request
from flask_httpauth import HTTPBasicAuth
from flask_jwt_extended import create_access_token, jwt_required
from werkzeug.security import check_password_hash

app = Flask(__name__)
basic = HTTPBasicAuth()


@app.post("/login")  # bad
def login():
    user = find(request.json["name"])
    if not check_password_hash(user.password_hash, request.json["password"]):
        return {}, 401
    return jsonify(access_token=create_access_token(user.id))


@app.post("/token")  # bad
def token():
    user = find(request.form["username"])
    if user is None or not user.verify_password(request.form["password"]):
        return {}, 401
    return answer(user)


@app.post("/plain")  # bad
def plain():
    user, password = find(request.json["name"]), request.json["password"]
    if user.password != password:
        return {}, 401
    return {"token": jwt.encode({"sub": user.id}, app.config["KEY"], algorithm="HS256")}


@app.post("/basic")  # bad
@basic.login_required
def by_basic():
    return jsonify(access_token=create_access_token(basic.current_user().id))


@app.post("/logout")
@basic.login_required
def logout():
    return jsonify(token=create_access_token("nobody"))


@app.post("/again")
@jwt_required()
def again():
    user = find(request.json["name"])
    if not check_password_hash(user.password_hash, request.json["password"]):
        return {}, 401
    return jsonify(access_token=create_access_token(user.id))


@app.post("/reset")
def reset():
    user = verify_password_token(request.json["token"])
    return jsonify(access_token=create_access_token(user.id))


@app.post("/register")
def register():
    user = create(request.json["name"], request.json["password"])
    return jsonify(access_token=create_access_token(user.id))


@app.post("/password")
def change():
    user = find(request.json["name"])
    if not check_password_hash(user.password_hash, request.json["password"]):
        return {}, 401
    return {"changed": True}


@app.get("/orders")
def orders():
    return jsonify([])


def answer(user):
    return jsonify(access_token=create_access_token(user.id), token_type="Bearer")


def find(name):
    return app.users[name]


def verify_password_token(token):
    return app.tokens[token]


def create(name, password):
    return app.users.setdefault(name, app.make(password))
