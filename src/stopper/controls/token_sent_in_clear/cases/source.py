"""Requests that carry a token, in clear and not."""

import os

import httpx
import requests
from authlib.integrations.flask_client import OAuth

BASE = "http://api.partner.example"
SECURE = "https://api.partner.example/v1"

oauth = OAuth()
oauth.register("partner", access_token_url="http://login.partner.example/token")  # bad
oauth.register("other", access_token_url="https://login.partner.example/token")  # ok
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # bad


def by_header(token):
    return requests.get("http://api.partner.example/orders", headers={"Authorization": f"Bearer {token}"})  # bad


def by_constant(api_key):
    headers = {"X-API-Key": api_key}
    return requests.post(f"{BASE}/orders", headers=headers, json={})  # bad


def by_joining(token):
    return httpx.get(BASE + "/orders/" + str(1), params={"access_token": token})  # bad


def by_format(host, token):
    return requests.get("http://api.{}.partner.example/".format(host), headers={"Authorization": token})  # bad


def by_query(token):
    return requests.get(f"http://api.partner.example/orders?access_token={token}")  # bad


def by_session(user, password):
    session = requests.Session()
    return session.post("http://login.partner.example/", auth=(user, password))  # bad


def in_the_composition(token):
    return requests.get("http://billing:8080/orders", headers={"Authorization": f"Bearer {token}"})  # bad


def over_tls(token):
    return requests.get(f"{SECURE}/orders", headers={"Authorization": f"Bearer {token}"})  # ok


def without_credential():
    return requests.get("http://api.partner.example/status", headers={"Accept": "application/json"})


def wherever(url, token):
    return requests.get(f"{url}/orders", headers={"Authorization": f"Bearer {token}"})


def itself(token):
    return requests.get("http://localhost:5000/orders", headers={"Authorization": f"Bearer {token}"})


def metadata(token):
    return requests.get("http://169.254.169.254/latest/", headers={"X-aws-ec2-metadata-token": token})


def in_development(app):
    if app.debug:
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def of_no_request(table, token):
    return table.get("http://schemas.example/claims", {"token": token})
