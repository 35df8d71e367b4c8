"""Leaks made up for the tests: many forms of credentials, as many kinds of files write them, and their look-alikes.

Every value is made here, from a fixed seed, in the form that its issuer gives it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from stopper.secret import base62, opaque_checksum

_random = random.Random(20261123)
_ALPHANUMERIC = string.ascii_letters + string.digits
_URL_SAFE = _ALPHANUMERIC + "-_"
_HEX = "0123456789abcdef"


def text_of(alphabet: str, length: int) -> str:
    """Return random characters, of which at least one is a digit."""
    return "".join(_random.choice(alphabet) for _ in range(length - 1)) + _random.choice("0123456789")


def segment(value: object) -> str:
    """Return JSON, or bytes, in base64url without padding."""
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(algorithm: str = "HS256", size: int = 32, **claims: object) -> str:
    """Return a JWS with a random signature of so many bytes."""
    payload = {"sub": text_of(_ALPHANUMERIC, 8), "iss": "https://id.example", **claims}
    return ".".join((segment({"alg": algorithm, "typ": "JWT"}), segment(payload), segment(_random.randbytes(size))))


def opaque(prefix: str) -> str:
    """Return a token of the guard."""
    body = f"{prefix}_{base62(_random.getrandbits(256), 43)}"
    return f"{body}_{opaque_checksum(body)}"


def session(payload: dict[str, object], timed: bool = True) -> str:
    """Return a value that itsdangerous has signed."""
    kind = URLSafeTimedSerializer if timed else URLSafeSerializer
    return str(kind("the key of a test", salt="cookie-session").dumps(payload))


@dataclass(frozen=True)
class Leak:
    """A credential: `name` is what it stands under where its form alone does not tell, `scheme` that of a header."""

    form: str
    value: str
    name: str = ""
    scheme: str = ""


def _jwe() -> str:
    parts = ({"alg": "RSA-OAEP", "enc": "A256GCM"}, *(_random.randbytes(size) for size in (64, 12, 48, 16)))
    return ".".join(map(segment, parts))


def _direct_jwe() -> str:
    first, *rest = ({"alg": "dir", "enc": "A256GCM"}, *(_random.randbytes(size) for size in (12, 48, 16)))
    return ".".join((segment(first), "", *map(segment, rest)))


def _compressed_session() -> str:
    data = base64.urlsafe_b64encode(zlib.compress(json.dumps({"cart": list(range(60))}).encode())).rstrip(b"=")
    return f".{data.decode()}.aSNd4g.{segment(_random.randbytes(20))}"


LEAKS = (
    Leak("JWT", jwt()),
    Leak("JWT", jwt("RS256", 256)),
    Leak("JWT", jwt("ES256", 64, exp=4102444800)),
    Leak("JWT", ".".join((segment({"alg": "none"}), segment({"sub": "admin"}), "")), "token"),
    Leak("JWT", base64.urlsafe_b64encode(b'{ "alg" : "HS256" }').decode().rstrip("=") + "." + jwt().split(".", 1)[1]),
    Leak("JWT", _jwe()),
    Leak("JWT", _direct_jwe()),
    Leak("JWT", jwt(), "Authorization", "Bearer "),
    Leak("opaque token", opaque("stop")),
    Leak("opaque token", opaque("stop_r")),
    Leak("opaque token", opaque("shop_live"), "Authorization", "Bearer "),
    Leak("signed value", session({"user": 7, "roles": ["admin"]}), "session"),
    Leak("signed value", _compressed_session(), "session"),
    Leak("signed value", session({"reset": "ada@shop.example"})),
    Leak("signed value", session({"confirm": "ada@shop.example"}, timed=False)),
    Leak("bearer credential", text_of(_HEX, 40), "Authorization", "Bearer "),
    Leak("dpop credential", text_of(_URL_SAFE, 43), "Authorization", "DPoP "),
    Leak("basic credential", base64.b64encode(b"ada:correct horse 7").decode(), "Authorization", "Basic "),
    Leak("token", text_of(_URL_SAFE, 32), "access_token"),
    Leak("token", text_of(_HEX, 32), "refresh_token"),
    Leak("api_key", text_of(_ALPHANUMERIC, 32), "api_key"),
    Leak("secret", text_of(_ALPHANUMERIC, 40), "client_secret"),
    Leak("secret_access_key", text_of(_ALPHANUMERIC, 40), "aws_secret_access_key"),
    Leak("password", "Tr0ub4dor", "password"),
    Leak("session_id", text_of(_ALPHANUMERIC, 40), "session_id"),
    Leak("sessid", text_of(string.ascii_lowercase, 26), "x_sessid"),
    Leak("code_verifier", text_of(_URL_SAFE, 64), "code_verifier"),
    Leak("vendor key", "ghp_" + text_of(_ALPHANUMERIC, 36)),
    Leak("vendor key", "github_pat_" + text_of(_ALPHANUMERIC, 22) + "_" + text_of(_ALPHANUMERIC, 59)),
    Leak("vendor key", "glpat-" + text_of(_ALPHANUMERIC, 20)),
    Leak("vendor key", "xoxb-" + text_of(string.digits, 12) + "-" + text_of(_ALPHANUMERIC, 24)),
    Leak("vendor key", "xapp-1-" + text_of(_ALPHANUMERIC, 30)),
    Leak("vendor key", "sk_live_" + text_of(_ALPHANUMERIC, 24)),
    Leak("vendor key", "whsec_" + text_of(_ALPHANUMERIC, 32)),
    Leak("vendor key", "AKIA" + text_of(string.ascii_uppercase + string.digits, 16)),
    Leak("vendor key", "AIza" + text_of(_URL_SAFE, 35)),
    Leak("vendor key", "ya29." + text_of(_URL_SAFE, 60)),
    Leak("vendor key", "GOCSPX-" + text_of(_ALPHANUMERIC, 28)),
    Leak("vendor key", "SG." + text_of(_URL_SAFE, 22) + "." + text_of(_URL_SAFE, 43)),
    Leak("vendor key", "SK" + text_of(_HEX, 32)),
    Leak("vendor key", "npm_" + text_of(_ALPHANUMERIC, 36)),
    Leak("vendor key", "pypi-AgE" + text_of(_URL_SAFE, 90)),
    Leak("vendor key", "dop_v1_" + text_of(_HEX, 64)),
    Leak("vendor key", "shpat_" + text_of(_HEX, 32)),
    Leak("vendor key", "hf_" + text_of(string.ascii_letters, 34)),
    Leak("vendor key", "sk-proj-" + text_of(_URL_SAFE, 48)),
    Leak("vendor key", "hvs." + text_of(_ALPHANUMERIC, 24)),
    Leak("vendor key", "glsa_" + text_of(_ALPHANUMERIC, 32) + "_" + text_of(_HEX, 8)),
    Leak("vendor key", "dapi" + text_of(_HEX, 32)),
    Leak("vendor key", "lin_api_" + text_of(_ALPHANUMERIC, 40)),
    Leak("vendor key", base64.b64encode(jwt().encode()).decode()),
    Leak("URL password", text_of(_ALPHANUMERIC, 14), "DATABASE_URL", "postgresql://shop:"),
)


# --------------------------------------------------------------------------- as files write them


def _whole(leak: Leak) -> str:
    """Return the value with its scheme; that of an address goes on behind it."""
    return leak.scheme + leak.value + ("@db.example/shop" if leak.scheme.endswith(":") else "")


def _query(leak: Leak) -> str:
    name = leak.name if leak.name and not leak.scheme else "q"
    return f"/callback?page=2&{name}={_whole(leak).replace(' ', '+')}&lang=en"


def nginx(leak: Leak) -> str:
    """Return a line of an access log in nginx's combined format."""
    return f'192.0.2.7 - - [23/Nov/2026:21:03:16 +0000] "GET {_query(leak)} HTTP/1.1" 200 512 "-" "curl/8.5.0"'


