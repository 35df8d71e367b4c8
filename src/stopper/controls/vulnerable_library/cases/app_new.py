from flask import Flask

app = Flask(__name__)
INSTALLED = {"python": "3.12.1", "pyjwt": "2.15.1", "numpy": "1.0", "authlib": "unknown"}


@app.get("/orders")  # ok
def orders():
    return {}
