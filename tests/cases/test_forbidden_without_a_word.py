"""Somebody signed in who may not see a page was told "That did not work, go back and try again", or landed on their
account page without a word; and whoever may only use tills had no till to use.

Input: a till administrator asks for people, figures and the till. Right value: 403 with words and a link; the sign-in
leads on to the till, whose stores come by the session.
"""

from __future__ import annotations

from engine.vocabulary import Role
from tests.api.site import Site


def test_who_may_not_is_told_so_and_where_to_go_on(site: Site) -> None:
    with site.colleague("tom", (Role.TILL_ADMIN, "corner")) as tom:
        tom.headers["Accept"] = "text/html"
        for path in ("/campaigns/corner", "/manage/corner"):
            told = tom.get(path, params={"lang": "en"}, follow_redirects=False)
            assert (told.status_code, "You may not see this" in told.text) == (403, True), path
            assert 'href="/account?lang=en"' in told.text
        assert "administrateur" in tom.get("/campaigns/corner", params={"lang": "fr"}).text


def test_who_may_use_tills_has_one(site: Site) -> None:
    with site.colleague("tom", (Role.TILL_ADMIN, "corner")) as tom:
        assert tom.get("/manage", follow_redirects=False).headers["location"] == "/till"
        assert 'href="/till?lang=' in tom.get("/account").text
        assert [s["store"] for s in tom.get("/v1/till/stores").json()["items"]] == ["corner"]


def test_an_unknown_store_leads_to_those_there_are(site: Site) -> None:
    with site.colleague("vera", (Role.VIEWER, "corner")) as vera:
        told = vera.get("/manage/elsewhere", params={"lang": "en"}, headers={"Accept": "text/html"})
        assert (told.status_code, 'href="/manage?lang=en"' in told.text) == (404, True)
