"""From a controller's redirect over our page to a phone that is out, as a captive window does it: without a script."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.portal.wifidog import is_good
from api.server import run_api
from engine.config import ApiConfig, Config, parse_config
from engine.ingest.portals.systems.extreme import canonical, sign
from engine.ingest.portals.systems.opennds import gateway_hash, return_token
from engine.plan.model import AccessPoint
from engine.storage.database import open_database
from engine.storage.people.shoppers import linked_devices
from engine.storage.status import get_status
from tests.api.conftest import config, plan, served, site
from tests.api.portal.controllers import FakeController, running
from tests.api.site import SECRETS, Site, small_plan
from tests.databases import new_sqlite
from tests.engine.ingest.portals.test_redirects import RECORDED

__all__ = ["config", "plan", "site"]
MAC, AP = "02:00:5e:10:00:01", "00:00:5e:00:53:01"
VARIABLES = {"PORTAL_PASSWORD": "pw", "PORTAL_SECRET": "portal-secret"}
LONGEST_BYTES = 50_000
"""All that a captive window loads for one page."""


@contextmanager
def site_with(folder: Path, *portals: dict[str, Any], **portal: Any) -> Iterator[Site]:
    """The small shop with one declared portal, or several."""
    common = {"store": "corner", "password_variable": "PORTAL_PASSWORD", "secret_variable": "PORTAL_SECRET"}
    declared = {"portals": [{**common, **one} for one in (portals or (portal,))]}
    config = Config(api=ApiConfig(port=0), portals=parse_config(declared, "config.yaml").portals)
    before = dict(os.environ)
    os.environ.update(VARIABLES)
    try:
        with served(new_sqlite(folder / "rayon.db"), config, small_plan()) as site:
            yield site
    finally:
        os.environ.clear()
        os.environ.update(before)


def query_of(name: str) -> str:
    return str(RECORDED[name]["target"]).partition("?")[2]


def connect(client: httpx.Client, path: str, **ticked: Any) -> httpx.Response:
    """Opens the page that the redirect leads to, and sends its form as it stands: all boxes empty."""
    return client.post("/w/corner?lang=en", data={**hidden(client.get(path).text), **ticked})


def hidden(page: str) -> dict[str, str]:
    fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}


def link_out(page: str) -> str:
    """Where the page says that the browser goes next."""
    found = re.search(r'id="way-out" href="([^"]+)"', page)
    assert found
    assert f'content="0;url={found[1]}"' in page  # goes on by itself
    return unescape(found[1])


def test_meraki_s_click_through_leads_out_and_back_to_us(tmp_path: Path) -> None:
    with site_with(tmp_path, system="meraki") as site, site.client() as phone:
        answer = connect(phone, f"/w/corner?{query_of('meraki-click-through')}")
        assert answer.status_code == 200
        assert "One more step" in answer.text
        url = link_out(answer.text)
        assert url.startswith("https://n1.network-auth.com/splash/grant?")
        said = parse_qs(urlsplit(url).query)
        assert said["duration"] == ["14400"]
        onward = said["continue_url"][0]
        assert onward.startswith(f"{site.url}/w/corner/online")
        assert "You are connected" in phone.get(onward).text
        assert linked_devices(site.db, "corner") == {}
        assert set(phone.cookies) <= {"rayon_refused"}


def test_a_form_for_the_controller_is_shown_with_one_button(tmp_path: Path) -> None:
    with site_with(tmp_path, system="meraki", username="guest") as site, site.client() as phone:
        answer = connect(phone, f"/w/corner?{query_of('meraki-sign-on')}")
        assert 'action="https://n1.network-auth.com/splash/login?mauth=abc' in unescape(answer.text)
        said = hidden(answer.text)
        assert (said["username"], said["password"]) == ("guest", "pw")
        assert said["success_url"].startswith(f"{site.url}/w/corner/online")
        assert "form-action 'self' http: https:" in answer.headers["content-security-policy"]


def test_unifi_is_called_and_the_phone_comes_out(tmp_path: Path) -> None:
    fake = FakeController(
        {"/v1/sites/default": (404, {}), "/v1/sites": (200, {"data": [{"id": "s", "name": "default"}]})}
    )
    fake.answers = {
        "/v1/sites/s/clients/c/actions": (200, {}),
        "/v1/sites/s/clients": (200, {"data": [{"id": "c"}]}),
        **fake.answers,
    }
    with running(fake), site_with(tmp_path, system="unifi", url=fake.url) as site, site.client() as phone:
        page = phone.get(str(RECORDED["unifi"]["target"]))
        answer = phone.post("/w/corner?lang=fr", data=hidden(page.text))
        assert answer.status_code == 303
        after = phone.get(answer.headers["location"])
        assert "Vous êtes connecté" in after.text
        assert fake.calls[-1].body["timeLimitMinutes"] == 240
        assert f"macAddress.eq('{MAC}')" in fake.calls[-2].query["filter"]


def test_smartzone_lets_out_whom_nobody_here_knows_and_the_page_says_so(tmp_path: Path) -> None:
    """The address is sealed: Wi-Fi works, coupons cannot find the shopper, and the page tells the truth."""
    fake = FakeController({"/portalintf": (200, {"ResponseCode": 201})})
    with running(fake), site_with(tmp_path, system="smartzone", url=fake.url) as site, site.client() as phone:
        page = phone.get(f"/w/corner?{query_of('smartzone-encrypted')}&lang=fr")
        assert "ne peuvent pas vous trouver ici" in page.text
        answer = phone.post("/w/corner?lang=fr", data=hidden(page.text))
        assert "ne peuvent pas vous trouver ici" in phone.get(answer.headers["location"]).text
        assert fake.calls[0].body["UE-MAC"].startswith("ENC")


def test_mikrotik_s_form_gets_the_page_and_never_signs_anybody_in(tmp_path: Path) -> None:
    """It comes from the router's own page, so from another site: it is a redirect, whatever it says of consents."""
    mikrotik = {"system": "mikrotik", "username": "guest", "allowed_hosts": ["10.1.0.1"]}
    with site_with(tmp_path, **mikrotik) as site, site.client() as phone:
        body, headers = RECORDED["mikrotik-post"]["body"], RECORDED["mikrotik-post"]["headers"]
        elsewhere = {**headers, "Origin": "http://10.1.0.1", "Sec-Fetch-Site": "cross-site"}
        page = phone.post("/w/corner", content=body, headers=elsewhere)
        assert page.status_code == 200
        assert hidden(page.text)["phone"]
        assert hidden(phone.post("/w/corner", content=body, headers=headers).text)["phone"]  # neither header sent
        answer = phone.post("/w/corner?lang=en", data=hidden(page.text))
        assert 'action="http://10.1.0.1/login"' in answer.text
        assert hidden(answer.text)["username"] == "guest"
        forged = {"consent": "location_offers:page", "form_name": "0" * 32, "client_mac": MAC}
        tricked = phone.post("/w/corner", data=forged, headers={"Sec-Fetch-Site": "cross-site"})
        assert tricked.status_code == 200
        assert phone.get("/v1/me").status_code == 401


