"""RFC 8908 at /captive/{store}: captive until the phone is out, and open once its browser comes back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from engine.ingest.portals.capport import read_capport
from tests.api.portal.controllers import FakeController, running
from tests.api.portal.test_letting_out import connect, link_out, query_of, site_with

MAC = "02:00:5e:10:00:01"


def test_rfc_8908_says_captive_until_the_phone_is_out(tmp_path: Path) -> None:
    fake = FakeController({"/portalintf": (200, {"ResponseCode": 201})})
    with running(fake), site_with(tmp_path, system="smartzone", url=fake.url) as site, site.client() as phone:
        before = phone.get("/captive/corner")
        assert before.headers["content-type"] == "application/captive+json"
        assert before.headers["cache-control"] == "private"
        said = read_capport(before.content, dict(before.headers))
        assert (said.captive, said.portal_url, said.venue_url) == (True, f"{site.url}/w/corner", f"{site.url}/me")
        shared = {"client_mac": MAC, "uip": "192.0.2.7", "nbiIP": "198.51.100.5"}  # behind the shop's one address
        assert connect(phone, f"/w/corner?{urlencode(shared)}").status_code == 303
        assert phone.get("/captive/corner").json()["captive"] is True
        own = {**shared, "uip": "127.0.0.1"}
        assert connect(phone, f"/w/corner?{urlencode(own)}").status_code == 303
        after = read_capport(phone.get("/captive/corner").content)
        assert after.captive is False
        assert after.seconds_remaining == pytest.approx(14_400, abs=60)
        assert phone.get("/captive/nowhere").status_code == 404


def test_rfc_8908_believes_a_browser_once_it_comes_back(tmp_path: Path) -> None:
    with site_with(tmp_path, system="meraki") as site, site.client() as phone:
        query = query_of("meraki-click-through").replace("192.0.2.7", "127.0.0.1")
        phone.get("/w/corner/online")  # without having been sent on, it says nothing
        url = link_out(connect(phone, f"/w/corner?{query}").text)
        assert phone.get("/captive/corner").json()["captive"] is True
        phone.get(parse_qs(urlsplit(url).query)["continue_url"][0])
        assert phone.get("/captive/corner").json()["captive"] is False