def nginx_referer(leak: Leak) -> str:
    """Return an access line whose referer carries it."""
    return (
        f'192.0.2.7 - - [23/Nov/2026:21:03:16 +0000] "GET /me HTTP/1.1" 200 51 "https://shop.example{_query(leak)}" "x"'
    )


def gunicorn(leak: Leak) -> str:
    """Return a line of gunicorn's error log at debug level, which writes headers as Python does."""
    header = (leak.name or "X-Token", _whole(leak))
    return f"[2026-11-23 21:03:16 +0000] [17] [DEBUG] Headers: [('HOST', 'shop.example'), {header!r}]"


def json_log(leak: Leak) -> str:
    """Return an event of structlog."""
    return json.dumps({"time": "2026-11-23T21:03:16Z", "level": "info", leak.name or "detail": _whole(leak), "ms": 12})


def nested_json_log(leak: Leak) -> str:
    """Return a container's log line, JSON within JSON."""
    inner = json.dumps({"event": "login", leak.name or "detail": _whole(leak)})
    return json.dumps({"log": inner + "\n", "stream": "stdout", "time": "2026-11-23T21:03:16.123456789Z"})


def python_logging(leak: Leak) -> str:
    """Return a line of Python's logging with a dictionary in it."""
    return f"2026-11-23 21:03:16,123 DEBUG shop.client: sending { ({leak.name or 'X-Extra': _whole(leak)})!r}"


