"""Where browsers may be sent: the hosts that were named, and no trick around them."""

from __future__ import annotations

import pytest

from engine.ingest.portals.hosts import is_allowed
from engine.vocabulary import PortalSystem

MERAKI, MIKROTIK = PortalSystem.MERAKI, PortalSystem.MIKROTIK


@pytest.mark.parametrize(
    "url",
    [
        "https://n1.network-auth.com/splash/grant?x=1&y=%2F",
        "https://N1.Network-Auth.com/splash",
        "https://network-auth.com",
        "http://192.0.2.1/login",
        "http://192.0.2.1:8080/login",
        "https://gate.corner.example/login",
    ],
)
def test_named_hosts_and_the_vendor_s_own(url: str) -> None:
    assert is_allowed(url, MERAKI, ["192.0.2.1", "corner.example"])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/w/corner",
        "javascript:alert(1)",
        "ftp://network-auth.com/",
        "https://evil.example/",
        "https://evil.example/?network-auth.com",
        "https://network-auth.com.evil.example/",
        "https://evilnetwork-auth.com/",
        "https://network-auth.com@evil.example/",
        "https://evil.example\\.network-auth.com/",
        "https://evil.example/\\.network-auth.com",
        "https://evil.example\t.network-auth.com/",
        "https:///network-auth.com/",
        "//network-auth.com/",
        "https://network-auth.com:99999999/",
        "http://1.192.0.2.1/login",
        "https://nétwork-auth.com/",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert not is_allowed(url, MERAKI, ["192.0.2.1", "corner.example"])


def test_a_port_that_is_named_is_the_only_one() -> None:
    assert is_allowed("http://192.0.2.1:8080/", MIKROTIK, ["192.0.2.1:8080"])
    assert not is_allowed("http://192.0.2.1:22/", MIKROTIK, ["192.0.2.1:8080"])
    assert not is_allowed("https://n1.network-auth.com/", MIKROTIK, [])  # another vendor's
