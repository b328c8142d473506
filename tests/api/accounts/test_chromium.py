"""The console's pages of people in a real Chromium, without scripts of ours: from the invitation to the way out.

`python -m tests.api.accounts.pictures DIR` takes pictures of all of them.
"""

from __future__ import annotations

import time

import pytest
from axe_core_python.selenium import Axe  # type: ignore[import-untyped]
from selenium.webdriver import Chrome

from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import disable_account, find_account
from engine.vocabulary import Role
from tests.api.site import PASSWORD, Site
from tests.browser import ask, choose, click, complaints, content, shown, wait_for, write

WIDTH = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


def flaws(browser: Chrome) -> list[str]:
    """What axe says of the page as it is, and whether it has to be scrolled sideways."""
    found = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in Axe().run(browser)["violations"]]
    wide, window = ask(browser, WIDTH)
    return found + ([f"{wide} px wide"] if wide > window else [])


def dark(browser: Chrome, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.e2e
@pytest.mark.slow
def test_an_administrator_invites_a_colleague_who_comes_and_goes(site: Site, chromium: Chrome) -> None:
    site.account("ana", (Role.ADMIN, "*"))
    browser, said = chromium, dict[str, list[str]]()

    def look(name: str) -> None:
        for scheme in ("dark", "light"):
            dark(browser, scheme)
            said[f"{name}, {scheme}"] = flaws(browser)

    browser.get(f"{site.url}/people?lang=fr")
    look("sign-in")
    write(browser, "[name=name]", "ana")
    write(browser, "[name=password]", "mistyped it all")
    click(browser, "button", "Se connecter")
    wait_for(browser, "[role=alert]", "Le nom ou le mot de passe est faux")
    look("wrong")
    write(browser, "[name=name]", "ana")
    write(browser, "[name=password]", PASSWORD)
    click(browser, "button", "Se connecter")
    wait_for(browser, "h1", "Équipe")
    write(browser, "form [name=name]", "Zoé de la Boutique-aux-très-longs-Noms")
    choose(browser, "[name=role]", "manager")
    choose(browser, "[name=store]", "corner")
    click(browser, "button", "Inviter")
    wait_for(browser, "[role=status]", "peut choisir un mot de passe")
    look("people")
    link = str(ask(browser, "return document.querySelector('[readonly]').value"))
    account = find_account(site.db, "Zoé de la Boutique-aux-très-longs-Noms", time.time())
    assert account is not None
    browser.get(f"{site.url}/people/{account.account_id}?lang=en")
    look("person")
    browser.get(f"{site.url}/audit?lang=en")
    look("audit")
    assert "gave a role" in content(browser, "table")
    browser.get(f"{site.url}/account?lang=fr")
    look("account")
    click(browser, "button", "Se déconnecter", exact=True)
    wait_for(browser, "[name=password]")
    browser.get(f"{site.url}{link[link.index('/invitation') :]}?lang=fr")
    look("invitation")
    write(browser, "[name=new]", "quatre chiens roux")
    write(browser, "[name=again]", "quatre chiens roux")
    click(browser, "button", "Choisir et se connecter")
    wait_for(browser, "a[href^='/account']")
    browser.get(f"{site.url}{link[link.index('/invitation') :]}")
    wait_for(browser, "[role=status]", "a déjà servi")
    look("used")
    assert not shown(browser, "[name=new]")
    browser.get(f"{site.url}/manage")
    wait_for(browser, "a[href^='/account']")
    disable_account(site.db, COMMAND, account.account_id, time.time())  # while the store's page is open
    wait_for(browser, "[name=password]")
    assert {name: found for name, found in said.items() if found} == {}
    assert [c for c in complaints(browser) if "401" not in c and "410" not in c and "/_nicegui" not in c] == []
