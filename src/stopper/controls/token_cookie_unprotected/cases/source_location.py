"""Flask-JWT-Extended sends its cookies without Secure by default."""

from flask import Flask

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = None
app.config["JWT_TOKEN_LOCATION"] = ["headers", "cookies"]  # bad
