"""The page of several stores: ranked where they differ, of the reader's stores only, and budgets with their pace."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome, Keys

from api.app import create_app
from api.callers.cookies import MANAGER, PERSON, session_digest, sign
from api.context import AppContext
from engine.config import Config
from engine.offers.campaigns import Campaign
from engine.presence.expected.rows import StayLength
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import make_account
from engine.storage.accounts.sessions import open_session
from engine.storage.database import open_database
from engine.storage.journal import save_checkpoint
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import Role
from tests.api.managers.console.shop import MONDAY, SECRETS, at, days_from, expected, open_day, plan_in
from tests.api.managers.console.test_browser import LOOKS, WIDER, see
from tests.api.managers.site import serving
from tests.browser import ask, chromium, complaints, shown, wait_until
from tests.browsers.axe import violations

__all__ = ["chromium"]
PLANS = {
    name: replace(plan_in(zone), store=name, name=said)
    for name, said, zone in (
        ("north", "Nord", "Europe/Paris"),
        ("south", "Sud", "Europe/Paris"),
        ("islands", "Îles", "Indian/Reunion"),
        ("new", "Neuf", "Europe/Paris"),
    )
}
STAYS = {"north": (40, 60), "south": (42, 58), "islands": (80, 20), "new": (10, 90)}
"""Of a day: how many passed, how many came in for long."""
WEEK = "from=2026-03-09&to=2026-03-15"


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppContext]:
    """Two weeks of four stores, but of the new one the second only."""
    db = open_database(f"sqlite:///{tmp_path_factory.mktemp('hq')}/rayon.db")
    for name, plan in PLANS.items():
        hours, rows = [], []
        for day in days_from(MONDAY, 14)[7 if name == "new" else 0 :]:
            hours += open_day(plan, day, heat=False)[1]
            passed, long = STAYS[name]
            rows += [expected(at(plan, day, 9), StayLength.PASSED.value, passed, 30.0)]
            rows += [expected(at(plan, day, 9), StayLength.LONG.value, long, 1200.0)]
        save_checkpoint(db, name, 0, b"", [], hours, [], 0.0, expected=rows)
    put_campaign(db, "north", paced())
    made = AppContext(Config(), db, SECRETS, PLANS)
    yield made
    db.close()


def paced() -> Campaign:
    """Half of its time is over, and nothing is spent."""
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    spec = {
        "id": "bread",
        "name": "Pain",
        "place": {"zone": "bakery"},
        "offer": {"kind": "percent", "applies_to": "product", "sku": "BREAD", "basis_points": 2000},
        "when": {
            "starts_at": (now - dt.timedelta(days=10)).isoformat(),
            "ends_at": (now + dt.timedelta(days=10)).isoformat(),
        },
        "budget": {"max_vouchers": 1000, "pace": "even"},
        "margin_minor": 100,
        "redeem_probability": 0.3,
        "texts": {"fr": {"title": "Pain", "text": "-20 %"}, "en": {"title": "Bread", "text": "20% off"}},
    }
    return Campaign.model_validate_json(json.dumps(spec))


@pytest.fixture(scope="module")
def client(ctx: AppContext) -> Iterator[httpx.Client]:
    """Signed in by key."""
    app = create_app(ctx.config, ctx.db, SECRETS, PLANS, start_delivery=False)
    key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=key, trust_env=False, timeout=60) as opened:
        opened.post("/manage/sign-in", data={"key": SECRETS.manager_key})
        yield opened


def league(client: httpx.Client, query: str = WEEK, **more: Any) -> dict[str, Any]:
    answer = client.get(f"/v1/hq/league?{query}", **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_stores_are_ranked_where_they_differ_and_alike(client: httpx.Client) -> None:
    said = league(client)
    assert (said["by"], said["compared_first_day"]) == ("capture", "2026-03-02")
    places = [(row["store"], row["best"], row["worst"]) for row in said["items"]]
    assert places == [("north", 1, 2), ("south", 1, 2), ("islands", 3, 3), ("new", None, None)]
    north = said["items"][0]
    assert north["value"] == pytest.approx(0.6)
    assert north["low"] < 0.6 < north["high"]
    assert (north["before"], north["change"], north["differs"]) == (pytest.approx(0.6), 0, False)


def test_other_figures_other_forms_and_bad_ones(client: httpx.Client) -> None:
    stays = league(client, f"{WEEK}&by=stay")["items"]
    assert {row["value"] for row in stays} == {1200}
    assert {row["store"]: row["value"] for row in league(client, f"{WEEK}&by=conversion")["items"]} == dict.fromkeys(
        PLANS
    )
    rows = list(csv.DictReader(io.StringIO(client.get(f"/v1/hq/league/csv?{WEEK}").text)))
    assert [row["store"] for row in rows] == ["north", "south", "islands", "new"]
    for query in ("by=money", "compare=weekdays"):
        assert "not known here" in client.get(f"/hq?{WEEK}&{query}&lang=en").text
    for query in ("by=money", "compare=weekdays", "from=soon", "from=2026-03-15&to=2026-03-09"):
        assert client.get(f"/v1/hq/league?{query}").status_code == 422


def test_stores_that_nothing_new_was_counted_in_show_their_last_days(client: httpx.Client) -> None:
    """Else whoever opens the page sees dashes, and no word why."""
    page = client.get("/hq?lang=en").text
    assert "Nothing newer was counted" in page
    [shown] = re.findall(r'name="to" value="([0-9-]+)"', page)
    assert "None of these stores" not in page
    assert league(client, f"to={shown}")["items"][0]["value"] is not None
    assert "None of these stores has this figure" in client.get(f"/hq?{WEEK}&by=conversion&lang=en").text


def test_a_reader_sees_their_own_stores(ctx: AppContext, client: httpx.Client) -> None:
    """Head office of two stores; a viewer of one may not compare at all."""
    for name, roles in (("two", [(Role.HQ, "north"), (Role.HQ, "islands")]), ("viewer", [(Role.VIEWER, "north")])):
        with ctx.db.write() as session:
            account = make_account(session, COMMAND, name, "", roles, time.time())
        open_session(ctx.db, account.account_id, session_digest(name), "test", "password", time.time())
    with httpx.Client(base_url=client.base_url, trust_env=False, timeout=60) as other:
        other.headers["Cookie"] = f"{MANAGER}={sign(SECRETS, MANAGER, PERSON + 'two')}"
        assert [row["store"] for row in league(other)["items"]] == ["north", "islands"]
        page = other.get(f"/hq?{WEEK}&lang=en")
        assert "Nord" in page.text
        assert "Sud" not in page.text
        other.headers["Cookie"] = f"{MANAGER}={sign(SECRETS, MANAGER, PERSON + 'viewer')}"
        assert other.get(f"/v1/hq/league?{WEEK}").status_code == 403
        assert other.get(f"/hq?{WEEK}").status_code == 403


def test_budgets_stand_beside_their_line(client: httpx.Client) -> None:
    [found] = client.get("/v1/hq/budgets").json()["items"]
    assert (found["campaign"], found["spent"], found["budget"], found["state"]) == ("bread", 0, 1000, "behind")
    assert found["due"] == pytest.approx(500, abs=1)


@pytest.mark.e2e
def test_the_page_in_a_browser(client: httpx.Client, chromium: Chrome) -> None:
    site = str(client.base_url).rstrip("/")
    see(chromium, "desktop", "light")
    chromium.get(f"{site}/hq?lang=en")
    chromium.find_element("name", "key").send_keys(SECRETS.manager_key + Keys.ENTER)
    wait_until(chromium, lambda: not shown(chromium, "[name=key]"), "signed in: what is asked before is overtaken")
    assert len(complaints(chromium)) == 1  # of the sign-in page: it is a 401
    found: dict[str, Any] = {}
    for size, scheme, lang in LOOKS:
        see(chromium, size, scheme)
        chromium.get(f"{site}/hq?{WEEK}&lang={lang}")
        assert ask(chromium, "return document.querySelectorAll('.figures tbody tr').length") == 5
        found[f"{size} {scheme} {lang}"] = (ask(chromium, WIDER), violations(chromium))
    assert {page: said for page, said in found.items() if said != (0, [])} == {}
    assert complaints(chromium) == []
