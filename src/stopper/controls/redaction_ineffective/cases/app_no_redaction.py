import logging

from flask import Flask

app = Flask("redacts_nothing")
app.logger.addHandler(logging.StreamHandler())


@app.get("/orders")
def orders():
    return {}
