"""Recorded traffic becomes exchanges, whatever tool wrote it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from stopper.observe.views import Purpose, Request
from stopper.observe.wire.har import HarError, HarLimits, looks_like_har, read_har


def _entry(**changes: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "time": 125.5,
        "request": {
            "method": "get",
            "url": "https://api.test/users/1?full=yes#top",
            "headers": [{"name": ":authority", "value": "api.test"}, {"name": "Authorization", "value": "Bearer x"}],
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Set-Cookie", "value": "a=1"}, {"name": "Set-Cookie", "value": "b=2"}],
            "content": {"size": 2, "text": "{}"},
        },
    }
    return entry | changes


def _har(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": list(entries)}}).encode()


def test_an_entry_becomes_an_exchange() -> None:
    """Method, URL without fragment, headers in order without HTTP/2's own, body, status and seconds are kept."""
    (exchange,) = read_har(_har(_entry())).exchanges
    assert exchange.request == Request("GET", "https://api.test/users/1?full=yes", (("Authorization", "Bearer x"),))
    assert exchange.response
    assert exchange.response.all_headers("set-cookie") == ("a=1", "b=2")
    assert (exchange.response.status, exchange.response.body, exchange.response.seconds) == (200, b"{}", 0.1255)
    assert exchange.purpose is Purpose.RECORDED


def test_a_posted_form_is_read_from_its_parameters() -> None:
    """Where the recorder kept no text, the parameters make the body."""
    entry = _entry()
    entry["request"] |= {"method": "POST", "postData": {"params": [{"name": "user", "value": "a b"}]}}
    assert read_har(_har(entry)).exchanges[0].request.body == b"user=a+b"
    entry["request"]["postData"] = {"text": "é"}
    assert read_har(_har(entry)).exchanges[0].request.body == "é".encode()


def test_a_packed_body_is_unpacked_and_cut_at_the_cap() -> None:
    """base64 bodies come out as bytes; what is larger than the cap or was not recorded says that it is not whole."""
    text = base64.b64encode(bytes(range(256))).decode()
    packed = {"size": 256, "text": text, "encoding": "base64"}
    entry = _entry(response={"status": 200, "content": packed})
    whole = read_har(_har(entry)).exchanges[0].response
    cut = read_har(_har(entry), HarLimits(body=100)).exchanges[0].response
    gone = read_har(_har(_entry(response={"status": 200, "content": {"size": 9}}))).exchanges[0].response
    assert whole
    assert cut
    assert gone
    assert (whole.body, whole.truncated) == (bytes(range(256)), False)
    assert (len(cut.body), cut.truncated) == (100, True)
    assert (gone.body, gone.truncated) == (b"", True)


def test_what_was_never_answered_is_an_error_and_not_an_answer() -> None:
    """Browsers record status 0 for blocked and cancelled requests."""
    (exchange,) = read_har(_har(_entry(response={"status": 0}))).exchanges
    assert exchange.response is None
    assert exchange.error == "no answer recorded"


def test_unusable_entries_are_counted_by_reason() -> None:
    """Nothing is dropped in silence, and nothing of it stops the reading."""
    broken = {"size": 9, "text": "abcde", "encoding": "base64"}
    recording = read_har(
        _har(
            _entry(),
            None,
            _entry(request={"method": "GET", "url": "wss://api.test/"}),
            _entry(request={"method": "GET", "url": "data:text/plain,x"}),
            _entry(request={"method": "G T", "url": "https://api.test/"}),
            _entry(request={"method": "GET", "url": "http://[::1"}),
            _entry(response={"status": 200, "content": broken}),
            _entry(),
            _entry(),
        ),
        HarLimits(exchanges=2),
    )
    assert len(recording.exchanges) == 2
    assert recording.left_out == {
        "no request method": 2,
        "not an http or https URL": 3,
        "broken base64 in a body": 1,
        "more than 2 entries": 1,
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON (line 1)"),
        (b'{"log":\n\n{', "not valid JSON (line 3)"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "not a HAR file: no log.entries"),
        (b'{"log": {"entries": {}}}', "not a HAR file: no log.entries"),
        (b'{"log":' + b"[" * 100_000, "JSON nested too deep"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(data: bytes, words: str) -> None:
    """The error says what is wrong and quotes nothing."""
    with pytest.raises(HarError) as error:
        read_har(data)
    assert str(error.value).startswith(words)


def test_a_recording_is_known_by_its_start() -> None:
    """Also with a byte order mark, white space, or another member first; a specification is none."""
    assert looks_like_har(_har(_entry()))
    assert looks_like_har(b"\xef\xbb\xbf \n" + _har())
    assert looks_like_har(b'{"comment": "", "log": {"entries": []}}')
    assert not looks_like_har(b'{"openapi": "3.0.0", "paths": {"/log": {}}}')
    assert not looks_like_har(b"log: entries")


def test_members_of_our_own_recordings_are_read() -> None:
    """That credentials are stand-ins is known of each exchange; what the recorder left out is counted on."""
    har = json.loads(_har(_entry()))
    har["log"] |= {"_standIns": True, "_leftOut": {"exchanges with other hosts": 3, "nonsense": "many", "none": 0}}
    recording = read_har(json.dumps(har).encode())
    assert recording.disguised
    assert [exchange.disguised for exchange in recording.exchanges] == [True]
    assert recording.left_out == {"exchanges with other hosts": 3}
    assert not read_har(_har(_entry())).exchanges[0].disguised
