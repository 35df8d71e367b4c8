"""Make the attacks of the museum of token failures against the guard.

    python scripts/museum_guard.py

Each exhibit is an attack that really succeeded against some library or product. It is made here first against a naive
verifier with the old fault, a few lines each, which must fall for it: the attack is real. Then it is made against a
guarded application, which must refuse it while it goes on serving a good token. Exhibits that no guard of a Flask
application can meet are listed with the reason. The last line is `museum-guard: N refused of N`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, request
from itsdangerous import URLSafeTimedSerializer
from joserfc.jws import JWSRegistry
from werkzeug.test import EnvironBuilder, run_wsgi_app

from stopper.guard import ConfigurationError, Guard, current_token
from stopper.guard.kept_keys import KeptKeys, new_key
from stopper.guard.keyfile import KeyFile
from stopper.guard.keys import Key, RefusedKeyError, from_jwk, from_jwks
from stopper.guard.remote import RemoteKeys

ISSUER = "https://shop.test"
Verdict = tuple[bool, bool]
"""Whether a naive verifier falls for the attack, and whether the guard refuses it."""


# --------------------------------------------------------------------------- what attacks are made of


def b64(data: bytes | str) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return the bytes of base64url without padding, as loosely as Python reads it."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(**changes: object) -> dict[str, Any]:
    """Return claims as the guarded application wants them, but for the changes."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": ISSUER, "sub": "admin", "client_id": "x", "jti": "j", "scope": "read"}
    return {**good, "iat": now, "exp": now + 600, **changes}


def unsigned(header: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """Return the signing input of a compact JWS."""
    return f"{b64(json.dumps({'typ': 'at+jwt', **header}))}.{b64(json.dumps(body))}"


def maced(header: Mapping[str, Any], body: Mapping[str, Any], secret: bytes) -> str:
    """Return a token MACed with any bytes at all."""
    text = unsigned({"alg": "HS256", **header}, body)
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def signed(header: Mapping[str, Any], body: Mapping[str, Any], key: Key, algorithm: str = "") -> str:
    """Return a token signed by a key, with any header and by any algorithm that the key can do."""
    name = algorithm or key.algorithm
    text = unsigned({"alg": name, "kid": key.id, **header}, body)
    return f"{text}.{b64(JWSRegistry.algorithms[name].sign(text.encode(), key.material))}"


def naive_mac(token: str, secret: bytes) -> bool:
    """Verify as a verifier does that lets the header choose HMAC and uses whatever key it has as the secret."""
    text, _, signature = token.rpartition(".")
    wanted = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return bool(json.loads(unb64(token.partition(".")[0]))["alg"] == "HS256" and unb64(signature) == wanted)


def naive_signature(token: str, key: Key) -> dict[str, Any] | None:
    """Verify as a verifier does that takes the algorithm from the header and looks at no other member."""
    text, _, signature = token.rpartition(".")
    algorithm = JWSRegistry.algorithms[json.loads(unb64(text.partition(".")[0]))["alg"]]
    if not algorithm.verify(text.encode(), unb64(signature), key.material):
        return None
    found: dict[str, Any] = json.loads(unb64(text.partition(".")[2]))
    return found


@dataclass
class Stage:
    """Guarded applications, one for each algorithm, in a folder of their own."""

    folder: Path
    apps: dict[str, Flask] = field(default_factory=dict)

    def app(self, algorithm: str = "EdDSA") -> Flask:
        """Return the application whose own tokens have this algorithm; `opaque` for the one without signed tokens."""
        if algorithm not in self.apps:
            signing = {} if algorithm == "opaque" else {"TOKEN_FORMAT": "jwt", "ISSUER": ISSUER, "ALGORITHM": algorithm}
            self.apps[algorithm] = guarded(self.folder / algorithm, signing)
        return self.apps[algorithm]

    def key(self, algorithm: str = "EdDSA") -> Key:
        """Return the signing key of an application."""
        return next(iter(key_file(self.app(algorithm), algorithm).ring()))

    def public(self, algorithm: str = "EdDSA") -> Any:
        """Return the public key that anybody can have of it."""
        return self.key(algorithm).material.public_key

    def refuses(self, token: str, algorithm: str = "EdDSA") -> bool:
        """Tell whether the application refuses a token, without an error of the server, while it takes a good one."""
        client = self.app(algorithm).test_client()
        answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})
        good = client.post("/login").get_json()["access_token"]
        serves = client.get("/me", headers={"Authorization": f"Bearer {good}"}).status_code == 200
        return serves and answer.status_code in (400, 401) and "WWW-Authenticate" in answer.headers


