"""Pages of people: invite, roles by store, links used twice or late, closing, and what one administrator may not do."""

from __future__ import annotations

import html
import re
import time

import httpx

from engine.storage.accounts.people import find_account, list_accounts
from engine.vocabulary import Role
from tests.api.site import PASSWORD, Site

SITE = (Role.ADMIN, "*")
NEW = {"name": "bob", "email": "", "role": "viewer", "store": "corner"}


def link_in(page: httpx.Response) -> str:
    """The link that is to be handed over, as a path."""
    [url] = re.findall(r'value="(http[^"]*/invitation/[^"]*)"', page.text)
    return html.unescape(url).partition("//")[2].partition("/")[2].join(["/", ""])


def account_id(site: Site, name: str) -> str:
    found = find_account(site.db, name, time.time())
    assert found is not None
    return found.account_id


def chosen(client: httpx.Client, link: str, password: str = PASSWORD, again: str = "") -> httpx.Response:
    return client.post(link, data={"new": password, "again": again or password})


def test_an_invitation_from_beginning_to_end(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.client(Accept="text/html") as bob, site.client() as late:
        link = link_in(ana.post("/people", data=NEW))
        assert link not in ana.get("/people").text  # shown once
        assert "bob" in bob.get(link).text
        assert bob.get(link).status_code == 200  # looking uses nothing up
        assert chosen(bob, link, "too short").status_code == 422
        assert chosen(bob, link, PASSWORD, "another one entirely").status_code == 422
        assert chosen(bob, link, "bob bob bob bob").status_code == 422
        assert chosen(bob, link).headers["location"] == "/manage"
        assert bob.get("/v1/stores/corner/zones").status_code == 200
        assert (late.get(link).status_code, chosen(late, link, "not bob's at all").status_code) == (410, 410)
        assert late.get("/invitation/made-up").status_code == 410


def test_a_closed_account_can_be_erased(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.colleague("bob", (Role.VIEWER, "corner")):
        path = f"/people/{account_id(site, 'bob')}"
        assert 'value="erase"' not in ana.get(path).text  # it is closed first
        ana.post(f"{path}/state", data={"do": "disable"})
        assert 'value="erase"' in ana.get(path).text
        assert ana.post(f"{path}/state", data={"do": "erase"}).headers["location"].startswith("/people?")
        assert ana.get(path).status_code == 404
        assert "bob" not in ana.get("/audit").text


def test_every_page_of_people_leads_back_and_out(site: Site) -> None:
    with site.colleague("ana", SITE) as ana:
        for path in ("/people", f"/people/{account_id(site, 'ana')}", "/audit"):
            page = ana.get(path).text
            assert 'class="mark" href="/manage?lang=' in page, path
            assert 'action="/manage-sign-out"' in page, path
            assert 'href="/account?lang=' in page, path


def test_an_invitation_that_lacks_something_is_told_what(site: Site) -> None:
    lacking = [
        ({"name": ""}, "Un nom a de 1"),
        ({"email": "nowhere"}, "pas une adresse"),
        ({"role": "king"}, "Choisissez un rôle"),
        ({"store": ""}, "Choisissez un magasin"),  # a manager with no store
        ({"store": "elsewhere"}, "Choisissez un magasin"),
    ]
    with site.colleague("ana", SITE) as ana:
        for change, said in lacking:
            page = ana.post("/people", data={**NEW, **change})
            assert (page.status_code, said in html.unescape(page.text)) == (422, True), change
    assert len(list_accounts(site.db, time.time())) == 1


def test_a_name_is_not_given_twice(site: Site) -> None:
    with site.colleague("ana", SITE) as ana:
        assert ana.post("/people", data={**NEW, "name": "ANA"}).status_code == 409


def test_roles_are_given_and_taken_and_hold_at_once(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.colleague("bob", (Role.VIEWER, "corner")) as bob:
        path = f"/people/{account_id(site, 'bob')}"
        change = {"do": "give", "role": "campaign_editor", "store": "corner"}
        assert ana.post(f"{path}/roles", data=change).headers["location"].startswith(path)
        assert bob.get("/v1/stores/corner/campaigns").status_code == 200
        ana.post(f"{path}/roles", data={**change, "do": "take"})
        assert bob.get("/v1/stores/corner/campaigns").status_code == 403
        assert ana.post(f"{path}/roles", data={**change, "store": ""}).status_code == 422
        assert bob.post(f"{path}/roles", data=change).status_code == 403


def test_sessions_are_ended_by_administrator_and_owner(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.colleague("bob", (Role.VIEWER, "corner")) as bob:
        ana.post(f"/people/{account_id(site, 'bob')}/sessions")
        assert bob.get("/account").status_code == 401
        [own] = re.findall(r'name="session_id" value="([^"]*)"', ana.get("/account").text)
        ana.post("/account/sessions", data={"session_id": own})
        assert ana.get("/account").status_code == 401


def test_the_last_administrator_stays_and_hears_why(site: Site) -> None:
    with site.colleague("ana", SITE) as ana:
        path = f"/people/{account_id(site, 'ana')}"
        take = ana.post(f"{path}/roles", data={"do": "take", "role": "admin", "store": "*"})
        close = ana.post(f"{path}/state", data={"do": "disable"})
        assert [(a.status_code, "administre tous les magasins" in a.text) for a in (take, close)] == [(409, True)] * 2
        assert ana.get("/people").status_code == 200


def test_two_administrators_who_remove_each_other(site: Site) -> None:
    """Both have the other's page open; whoever comes second is none any more."""
    with site.colleague("ana", SITE) as ana, site.colleague("bob", SITE) as bob:
        take = {"do": "take", "role": "admin", "store": "*"}
        assert ana.post(f"/people/{account_id(site, 'bob')}/roles", data=take).status_code == 303
        assert bob.post(f"/people/{account_id(site, 'ana')}/roles", data=take).status_code == 403


def test_an_administrator_of_a_store_sees_that_store_s_people(site: Site) -> None:
    site.account("other", (Role.VIEWER, "elsewhere"))
    site.account("both", (Role.VIEWER, "elsewhere"), (Role.IT, "corner"))
    with site.colleague("chief", (Role.ADMIN, "corner")) as chief:
        page = chief.get("/people").text
        assert ("both" in page, "other" in page, "elsewhere" in page) == (True, False, False)
        assert chief.get(f"/people/{account_id(site, 'other')}").status_code == 404
        both = f"/people/{account_id(site, 'both')}"
        assert chief.post(f"{both}/link").status_code == 403
        assert chief.post(f"{both}/state", data={"do": "disable"}).status_code == 403
        assert chief.post("/people", data={**NEW, "store": "*"}).status_code == 422
        gone = chief.post(f"{both}/roles", data={"do": "take", "role": "it", "store": "corner"})
        assert gone.headers["location"].startswith("/people?")
        assert chief.get(both).status_code == 404


def test_a_key_manages_nobody(site: Site) -> None:
    with site.manager() as key:
        assert key.get("/people").status_code == 401
        assert key.post("/people", data=NEW).status_code == 401
        assert key.get("/audit").status_code == 401


def test_a_closed_account_s_link_opens_nothing(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.client() as bob:
        link = link_in(ana.post("/people", data=NEW))
        path = f"/people/{account_id(site, 'bob')}"
        ana.post(f"{path}/state", data={"do": "disable"})
        assert chosen(bob, link).status_code == 410
        ana.post(f"{path}/state", data={"do": "enable"})
        assert chosen(bob, link_in(ana.post(f"{path}/link"))).status_code == 303


def test_one_s_own_password_takes_the_old_one_and_ends_other_sessions(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.client() as thief:
        thief.cookies.set("rayon_manager", ana.cookies["rayon_manager"])
        change = {"old": "not hers at all", "new": "quatre chiens roux", "again": "quatre chiens roux"}
        assert thief.post("/account/password", data=change).status_code == 422
        with site.client() as elsewhere:
            elsewhere.post("/account/sign-in", data={"name": "ana", "password": PASSWORD})
            assert (
                ana.post("/account/password", data={**change, "old": PASSWORD, "new": "azertyuiop12"}).status_code
                == 422
            )
            assert ana.post("/account/password", data={**change, "old": PASSWORD}).status_code == 200
            assert elsewhere.get("/account").status_code == 401
        assert ana.get("/account").status_code == 200


def test_the_log_says_who_did_what_to_whom(site: Site) -> None:
    with site.colleague("ana", SITE) as ana, site.colleague("dora", (Role.DPO, "elsewhere")) as dora:
        ana.post("/people", data=NEW)
        for lang, words in (("fr", "rôle donné"), ("en", "gave a role")):
            page = ana.get("/audit", params={"lang": lang}).text
            assert all(said in page for said in (words, "ana", "bob", "Épicerie du coin"))
        of_bob = ana.get("/audit", params={"account": account_id(site, "bob")}).text
        assert ("bob" in of_bob, "dora" in of_bob) == (True, False)
        assert "bob" not in dora.get("/audit").text  # of another store
