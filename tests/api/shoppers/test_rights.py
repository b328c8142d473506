"""Rights over HTTP: see, restrict, object, erase; by JSON and by a page that needs no scripts, at once."""

from __future__ import annotations

import time

import pytest

from api.drawn.qr import qr_svg
from api.times import rfc3339
from engine.storage.last_places import LastPlace, note_places
from engine.storage.people.opt_outs import list_opted_out
from engine.storage.people.shoppers import get_shopper, linked_devices
from tests.api.site import MAC, Site, code_of


def test_everything_is_exported_and_can_be_read(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone, display_name="Zoé", email="zoe@example.org", **site.redirect())
        site.issue(who, time.time())
        phone.post("/v1/me/phone-code", json={"code": "ABCDEF"})
        export = phone.get("/v1/me/export").json()
        page = phone.get("/me/data")
    assert {"shopper", "consent_log", "device_link", "voucher", "decision", "delivery"} <= set(export["held"])
    assert export["held"]["shopper"][0]["email"] == "zoe@example.org"
    for said in (
        "Zoé",
        "zoe@example.org",
        who,
        "Le thé vert à −20",
        "Oui",
        "téléphones confirmés",
        "Tout mettre en pause",
    ):
        assert said in page.text, said
    assert "code_hmac" not in str(export)
    assert MAC not in str(export)


def test_neither_export_nor_page_draws_a_picture_for_each_coupon_of_years(site: Site) -> None:
    """They show none, and drawing took 3 ms each: 1,000 coupons were 3 s of the 2 that an export has."""
    with site.client() as phone:
        who = site.sign_in(phone, **site.redirect())
        codes = {code_of(site.issue(who, time.time() - 8 * 86_400 * n, visit=f"visit-{n}")) for n in (2, 1, 0)}
        drawn = qr_svg.cache_info().misses
        assert {c["code"] for c in phone.get("/v1/me/export").json()["vouchers"]} == codes
        assert phone.get("/me/data").text.count("Le thé vert à −20") == 3
        assert qr_svg.cache_info().misses == drawn


def test_what_the_engine_holds_right_now_is_exported(site: Site) -> None:
    """Place and visits under way as the engine told them last, and why the signals behind them are not copied."""
    with site.client() as phone:
        who, now = site.sign_in(phone, **site.redirect()), time.time()
        away = phone.get("/v1/me/export").json()["now"]
        assert (away["place"], away["in_zones"]) == (None, [])
        assert "ne sont pas copiés" in away["engine"]
        note_places(site.db, [LastPlace("corner", who, "ground", 8.0, 2.0, 1.5, now, (("tea", now - 60),))])
        export = phone.get("/v1/me/export").json()
        place = {"store": "corner", "level": "ground", "x_m": 8.0, "y_m": 2.0, "sigma_m": 1.5, "at": rfc3339(now)}
        assert export["now"]["place"] == place
        assert export["now"]["in_zones"] == [{"zone": "tea", "since": rfc3339(now - 60)}]
        assert "last_place" in export["held"]


def test_the_page_is_for_who_is_signed_in(site: Site) -> None:
    with site.client() as stranger:
        assert stranger.get("/me/data").headers["location"] == "/me?lang=fr"
        assert stranger.post("/me/rights", data={"what": "erase"}).headers["location"] == "/me?lang=fr"
        assert stranger.put("/v1/me/rights", json={"restricted": True}).status_code == 401


@pytest.mark.parametrize("way", ["json", "form"])
def test_restriction_pauses_and_keeps(site: Site, way: str) -> None:
    with site.client() as phone:
        who = site.sign_in(phone, **site.redirect())
        site.issue(who, time.time())
        if way == "json":
            said = phone.put("/v1/me/rights", json={"restricted": True}).json()
            assert said["restricted_at"] is not None
            assert said["objected_at"] is None
        else:
            assert phone.post("/me/rights", data={"what": "restrict"}).headers["location"] == "/me/data?lang=fr"
            assert "En pause depuis le" in phone.get("/me/data").text
        assert "Tout est en pause depuis le" in phone.get("/me").text
        assert linked_devices(site.db, "corner") == {}
        assert len(list_opted_out(site.db, "corner")) == 1
        assert len(phone.get("/v1/me/vouchers").json()["items"]) == 1, "kept"
        phone.put("/v1/me/rights", json={"restricted": False})
        assert len(linked_devices(site.db, "corner")) == 1
        assert phone.get("/v1/me/rights").json() == {"restricted_at": None, "objected_at": None}


def test_objecting_leaves_offers_and_ends_statistics(site: Site) -> None:
    statistics = {"purpose": "statistics", "channel": "any", "granted": True}
    with site.client() as phone:
        who = site.sign_in(phone, **site.redirect())
        phone.put("/v1/me/consents", json={"consents": [statistics]})
        phone.post("/me/rights", data={"what": "object"})
        assert get_shopper(site.db, who).objected_at is not None
        assert [c["purpose"] for c in phone.get("/v1/me").json()["consents"]] == ["location_offers"]
        assert [s.counted for s in linked_devices(site.db, "corner").values()] == [False]
        phone.post("/me/rights", data={"what": "count_again"})
        assert [s.counted for s in linked_devices(site.db, "corner").values()] == [True]


def test_erasing_by_form_signs_out_at_once(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone, email="zoe@example.org", **site.redirect())
        assert phone.post("/me/rights?lang=en", data={"what": "erase"}).headers["location"] == "/?erased=1&lang=en"
        assert phone.get("/v1/me").status_code == 401
        assert "everything is erased" in phone.get("/?erased=1&lang=en").text
        assert "everything is erased" not in phone.get("/?lang=en").text
    assert linked_devices(site.db, "corner") == {}


def test_what_a_button_does_is_not_said_to_be_so_before(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone, **site.redirect())
        now = "Your data is kept, and nothing is done with it."
        assert now not in phone.get("/me/data?lang=en").text
        phone.post("/me/rights", data={"what": "restrict"})
        assert now in phone.get("/me/data?lang=en").text


def test_every_right_is_reached_from_the_wallet(site: Site) -> None:
    """With scripts and without, and by who is not signed in as far as it can be."""
    with site.client() as phone, site.client() as stranger:
        site.sign_in(phone, **site.redirect())
        page = phone.get("/me?lang=en").text
        assert 'href="/me/identity?lang=en"' in stranger.get("/me?lang=en").text
    for path in ("/me/data", "/me/identity", "/notice/corner", "/opt-out/corner"):
        assert f'href="{path}?lang=en"' in page, path
    assert 'href="/me/data?lang=en"' in page.split("<noscript>")[1].split("</noscript>")[0]


def test_another_site_s_page_presses_no_button(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        forged = phone.post("/me/rights", data={"what": "erase"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert forged.status_code in (403, 404)
    assert get_shopper(site.db, who).shopper_id == who
