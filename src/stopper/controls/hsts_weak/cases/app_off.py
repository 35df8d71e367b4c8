from flask import Flask
from flask_talisman import Talisman

app = Flask(__name__)
Talisman(app, strict_transport_security=False)


@app.get("/orders")  # bad
def orders():
    return {}
