"""ProxyFix takes the header from any peer."""

from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)


@app.before_request
def https_only():
    if not request.is_secure:
        abort(403)


@app.get("/orders")  # bad
def orders():
    return {"orders": [1, 2]}
