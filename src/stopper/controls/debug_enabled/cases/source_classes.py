"""Applications by their class, whatever they are called."""

from fastapi import FastAPI
from flask import Flask


class Shop(Flask):
    pass


shop = Shop(__name__)
app = FastAPI()


def started():
    shop.run(debug=True)  # bad
    app.debug = True
