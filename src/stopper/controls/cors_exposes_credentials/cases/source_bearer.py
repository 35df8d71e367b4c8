from flask import Flask
from flask_cors import CORS
from flask_jwt_extended import jwt_required

app = Flask(__name__)
CORS(app, supports_credentials=True)  # bad


@app.get("/orders")
@jwt_required()
def orders():
    return {}
