"""Every form of leak in every kind of file is found, and nothing else is."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from stopper.secret import GUESSABLE, fingerprint, guessable
from stopper.sweep import stream
from stopper.sweep.credentials import credentials
from stopper.sweep.sighting import Sighting
from tests.sweep import corpus
from tests.sweep.corpus import FORMATS, HARMLESS, LEAKS, Leak, jwt, opaque

HAYSTACK = "\n".join(HARMLESS) + "\n"


def seen(text: str) -> list[Sighting]:
    """Return what a sweep sees in a text."""
    found = stream.stretches(io.BytesIO(text.encode("utf-8", "surrogateescape")).read, "a.log")
    return [sighting for stretch in found for sighting in stretch.found]


def test_the_corpus_is_as_large_as_it_says() -> None:
    """At least forty forms of leaks, no value twice, and all the formats that the promise names."""
    assert len(LEAKS) >= 40
    assert len({leak.value for leak in LEAKS}) == len(LEAKS)
    assert len(FORMATS) >= 10


@pytest.mark.parametrize("written", FORMATS)
def test_each_leak_is_found_and_nothing_else(written: Callable[[Leak], str]) -> None:
    """In one format: every leak once, at its line and place, whole; no harmless line (L01)."""
    text = "".join(f"{HARMLESS[number % len(HARMLESS)]}\n{written(leak)}\n" for number, leak in enumerate(LEAKS))
    found = [(sighting.spot.line, sighting.token.reveal()) for sighting in seen(text + HAYSTACK)]
    assert found == [(2 * number, leak.value) for number, leak in enumerate(LEAKS, 1)]
    data = text.encode()
    assert all(data.startswith(s.token.reveal().encode(), s.spot.offset) for s in seen(text))


@pytest.mark.parametrize("written", FORMATS)
def test_no_fingerprint_tells_a_password(written: Callable[[Leak], str]) -> None:
    """A token is told by the fingerprint that the guard's logs show; a password, which can be guessed, by stars."""
    for leak in LEAKS:
        (sighting,) = seen(written(leak))
        wanted = GUESSABLE[10:-1] if guessable(sighting.form) else fingerprint(leak.value)
        assert sighting.fingerprint == wanted
        assert leak.value not in repr(sighting)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_only_looks_like_a_credential_is_not_reported(line: str) -> None:
    """Placeholders, redacted values, hashes, identifiers, images, words and code are no leaks."""
    assert seen(line) == []


@pytest.mark.parametrize("prefix", ["stop", "shop_live", "stop_r"])
def test_a_wrong_checksum_is_no_hit(prefix: str) -> None:
    """The guard's own form counts with its checksum alone, under a name and in a header too (S01)."""
    token = opaque(prefix)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert [sighting.form for sighting in seen(f"Authorization: Bearer {token}")] == ["opaque token"]
    for line in (wrong, f"token={wrong}", f"Authorization: Bearer {wrong}"):
        assert seen(line) == []


@pytest.mark.parametrize("header", ["e30", "eyJhIjoxfQ", "eyJhbGciOjF9", "eyJhbGciOiJIUzI1NiI"])
def test_the_header_of_a_jwt_must_decode(header: str) -> None:
    """What has the shape of a JWT and no header with an algorithm is none."""
    assert not [s for s in seen(f"x {header}.{jwt().split('.', 1)[1]}") if s.form == "JWT"]


def test_a_jwt_ends_where_it_ends() -> None:
    """What follows a token after a full stop is no part of it, so that its fingerprint is the token's."""
    token = jwt()
    (sighting,) = seen(f"the token was {token}. It is gone")
    assert sighting.token.reveal() == token


def test_one_token_has_one_fingerprint_wherever_it_stands() -> None:
    """In headers, queries, cookies and JSON, the same token is the same row."""
    token = jwt()
    places = (
        f"Authorization: Bearer {token}",
        f"GET /?access_token={token}&x=1",
        f"Cookie: lang=en; auth={token}; theme=dark",
        f'{{"token": "{token}"}}',
        f'{{\\"token\\": \\"{token}\\"}}',
        f"Bearer%20{token}",
    )
    assert {sighting.fingerprint for place in places for sighting in seen(place)} == {fingerprint(token)}


def test_cookies_of_a_login_are_known_in_a_cookie_header_alone() -> None:
    """`sid` means a session in a cookie, and nothing elsewhere; what statistics set is no session."""
    value = corpus.text_of("abcdefghijklmnopqrstuvwxyz", 30) + "7x9"
    assert [s.token.reveal() for s in seen(f"Cookie: _ga=GA1.2.123.456; connect.sid={value}; lang=en")] == [value]
    assert seen(f"sid={value}") == []


def test_a_private_key_is_one_find() -> None:
    """A key of many lines is one credential, told by the whole of it."""
    body = "\n".join(corpus.text_of("ABCDEFabcdef0123456789+/", 64) for _ in range(20))
    keys = [f"-----BEGIN PRIVATE KEY-----\n{body[n:]}\n-----END PRIVATE KEY-----" for n in (0, 65)]
    found = seen("\n".join(("# a.pem", keys[0], "# b.pem", keys[1], "# end")))
    assert [(s.form, s.spot.line, s.token.reveal()) for s in found] == [
        ("private key", 2, keys[0]),
        ("private key", 25, keys[1]),
    ]


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2026-11-23 21:03:16,123 DEBUG token={}", "2026-11-23 21:03:16,123"),
        ('{{"time": "2026-11-23T21:03:16Z", "token": "{}"}}', "2026-11-23T21:03:16Z"),
        ('1.2.3.4 - - [23/Nov/2026:21:03:16 +0000] "GET /?token={} HTTP/1.1"', "23/Nov/2026:21:03:16 +0000"),
        ("Nov 23 21:03:16 web1 shop[1]: token={}", "Nov 23 21:03:16"),
        ("token={}", ""),
    ],
)
def test_the_time_of_a_line_is_told(line: str, time: str) -> None:
    """The time is that of the credential's own line, in the words of the log."""
    lines = ("2020-01-01 00:00:00 before", line.format(jwt()), "2020-01-01 00:00:00 after")
    assert [sighting.spot.time for sighting in seen("\n".join(lines))] == [time]


def test_the_quick_pass_leaves_nothing_out() -> None:
    """Whatever the exact forms find in a line, the pass that looks for anchors leads to it."""
    for written in FORMATS:
        for leak in LEAKS:
            line = written(leak)
            assert len(list(credentials(line))) == len(seen(line)) == 1
