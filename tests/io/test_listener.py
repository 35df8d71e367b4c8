"""The server of one document on loopback: it serves that document at its own address, and counts."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from stopper.io.listener import LoopbackListener


def test_the_document_is_served_and_counted() -> None:
    """The document is found at the address that was given; what is asked of another is not there and does not count."""
    with LoopbackListener() as listener:
        url = listener.serve(b'{"keys": []}')
        assert urllib.request.urlopen(url, timeout=5).read() == b'{"keys": []}'
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url.rpartition("/")[0] + "/guess", timeout=5)
        assert listener.fetched() == 1
        assert url.startswith("http://127.0.0.1:")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
