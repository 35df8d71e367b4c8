from flask import Flask


class Guard:
    """Stands in for the guard, which enters itself in `app.extensions`."""

    __module__ = "stopper.guard"


app = Flask(__name__)
app.extensions["stopper-guard"] = Guard()


@app.get("/orders")  # ok
def orders():
    return {}