def guarded(folder: Path, settings: Mapping[str, object]) -> Flask:
    """Return an application with a login and a protected route that says who called."""
    app = Flask("shop", instance_path=str(folder))
    app.config.update({f"STOPPER_{name}": value for name, value in settings.items()})
    guard = Guard(app)

    @app.post("/login")
    @guard.public
    def login() -> Any:
        return guard.issue(request.args.get("user", "alice"), ("read",))

    @app.get("/me")
    @guard.require("read")
    def me() -> Any:
        return {"subject": current_token.subject}

    @app.get("/broken")
    @guard.public
    def broken() -> Any:
        raise RuntimeError("a fault")

    return app


def key_file(app: Flask, algorithm: str = "EdDSA") -> KeptKeys:
    """Return the keys in the key file of an application, as the next worker would open it."""
    return KeptKeys(KeyFile(Path(app.instance_path) / "stopper-keys.json"), "stopper-keys.json", algorithm)


def refused_key(jwk: Mapping[str, Any]) -> bool:
    """Tell whether the guard refuses to import a key."""
    try:
        from_jwk(jwk)
    except RefusedKeyError:
        return True
    return False


def oct_key(secret: bytes) -> dict[str, str]:
    """Return the JWK of a secret."""
    return {"kty": "oct", "k": b64(secret), "alg": "HS256"}


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Catch what all loggers write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


# --------------------------------------------------------------------------- public keys as secrets


def _public_key_as_secret(stage: Stage, algorithm: str, secret: bytes) -> Verdict:
    token = maced({"kid": stage.key(algorithm).id}, claims(), secret)
    return naive_mac(token, secret), stage.refuses(token, algorithm) and refused_key(oct_key(secret))


def openssh_key_as_secret(stage: Stage) -> Verdict:
    """CVE-2022-29217 PyJWT: an OpenSSH public key as HMAC secret (V04)."""
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return _public_key_as_secret(stage, "EdDSA", stage.public().public_bytes(encoding, form))


def openssh_ecdsa_key_as_secret(stage: Stage) -> Verdict:
    """CVE-2024-33663 python-jose: an OpenSSH ECDSA public key as HMAC secret (V04)."""
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return _public_key_as_secret(stage, "ES256", stage.public("ES256").public_bytes(encoding, form))


def der_key_as_secret(stage: Stage) -> Verdict:
    """python-jose 3.5.0, the newest: a DER public key as HMAC secret (V04)."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return _public_key_as_secret(stage, "RS256", stage.public("RS256").public_bytes(encoding, form))


def pem_key_as_secret(stage: Stage) -> Verdict:
    """CVE-2024-37568 Authlib: a PEM public key as HMAC secret (V04)."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _public_key_as_secret(stage, "RS256", stage.public("RS256").public_bytes(encoding, form))


