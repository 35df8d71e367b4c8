from flask import Flask
from flask_jwt_extended import JWTManager, jwt_required
from flask_talisman import Talisman

app = Flask(__name__)
jwt = JWTManager(app)
Talisman(
    app,
    force_https=False,
    frame_options="DENY",  # no frames
)


@app.get("/orders")
@jwt_required()
def orders():
    return []