def syslog(leak: Leak) -> str:
    """Return a line of syslog."""
    return f"Nov 23 21:03:16 web1 shop[812]: upstream sent {leak.name or 'X-Extra'}: {_whole(leak)}"


def logfmt(leak: Leak) -> str:
    """Return a line of logfmt."""
    return f'ts=2026-11-23T21:03:16Z level=debug msg="refreshed" {leak.name or "extra"}="{_whole(leak)}"'


def sql_dump(leak: Leak) -> str:
    """Return a statement of an SQL dump."""
    return f"UPDATE settings SET {leak.name or 'note'} = '{_whole(leak)}' WHERE id = 7;"


def har(leak: Leak) -> str:
    """Return the part of a HAR file that holds a header, on one line as browsers' exports with an indent do not."""
    body = json.dumps({leak.name or "note": _whole(leak)})
    return json.dumps({"startedDateTime": "2026-11-23T21:03:16Z", "request": {"postData": {"text": body}}})


def dotenv(leak: Leak) -> str:
    """Return a line of an `.env` file."""
    return f"{(leak.name or 'EXTRA').upper().replace('-', '_')}={_whole(leak)}"


def yaml(leak: Leak) -> str:
    """Return a line of a configuration in YAML."""
    return f"  {leak.name or 'extra'}:   {_whole(leak)}"


def ini(leak: Leak) -> str:
    """Return a line of an ini file."""
    return f"{leak.name or 'extra'} = {_whole(leak)}"


def curl_history(leak: Leak) -> str:
    """Return a line of a shell's history."""
    if leak.scheme.endswith(":"):
        return f"psql '{_whole(leak)}' -c 'select 1'"
    return f"curl -s -H '{leak.name or 'X-Extra'}: {_whole(leak)}' https://shop.example/me"


def traceback_locals(leak: Leak) -> str:
    """Return a local variable as tracebacks with locals show it."""
    return f"    {(leak.name or 'value').replace('-', '_')} = {_whole(leak)!r}"


def xml(leak: Leak) -> str:
    """Return an element of a SOAP envelope."""
    return f"<soap:Body><{leak.name or 'note'}>{_whole(leak)}</{leak.name or 'note'}></soap:Body>"


FORMATS: tuple[Callable[[Leak], str], ...] = (
    nginx,
    nginx_referer,
    gunicorn,
    json_log,
    nested_json_log,
    python_logging,
    syslog,
    logfmt,
    sql_dump,
    har,
    dotenv,
    yaml,
    ini,
    curl_history,
    traceback_locals,
    xml,
)


# --------------------------------------------------------------------------- what only looks like one

_SHA = hashlib.sha256(b"a file").hexdigest()
_UUID = "2dd272d1-371c-4714-9d43-9536b3216fda"
_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + _random.randbytes(300)).decode()
_WRONG = opaque("stop")[:-1] + "~"
_WRONG_CHECKSUM = "stop_" + text_of(_ALPHANUMERIC, 43) + "_0aB9zZ"

