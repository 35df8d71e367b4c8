"""Shows orders."""

from flask import Flask
from flask_jwt_extended import JWTManager, jwt_required
from stopper.guard import Guard

app = Flask(__name__)  # the shop
guard = Guard(app, default="open")
jwt = JWTManager(app)


@app.get("/orders")
@jwt_required()
def orders():
    return []


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)