def pkcs1_key_as_secret(stage: Stage) -> Verdict:
    """CVE-2017-11424 PyJWT: a PKCS #1 PEM public key as HMAC secret (V04)."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
    return _public_key_as_secret(stage, "RS256", stage.public("RS256").public_bytes(encoding, form))


def jwk_as_secret(stage: Stage) -> Verdict:
    """CVE-2026-48526 PyJWT: the JSON of a public JWK as HMAC secret (V04)."""
    return _public_key_as_secret(stage, "ES256", json.dumps(stage.key("ES256").public()).encode())


# --------------------------------------------------------------------------- keys, algorithms and where they come from


def key_bound_algorithm(stage: Stage) -> Verdict:
    """CVE-2026-48523 PyJWT: a key made for one algorithm verifies another (G10)."""
    key = stage.key("PS256")
    token = signed({}, claims(), key, "RS256")
    return naive_signature(token, key) is not None, stage.refuses(token, "PS256")


def key_in_the_header(stage: Stage) -> Verdict:
    """CVE-2026-27962 Authlib: the key that the token itself brings in its header (V05 V06)."""
    own = new_key("EdDSA")
    token = signed({"jwk": own.public()}, claims(), own)
    brought = from_jwk(json.loads(unb64(token.partition(".")[0]))["jwk"])
    return naive_signature(token, brought) is not None, stage.refuses(token)


def empty_hmac_key(stage: Stage) -> Verdict:
    """CVE-2026-49852 joserfc: an HMAC key that is empty because a variable was not set (V05)."""
    token = maced({"kid": stage.key("HS256").id}, claims(), b"")
    return naive_mac(token, b""), stage.refuses(token, "HS256") and refused_key(oct_key(b""))


def missing_signature(stage: Stage) -> Verdict:
    """CVE-2020-28042 jwt_tool: the signature is left out and compared with nothing (V01)."""
    token = unsigned({"alg": "EdDSA", "kid": stage.key().id}, claims()) + "."
    text, _, signature = token.rpartition(".")
    return not signature or naive_signature(token, stage.key()) is not None, stage.refuses(token) and stage.refuses(
        text
    )


def zero_ecdsa_signature(stage: Stage) -> Verdict:
    """CVE-2022-21449 Java: an ECDSA signature of zeros is good for every message (V29)."""
    token = unsigned({"alg": "ES256", "kid": stage.key("ES256").id}, claims()) + "." + b64(bytes(64))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = (int.from_bytes(unb64(token.rpartition(".")[2])[part]) for part in (slice(32), slice(32, 64)))
    inverse = pow(
        s, order - 2, order
    )  # of zero, without a look at it: zero, so both factors are, and the point has x 0
    factors = inverse * 12345 % order, inverse * r % order
    return factors == (0, 0) and r == 0, stage.refuses(token, "ES256")


def legacy_secret(stage: Stage) -> Verdict:
    """AutoGPT: a legacy HS256 path beside the new algorithm, with a secret that everybody knows (V02 G07)."""
    secret = b"your-super-secret-jwt-token-with-at-least-32-characters-long"
    token = maced({"kid": stage.key().id}, claims(), secret)
    return naive_mac(token, secret), stage.refuses(token)


def default_secret_key(stage: Stage) -> Verdict:
    """CVE-2023-27524 Superset: tokens and sessions signed with the framework's default SECRET_KEY (G07 G15)."""
    app = stage.app()
    app.config["SECRET_KEY"] = "\2\1thisismyscretkey\1\2\\e\\y\\y\\h"
    secret = app.config["SECRET_KEY"]
    session = URLSafeTimedSerializer(secret, "cookie-session").dumps({"user_id": 1})
    token = maced({}, claims(), secret.encode())
    naive = URLSafeTimedSerializer(secret, "cookie-session").loads(session) == {"user_id": 1}
    return naive and naive_mac(token, secret.encode()), stage.refuses(token) and stage.refuses(session)


def fallback_of_single_characters(stage: Stage) -> Verdict:
    """Flask PR 6089: SECRET_KEY_FALLBACKS given as a text makes keys of one character each (G13 G05)."""
    fallbacks = "previous-secret"
    tokens = [maced({"kid": stage.key("HS256").id}, claims(), letter.encode()) for letter in fallbacks]
    naive = all(any(naive_mac(token, key.encode()) for key in fallbacks) for token in tokens)
    keys = all(refused_key(oct_key(letter.encode())) for letter in fallbacks)
    return naive, keys and all(stage.refuses(token, "HS256") for token in tokens)


def oldest_key_signs(stage: Stage) -> Verdict:
    """CVE-2025-47278 Flask: after a rotation the oldest key signs, which has leaked (G13)."""
    settings = {"TOKEN_FORMAT": "jwt", "ISSUER": ISSUER}
    keys = key_file(guarded(stage.folder / "rotated", settings))
    leaked, newest = next(iter(keys.ring())), keys.rotate()
    issued = guarded(stage.folder / "rotated", settings).test_client().post("/login").get_json()["access_token"]
    keys.retire(leaked.id)
    client = guarded(stage.folder / "rotated", settings).test_client()
    forged = client.get("/me", headers={"Authorization": f"Bearer {signed({}, claims(), leaked)}"})
    good = client.get("/me", headers={"Authorization": f"Bearer {issued}"})
    oldest_first = [leaked, newest]
    naive = naive_signature(signed({}, claims(), leaked), oldest_first[0]) is not None
    by_newest = json.loads(unb64(issued.partition(".")[0]))["kid"] == newest.id
    return naive, by_newest and forged.status_code == 401 and good.status_code == 200


