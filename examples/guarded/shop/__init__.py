"""The same small shop as `examples/leaky`, on Stopper's guard: the same operations, and none of the faults.

The guard does what the leaky shop got wrong by hand: it refuses plain HTTP, protects every route that is not public,
makes, keeps and verifies the tokens, answers refusals and keeps tokens out of caches and logs.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from shop import account, auth, customers, database, logs, orders, partners, products, stock, suppliers, tills
from shop.security import guard


def create_app() -> Flask:
    """Return the application.

    `SHOP_DATABASE` names its SQLite file, `SHOP_PASSWORD` the password of its demonstration users.
    """
    app = Flask(__name__, static_folder=None)
    app.config["DATABASE"] = os.environ.get("SHOP_DATABASE", "shop.sqlite")
    app.config["STOPPER_STORE"] = f"sqlite:///{Path(app.config['DATABASE']).absolute()}"
    app.config["STOPPER_TOKEN_PREFIX"] = "shop"
    app.config["STOPPER_REALM"] = "the shop"
    logs.configure()
    database.init_app(app)
    for module in (account, auth, customers, orders, partners, products, stock, suppliers, tills):
        app.register_blueprint(module.blueprint)
    guard.init_app(app)
    return app
