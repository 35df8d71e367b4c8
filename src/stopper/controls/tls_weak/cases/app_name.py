"""An API behind a server whose handshakes showed this."""

from flask import Flask

from stopper.observe.views import Tls

app = Flask(__name__)
TLS = Tls(refusal="Hostname mismatch", key=("EC", 256))


@app.get("/orders")  # bad
def orders():
    return {"orders": []}