HARMLESS = (
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer ${ACCESS_TOKEN}",
    "Authorization: Bearer {{ token }}",
    "Authorization: Bearer YOUR_ACCESS_TOKEN1",
    "Authorization: Bearer xxxxxxxxxxxxxxxx1",
    "Authorization: Bearer ****************",
    "Authorization: [redacted 1a2b3c4d5e6f]",
    "Authorization: Bearer [redacted 1a2b3c4d5e6f]",
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9...",
    "Authorization: Bearer eyJhbGci***",
    'WWW-Authenticate: Bearer realm="api", error="invalid_token", error_description="The token has expired"',
    'WWW-Authenticate: DPoP algs="ES256 EdDSA"',
    "the header must be Authorization: Bearer followed by the token",
    "curl -H 'Authorization: Bearer '$TOKEN https://shop.example/me",
    f"Authorization: Bearer {_WRONG_CHECKSUM}",
    f"token={_WRONG_CHECKSUM}",
    f"GET /orders/{_UUID} HTTP/1.1 200 request_id={_UUID}",
    f'{{"request_id": "{_UUID}", "trace_id": "{_SHA[:32]}", "span_id": "{_SHA[:16]}"}}',
    f"docker.io/library/python@sha256:{_SHA} pulled",
    f"    --hash=sha256:{_SHA} \\",
    f'"integrity": "sha512-{base64.b64encode(hashlib.sha512(b"x").digest()).decode()}"',
    f'ETag: W/"{_SHA[:40]}"',
    f"commit {_SHA[:40]} (HEAD -> main)",
    f"data:image/png;base64,{_PNG}",
    f'<img src="data:image/png;base64,{_PNG}" alt="token">',
    f'{{"type": "image/png", "data": "{_PNG}"}}',
    "password: required",
    'password="********"',
    '{"password": "<hidden>", "token": null}',
    "password=$2b$12$" + text_of(_ALPHANUMERIC, 53),
    '"password": "pbkdf2:sha256:600000$' + text_of(_ALPHANUMERIC, 16) + "$" + _SHA + '"',
    '"password": "scrypt:32768:8:1$' + text_of(_ALPHANUMERIC, 16) + "$" + _SHA * 2 + '"',
    "password = '$argon2id$v=19$m=65536,t=3,p=4$" + text_of(_ALPHANUMERIC, 22) + "'",
    "WARNING auth: token expired for user 7; password reset offered, no key given",
    "token_type=bearer expires_in=3600 scope=read",
    '{"token_type": "Bearer", "expires_in": 3600, "token_endpoint": "https://id.example/token"}',
    "usage: prompt_tokens=512 completion_tokens=128 max_tokens=4096 token=512",
    "token: 2026-11-23T21:03:16Z",
    "next_page_token=CAUQAA2b3c4d5e6f7a8b",
    "session=77123 closed; Started session 99120 of user deploy.",
    f'{{"session_id": "{_UUID}", "page": "/home"}}',
    "Set-Cookie: session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
    "Cookie: lang=en; theme=dark; _ga=GA1.2.1298371.1700000000",
    "PWD=/srv/shop/current",
    "SSH_PRIVATE_KEY=/etc/shop/id_ed25519.pem",
    "api_key=os.environ['API_KEY']",
    "token = request.headers.get('X-Token1')",
    "secret_key = settings.secret_key",
    "SECRET_KEY=changeme123",
    "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
    "API_KEY=your-api-key-1234",
    "client_secret=<your client secret>",
    "postgresql://shop:password@db.example/shop",
    "postgresql://shop:${DB_PASSWORD}@db.example/shop",
    "https://user:***@proxy.example/",
    "mail from ada@shop.example: key question about basic auth, see https://shop.example/basic/training",
    '  File "/srv/shop/venv/lib/python3.11/site-packages/flask_jwt_extended/view.py", line 165, in decorator',
    "    token = decode_token(encoded_token, csrf_value)",
    "    raise NoAuthorizationError(f'Missing {token_location} token')",
    'User-Agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"',
    "sk-learn pipeline scikit-learn-1.5.2-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "hf_hub_download_with_a_very_long_name_of_a_function took 12 ms",
    "COPY public.sessions (id, token_digest, expires) FROM stdin;",
    f"7\t\\\\x{_SHA}\t2026-11-23 21:03:16+00",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\\nMIIE...",
    "mypy.plugin.TypeAnalyzerPluginInterface",
    "token=shop_c2VjcmV0… was cut",
    "password='wrong-%d'",
    "secret=your-super-secret-jwt-token-with-at-least-32-characters-long",
    "pepper: HMAC-SHA-256",
    "-----BEGIN CERTIFICATE-----",
    "lorem.ipsum.dolor_sit_amet_consectetur_adipiscing.elit_sed_do_eiusmod_tempor_incididunt",
    "csp: \"script-src 'nonce-r4nd0mn0nc3' 'sha256-" + base64.b64encode(hashlib.sha256(b"s").digest()).decode() + "'\"",
)
