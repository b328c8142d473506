"""Health and sources on a phone, where the shop's IT person stands on a ladder: nothing has to be scrolled sideways."""

from __future__ import annotations

import time

import pytest
from selenium.webdriver import Chrome

from engine.vocabulary import Role
from tests.api.accounts.test_chromium import flaws
from tests.api.health.test_cluster import small_cluster
from tests.api.health.test_sources import say
from tests.api.site import PASSWORD, Site
from tests.browser import click, wait_for, write


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_is_wider_than_the_phone(site: Site, chromium: Chrome, lang: str) -> None:
    site.account("ana", (Role.ADMIN, "*"))
    now = time.time()
    lines = {"messages": 1_234_567, "readings": 1_234_567, "refused": {"bad_rssi": 6, "unknown_ap": 123_456}}
    say(
        site,
        now,
        {"heard_at": [now - 900], "per_min": [1234]},
        **{"cloud-of-the-first-floor-" * 3: lines | {"heard_at": now - 1}},
    )
    chromium.get(f"{site.url}/people?lang={lang}")
    write(chromium, "[name=name]", "ana")
    write(chromium, "[name=password]", PASSWORD)
    click(chromium, "main form button")
    wait_for(chromium, "[name=store]")
    found = {}
    small_cluster(site)
    for path in ("/health", "/health/sources/corner", "/health/cluster"):
        chromium.get(f"{site.url}{path}?lang={lang}")
        wait_for(chromium, "td")
        found[path] = flaws(chromium)
    assert found == {"/health": [], "/health/sources/corner": [], "/health/cluster": []}
