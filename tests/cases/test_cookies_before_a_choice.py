"""Two cookies for 180 days were set before anybody had chosen anything, one with the phone's pseudonym in clear.

What happened: `/w/{store}` set `rayon_visitor` and `rayon_device`, a shared link `rayon_visitor`. Input: every page
that a visitor can open, the portal with a MAC in every way, a shared link, refusing everything, opting out. Right: no
cookie at all; after a yes the sign-in's alone, and no page or cookie holds a pseudonym, in any of its spellings.
"""

from __future__ import annotations

import base64
import re
import time

import pytest

from engine.privacy.pseudonyms import Pseudonyms
from engine.records import device_hex
from tests.api.conftest import config, plan, site, standing
from tests.api.site import MAC, SECRETS, Site

__all__ = ["config", "plan", "site", "standing"]

HERS = device_hex(Pseudonyms(SECRETS.site_key).stable(MAC))
NO = {"purpose": "location_offers", "channel": "page", "granted": False}


def holds_pseudonym(text: str) -> bool:
    """In clear, or in anything that looks like base64."""
    pieces = re.findall(r"[A-Za-z0-9_-]{12,}", text)
    decoded = b"".join(
        base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)) for piece in pieces if len(piece) % 4 != 1
    )
    return HERS in text or HERS.encode() in decoded


@pytest.mark.parametrize("path", ["/", "/w/corner", "/w/corner?lang=en", "/me", "/opt-out/corner", "/till", "/health"])
def test_pages_set_none(standing: Site, path: str) -> None:
    with standing.client() as visitor:
        assert "set-cookie" not in visitor.get(path).headers


def test_the_portal_and_saying_no_set_none(site: Site) -> None:
    with site.client() as visitor:
        for query in ({"client_mac": MAC}, site.redirect()):
            page = visitor.get("/w/corner", params=query)
            assert not holds_pseudonym(page.text)
            answers = [page, visitor.post("/w/corner", data=site.form(visitor, query))]
            answers.append(visitor.post("/v1/sessions", json={"store": "corner", "consents": [NO], **query}))
            answers.append(visitor.post("/opt-out/corner", data=site.form(visitor, query)))
            for answer in answers:
                assert "rayon_device" not in str(answer.headers)
                assert "rayon_visitor" not in str(answer.headers)
        assert set(visitor.cookies) == {"rayon_refused"}, "the choice itself, as a day: nobody is told by it"
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", visitor.cookies["rayon_refused"])


def test_a_shared_link_sets_none(site: Site) -> None:
    with site.client() as sharer, site.client(**{"User-Agent": "Mozilla/5.0 (a friend's)"}) as friend:
        voucher = site.issue(site.sign_in(sharer), time.time())
        link = sharer.post("/v1/me/shares", json={"voucher_id": voucher}).json()["url"]
        assert "set-cookie" not in friend.get(link).headers
        assert sharer.get("/v1/me").json()["points"]["pending"] == 50  # and is counted all the same
        assert set(sharer.cookies) == {"rayon_shopper"}


def test_after_a_yes_the_sign_in_alone(site: Site) -> None:
    with site.client() as shopper:
        form = {"consent": "location_offers:page", **site.form(shopper, site.redirect())}
        page = shopper.post("/w/corner", data=form)
        assert set(shopper.cookies) == {"rayon_shopper"}
        assert not holds_pseudonym(str(page.headers) + page.text)
