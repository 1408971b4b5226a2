"""Which addresses, hosts and URLs a source may have, as tables."""

from __future__ import annotations

import pytest

from processors.errors import InvalidMessage
from processors.media.hosts import check_host, is_public
from processors.media.weburl import file_name, parse, shown


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),  # 93.184.216.34, translated
        ("2002:5db8:d822::1", True),  # the same by 6to4
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("127.255.255.254", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("192.0.2.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.1.1.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:7f00:1::1", False),
        ("2001:db8::1", False),
        ("2001::1", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("nonsense", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("films.example", True),
        ("cdn.films.example", False),
        ("a.cdn.test", True),
        ("a.b.cdn.test", True),
        ("cdn.test", False),
        ("evilcdn.test", False),
        ("192.0.2.7", True),
    ],
)
def test_the_list_of_hosts(host, allowed):
    names = frozenset({"Films.example", "*.cdn.test", "192.0.2.7"})
    if allowed:
        check_host(host, names)
    else:
        with pytest.raises(InvalidMessage, match="not accepted"):
            check_host(host, names)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("http://Films.example", "films.example", 80, "/"),
        ("HTTPS://films.example/a%20b/ü.mp4?q=a b", None, 0, ""),
        ("https://films.example/a%20b/ü.mp4?q=ä&r=%26", "films.example", 443, "/a%20b/%C3%BC.mp4?q=%C3%A4&r=%26"),
        ("https://bücher.example:8443/#part", "xn--bcher-kva.example", 8443, "/"),
        ("http://[2001:DB8::1]:8080/x", "2001:db8::1", 8080, "/x"),
        ("http://", None, 0, ""),
        ("http:///film.mp4", None, 0, ""),
        ("http://films.example:99999/", None, 0, ""),
        ("http://films.example:x/", None, 0, ""),
        ("http://films.example\\@other.example/", None, 0, ""),
        ("http://films.example/a\r\nHost: other", None, 0, ""),
        ("http://films..example/", None, 0, ""),
        ("http://[::1/", None, 0, ""),
        ("ftp://films.example/", None, 0, ""),
    ],
)
def test_urls_are_taken_apart_strictly(url, host, port, target):
    if host is None:
        with pytest.raises(InvalidMessage, match="no valid URL"):
            parse(url)
    else:
        parsed = parse(url)
        assert (parsed.host, parsed.port, parsed.target) == (host, port, target)


def test_urls_are_shown_without_secrets():
    assert shown("https://anna:s3cret@films.example/a.mp4?key=s3cret#s3cret") == "https://films.example/a.mp4"
    assert shown("https://anna:p@s3cret@films.example/a.mp4") == "https://films.example/a.mp4"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/talks/My%20talk.mp4?x=1", "My talk.mp4"),
        ("http://h/", "video"),
        ("http://h", "video"),
        ("http://h/..", "video"),
        ("http://h/%2e%2e%2fpasswd", "_passwd"),
        ("http://h/.hidden", "hidden"),
        ("http://h/a%00b", "a_b"),
        ("http://h/" + "é" * 200 + ".mp4", "é" * 56 + ".mp4"),
    ],
)
def test_names_of_files(url, name):
    assert file_name(url) == name
