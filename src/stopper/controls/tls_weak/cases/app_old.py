"""An API behind a server whose handshakes showed this."""

from flask import Flask

from stopper.observe.views import Tls

app = Flask(__name__)
TLS = Tls(old_versions=("TLS 1.0",))


@app.get("/orders")  # bad
def orders():
    return {"orders": []}