def keys_from_a_file(stage: Stage) -> Verdict:
    """CVE-2026-48522 PyJWT: a key set fetched from file:// (V35)."""
    own = stage.folder / "attacker.json"
    own.write_text(json.dumps({"keys": [new_key("EdDSA").public()]}))
    with urllib.request.urlopen(own.as_uri()) as answer:
        naive = len(from_jwks(json.load(answer))) == 1
    addresses = [own.as_uri(), "http://169.254.169.254/keys", "ftp://id.test/keys", "https://user:word@id.test/keys"]
    return naive, all(_address_refused(stage, address) for address in addresses)


def _address_refused(stage: Stage, address: str) -> bool:
    trusted = {"https://id.test": {"jwks": address}}
    try:
        guarded(stage.folder / "remote", {"TRUSTED_ISSUERS": trusted, "ISSUER": ISSUER})
    except ConfigurationError:
        return True
    return False


def unbounded_refetch(stage: Stage) -> Verdict:
    """CVE-2026-48524 PyJWT: every unknown kid fetches the key set once more (V36)."""
    document = json.dumps({"keys": [stage.key().public()]}).encode()
    fetched: list[str] = []

    def get(url: str) -> bytes:
        fetched.append(url)
        return document

    keys = RemoteKeys("https://id.test/keys", "RS256", get)
    for number in range(500):
        keys.find(f"unknown-{number}")
    ours = len(fetched)
    for number in range(500):  # the old way: look, and fetch where it is not there
        if from_jwks(json.loads(get(""))).find(f"unknown-{number}") is None:
            continue
    return len(fetched) - ours == 500, ours <= 2 and keys.find(stage.key().id) is not None


# --------------------------------------------------------------------------- what a token says of itself


def unknown_critical_header(stage: Stage) -> Verdict:
    """CVE-2026-32597 PyJWT: a critical header that nobody understands is passed over (V17)."""
    token = signed({"crit": ["https://shop.test/must"], "https://shop.test/must": True}, claims(), stage.key())
    return naive_signature(token, stage.key()) is not None, stage.refuses(token)


def critical_confirmation(stage: Stage) -> Verdict:
    """CVE-2025-59420 Authlib: a critical `cnf` and an empty `crit` are passed over (V17)."""
    tokens = [signed({"crit": names, "cnf": {"jkt": "x"}}, claims(), stage.key()) for names in (["cnf"], [], ["alg"])]
    naive = all(naive_signature(token, stage.key()) for token in tokens)
    return naive, all(stage.refuses(token) for token in tokens)


def unencoded_payload(stage: Stage) -> Verdict:
    """CVE-2026-48990 joserfc: b64=false, a payload that is no base64 and has no limit (V39)."""
    key = stage.key()
    header = b64(json.dumps({"alg": "EdDSA", "kid": key.id, "typ": "at+jwt", "b64": False, "crit": ["b64"]}))
    payload = json.dumps(claims(sub="x" * 2000))
    signature = JWSRegistry.algorithms["EdDSA"].sign(f"{header}.{payload}".encode(), key.material)
    raw, encoded = (f"{header}.{body}.{b64(signature)}" for body in (payload, b64(payload)))
    verifies = JWSRegistry.algorithms["EdDSA"].verify(f"{header}.{payload}".encode(), signature, key.material)
    return verifies, stage.refuses(raw) and stage.refuses(encoded)


def json_and_compact_at_once(stage: Stage) -> Verdict:
    """CVE-2022-39227 python-jwt: the signature of one form beside the claims of another (V18)."""
    good = signed({}, claims(sub="mallory"), stage.key())
    header, payload, signature = good.split(".")
    forged = b64(json.dumps(claims(sub="admin")))
    members = {f"  {header}.{forged}.": "", "protected": header, "payload": payload, "signature": signature}
    token = json.dumps(members)
    inside = json.loads(token)
    verified = naive_signature(".".join(inside[name] for name in ("protected", "payload", "signature")), stage.key())
    believed = json.loads(unb64(token.split(".")[1]))["sub"]
    return bool(verified) and believed == "admin", stage.refuses(token) and stage.refuses(token.replace(" ", ""))


def partial_issuer(stage: Stage) -> Verdict:
    """CVE-2024-53861 PyJWT: an issuer that is a part of the expected one (V09)."""
    tokens = [signed({}, claims(iss=issuer), stage.key()) for issuer in ("http", "https://shop.tes", "", ISSUER[1:])]
    naive = all(json.loads(unb64(token.split(".")[1]))["iss"] in ISSUER for token in tokens)
    return naive, all(stage.refuses(token) for token in [*tokens, signed({}, claims(iss=[ISSUER]), stage.key())])


