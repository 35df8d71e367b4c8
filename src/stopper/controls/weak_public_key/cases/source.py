import os
import subprocess

import rsa as plain_rsa
from authlib.jose import JsonWebKey
from Crypto.PublicKey import DSA, ECC, RSA
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import RSAKey
from jwcrypto import jwk
from OpenSSL import crypto

KEY_BITS = 1024
PUBLIC_KEY = """  # bad
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCwA9mKxkdG39BtvbtD/MO3oGTJ
P7KIL3+xUwyhmL4sCYL1jHWyUkhjN84CpC4aKUIEjUd8POo3ocw7Ez0K3q49+iYU
Id2fvZN+3IB+GgAqv4N7uuxMjgYNBDOJFm5r0bYx0dmfhKIRIV9gHAz0VEt4WZbv
ky4uToUQ3PJ/KnuNRwIDAQAB
-----END PUBLIC KEY-----
"""
STRONG_KEY = """  # ok
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArwVFcyYtsqeShw7FUQ+K
yP02I0WU1uo5/osbFz2v4HnnHReTlg1d7CDzaX9siL5bBYqfffLeeDmHLQybcLZy
5LRnw8ko/yPOjyru9jgSL1sN1hTIgo+1fWAuVVxV41U81QQ85Asb7u3HDqzMOnzH
Dfea3mISv5heNq2wxSG9HrTgBD32anyUQkn65ejtzHbpPP16TznwLCE4Radl6EN5
57znTrvPNsT87IUdgR5pkMcZJC19Uoi3GnNrJQJxNuU+4NW/QJjAfP5e5pq3XdK1
7u2LIC86XfXk3lnSCULgeXEuB3sKY0hyxgPPl9+rnmlTCm5bWZ2sHmxk0voj9zGu
pwIDAQAB
-----END PUBLIC KEY-----
"""

JWK = {"kty": "RSA", "n": "sAPZisZHRt_Qbb27Q_zDt6BkyT-yiC9_sVMMoZi-LAmC9Yx1slJIYzfOAqQuGilCBI1HfDzqN6HMOxM9Ct6uPfomFCHdn72TftyAfhoAKr-De7rsTI4GDQQziRZua9G2MdHZn4SiESFfYBwM9FRLeFmW75MuLk6FENzyfyp7jUc", "e": "AQAB"}  # bad
STRONG_JWK = {"kty": "RSA", "n": "rwVFcyYtsqeShw7FUQ-KyP02I0WU1uo5_osbFz2v4HnnHReTlg1d7CDzaX9siL5bBYqfffLeeDmHLQybcLZy5LRnw8ko_yPOjyru9jgSL1sN1hTIgo-1fWAuVVxV41U81QQ85Asb7u3HDqzMOnzHDfea3mISv5heNq2wxSG9HrTgBD32anyUQkn65ejtzHbpPP16TznwLCE4Radl6EN557znTrvPNsT87IUdgR5pkMcZJC19Uoi3GnNrJQJxNuU-4NW_QJjAfP5e5pq3XdK17u2LIC86XfXk3lnSCULgeXEuB3sKY0hyxgPPl9-rnmlTCm5bWZ2sHmxk0voj9zGupw", "e": "AQAB"}  # ok
PLACEHOLDER = """-----BEGIN PUBLIC KEY-----
your key here
-----END PUBLIC KEY-----"""


def by_keyword():
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # bad


def by_position():
    return rsa.generate_private_key(65537, 1536)  # bad


def by_name():
    return RSA.generate(KEY_BITS)  # bad


def with_random_function(random):
    return RSA.generate(1024, random.read)  # bad


def with_small_exponent():
    return RSA.generate(2048, e=3)  # bad


def with_small_exponent_of_cryptography():
    return rsa.generate_private_key(public_exponent=3, key_size=4096)  # bad


def with_small_exponent_by_position():
    return rsa.generate_private_key(3, 4096)  # bad


def of_rsa_package():
    return plain_rsa.newkeys(512)  # bad


def of_authlib():
    return JsonWebKey.generate_key("RSA", 1024, is_private=True)  # bad


def of_joserfc():
    return RSAKey.generate_key(1024)  # bad


def of_jwcrypto():
    return jwk.JWK.generate(kty="RSA", size=1024)  # bad


def of_openssl():
    pair = crypto.PKey()
    pair.generate_key(crypto.TYPE_RSA, 1024)  # bad
    return pair


def of_dsa():
    return DSA.generate(1024)  # bad


def on_curve():
    return ec.generate_private_key(ec.SECP192R1())  # bad


def on_named_curve():
    return ECC.generate(curve="P-192")  # bad


def by_shell():
    os.system("openssl genrsa -out key.pem 1024")  # bad


def by_command():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes"], check=True)  # bad


def strong():
    rsa.generate_private_key(public_exponent=65537, key_size=2048)  # ok
    RSA.generate(3072)  # ok
    JsonWebKey.generate_key("RSA", 2048, is_private=True)  # ok
    ec.generate_private_key(ec.SECP256R1())  # ok
    jwk.JWK.generate(kty="RSA", size=4096)  # ok
    os.system("openssl genrsa -out key.pem 4096")  # ok


def explained():
    """Make a key pair by hand before: `openssl genrsa -out key.pem 1024`."""


def symmetric():
    return jwk.JWK.generate(kty="oct", size=256)


def on_other_key():
    return JsonWebKey.generate_key("EC", "P-256", is_private=True)


def unknown(bits):
    return RSA.generate(bits)


class Terrain:
    def generate(self, size):
        return size


def of_another_kind():
    return Terrain().generate(1024)