@pytest.mark.parametrize("name", ["coovachilli", "opennds-level1", "opennds-level0", "nodogsplash"])
def test_gateways_in_the_shop_are_sent_their_answer(tmp_path: Path, name: str) -> None:
    system = RECORDED[name]["expected"]["system"]
    hosts = ["10.1.0.1", "192.168.1.1"]
    with site_with(tmp_path, system=system, username="guest", allowed_hosts=hosts) as site, site.client() as phone:
        url = link_out(connect(phone, f"/w/corner?{query_of(name)}").text)
        assert url.startswith(RECORDED[name]["expected"]["url"])


def proof_of(gateway: str, faskey: str = "portal-secret") -> str:
    return hashlib.sha256((gateway + faskey).encode()).hexdigest()


@pytest.mark.parametrize("action", ["view", "list", "clear", "deauthed"])
def test_a_stranger_neither_sees_nor_empties_the_list_of_a_gateway(tmp_path: Path, action: str) -> None:
    """Everybody in the shop knows the gateway's name: it takes the key, or the gateway's address, to ask."""
    with site_with(tmp_path, system="opennds", fas_level=3) as site, site.client() as phone:
        connect(phone, f"/w/corner?{query_of('opennds-level1')}")
        gateway = gateway_hash("openNDS%20Node%3a00005e005301%20")
        rhid = return_token("ab" * 32, "portal-secret")
        payload = base64.b64encode(f"* {rhid}".encode()).decode()
        asks = {"auth_get": action, "gatewayhash": gateway, "payload": payload}
        for proof in ({}, {"proof": ""}, {"proof": proof_of(gateway, "guess")}, {"proof": proof_of("0" * 64)}):
            assert phone.post("/w/corner", data={**asks, **proof}).status_code == 404
            assert phone.get("/w/corner", params={**asks, **proof}).status_code == 404
        seen = {"auth_get": "view", "gatewayhash": gateway, "proof": proof_of(gateway)}
        assert rhid in phone.post("/w/corner", data=seen).text