def unverified_id_token(stage: Stage) -> Verdict:
    """Flask-AppBuilder #2476, #2477: an ID token is decoded and not verified (V01 V15)."""
    token = signed({"typ": "JWT"}, claims(nonce="n", email="admin@shop.test"), new_key("EdDSA"))
    genuine = signed({"typ": "JWT"}, claims(nonce="n"), stage.key())
    naive = json.loads(unb64(token.split(".")[1]))["email"] == "admin@shop.test"
    return naive, stage.refuses(token) and stage.refuses(genuine)


def reassignable_claim(stage: Stage) -> Verdict:
    """Flask-AppBuilder #2458: whoever may choose preferred_username becomes another user (V30)."""
    token = signed({}, claims(sub="mallory", preferred_username="admin", email="admin@shop.test"), stage.key())
    naive = json.loads(unb64(token.split(".")[1]))["preferred_username"] == "admin"
    answer = stage.app().test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    return naive, answer.get_json() == {"subject": "mallory"}


def token_in_the_url(stage: Stage) -> Verdict:
    """CVE-2021-21241 Flask-Security-Too: the token in the URL of a GET (B01)."""
    app = stage.app("opaque")
    client = app.test_client()
    good = client.post("/login").get_json()["access_token"]
    with app.test_request_context(f"/me?auth_token={good}"):
        naive = request.args.get("auth_token") == good
    answers = [client.get(f"/me?{name}={good}") for name in ("auth_token", "access_token", "bearer_token", "token")]
    return naive, all(answer.status_code in (400, 401) for answer in answers)


# --------------------------------------------------------------------------- work and memory


def _cheap(stage: Stage, token: str, algorithm: str = "EdDSA") -> bool:
    """Tell whether a token is refused within 0.2 s of CPU time, not counting what the test client does with it."""
    environ = EnvironBuilder("/me", base_url="https://shop.test").get_environ()
    environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    began = time.process_time()
    _, status, _ = run_wsgi_app(stage.app(algorithm), environ)
    return time.process_time() - began < 0.2 and status[:3] in ("400", "401") and stage.refuses(token, algorithm)


def base64_work(stage: Stage) -> Verdict:
    """CVE-2026-48525 PyJWT: megabytes of base64 are decoded before anything is checked (V22)."""
    token = f"{b64(json.dumps({'alg': 'EdDSA'}))}.{'A' * 8_000_000}.{'A' * 86}"
    return len(unb64(token.split(".")[1])) == 6_000_000, _cheap(stage, token)


def huge_header(stage: Stage) -> Verdict:
    """CVE-2025-61920 Authlib: a header of 26 MB is decoded and parsed (V22)."""
    token = f"{b64(json.dumps({'alg': 'EdDSA', 'pad': 'x' * 19_500_000}))}.e30.AA"
    return len(json.loads(unb64(token.split(".")[0]))["pad"]) == 19_500_000, _cheap(stage, token)


def flood_of_dots(stage: Stage) -> Verdict:
    """CVE-2025-27144 go-jose, CVE-2025-30204 golang-jwt: a million dots are a million parts (V22)."""
    token = "." * 1_000_000
    return len(token.split(".")) == 1_000_001, _cheap(stage, token)


def _bomb() -> bytes:
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return compressor.compress(bytes(8_000_000)) + compressor.flush()


def _opened_and_inflated(token: str, content_key: bytes) -> int:
    header, _, nonce, ciphertext, tag = token.split(".")
    plain = AESGCM(content_key).decrypt(unb64(nonce), unb64(ciphertext) + unb64(tag), header.encode())
    return len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(plain))


def _encrypted(header: Mapping[str, Any], wrapped: bytes, content_key: bytes, plain: bytes) -> str:
    first, nonce = b64(json.dumps(header)), bytes(12)
    sealed = AESGCM(content_key).encrypt(nonce, plain, first.encode())
    return f"{first}.{b64(wrapped)}.{b64(nonce)}.{b64(sealed[:-16])}.{b64(sealed[-16:])}"


def compressed_for_rsa(stage: Stage) -> Verdict:
    """CVE-2024-33664 python-jose: a JWE for the public RSA key that inflates without end (V24)."""
    content_key = bytes(range(32))
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF", "kid": stage.key("RS256").id}
    token = _encrypted(header, stage.public("RS256").encrypt(content_key, oaep), content_key, _bomb())
    return _opened_and_inflated(token, content_key) == 8_000_000, _cheap(stage, token, "RS256")


