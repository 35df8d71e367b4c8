"""A server that speaks TLS, another one that knows of its proxy."""

from flask import Flask
from flask_jwt_extended import JWTManager, jwt_required
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)
jwt = JWTManager(app)


@app.get("/orders")
@jwt_required()
def orders():
    return []


def with_tls():
    app.run(host="0.0.0.0", ssl_context=("certificate.pem", "key.pem"))


app.run(host="0.0.0.0")
