"""What the client may connect to and where a credential may go."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from stopper.io.policy import Policy, PolicyError, Reach, Target, reach

NOBODY = Policy.typed([])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", Reach.PUBLIC),
        ("2606:4700::1111", Reach.PUBLIC),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.255.0.1", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("10.0.0.1", Reach.PRIVATE),
        ("172.16.0.1", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("169.254.1.1", Reach.PRIVATE),
        ("fe80::1", Reach.PRIVATE),
        ("fd12::1", Reach.PRIVATE),
        ("169.254.169.254", Reach.METADATA),
        ("100.100.100.200", Reach.METADATA),
        ("fd00:ec2::254", Reach.METADATA),
        ("0.0.0.0", Reach.UNUSABLE),
        ("0.1.2.3", Reach.UNUSABLE),
        ("::", Reach.UNUSABLE),
        ("255.255.255.255", Reach.UNUSABLE),
        ("224.0.0.1", Reach.UNUSABLE),
        ("ff02::1", Reach.UNUSABLE),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("::ffff:169.254.169.254", Reach.METADATA),
        ("::127.0.0.1", Reach.LOOPBACK),
        ("64:ff9b::a9fe:a9fe", Reach.METADATA),
        ("64:ff9b::7f00:1", Reach.LOOPBACK),
        ("64:ff9b::808:808", Reach.PUBLIC),
        ("64:ff9b:1::1", Reach.PRIVATE),
        ("2002:7f00:1::", Reach.LOOPBACK),
        ("2002:a9fe:a9fe::1", Reach.METADATA),
        ("2002:c0a8:101::", Reach.PRIVATE),
    ],
)
def test_an_address_is_judged_by_where_it_leads(address: str, expected: Reach) -> None:
    """IPv6 forms that carry an IPv4 address are as near as the address inside."""
    assert reach(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://a.test", "http://a.test:80/"),
        ("HTTPS://A.Test.:8443/x?y#z", "https://a.test:8443/x?y"),
        ("http://2130706433/", "http://127.0.0.1:80/"),
        ("http://0x7f.1/", "http://127.0.0.1:80/"),
        ("http://017700000001/", "http://127.0.0.1:80/"),
        ("http://127.1/", "http://127.0.0.1:80/"),
        ("http://[::FFFF:127.0.0.1]:80/", "http://127.0.0.1:80/"),
        ("http://[0:0::1]/", "http://[::1]:80/"),
        ("http://a.test/x?", "http://a.test:80/x"),
        ("http://a.test?x=http://b.test/@c", "http://a.test:80/?x=http://b.test/@c"),
        ("http://a.test/a/../b//%2e%2E/;x=[1]|{y}", "http://a.test:80/a/../b//%2e%2E/;x=[1]|{y}"),
        ("http://a.test/a b\\c/é", "http://a.test:80/a%20b%5Cc/%C3%A9"),
    ],
)
def test_a_url_has_one_form(url: str, sent: str) -> None:
    """What is checked is what is sent: host forms are resolved, paths stay as written."""
    assert Target.parse(url).url == sent


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "not an http or https URL"),
        ("ftp://a.test/", "not an http or https URL"),
        ("gopher://a.test/", "not an http or https URL"),
        ("data:text/plain,x", "not an http or https URL"),
        ("//a.test/", "not an http or https URL"),
        ("", "not an http or https URL"),
        ("http://user:pass@a.test/", "user name or password in the URL"),
        ("http://a.test\\@b.test/", "user name or password in the URL"),
        ("http://a.test\\b.test/", "malformed host"),
        ("http://a.test/\r\nX: y", "control character in the URL"),
        ("http://a.test/\tx", "control character in the URL"),
        ("http://a.te\x00st/", "control character in the URL"),
        ("http://a.test/\x85", "control character in the URL"),
        ("http://\uff41.test/", "host with other than ASCII letters (write its xn-- form)"),
        ("http://127\u30020.0.1/", "host with other than ASCII letters (write its xn-- form)"),
        ("http://a.test/\ud800", "URL is no text"),
        ("http:///x", "malformed host"),
        ("http:a.test", "malformed host"),
        ("http://a..test/", "malformed host"),
        ("http://a b.test/", "malformed host"),
        ("http://%31.test/", "malformed host"),
        ("http://" + "a" * 64 + ".test/", "malformed host"),
        ("http://1.2.3.4.5/", "malformed IPv4 address"),
        ("http://999.1.1.1/", "malformed IPv4 address"),
        ("http://[::1%25eth0]/", "malformed host"),
        ("http://[::g]/", "malformed host"),
        ("http://[1::2::3]/", "malformed IPv6 address"),
        ("http://a.test:0/", "no such port"),
        ("http://a.test:65536/", "no such port"),
        ("http://a.test:x/", "malformed host"),
        ("http://a.test/" + "x" * 8000, "URL of more than 8000 characters"),
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str, words: str) -> None:
    """The error names what is wrong and never quotes the URL, which may hold a secret."""
    with pytest.raises(PolicyError) as error:
        Target.parse(url)
    assert str(error.value) == f"not sendable: {words}"


@given(st.text(st.sampled_from("htps:/@\\[]%#?.aZ1x0 \t\r\n\u0130\u3002é"), max_size=40))
def test_the_parser_and_the_sender_agree(text: str) -> None:
    """Whatever passes is read by the HTTP library as the same host, port and path, and carries no line break."""
    try:
        target = Target.parse("http://" + text)
    except PolicyError:
        return
    url = URL(target.url, encoded=True)
    assert (url.host, url.port, url.raw_path_qs) == (target.host, target.port, target.path)
    assert target.url.isascii()
    assert target.url.isprintable()
    assert " " not in target.url


@pytest.mark.parametrize(
    ("host", "addresses", "words"),
    [
        ("a.test", ["127.0.0.1"], "loopback address"),
        ("a.test", ["10.1.1.1"], "private address"),
        ("a.test", ["8.8.8.8", "10.1.1.1"], "private address"),
        ("a.test", ["169.254.169.254"], "cloud metadata address"),
        ("a.test", ["8.8.8.8", "0.0.0.0"], "address of no host"),
        ("metadata.google.internal", ["8.8.8.8"], "cloud metadata address"),
    ],
)
def test_a_host_that_was_not_typed_leads_nowhere_inside(host: str, addresses: list[str], words: str) -> None:
    """One inside address among several is enough to refuse them all."""
    with pytest.raises(PolicyError, match=words):
        NOBODY.check_addresses(host, map(ip_address, addresses))


def test_public_addresses_are_open_to_all() -> None:
    """A host that resolves to public addresses only may be connected to, typed or not."""
    NOBODY.check_addresses("a.test", map(ip_address, ["8.8.8.8", "2606:4700::1111"]))


def test_typing_a_host_opens_what_is_private_and_nothing_more() -> None:
    """Private and loopback are allowed; metadata, unusable and mixed answers stay refused."""
    policy = Policy.typed(["http://a.test/"])
    policy.check_addresses("a.test", map(ip_address, ["10.1.1.1"]))
    policy.check_addresses("a.test", map(ip_address, ["127.0.0.1", "::1"]))
    for refused in (["169.254.169.254"], ["0.0.0.0"], ["8.8.8.8", "10.1.1.1"]):
        with pytest.raises(PolicyError, match="target denied"):
            policy.check_addresses("a.test", map(ip_address, refused))


def test_localhost_is_this_machine_or_nothing() -> None:
    """A resolver that sends localhost elsewhere is not believed (RFC 6761, 6.3): clear credentials go there."""
    policy = Policy.typed(["http://localhost/", "http://app.localhost/"])
    policy.check_addresses("localhost", map(ip_address, ["127.0.0.1", "::1"]))
    for elsewhere in ("8.8.8.8", "10.0.0.1"):
        with pytest.raises(PolicyError, match="resolves to another machine"):
            policy.check_addresses("app.localhost", [ip_address(elsewhere)])


def test_a_credential_goes_to_typed_origins_over_https_or_loopback() -> None:
    """Another port or scheme is another origin; plain http off loopback needs permission."""
    urls = ["https://a.test/", "http://b.test/", "http://localhost:5000/", "http://127.0.0.2/"]
    policy = Policy.typed(urls)
    for allowed in ("https://a.test:443/x", "http://localhost:5000/", "http://127.0.0.2/"):
        policy.check_credential(Target.parse(allowed))
    for refused in ("http://a.test/", "https://a.test:444/", "https://c.test/", "http://localhost:5001/"):
        with pytest.raises(PolicyError, match="was not named by the user"):
            policy.check_credential(Target.parse(refused))
    with pytest.raises(PolicyError, match="is plain http"):
        policy.check_credential(Target.parse("http://b.test/"))
    Policy.typed(urls, clear_allowed=True).check_credential(Target.parse("http://b.test/"))


@pytest.mark.parametrize("port", [22, 25, 3306, 6379, 11211])
def test_no_port_beside_the_web_is_asked_unless_it_was_typed(port: int) -> None:
    """What listens beside an API is none of a scan's business; the web's own ports and those that were typed are."""
    policy = Policy.typed(["http://127.0.0.1:5000", "https://api.test"])
    for denied in (f"http://127.0.0.1:{port}/", f"https://api.test:{port}/", "https://api.test:5000/"):
        with pytest.raises(PolicyError, match=r"target denied: port \d+ of \S+ was not named by the user"):
            policy.check_port(Target.parse(denied))
    for allowed in ("https://127.0.0.1:5000/", "http://api.test/", "https://elsewhere.test/"):
        policy.check_port(Target.parse(allowed))
    Policy.typed([f"http://127.0.0.1:{port}"]).check_port(Target.parse(f"http://127.0.0.1:{port}/x"))
