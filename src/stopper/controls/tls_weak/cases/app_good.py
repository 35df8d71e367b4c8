"""An API behind a server whose handshakes showed this."""

from flask import Flask

from stopper.observe.views import Tls

app = Flask(__name__)
TLS = Tls(expires=4102444800.0, key=("EC", 256), signature_hash="sha256")


@app.get("/orders")  # ok
def orders():
    return {"orders": []}
