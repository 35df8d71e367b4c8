"""A hook that looks at the token where there is one: it shows no guard of any one view."""

from flask import Flask, g, request
from flask_jwt_extended import get_jwt_identity, jwt_required

app = Flask(__name__)


@app.before_request
@jwt_required(optional=True)
def remember():
    g.user = get_jwt_identity()


@app.post("/contact")
def contact():
    db.messages.put(request.get_json())
    return {}
