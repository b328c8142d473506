"""A subscription is an address that a stranger asks our server to call (SSRF): elsewhere cloud metadata, routers and
databases were reached that way. Only push services are called, by https, and never at a private address, whatever
their name leads to at the moment of the call."""

from __future__ import annotations

import asyncio
import ssl

import httpx
import pytest

from engine.delivery.push_services import NotAPushService, PublicTransport, endpoint_host, is_public

REFUSED = [
    "http://fcm.googleapis.com/fcm/send/x",
    "https://169.254.169.254/latest/meta-data",
    "https://127.0.0.1/push",
    "https://[::1]/push",
    "https://localhost/push",
    "https://fcm.googleapis.com:6379/x",
    "https://fcm.googleapis.com@10.0.0.1/x",
    "https://user:pw@fcm.googleapis.com/x",
    "https://fcm.googleapis.com.example.org/x",
    "https://evilpush.apple.com/x",
    "https://push.apple.com/x",
    "https://a..push.apple.com/x",
    "https://x.push.apple.com#@10.0.0.1/",
    "https://ｆcm.googleapis.com/x",
    "https://fcm。googleapis.com/x",
    "https://fcm.googleapis.com./x",
    "https://a_b.push.apple.com/x",
    "https://-a.push.apple.com/x",
    "https://a-.push.apple.com/x",
    f"https://{'a' * 64}.push.apple.com/x",
    f"https://{'a.' * 150}push.apple.com/x",
    "https://fcm.googleapis.com/x\r\nHost: internal",
    "https://fcm.googleapis.com/" + "x" * 3000,
    "https://fcm.googleapis.com:99999/x",
    "file:///etc/passwd",
    "gopher://fcm.googleapis.com/x",
    "//fcm.googleapis.com/x",
    "",
]
TAKEN = [
    "https://fcm.googleapis.com/fcm/send/abc:def",
    "https://FCM.googleapis.com/wp/abc",
    "https://updates.push.services.mozilla.com/wpush/v2/abc",
    "https://web.push.apple.com/QGu",
    "https://db5p.notify.windows.com/w/?token=abc",
]


@pytest.mark.parametrize("endpoint", REFUSED)
def test_what_is_no_push_service_is_refused(endpoint: str) -> None:
    with pytest.raises(NotAPushService):
        endpoint_host(endpoint)


@pytest.mark.parametrize("endpoint", TAKEN)
def test_push_services_are_taken(endpoint: str) -> None:
    assert endpoint_host(endpoint) in endpoint.lower()


def test_a_host_of_ones_own_is_taken_at_its_port_alone() -> None:
    assert endpoint_host("https://push.shop.example:8443/x", ["push.shop.example:8443"]) == "push.shop.example"
    with pytest.raises(NotAPushService):
        endpoint_host("https://push.shop.example/x", ["push.shop.example:8443"])


PRIVATE = ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.7"]
DISGUISED = ["::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:7", "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1%eth0"]
NOBODYS = ["ff02::1", "224.0.0.1", "fec0::1", "240.0.0.1", "255.255.255.255", "::", "0.0.0.0", "2001:db8::1"]


@pytest.mark.parametrize("address", ["142.250.0.1", "2a00:1450:4007::1", "64:ff9b::8efa:1", "::ffff:142.250.0.1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*PRIVATE, *DISGUISED, *NOBODYS])
def test_a_name_that_is_turned_to_a_private_address_is_not_called(address: str) -> None:
    """The name was right when the phone subscribed, and leads elsewhere when it is called."""

    async def turned(host: str, port: int) -> list[str]:
        return ["142.250.0.1", address]

    async def call() -> None:
        transport = PublicTransport((), ssl.create_default_context(), 1, turned)
        async with httpx.AsyncClient(transport=transport) as client:
            await client.post("https://fcm.googleapis.com/fcm/send/x")

    with pytest.raises(httpx.TransportError, match="not public"):
        asyncio.run(call())
