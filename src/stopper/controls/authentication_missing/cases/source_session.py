"""Views of pages behind a login: one that changes the one who is logged in is no page that is open to all."""

from flask import Flask, redirect, render_template, request
from flask_login import LoginManager, current_user, login_required

app = Flask(__name__)
LoginManager(app)


@app.get("/account")  # ok
@login_required
def account():
    return render_template("account.html")


@app.get("/notes")  # ok
@login_required
def notes():
    return render_template("notes.html")


@app.post("/account")  # bad
def update_account():
    current_user.name = request.form["name"]
    return redirect("/account")


@app.post("/contact-us")
def save_message():
    return redirect("/thanks")


@app.route("/", methods=["GET", "POST", "PATCH"])
def start():
    return redirect("/docs")


@app.post("/validate/begin")
def begin():
    return {"transaction": 1}
