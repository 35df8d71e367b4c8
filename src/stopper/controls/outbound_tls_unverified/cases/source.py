"""Ways to leave out the check of a certificate, and what only looks like one."""

import os
import ssl
import urllib.request

import aiohttp
import httpx
import jwt
import redis
import requests
from requests import Session
from requests import get as fetch

VERIFY = False
AUTHORITY = "/etc/ssl/our-authority.pem"


def plainly(url, token):
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, verify=False)  # bad


def over_several_lines(url, token):
    return requests.post(
        url,
        json={"order": 1},
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
        verify=False,  # bad
    )


def by_alias(url):
    return fetch(url, verify=False)  # bad


def by_constant(url, data):
    return requests.request("POST", url, json=data, verify=VERIFY)  # bad


def by_session(url):
    session = Session()
    session.verify = False  # bad
    return session.get(url)


class Client:
    def __init__(self, http_session):
        self.session = http_session
        self.session.verify = False  # bad

    def send(self, prepared):
        return self.session.send(prepared, verify=False, timeout=2)  # bad


def by_httpx(url):
    with httpx.Client(verify=False) as client:  # bad
        return client.get(url)


async def by_aiohttp(url):
    connector = aiohttp.TCPConnector(verify_ssl=False)  # bad
    async with aiohttp.ClientSession(connector=connector) as session:
        return await session.get(url, ssl=False)  # bad


def by_context(url):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # bad
    return urllib.request.urlopen(url, context=context)


def without_the_name(url):
    context = ssl.create_default_context()
    context.check_hostname = False  # bad
    return urllib.request.urlopen(url, context=context)


def unverified(url):
    return urllib.request.urlopen(url, context=ssl._create_unverified_context())  # bad


def for_all():
    ssl._create_default_https_context = ssl._create_unverified_context  # bad
    os.environ["PYTHONHTTPSVERIFY"] = "0"  # bad


def by_options(builder, url, token):
    return builder.with_url(
        f"{url}?access_token={token}",
        options={
            "verify_ssl": False,  # bad
        },
    )


def by_mode(pool):
    return pool(cert_reqs="CERT_NONE", sslopt={"cert_reqs": ssl.CERT_NONE})  # bad


def as_it_should_be(url, token):
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)  # ok


def said_aloud(url):
    return requests.get(url, verify=True, timeout=5)  # ok


def own_authority(url):
    return requests.get(url, verify=AUTHORITY, timeout=5)


def another_meaning(token):
    return jwt.decode(token, options={"verify_exp": True}, verify=False)


def no_http():
    return redis.Redis("store", ssl=False)


def left_to_the_operator(url, verify_ssl=True):
    context = ssl.create_default_context()
    if not verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return requests.get(url, verify=verify_ssl)


def only_in_development(app, url):
    if app.debug:
        return requests.get(url, verify=False)
    return requests.get(url)  # ok


def _own(path):
    return "https://localhost:%s/%s" % (os.environ["PORT"], path)


def itself(path):
    url = _own(path)
    return requests.get(url, verify=False, timeout=2)


def itself_plainly():
    return requests.get("https://127.0.0.1:8443/health", verify=False)


def no_tls_at_all():
    return requests.get("http://service/health", verify=False)


def document_check(schema, record):
    return schema.load(record, verify=False)


def certificate_of(host, connection):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connection, server_hostname=host) as wrapped:
        return wrapped.getpeercert(True)
