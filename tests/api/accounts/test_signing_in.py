"""Signing in by name and password: the same answer for everybody, guesses bounded, nobody kept out by a neighbour."""

from __future__ import annotations

import re

import httpx
import pytest

from api.ratelimits import PASSWORDS_PER_DEVICE_PER_MINUTE, PASSWORDS_PER_MINUTE
from engine.storage.accounts.audit import COMMAND, entries
from engine.storage.accounts.people import disable_account
from engine.vocabulary import AuditAction, Role
from tests.api.site import PASSWORD, Site, campaign_json

SIGN_IN = "/account/sign-in"
HERE = (Role.VIEWER, "corner")


def tried(client: httpx.Client, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post(SIGN_IN, data={"name": name, "password": password, **more})


def test_a_name_and_its_password_open_what_the_roles_allow(site: Site) -> None:
    with site.colleague("ana", HERE) as ana:
        assert ana.get("/v1/stores/corner/zones").status_code == 200
        assert ana.get("/v1/stores/corner/campaigns").status_code == 403
        assert ana.get("/v1/stores/elsewhere/zones").status_code == 404
        assert ana.get("/people").status_code == 403
        assert "mes" not in str(ana.cookies["rayon_manager"])
        cookie = ana.cookies["rayon_manager"]
    assert "ana" not in cookie


def test_the_answer_is_the_same_whether_anybody_is_called_so(site: Site) -> None:
    """A name that nobody has, a wrong password, an account that is closed, one that has no password yet."""
    site.account("ana", HERE)
    site.account("bob", HERE, password=None)
    closed = site.account("eve", HERE)
    disable_account(site.db, COMMAND, closed.account_id, 0.0)
    with site.client() as client:
        said = {
            (answer.status_code, answer.text)
            for answer in (
                tried(client, "nobody"), tried(client, "ana", "not hers at all"), tried(client, "bob"),
                tried(client, "eve"), tried(client, "x" * 100),
            )
        }  # fmt: skip
        assert len(said) == 1
        [(status, text)] = said
        assert (status, "Le nom ou le mot de passe est faux" in text) == (401, True)
        assert client.cookies.get("rayon_manager") is None


def test_the_form_leads_nowhere_else(site: Site) -> None:
    site.account("ana", HERE)
    for to in ("https://evil.example/", "//evil.example", "/manage//evil.example", "/peoples"):
        with site.client() as client:
            assert tried(client, "ana", to=to).headers["location"] == "/manage"


def test_guesses_at_an_account_are_few_and_keep_its_owner_s_browser_in(site: Site) -> None:
    """All strangers together have a bound, whatever cookies they show; a browser of the owner's has its own."""
    with site.colleague("ana", HERE) as ana, site.client() as thief, site.client() as other:
        site.account("bob", HERE)
        said = [tried(client, "ANA", f"guess number {n}").status_code for n in range(6) for client in (thief, other)]
        # one try is the owner's own first sign-in, of a browser nobody knew
        assert said.count(401) == PASSWORDS_PER_MINUTE - 1
        assert tried(thief, "ana").status_code == 429  # the right one is not looked at either
        assert tried(ana, "ana").status_code == 303
        assert tried(other, "bob").status_code == 303  # another account, from the same address
        wrong = [tried(ana, "ana", "mistyped it again").status_code for _ in range(PASSWORDS_PER_DEVICE_PER_MINUTE)]
        assert wrong[-1] == 429
        assert tried(ana, "bob").status_code == 303


def test_another_account_s_browser_is_a_stranger(site: Site) -> None:
    site.account("ana", HERE)
    with site.colleague("eve", HERE) as eve:
        said = [tried(eve, "ana", f"guess number {n}").status_code for n in range(PASSWORDS_PER_MINUTE + 1)]
    assert said == [401] * PASSWORDS_PER_MINUTE + [429]


def test_a_nobody_s_guesses_are_bounded_as_anybody_s(site: Site) -> None:
    with site.client() as client:
        said = [tried(client, "nobody", f"guess number {n}").status_code for n in range(PASSWORDS_PER_MINUTE + 1)]
    assert said == [401] * PASSWORDS_PER_MINUTE + [429]


def test_signing_out_ends_the_session_not_the_cookie_alone(site: Site) -> None:
    with site.colleague("ana", HERE) as ana, site.client() as thief:
        thief.cookies.set("rayon_manager", ana.cookies["rayon_manager"])
        assert thief.get("/v1/stores").status_code == 200
        ana.post("/manage-sign-out")
        assert (thief.get("/v1/stores").status_code, ana.get("/v1/stores").status_code) == (401, 401)


def test_whoever_signs_in_anew_is_signed_out_of_what_they_were(site: Site) -> None:
    site.account("bob", (Role.IT, "corner"))
    with site.colleague("ana", HERE) as desk:
        before = desk.cookies["rayon_manager"]
        assert tried(desk, "bob").status_code == 303
        with site.client() as old:
            old.cookies.set("rayon_manager", before)
            assert old.get("/v1/stores").status_code == 401


def test_an_account_closed_meanwhile_is_out_at_the_next_request(site: Site) -> None:
    with site.colleague("ana", HERE) as ana, site.client() as thief:
        assert ana.get("/account").status_code == 200
        [account] = [e.subject for e in entries(site.db, {"corner"}) if e.action is AuditAction.INVITED]
        disable_account(site.db, COMMAND, account, 0.0)
        assert ana.get("/v1/stores/corner/zones").status_code == 401
        page = ana.get("/account")
        assert (page.status_code, 'name="password"' in page.text) == (401, True)
        assert tried(thief, "ana").status_code == 401


def test_a_wrong_password_is_in_the_log_of_the_store(site: Site) -> None:
    site.account("ana", HERE)
    with site.client() as client:
        tried(client, "ana", "not hers at all")
        tried(client, "nobody", "not hers at all")
    said = [e.action for e in entries(site.db, {"corner"}, limit=2)]
    assert said == [AuditAction.SIGN_IN_FAILED, AuditAction.PASSWORD_CHOSEN]


def test_the_sign_in_has_no_script_and_keeps_the_way(site: Site) -> None:
    with site.client(Accept="text/html") as client:
        page = client.get("/people", params={"lang": "en"})
    assert (page.status_code, "<script" in page.text) == (401, False)
    assert re.findall(r'name="to" value="([^"]*)"', page.text) == ["/people", "/people"]
    assert "Name or password" not in page.text


def test_somebody_with_nothing_to_see_lands_on_their_account(site: Site) -> None:
    """Such as a till administrator, or whoever's only store is gone."""
    with (
        site.colleague("tilda", (Role.TILL_ADMIN, "corner")) as tilda,
        site.colleague("ida", (Role.IT, "corner")) as ida,
    ):
        assert tilda.get("/manage").headers["location"] == "/till"
        assert ida.get("/manage").headers["location"] == "/health"


def test_a_person_s_write_can_be_repeated_and_is_nobody_else_s(site: Site) -> None:
    """Two people at one address send the same key: neither gets the other's answer."""
    editor, made = (Role.CAMPAIGN_EDITOR, "corner"), campaign_json("new-1")
    with site.colleague("ana", editor) as ana, site.colleague("bob", HERE) as bob:
        key = {"Idempotency-Key": "the same"}
        first = ana.post("/v1/stores/corner/campaigns", json=made, headers=key)
        again = ana.post("/v1/stores/corner/campaigns", json=made, headers=key)
        assert (first.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert bob.post("/v1/stores/corner/campaigns", json=made, headers=key).status_code == 403


@pytest.mark.parametrize(
    ("role", "ways"),
    [
        (Role.HQ, {"/hq", "/staff"}),
        (Role.MANAGER, {"/staff"}),
        (Role.CLERK, set()),  # the desk is their home, the button above
        (Role.VIEWER, set()),
    ],
)
def test_ones_own_page_leads_to_all_pages_that_one_may_see(site: Site, role: Role, ways: set[str]) -> None:
    with site.colleague("ana", (role, "corner")) as ana:
        page = ana.get("/account", params={"lang": "en"}).text
        assert set(re.findall(r'<a class="button" href="(/[a-z]+)\?', page)) & {"/hq", "/staff"} == ways