@pytest.mark.parametrize(("declared", "status"), [("127.0.0.0/8", 200), ("203.0.113.7", 404)])
def test_a_gateway_may_be_told_by_its_address(tmp_path: Path, declared: str, status: int) -> None:
    said = {"system": "opennds", "fas_level": 4, "gateway_addresses": [declared]}
    with site_with(tmp_path, **said) as site, site.client() as phone:
        asks = {"auth_get": "view", "gatewayhash": "0" * 64, "payload": "bm9uZQ=="}
        assert phone.post("/w/corner", data=asks).status_code == status


def test_at_other_levels_no_gateway_asks(tmp_path: Path) -> None:
    with site_with(tmp_path, system="opennds", fas_level=2) as site, site.client() as phone:
        asks = {"auth_get": "view", "gatewayhash": "0" * 64, "proof": proof_of("0" * 64)}
        assert phone.post("/w/corner", data=asks).status_code == 404


def test_opennds_level_3_comes_and_asks(tmp_path: Path) -> None:
    """AES with the faskey; the gateway fetches whom to let out, and says when it has done so."""
    with site_with(tmp_path, system="opennds", fas_level=3) as site, site.client() as phone:
        answer = connect(phone, f"/w/corner?{query_of('opennds-level1')}")
        assert answer.status_code == 303
        assert "opens within a few seconds" in phone.get(answer.headers["location"]).text
        gateway = gateway_hash("openNDS%20Node%3a00005e005301%20")
        asks = {"auth_get": "view", "gatewayhash": gateway, "payload": "bm9uZQ==", "proof": proof_of(gateway)}
        listed = phone.post("/w/corner", data=asks).text
        rhid = return_token("ab" * 32, "portal-secret")
        other = {"gatewayhash": "0" * 64, "proof": proof_of("0" * 64)}
        assert listed == f"* {rhid}%20240%200%200%200%200%20rayon"
        assert phone.get("/w/corner", params=asks).text == listed
        assert phone.get("/w/corner", params={**asks, **other}).text == "*"
        done = {**asks, "payload": base64.b64encode(f"* {rhid}".encode()).decode()}
        assert phone.post("/w/corner", data=done).text == "ack"
        assert phone.post("/w/corner", data=asks).text == "*"


def test_ruijie_s_gateway_asks_about_the_token_that_the_phone_brings(tmp_path: Path) -> None:
    """Good for this phone and this store until its time is over; nothing of it is kept."""
    with site_with(tmp_path, system="ruijie", allowed_hosts=["10.1.0.1"]) as site, site.client() as phone:
        query = query_of("ruijie")
        page = phone.get(f"/w/corner/login/?{query}").text
        url = link_out(phone.post("/w/corner?lang=en", data=hidden(page)).text)
        assert url.startswith("http://10.1.0.1:2060/wifidog/auth?token=")
        token = parse_qs(urlsplit(url).query)["token"][0]
        asks = {"stage": "login", "gw_id": "G1", "mac": MAC, "token": token}
        assert phone.get("/w/corner/auth/", params=asks).text == "Auth: 1"
        assert phone.get("/w/corner/auth/", params={**asks, "mac": "02:00:5e:10:00:02"}).text == "Auth: 0"
        assert phone.get("/w/corner/auth/", params={**asks, "token": MAC}).text == "Auth: 0"
        assert not is_good(SECRETS, "corner", MAC, token, time.time() + 14_401)
        assert not is_good(SECRETS, "other", MAC, token, time.time())
        assert phone.get("/w/corner/ping/").text == "Pong"
        assert phone.get("/w/corner/portal/", params={"gw_id": "G1"}).headers["location"] == "/w/corner/online"


