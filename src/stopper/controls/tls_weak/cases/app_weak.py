"""An API behind a server whose handshakes showed this."""

from flask import Flask

from stopper.observe.views import Tls

app = Flask(__name__)
TLS = Tls(key=("RSA", 1024), signature_hash="sha256")


@app.get("/orders")  # bad
def orders():
    return {"orders": []}
