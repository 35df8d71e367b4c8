"""A small shop whose API leaks bearer tokens in twenty-one ways, each deliberate and each in one place.

It is the patient of Stopper's demonstration. A comment with a control's id (`stopper explain BT103`) marks the line
at which a scan must report the fault; everything else is meant to be right, so that every other finding is false.
Never put any of it to use: `examples/guarded` is the same API done well.
"""

from __future__ import annotations

import os

from flask import Flask, Response

from shop import (
    account,
    auth,
    customers,
    database,
    logs,
    orders,
    partners,
    products,
    stock,
    suppliers,
    tills,
    transport,
)


def create_app() -> Flask:
    """Return the application.

    `SHOP_DATABASE` names its SQLite file, `SHOP_PASSWORD` the password of its demonstration users.
    """
    app = Flask(__name__, static_folder=None)
    app.config["DATABASE"] = os.environ.get("SHOP_DATABASE", "shop.sqlite")
    # Deliberately wrong: where the variable is forgotten, every installation has the same, published key.
    app.config["SECRET_KEY"] = os.environ.get("SHOP_SECRET_KEY", "c1b0a7e4f9d24c6e8b53d7a90f1e62ab")  # BT206
    logs.configure()
    database.init_app(app)
    app.before_request(transport.refuse_plain_http)
    app.after_request(forbid_storing)
    for module in (account, auth, customers, orders, partners, products, stock, suppliers, tills):
        app.register_blueprint(module.blueprint)
    return app


def forbid_storing(response: Response) -> Response:
    """Keep answers out of caches, where the view has not decided otherwise (RFC 6750 section 5.3)."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
