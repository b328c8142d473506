"""The opt-out page: a sign with a QR, and one button that withdraws everything."""

from __future__ import annotations

from engine.storage.shoppers import consent_log, linked_devices
from tests.api.site import MAC, Site


def test_a_printable_sign(site: Site) -> None:
    with site.client() as client:
        page = client.get("/opt-out/corner").text
        assert client.get("/opt-out/nowhere").status_code == 404
    assert "<svg" in page
    assert f"{site.url}/opt-out/corner" in page
    assert "Aucun profil" in page
    assert "anonyme" not in page  # a pseudonym is none


def test_withdraws_everything(site: Site) -> None:
    with site.client() as phone:
        shopper = site.sign_in(phone, client_mac=MAC)
        assert "Tout retirer" in phone.get("/opt-out/corner").text
        assert "vous ne recevrez plus d" in phone.post("/opt-out/corner").text
        assert phone.get("/v1/me").json()["consents"] == []
    assert linked_devices(site.db, "corner") == {}
    assert consent_log(site.db, shopper)[-1].place == "opt-out:corner"


def test_a_phone_needs_no_sign_in(site: Site) -> None:
    """Whoever lost the session can still cut the phone's link."""
    with site.client() as phone:
        site.sign_in(phone, client_mac=MAC)
        phone.cookies.delete("rayon_shopper")
        assert "vous ne recevrez plus d" in phone.post("/opt-out/corner").text
    assert linked_devices(site.db, "corner") == {}
