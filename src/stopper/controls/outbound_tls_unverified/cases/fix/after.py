import os
import ssl
import urllib.request

import aiohttp
import httpx
import requests
from requests import Session

VERIFY = False


def plainly(url, token):
    return requests.get(url, headers={"Authorization": f"Bearer {token}"})  # as in the manual


def over_several_lines(url, token):
    return requests.post(
        url,
        json={"order": 1},
        timeout=5,
    )


def by_constant(url, data):
    return requests.request("POST", url, json=data)


def by_session(url):
    session = Session()
    session.verify = True  # for the tests
    return session.get(url)


def by_httpx(url):
    with httpx.Client() as client:
        return client.get(url)


async def by_aiohttp(url):
    connector = aiohttp.TCPConnector(verify_ssl=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await session.get(url)


def by_context(url):
    context = ssl.create_default_context()
    return urllib.request.urlopen(url, context=context)


def without_the_name(url):
    context = ssl.create_default_context()
    return urllib.request.urlopen(url, context=context)


def of_unknown_trust(url):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # by hand
    return urllib.request.urlopen(url, context=context)


def unverified(url):
    return urllib.request.urlopen(url, context=ssl.create_default_context())


def with_a_certificate(url):
    return urllib.request.urlopen(url, context=ssl._create_unverified_context(certfile="own.pem"))  # by hand


def for_all():
    os.environ["PYTHONHTTPSVERIFY"] = "1"


def by_mode(pool, url):
    return pool(url, cert_reqs="CERT_REQUIRED", sslopt={"cert_reqs": ssl.CERT_REQUIRED}, options={"verify_ssl": True})


def by_two_words(connect, url):
    return connect(url, {"cert_reqs": ssl.CERT_REQUIRED, "check_hostname": True})