@pytest.mark.parametrize(
    "query",
    [
        "base_grant_url=https%3A%2F%2Fevil.example%2Fgrant&client_mac=02005e100001",
        "login_url=https%3A%2F%2Fn1.network-auth.com%40evil.example%2F&ap_tags=&client_mac=02005e100001",
        "base_grant_url=javascript%3Aalert(1)&client_mac=02005e100001",
        "base_grant_url=https%3A%2F%2Fevil.example%5C.network-auth.com&client_mac=02005e100001",
    ],
)
def test_nobody_is_sent_where_the_shop_has_not_said(tmp_path: Path, query: str) -> None:
    with site_with(tmp_path, system="meraki", username="guest") as site, site.client() as phone:
        answer = connect(phone, f"/w/corner?{query}")
        assert answer.status_code == 502
        assert "evil.example" not in answer.text
        assert "pw" not in hidden(answer.text).values()
        assert "leads elsewhere" in answer.text


def test_a_controller_that_is_away_is_said_counted_and_tried_again(tmp_path: Path) -> None:
    """The choice is kept, the page has a button, and the same form lets the phone out once the controller is back."""
    fake = FakeController({"/portalintf": (503, {})})
    with running(fake), site_with(tmp_path, system="smartzone", url=fake.url) as site, site.client() as phone:
        ticked = {"consent": "location_offers:page"}
        answer = connect(phone, f"/w/corner?{query_of('smartzone-clear')}", **ticked)
        assert answer.status_code == 502
        assert "does not answer" in answer.text
        me = phone.get("/v1/me").json()["shopper_id"]
        (said,) = [row.values for row in get_status(site.db) if row.component == "portal"]
        assert (said["let_out"], said["failing"]) == ({"controller_away": 1}, 1)
        fake.answers["/portalintf"] = (200, {"ResponseCode": 201})
        again = phone.post("/w/corner?lang=en", data=hidden(answer.text))
        assert again.status_code == 303
        assert "pass=" in phone.get(again.headers["location"]).text
        assert phone.get("/v1/me").json()["shopper_id"] == me
        with site.manager() as manager:
            found = manager.get("/health").json()
        (portal,) = [c for c in found["components"] if c["component"] == "portal"]
        assert portal["values"]["let_out"] == {"controller_away": 1, "opened": 1}
        assert (portal["values"]["failing"], portal["fresh"]) == (0, True)
        assert not re.search(r"(?i)02.?00.?5e.?10.?00.?01", str(found))


def test_the_other_language_keeps_phone_and_way_out(tmp_path: Path) -> None:
    with site_with(tmp_path, system="meraki") as site, site.client() as phone:
        page = phone.get(f"/w/corner?{query_of('meraki-click-through')}&lang=fr").text
        found = re.search(r'href="([^"]+)" hreflang="en"', page)
        assert found
        other = unescape(found[1])
        assert not re.search(r"(?i)02.?00.?5e.?10.?00.?01", other)
        english = phone.get(other).text
        assert "Do not follow me" in english
        assert hidden(english)["phone"]
        assert link_out(phone.post("/w/corner?lang=en", data=hidden(english)).text).startswith(
            "https://n1.network-auth"
        )


def test_a_generic_portal_s_form_goes_where_the_shop_says(tmp_path: Path) -> None:
    """The redirect names no address to sign in at, or somebody else's: the declared one is taken."""
    generic = {"system": "generic", "username": "guest", "url": "https://login.corner.example/auth"}
    with site_with(tmp_path, **generic) as site, site.client() as phone:
        for query in (f"client_mac={MAC}", f"client_mac={MAC}&login_url=https%3A%2F%2Fevil.example%2F"):
            answer = connect(phone, f"/w/corner?{query}").text
            assert 'action="https://login.corner.example/auth"' in answer
            assert "evil" not in answer


