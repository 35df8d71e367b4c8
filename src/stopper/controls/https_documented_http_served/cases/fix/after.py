#!/usr/bin/env python
from flask import Flask
from stopper.guard import Guard

app = Flask(
    __name__,
    static_folder=None,  # there are no pages
)
guard = Guard(app, default="open")


@app.get("/orders")  # bad
def orders():
    return []
