"""Texts with a password by which a program connects to another machine, and such as open nothing."""

import os

from flask import Flask

DATABASE_URL = "mysql+pymysql://shop:Harbour2020@192.168.7.12/shop"  # bad
REPORT_DB_URL = "postgresql://report:Lantern77@db.shop-data.net/report"  # bad
LOCAL_DB_URL = "mysql+pymysql://shop:Harbour2020@localhost/shop"
CONTAINER_DB_URL = "postgresql://postgres:Harbour2020@db/shop"
EXAMPLE_DB_URL = "postgresql://user:password1@db.shop-data.net/shop"
DOCUMENTED_DB_URL = "postgresql://user:Harbour2020@db.example.com/shop"


def connect(driver):
    return driver.connect("DRIVER={SQL Server};SERVER=192.168.7.12;DATABASE=shop;UID=shop;PWD=Harbour2020")  # bad


def described(driver):
    return driver.connect("DRIVER={SQL Server};SERVER=192.168.7.12;DATABASE=shop;UID=shop;PWD=your_password1")


def at_home(driver):
    return driver.connect("DRIVER={SQL Server};SERVER=localhost;DATABASE=shop;UID=shop;PWD=Harbour2020")


def taken(driver):
    return driver.connect(f"SERVER=192.168.7.12;DATABASE=shop;UID=shop;PWD={os.environ['DB_PASSWORD']}")


def in_pieces(driver):
    return driver.connect(
        "DRIVER={SQL Server};"  # bad
        "SERVER=192.168.7.12;"
        "UID=shop;"
        "PWD=Harbour2020"
    )


app = Flask(__name__)
app.config["MYSQL_HOST"] = "east-05.shop-data.net"
app.config["MYSQL_PASSWORD"] = "56774e90"  # bad
app.config["MAIL_SERVER"] = "localhost"
app.config["MAIL_PASSWORD"] = "56774e91"
ROUTER_HOST = "192.168.7.13"
ROUTER_PASSWORD = "your_router_password1"
CLUSTER_HOST = "https://192.168.7.14:8006"
CLUSTER_PASSWORD = "Harbour&2"  # bad
SWITCH_HOST = os.environ["SWITCH_HOST"]
SWITCH_PASSWORD = "56774e92"


def by_keywords(driver):
    driver.connect(host="localhost", user="shop", password="Harbour2020")
    driver.connect(host="192.168.7.12", user="shop", password=os.environ["DB_PASSWORD"])
    return driver.connect(host="192.168.7.12", user="shop", password="Harbour2021")  # bad


SETTINGS = {"host": "db.shop-data.net", "user": "shop", "password": "Harbour2022"}  # bad
FORM = {"user": "shop", "password": "Harbour2023"}
