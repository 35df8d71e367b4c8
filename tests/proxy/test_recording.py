"""A recording holds what the wire witness reads, and no credential."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from stopper.observe.wire.har import read_har
from stopper.proxy.recording import Recording

TOKEN = "kQ7vT0xZ2mB9cR4yW6nL8pJ1hF3dS5aGuEoIiKXwq"
JSON = [["Content-Type", "application/json"]]


def told(url: str = "https://api.test/me", body: object = None, **changes: Any) -> dict[str, Any]:
    """Return an exchange as the add-on tells it."""
    data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return {
        "method": "GET",
        "url": url,
        "version": "HTTP/1.1",
        "started": 1_800_000_000.0,
        "milliseconds": 3.5,
        "request_headers": [],
        "request_body": "",
        "request_size": 0,
        "status": 200,
        "reason": "OK",
        "headers": JSON,
        "body": base64.b64encode(data).decode(),
        "size": len(data),
    } | changes


def recorded(*exchanges: dict[str, Any]) -> str:
    """Return the file of a recording."""
    recording = Recording()
    for exchange in exchanges:
        recording.add(exchange)
    return recording.har()


def posted(kind: str, body: str) -> dict[str, Any]:
    """Return the members of a request with a body."""
    return {
        "method": "POST",
        "request_headers": [["Content-Type", kind]],
        "request_body": base64.b64encode(body.encode()).decode(),
        "request_size": len(body),
    }


def test_a_recording_is_read_as_it_was_written() -> None:
    """Method, address, status, headers and body come back; the reader is told that credentials are stand-ins."""
    read = read_har(recorded(told(body={"user": "ada"})).encode())
    (exchange,) = read.exchanges
    assert read.disguised
    assert exchange.disguised
    assert exchange.request.url == "https://api.test/me"
    assert exchange.response
    assert (exchange.response.status, exchange.response.body) == (200, b'{"user": "ada"}')
    assert exchange.response.header("Content-Type") == "application/json"


def test_a_token_has_the_same_stand_in_wherever_it_stands() -> None:
    """In the answer that hands it out, in a header, a query, a cookie, a body, an error."""
    text = recorded(
        told("https://api.test/login", {"access_token": TOKEN}),
        told(request_headers=[["Authorization", f"Bearer {TOKEN}"], ["Cookie", f"a=1; session={TOKEN}"]]),
        told(f"https://api.test/me?access_token={TOKEN}&page=2"),
        told(body={"error": f"{TOKEN} is unknown"}, status=401),
        told("https://api.test/refresh", **posted("application/x-www-form-urlencoded", f"refresh={TOKEN}")),
    )
    login, me, query, error, refresh = read_har(text.encode()).exchanges
    assert TOKEN not in text
    assert login.response and error.response
    made = json.loads(login.response.body)["access_token"]
    assert me.request.header("Authorization") == f"Bearer {made}"
    assert (me.request.header("Cookie") or "").endswith(f"session={made}")
    assert query.request.url == f"https://api.test/me?access_token={made}&page=2"
    assert made in error.response.text
    assert refresh.request.body == f"refresh={made}".encode()


def test_what_was_taken_for_a_word_at_first_is_hidden_once_it_is_known() -> None:
    """The token of a link in a text is nothing that has a form; later it is presented as a credential."""
    plain = "opensesameopensesame"
    text = recorded(told(body={"text": f"go to {plain}"}), told(request_headers=[["Authorization", f"Bearer {plain}"]]))
    assert plain not in text


def test_spellings_of_a_known_token_are_hidden() -> None:
    """Percent escapes and base64 give it back as well."""
    token = "ab/cd+ef==ghijkl0123456789"
    text = recorded(
        told(request_headers=[["Authorization", f"Bearer {token}"]]),
        told(body={"a": "x" + base64.b64encode(token.encode()).decode(), "b": "ab%2Fcd%2Bef%3D%3Dghijkl0123456789"}),
    )
    assert "ab%2F" not in text
    assert base64.b64encode(token.encode()).decode()[:-4] not in text


def test_passwords_and_keys_are_hidden_in_every_kind_of_body() -> None:
    """Forms, JSON, Basic, PEM and the private members of a JSON Web Key."""
    basic = base64.b64encode(b"ada:wonderland9").decode()
    private = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
    text = recorded(
        told(**posted("application/x-www-form-urlencoded", "username=ada&password=wonderland9")),
        told(**posted("application/json", '{"username": "ada", "password": "wonderland9"}')),
        told(request_headers=[["Authorization", f"Basic {basic}"], ["X-Api-Key", "wonderland9"]]),
        told(body={"keys": [{"kty": "oct", "k": private}]}),
        told(body=f"-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----".encode()),
    )
    assert "wonderland9" not in text
    assert basic not in text
    assert private not in text
    assert text.count("ada") == 2
    assert "-----BEGIN PRIVATE KEY-----\\n" in text


def test_bodies_are_unpacked_within_bounds() -> None:
    """A packed body is read; one that unpacks to more than is kept is told by its size alone, as is what is no text."""
    packed, bomb = gzip.compress(b'{"user": "ada"}'), gzip.compress(b"a" * (3 << 20))
    zipped = [*JSON, ["Content-Encoding", "gzip"]]
    whole, cut, gone, picture, wide = read_har(
        recorded(
            told(body=packed, headers=zipped),
            told(body=bomb, headers=zipped),
            told(body=None, size=5_000_000) | {"body": None},
            told(body=b"\x89PNG", headers=[["Content-Type", "image/png"]]),
            told(body=f'{{"access_token": "{TOKEN}"}}'.encode("utf-16")),
        ).encode()
    ).exchanges
    assert whole.response and whole.response.body == b'{"user": "ada"}'
    for exchange in (cut, gone, picture, wide):
        assert exchange.response
        assert (exchange.response.body, exchange.response.truncated) == (b"", True)


def test_a_recording_ends_within_its_bounds_and_says_so() -> None:
    """Neither exchanges nor credentials are kept without end; what is left out is counted, and read again."""
    small, few = Recording(largest=1), Recording(credentials=1)
    for number in range(3):
        small.add(told())
        few.add(told(body={"access_token": f"{TOKEN}{number}"}))
    assert (len(small), dict(small.left_out)) == (1, {"more than 0 MiB of exchanges": 2})
    assert (len(few), dict(few.left_out)) == (1, {"more than 1 different credentials": 2})
    assert read_har(few.har().encode()).left_out == {"more than 1 different credentials": 2}


def test_a_request_that_is_packed_or_of_parts_is_told_by_its_size() -> None:
    """Of a form in parts nothing is kept: names and values stand too far apart to be told by each other."""
    form = '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nwonderland9\r\n--x--'
    text = recorded(told(**posted("multipart/form-data; boundary=x", form)))
    assert "wonderland9" not in text
    assert read_har(text.encode()).exchanges[0].request.body is None


def test_escapes_of_json_stay_whole() -> None:
    """A password with quotes and controls must not break the body that it stands in."""
    body = {"password": 'a"b\\c\u0001\ndefghijklmnopqrstuvwxyz0123456789'}
    (exchange,) = read_har(recorded(told(body=body)).encode()).exchanges
    assert exchange.response
    assert set(json.loads(exchange.response.body)) == {"password"}
