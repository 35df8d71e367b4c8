from flask import Flask


class LoginManager:
    """Stands in for Flask-Login's own, which enters a hook of its own in the application."""

    __module__ = "flask_login.login_manager"

    def after(self, response):
        return response


app = Flask(__name__)
app.after_request(LoginManager().after)
app.extensions["flask-jwt-extended"] = object()
app.config["SECRET_KEY"] = "a-key-for-everything-that-is-long-enough"
app.config["JWT_SECRET_KEY"] = "another-key-for-tokens-that-is-long-enough"


@app.get("/orders")  # ok
def orders():
    return {}
