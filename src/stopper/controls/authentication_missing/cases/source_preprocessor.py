"""A function that Flask calls with the values of the path, before the view: it can turn callers away too."""

from flask import Blueprint, Flask, abort, g, jsonify, request, session

app = Flask(__name__)
api = Blueprint("api", __name__, url_prefix="/api")
plain = Blueprint("plain", __name__, url_prefix="/plain")


@api.url_value_preprocessor
def authenticated(endpoint, values):
    if request.headers.get("Authorization") is None:
        abort(401)
    g.shop = values.pop("shop", None)


@plain.url_value_preprocessor
def pulled(endpoint, values):
    g.shop = values.pop("shop", None)


@api.get("/<shop>/orders")  # ok
def orders():
    return jsonify([])


@api.delete("/<shop>/orders/<int:number>")  # ok
def remove(number):
    return "", 204


@plain.delete("/<shop>/customers/<int:number>")  # bad
def forget(number):
    return "", 204


pulling = Blueprint("pulling", __name__, url_prefix="/pulling")


@pulling.url_value_preprocessor
def pull_shop(endpoint, values):
    if not values:
        values = {}
    shop = values.pop("shop", None)
    is_removal = endpoint == "pulling.remove_shop"
    if shop:
        if shop in session.get("shops", {}) or is_removal:
            g.shop = shop
        else:
            abort(401)


@pulling.delete("/<shop>/suppliers/<int:number>")  # ok
def dismiss(number):
    return "", 204


@pulling.delete("/<shop>/visitors/<int:number>")  # bad
def remove_shop(number):
    return "", 204


@pulling.delete("/suppliers/<int:number>")  # bad
def dismiss_anywhere(number):
    return "", 204


standing_in = Blueprint("standing_in", __name__, url_prefix="/standing-in")
named = Blueprint("named", __name__, url_prefix="/named")


@standing_in.url_value_preprocessor
def pull_or_main(endpoint, values):
    shop = values.pop("shop", "main")
    if shop:
        if shop not in session.get("shops", {}):
            abort(401)


@standing_in.delete("/parcels/<int:number>")  # ok
def discard(number):
    return "", 204


@named.url_value_preprocessor
def pull_named(endpoint, values):
    if app.config["SHOP_KEY"] in values:
        if "user" not in session:
            abort(401)


@named.delete("/<branch>/letters/<int:number>")  # ok
def shred(branch, number):
    return "", 204


app.register_blueprint(standing_in)
app.register_blueprint(named)
app.register_blueprint(pulling)
app.register_blueprint(api)
app.register_blueprint(plain)
