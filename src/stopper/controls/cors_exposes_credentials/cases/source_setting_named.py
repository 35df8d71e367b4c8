from flask import Flask, session
from flask_cors import CORS

cors = CORS()


class Config:
    CORS_SUPPORTS_CREDENTIALS = True
    CORS_ORIGINS = ["https://shop.example.com"]


def create_app():
    app = Flask(__name__)
    app.config.from_object(Config)
    cors.init_app(app)
    return app


def user():
    return session.get("user")
