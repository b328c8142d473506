"""Captive portals name the phone's MAC differently, and a portal that knows only some names knows no phone, silently.

What happened elsewhere (nodogsplash #382, #312): the portal looked for one name and found another, or none. Input: the
address that a controller sends a phone to, signed, under each name: `clientmac` (openNDS, pfSense), `usermac`
(Fortinet, Huawei), `ga_cmac` (Cambium), `STA-MAC` (Extreme); a MAC escaped twice; an empty `client_mac` before a good
`mac`. Right: the same phone as under `client_mac`. An access point's MAC never is a phone, nor is a group's,
everybody's or nobody's, whoever signed it.
"""

from __future__ import annotations

import httpx
import pytest

from engine.privacy.pseudonyms import Pseudonyms
from engine.storage.people.shoppers import linked_devices
from tests.api.site import MAC, SECRETS, Site

YES = {"consent": "location_offers:page"}
AP = "02:00:00:00:00:01"  # of the small plan
TWICE = MAC.upper().replace(":", "%253A")


def bound(site: Site, client: httpx.Client, query: str, mac: str = MAC) -> list[int]:
    """The phones that a sign-in from this redirect binds, signed by the store's own controller."""
    signed = site.redirect(mac)
    path = f"/w/corner?{query}&portal_t={signed['portal_t']}&portal_sig={signed['portal_sig']}"
    hidden = site.form(client, path=path)
    assert client.post("/w/corner", data={**YES, **hidden}).status_code == 200
    return [int(device) for device in linked_devices(site.db, "corner")]


@pytest.mark.parametrize(
    "query",
    [
        f"client_mac={MAC}",
        f"clientmac={MAC}&gatewayname=nds&tok=1",
        f"usermac={MAC}&apmac={AP}&magic=1",
        f"ga_cmac={MAC}&ga_ap_mac={AP}",
        f"STA-MAC={MAC}&hwc_ip=192.0.2.1",
        f"client_mac={TWICE}",
        f"client_mac=&mac={MAC}&id=guest",
        f"cmd=login&mac={MAC}&essid=x&apmac={AP}",
    ],
)
def test_every_name_means_the_phone(site: Site, query: str) -> None:
    with site.client() as client:
        assert bound(site, client, query) == [int(Pseudonyms(SECRETS.site_key).stable(MAC))]


@pytest.mark.parametrize(
    ("query", "mac"),
    [
        (f"client_mac={AP}", AP),
        (f"client_mac=ENC0011223344556677889900&mac={MAC}", MAC),
        (f"sip=192.0.2.1&mac={MAC}&client_mac=&uip=192.0.2.9", MAC),
        ("client_mac=ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"),
        ("client_mac=00:00:00:00:00:00", "00:00:00:00:00:00"),
        ("client_mac=01:00:5e:00:00:fb", "01:00:5e:00:00:fb"),
    ],
)
def test_no_access_point_no_group_and_nobody_is_a_phone(site: Site, query: str, mac: str) -> None:
    with site.client() as client:
        assert bound(site, client, query, mac) == []
        consents = [{"purpose": "location_offers", "channel": "page", "granted": True}]
        body = {"store": "corner", "consents": consents, **site.redirect(mac)}
        if not query.startswith(("client_mac=ENC", "sip")):
            assert client.post("/v1/sessions", json=body).status_code == 201
    assert linked_devices(site.db, "corner") == {}
