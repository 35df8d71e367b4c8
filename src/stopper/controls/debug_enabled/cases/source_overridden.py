"""A base class whose heir for production switches the debugger off again."""


class BaseConfig:
    SECRET_KEY = None
    DEBUG = True


class ProductionConfig(BaseConfig):
    DEBUG = False  # ok


class DevConfig(BaseConfig):
    TESTING = False