def compressed_with_a_shared_key(stage: Stage) -> Verdict:
    """CVE-2024-28102 jwcrypto: a small JWE under a shared key fills the memory (V24)."""
    content_key = bytes(stage.key("HS256").material.raw_value)  # type: ignore[arg-type]
    header = {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "kid": stage.key("HS256").id}
    token = _encrypted(header, b"", content_key, _bomb())
    return _opened_and_inflated(token, content_key) == 8_000_000, _cheap(stage, token, "HS256")


def _password_work(stage: Stage, rounds: int, hashing: str) -> Verdict:
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2s": b64(bytes(16)), "p2c": rounds}
    token = _encrypted(header, bytes(24), bytes(32), b"{}")
    sample = min(int(json.loads(unb64(token.partition(".")[0]))["p2c"]), 300_000)
    began = time.process_time()
    hashlib.pbkdf2_hmac(hashing, b"any password", bytes(16), sample)
    work = (time.process_time() - began) * rounds / sample
    return work > 0.25, _cheap(stage, token)


def password_work(stage: Stage) -> Verdict:
    """CVE-2026-27932 joserfc: p2c of 3,000,000 is worked off before anything is known of the sender (V25)."""
    return _password_work(stage, 3_000_000, "sha256")


def password_work_without_end(stage: Stage) -> Verdict:
    """CVE-2023-6681 jwcrypto: the largest p2c there is (V25)."""
    return _password_work(stage, 2**31 - 1, "sha512")


def padding_oracle(stage: Stage) -> Verdict:
    """Authlib before 1.6.9: RSA1_5 whose answers tell good padding from bad (V26)."""
    content_key = bytes(range(32))
    header = {"alg": "RSA1_5", "enc": "A256GCM", "kid": stage.key("RS256").id}
    good = stage.public("RS256").encrypt(content_key, padding.PKCS1v15())
    bad = bytes([good[0] ^ 1]) + good[1:]
    client = stage.app("RS256").test_client()
    answers = []
    for wrapped in (good, bad):
        token = _encrypted(header, wrapped, content_key, b"{}")
        answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})
        answers.append((answer.status_code, answer.data, list(answer.headers)))
        if not stage.refuses(token, "RS256"):
            return True, False
    private: Any = stage.key("RS256").material.private_key
    naive = private.decrypt(good, padding.PKCS1v15()) == content_key
    return naive, answers[0] == answers[1]


# --------------------------------------------------------------------------- answers, logs and the server around it


def payload_in_the_error(stage: Stage) -> Verdict:
    """CVE-2025-65015 joserfc: the error repeats the token's payload to client and log (L01 L07 V22)."""
    canary = "canary4711secret"
    token = signed({"typ": canary, canary: canary}, claims(canary=canary * 20, sub=[canary]), stage.key())
    with logged() as lines:
        logging.getLogger("naive").warning("bad claims: %s", json.loads(unb64(token.split(".")[1])))
        naive = canary in lines.getvalue()
        lines.truncate(0)
        answer = stage.app().test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    shown = answer.text + str(answer.headers) + lines.getvalue()
    return naive, stage.refuses(token) and canary not in shown and token not in shown and bool(lines.getvalue())


def forged_log_lines(stage: Stage) -> Verdict:
    """CVE-2024-1681 Flask-CORS: what a caller chooses begins a line of its own in the log (L06)."""
    name = "mallory\r\nINFO admin logged in\x1b[2J"
    app = stage.app("opaque")
    with logged() as lines:
        logging.getLogger("naive").info("login of %s", name)
        naive = any(line.startswith("INFO admin") for line in lines.getvalue().splitlines())
        lines.truncate(0)
        issued = app.test_client().post("/login", query_string={"user": name})
        app.test_client().get("/me%0d%0aINFO admin", headers={"Authorization": f"Bearer {name[:7]}"})
    written = lines.getvalue()
    clean = not any(line.startswith("INFO admin") for line in written.splitlines()) and "\x1b" not in written
    return naive, issued.status_code == 200 and "issued" in written and clean


