"""A tablet of the shop's offered the next person the coupons that it had kept of the last one.

What happened elsewhere: somebody ticked that others use the device, closed the browser, and the wallet was still in the
browser's database; following a link by e-mail there made it a device of half a year. Input: a shared sign-in, then a
card shown in it, then a page after its end. Right: the page says that it is shared, so that nothing is kept; what is
signed in there stays shared; whoever comes after finds the browser cleared.
"""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session, select

from engine.storage.models.identity import BrowserSessionTable
from engine.storage.people.browsers import SHARED_S
from tests.api.site import Site

FORM = {"consent": "location_offers:page", "shown": "location_offers:page", "form_name": "0" * 32}
CARD = {"number": "12345678", "proof": "abcd"}


def test_a_shared_sign_in_stays_shared_and_keeps_nothing(site: Site) -> None:
    with site.manager() as manager:
        assert manager.post("/v1/cards", json={"cards": [CARD]}).status_code == 200
    with site.client() as tablet, site.client() as own:
        tablet.post("/w/corner", data=FORM | {"shared": "1"})
        own.post("/w/corner", data=FORM | {"form_name": "1" * 32})
        assert "data-shared" in tablet.get("/me").text
        assert "data-shared" not in own.get("/me").text
        shown = tablet.post("/me/identity/card", data=CARD)
        [cookie] = [c for c in shown.headers.get_list("set-cookie") if c.startswith("rayon_shopper=")]
        assert "max-age" not in cookie.lower(), "it ends with the browser"
        assert "data-shared" in tablet.get("/me").text
        with site.db.write() as session:
            _age(session)
        after = tablet.get("/me")
        assert after.status_code == 401
        assert '"storage"' in after.headers["Clear-Site-Data"]


def test_an_own_phone_is_not_cleared(site: Site) -> None:
    with site.client() as own, site.client() as stranger:
        own.post("/w/corner", data=FORM)
        with site.db.write() as session:
            _age(session)
        for browser in (own, stranger):
            assert "Clear-Site-Data" not in browser.get("/me").headers


def test_the_page_keeps_nothing_where_it_is_shared() -> None:
    script = (Path("api") / "static" / "me.js").read_text(encoding="utf-8")
    kept = script[script.index("async function keepAll()") :]
    assert kept.index("if (shared) return forget();") < kept.index("await keep(")


def _age(session: Session) -> None:
    for row in session.exec(select(BrowserSessionTable)):
        row.made_at -= SHARED_S + 1
