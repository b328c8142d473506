"""The opt-out page: a sign with a QR, and one button that withdraws everything."""

from __future__ import annotations

import re
import time

from engine.storage.people.shoppers import consent_log, linked_devices
from tests.api.site import MAC, Site


def test_a_printable_sign(site: Site) -> None:
    with site.client() as client:
        page = client.get("/opt-out/corner").text
        assert client.get("/opt-out/nowhere").status_code == 404
    assert "<svg" in page
    assert f"{site.url}/opt-out/corner" in page
    assert "Tout retirer" in page
    assert "anonyme" not in page  # a pseudonym is none


def test_withdraws_everything(site: Site) -> None:
    with site.client() as phone:
        shopper = site.sign_in(phone, **site.redirect())
        assert "Tout retirer" in phone.get("/opt-out/corner").text
        done = phone.post("/opt-out/corner").text
        assert "vous ne recevrez plus d" in done
        assert "Retirez tous vos accords" not in done, "it is done"
        assert phone.get("/v1/me").json()["consents"] == []
    assert linked_devices(site.db, "corner") == {}
    assert consent_log(site.db, shopper)[-1].place == "opt-out:corner"


def test_a_phone_needs_no_sign_in(site: Site) -> None:
    """Whoever lost the session can still cut the phone's link, coming from the store's Wi-Fi; nobody else can."""
    with site.client() as phone, site.client() as stranger:
        site.sign_in(phone, **site.redirect())
        phone.cookies.delete("rayon_shopper")
        claimed = stranger.get("/w/corner", params={"client_mac": MAC}).text
        proved = phone.get("/w/corner", params=site.redirect(at=time.time() - 60)).text
        for browser, page, left in ((stranger, claimed, 1), (phone, proved, 0)):
            [link] = re.findall(r'href="(/opt-out/[^"]*)"', page)
            fields = site.form(browser, path=link.replace("&amp;", "&"))
            assert "vous ne recevrez plus d" in browser.post("/opt-out/corner", data=fields).text
            assert len(linked_devices(site.db, "corner")) == left
