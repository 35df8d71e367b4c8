import jwt
from python_jwt import process_jwt  # by hand


def registered(app):
    app.register_error_handler(jwt.PyJWTError, process_jwt)
