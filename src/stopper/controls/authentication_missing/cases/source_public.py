"""An application that guards nothing has no neighbours to differ from; one behind the guard says what is public."""

from flask import Flask, jsonify

from stopper.guard import Guard

site = Flask("site")
shop = Flask("shop")
guard = Guard(shop)


@site.get("/customers")
def customers():
    return jsonify([])


@site.delete("/customers/<int:number>")
def remove(number):
    return "", 204


@shop.get("/orders")  # ok
def orders():
    return jsonify([])


@shop.post("/orders")  # ok
@guard.require("write")
def add():
    return jsonify({}), 201


@shop.delete("/basket")
@guard.public
def empty_basket():
    return "", 204
