"""Whom the server may be sent to by a URL of a stranger: public addresses, and nobody else."""

import ipaddress

import pytest
from hypothesis import given, strategies as st

from authly_server.outbound import addresses, target
from authly_server.outbound.refusal import Refused


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104  # nothing listens on it
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2001::1",
        "2002:7f00:1::",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "",
        "localhost",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "0x7f000001",
        "fe80::1%eth0",
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        addresses.check(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    addresses.check(address, ())


def test_a_setting_opens_a_private_network_and_no_other() -> None:
    opened = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/64"))
    for address in ("10.1.2.3", "fd00::1", "::ffff:10.1.2.3"):
        addresses.check(address, opened)
    for address in ("10.2.0.1", "127.0.0.1", "fd00:0:0:1::1"):
        with pytest.raises(Refused):
            addresses.check(address, opened)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_inside(address: ipaddress.IPv4Address) -> None:
    def judge(text: str) -> bool:
        try:
            addresses.check(text, ())
        except Refused:
            return False
        return True

    assert judge(str(address)) is judge(f"::ffff:{address}")


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/",
        "ftp://client.example/",
        "//client.example/",
        "client.example",
        "",
        "https://",
        "https:///path",
        "https://user@client.example/",
        "https://user:pass@client.example/",
        "https://client.example/#fragment",
        "https://client.example:22/",
        "https://client.example:8443/",
        "https://client.example:0/",
        "https://client.example:99999/",
        "https://client.example:x/",
        "https://client.example\\@evil.example/",
        "https://client.example/ x",
        "https://client.example/\r\nHost: evil",
        "https://clie\u0301nt.example/",
        "https://client_example/",
        "https://%63lient.example/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "https://client.example/" + "x" * 2048,
        "file:///etc/passwd",
    ],
)
def test_a_url_that_is_not_plainly_https_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        target.parse(url, (443,))


def test_a_url_is_read_in_parts() -> None:
    assert target.parse("https://Client.Example/a/b?c=d", (443,)) == target.Target(
        "client.example", 443, "/a/b", "c=d"
    )
    assert target.parse("https://[2606:4700::1111]:8443", (8443,)) == target.Target(
        "2606:4700::1111", 8443, "/", ""
    )


@given(st.text() | st.text("htps:/@#[].0123456789abcdef%\\?").map(lambda end: "https://" + end))
def test_any_text_is_a_target_or_is_refused(url: str) -> None:
    try:
        found = target.parse(url, (443,))
    except Refused:
        return
    assert found.port == 443
    assert found.host
    assert found.path.startswith("/")
    assert not set(found.host) & set("@/\\#?% ")