def test_shops_whose_unifi_sites_have_one_name_are_told_apart_by_their_access_points(tmp_path: Path) -> None:
    theirs = (AccessPoint(AP, "ground", 1.0, 1.0, 2.0, "AP", None, None),)
    other = replace(small_plan("other"), name="Other shop", access_points=theirs)
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    server = run_api(Config(api=ApiConfig(port=0)), db, SECRETS, {"corner": small_plan(), "other": other}).start()
    try:
        with httpx.Client(base_url=server.url, timeout=60) as phone:
            assert "Other shop" in phone.get(f"/guest/s/default/?id={MAC}&ap={AP}").text
            assert "Épicerie" in phone.get(f"/guest/s/default/?id={MAC}&ap=02:00:00:00:00:01").text
            assert phone.get(f"/guest/s/default/?id={MAC}&ap=02:00:00:00:00:77").status_code == 404
    finally:
        server.stop()
        db.close()


def test_without_a_declared_portal_the_other_language_keeps_what_is_known(site: Site) -> None:
    with site.client() as phone:
        for query, kept in (
            (f"client_mac={MAC}", 'name="phone"'),
            ("client_mac=ENC00112233445566778899", 'id="no-phone"'),
        ):
            page = phone.get(f"/w/corner?{query}&lang=fr").text
            found = re.search(r'href="([^"]+)" hreflang="en"', page)
            assert found
            english = phone.get(unescape(found[1])).text
            assert kept in english
            assert 'name="door"' not in english


def test_a_way_out_of_another_store_or_a_forged_one_opens_nothing(tmp_path: Path) -> None:
    with site_with(tmp_path, system="meraki") as site, site.client() as phone:
        fields = hidden(phone.get(f"/w/corner?{query_of('meraki-click-through')}").text)
        cut = phone.post("/w/corner?lang=en", data={**fields, "door": fields["door"][:-9] + "AAAAAAAA="})
        assert cut.status_code == 200
        assert "network-auth" not in cut.text
        assert phone.get("/w/corner?door=nonsense").status_code == 200


def signed_by_extreme(host: str, secret: str) -> str:
    """A redirect of now, as the controller signs it."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{date[:8]}/world/ecp/aws4_request"
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=CORNER%2F{scope.replace('/', '%2F')}&X-Amz-Date={date}"
        "&X-Amz-Expires=600&X-Amz-SignedHeaders=host&apmac=00005e005301&hwc_ip=hwc.example&hwc_port=443"
        f"&mac={MAC.replace(':', '')}&token=a!b&wlan=8"
    )
    signature = sign(secret, date, scope, canonical("/w/corner", query, host))
    return f"/w/corner?{query}&X-Amz-Signature={signature}"


def test_a_vendor_s_signature_proves_the_phone(tmp_path: Path) -> None:
    """Extreme's own: the claim needs no other proof, and is used up. A forged one proves nothing and names nobody."""
    extreme = {"system": "extreme", "username": "CORNER", "allowed_hosts": ["hwc.example"]}
    with site_with(tmp_path, **extreme) as site, site.client() as phone:
        host = site.url.removeprefix("http://")
        forged = phone.get(signed_by_extreme(host, "not-the-secret")).text
        assert "phone" not in hidden(forged)
        assert 'id="no-phone"' in forged
        target = signed_by_extreme(host, "portal-secret")
        answer = connect(phone, target, consent="location_offers:page")
        assert [link.shopper_id for link in linked_devices(site.db, "corner").values()] == [
            phone.get("/v1/me").json()["shopper_id"]
        ]
        assert link_out(answer.text).startswith("https://hwc.example/ext_approval.php?")
        with site.client() as thief:
            connect(thief, target, consent="location_offers:page")
            assert thief.get("/v1/me").json()["phone"] == "pending"


def test_a_page_is_light_and_needs_no_script(tmp_path: Path) -> None:
    """Everything that a captive window loads for the sign-in page of a long redirect, uncompressed."""
    with site_with(tmp_path, system="smartzone", url="https://scg.example:9443") as site, site.client() as phone:
        page = phone.get(f"/w/corner?{query_of('smartzone-clear')}")
        parts = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
        bytes_ = len(page.content) + sum(len(phone.get(part).content) for part in parts)
        assert 5_000 < bytes_ < LONGEST_BYTES
        assert 'action="/w/corner' in page.text
