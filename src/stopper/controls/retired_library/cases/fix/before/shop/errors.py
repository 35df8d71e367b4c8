from jose import JWTError
from python_jwt import process_jwt  # by hand


def registered(app):
    app.register_error_handler(JWTError, process_jwt)