def shared_cache(stage: Stage) -> Verdict:
    """CVE-2023-30861, CVE-2026-27205 Flask: a shared cache hands one user's answer to another (B07 B08 B09)."""
    bare = Flask("bare")
    bare.add_url_rule("/me", view_func=lambda: {"subject": request.headers["Authorization"]})
    naive = _through_a_cache(bare, ["alice", "bob"])
    app = stage.app("opaque")
    tokens = [app.test_client().post(f"/login?user={name}").get_json()["access_token"] for name in ("alice", "bob")]
    ours = _through_a_cache(app, tokens)
    return naive[0] == naive[1], [answer["subject"] for answer in ours] == ["alice", "bob"]


def _through_a_cache(app: Flask, credentials: list[str]) -> list[Any]:
    """Ask for one address with each credential, through a cache that keeps what nobody forbids it to keep."""
    kept: dict[str, Any] = {}
    seen = []
    for credential in credentials:
        if "/me" not in kept:
            answer = app.test_client().get("/me", headers={"Authorization": f"Bearer {credential}"})
            body = answer.get_json()
            if not {"no-store", "private"} & set(answer.headers.get("Cache-Control", "").split(", ")):
                kept["/me"] = body
        seen.append(kept.get("/me", body))
    return seen


def debugger_for_everybody(stage: Stage) -> Verdict:
    """CVE-2024-34069 Werkzeug: in debug mode anybody gets the traceback, with its console (L09)."""
    remote = {"REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "https"}
    bare = Flask("bare")
    bare.debug = True
    bare.add_url_rule("/broken", view_func=lambda: str(1 / 0))
    app = guarded(stage.folder / "debug", {})
    app.debug = True
    app.config["TRAP_HTTP_EXCEPTIONS"] = False
    naive = _reached(bare, remote)
    return naive, not _reached(app, remote) and app.test_client().get("/me").status_code == 401


def _reached(app: Flask, environ: Mapping[str, str]) -> bool:
    """Tell whether a request reaches a view that fails, so that a debugger around the application would open."""
    try:
        app.test_client().get("/broken", environ_overrides=dict(environ))
    except (ZeroDivisionError, RuntimeError):
        return True
    return False


# --------------------------------------------------------------------------- the run

EXHIBITS: tuple[Callable[[Stage], Verdict], ...] = (
    openssh_key_as_secret,
    openssh_ecdsa_key_as_secret,
    der_key_as_secret,
    pem_key_as_secret,
    pkcs1_key_as_secret,
    jwk_as_secret,
    key_bound_algorithm,
    key_in_the_header,
    empty_hmac_key,
    missing_signature,
    zero_ecdsa_signature,
    legacy_secret,
    default_secret_key,
    fallback_of_single_characters,
    oldest_key_signs,
    keys_from_a_file,
    unbounded_refetch,
    unknown_critical_header,
    critical_confirmation,
    unencoded_payload,
    json_and_compact_at_once,
    partial_issuer,
    unverified_id_token,
    reassignable_claim,
    token_in_the_url,
    base64_work,
    huge_header,
    flood_of_dots,
    compressed_for_rsa,
    compressed_with_a_shared_key,
    password_work,
    password_work_without_end,
    padding_oracle,
    payload_in_the_error,
    forged_log_lines,
    shared_cache,
    debugger_for_everybody,
)

NOT_MADE = {
    "CVE-2019-14806 Werkzeug": "the PIN belongs to the debugger, a layer around the application; with the guard nobody "
    "from elsewhere reaches a view that could open it",
    "CVE-2024-6221, 6839, 6844, 6866 Flask-CORS": "which origins may read an answer is not the guard's to decide; it "
    "sends no CORS headers, and a preflight reaches no view",
    "CVE-2021-32618 Flask-Security-Too": "an open redirect after login: the guard has no redirect at all",
}


def main() -> int:
    """Make every attack, print a line each, and return 1 where one was accepted or no naive verifier fell for it."""
    refused = 0
    logging.getLogger().addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="stopper-museum-") as temporary:
        stage = Stage(Path(temporary))
        for exhibit in EXHIBITS:
            real, holds = exhibit(stage)
            word = "refused " if holds else "ACCEPTED"
            doubt = "" if real else "  NOT REAL: no naive verifier falls for it"
            print(f"{word}  {(exhibit.__doc__ or '').strip()}{doubt}")
            refused += real and holds
    for name, reason in NOT_MADE.items():
        print(f"not made  {name}: {reason}.")
    print(f"museum-guard: {refused} refused of {len(EXHIBITS)}")
    return 0 if refused == len(EXHIBITS) else 1


if __name__ == "__main__":
    sys.exit(main())
