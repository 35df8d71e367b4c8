"""A site of pages only: a browser may be sent on to https."""

from flask import Flask, redirect, render_template, request
from flask_talisman import Talisman

app = Flask(__name__)
Talisman(app)


@app.before_request
def to_https():
    if not request.is_secure:
        return redirect(request.url.replace("http://", "https://"))
    return None


@app.get("/")
def home():
    return render_template("home.html")
