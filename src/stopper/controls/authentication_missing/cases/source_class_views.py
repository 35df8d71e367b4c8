"""Class views: guards on the class, on a method, or forgotten on one method."""

from flask import Flask
from flask.views import MethodView
from flask_jwt_extended import JWTManager, jwt_required
from flask_restful import Api, Resource

app = Flask(__name__)
jwt = JWTManager(app)
api = Api(app, prefix="/v1")


def limited(view):
    return view


class Item(Resource):
    @jwt_required()
    def get(self, name):  # ok
        return {}

    @jwt_required(fresh=True)
    def post(self, name):  # ok
        return {}, 201

    def put(self, name):  # bad
        return {}


class Account(MethodView):
    decorators = [jwt_required()]

    def get(self):  # ok
        return {}

    def delete(self):  # ok
        return {}


class Store(Resource):
    method_decorators = {"delete": [jwt_required()]}

    def get(self, name):
        return {}

    def delete(self, name):  # ok
        return {}


class Guarded(Resource):
    method_decorators = [jwt_required()]


class Wallet(Guarded):
    def patch(self):  # ok
        return {}


class Limited(Guarded):
    method_decorators = Guarded.method_decorators + [limited]

    def put(self):  # ok
        return {}


class Spread(Guarded):
    method_decorators = [limited, *Guarded.method_decorators]

    def put(self):  # ok
        return {}


@jwt_required()
class Marked(Resource):
    def put(self):  # ok
        return {}


api.add_resource(Limited, "/limited")
api.add_resource(Spread, "/spread")
api.add_resource(Marked, "/marked")
api.add_resource(Item, "/items/<string:name>")
api.add_resource(Store, "/stores/<string:name>")
api.add_resource(Wallet, "/wallet")
app.add_url_rule("/account", view_func=Account.as_view("account"))
