#!/usr/bin/env python
from flask import Flask

app = Flask(
    __name__,
    static_folder=None,  # there are no pages
)


@app.get("/orders")  # bad
def orders():
    return []
