"""Texts of exceptions that reach a client, and what only looks like one."""

import logging
import traceback
from functools import wraps

from flask import Flask, abort, current_app, flash, jsonify, make_response, render_template, request
from flask_restful import Api, Resource
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from werkzeug.exceptions import InternalServerError

app = Flask(__name__)
api = Api(app)
log = logging.getLogger(__name__)


class ShopError(Exception):
    pass


@app.route("/plain")
def plain():
    try:
        return load()
    except Exception as e:
        return jsonify(error=str(e)), 500  # bad


@app.route("/formatted")
def formatted():
    try:
        return load()
    except SQLAlchemyError as error:
        return {"message": f"failed: {error}"}, 500  # bad


@app.route("/old")
def old():
    try:
        return load()
    except Exception as e:
        return "error: %s" % e.message, 500  # bad


@app.route("/variable")
def variable():
    body = {"ok": True}
    try:
        load()
    except Exception as e:
        body["error"] = repr(e)  # bad
    return jsonify(body)


@app.route("/trace")
def trace():
    try:
        return load()
    except:
        return make_response(traceback.format_exc(), 500)  # bad


@app.route("/aborted")
def aborted():
    try:
        return load()
    except (KeyError, OSError) as e:
        abort(500, description=str(e))  # bad


@app.route("/page")
def page():
    try:
        return load()
    except Exception as e:
        return render_template("error.html", reason=e)  # bad


class Item(Resource):
    def get(self):
        try:
            return load()
        except Exception as e:
            return failure(str(e), 500)  # bad


api.add_resource(Item, "/item")


def failure(text, status):
    return {"error": text}, status


def loaded():
    try:
        return {"items": load()}
    except Exception as e:
        return {"error": str(e)}  # bad


@app.route("/helped")
def helped():
    return jsonify(loaded())


def guarded(view):
    @wraps(view)
    def inner(*args, **kwargs):
        try:
            check(request)
        except Exception as e:
            return jsonify(error="refused", details=str(e)), 401  # bad
        return view(*args, **kwargs)

    return inner


@app.route("/behind")
@guarded
def behind():
    return "fine"


@app.errorhandler(Exception)
def broken(e):
    return jsonify(error=str(e)), 500  # bad


@app.errorhandler(IntegrityError)
def conflict(error):
    return {"description": str(error.orig)}, 400  # bad


@app.errorhandler(404)
def missing(e):
    return jsonify(error=str(e)), 404


@app.errorhandler(ShopError)
def of_ours(e):
    return jsonify(error=str(e)), 400


@app.route("/written")
def written():
    try:
        return load()
    except ShopError as e:
        return jsonify(error=str(e)), 400


@app.route("/checked")
def checked():
    try:
        return load(int(request.args["n"]))
    except ValueError as e:
        return jsonify(error=str(e)), 400


@app.route("/logged")
def logged():
    try:
        return load()
    except Exception as e:  # ok
        log.error("failed: %s", e)
        return jsonify(error="internal error"), 500


@app.route("/debugged")
def debugged():
    try:
        return load()
    except Exception as e:
        text = traceback.format_exc()
        if current_app.debug:
            return jsonify(error=str(e), trace=text), 500
        return jsonify(error="internal error"), 500


@app.route("/compared")
def compared():
    try:
        return load()
    except Exception as e:
        if "timeout" in str(e):
            return "later", 503
        return jsonify(error="internal", kind="known" if isinstance(e, KeyError) else "other"), 500


@app.route("/told")
def told():
    try:
        return load()
    except Exception as e:
        report(str(e))
        flash("It did not work")
        return render_template("error.html")


@app.route("/raised")
def raised():
    try:
        return load()
    except OSError as e:
        raise InternalServerError(f"failed: {e}")  # bad


@app.route("/flashed")
def flashed():
    try:
        load()
    except Exception as e:
        flash(str(e), "danger")  # bad
    return render_template("shop.html")


@app.route("/ours")
def raised_for_us():
    try:
        return load()
    except OSError as e:
        raise ShopError(str(e)) from e  # bad


def explained(error):
    formatted = {"message": str(error), "extensions": {}}
    formatted["extensions"]["debug"] = traceback.format_exc()  # bad
    return formatted


app.add_url_rule("/graphql", view_func=GraphQLView.as_view("graphql", format_error=explained))


@app.route("/grown")
def grown():
    text = ""
    try:
        load()
    except Exception as e:
        text += f" {e}"  # bad
    return jsonify(text=text)


@app.route("/status")
def only_the_status():
    try:
        return load()
    except Exception as e:
        return {"error": "failed"}, error_to_code(e)


@app.route("/known")
def known_or_raised():
    try:
        return load()
    except SQLAlchemyError as e:
        return database_error(e, "orders")


@app.route("/told")
def told():
    try:
        return load()
    except SQLAlchemyError as e:
        return told_error(e)  # bad


def error_to_code(error):
    return {ValueError: 400}.get(type(error), 500)


def database_error(error, table):
    if hasattr(error, "orig") and table in str(error.orig):
        return jsonify(message="There is one of this name"), 400
    raise error


def told_error(error):
    return jsonify(message=str(error)), 400


def job():
    try:
        load()
    except Exception as e:
        return {"error": str(e)}


def load(*_):
    raise ShopError("a text for clients")


def check(_):
    pass


def report(_):
    pass
