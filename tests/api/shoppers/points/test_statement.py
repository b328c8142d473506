"""The statement says every movement with the balance after it, what waits and why, what ends when, and its worth."""

from __future__ import annotations

import datetime as dt
import re
import time
from zoneinfo import ZoneInfo

import pytest

from engine.config import ApiConfig, Config, LoyaltyConfig
from engine.delivery.outboxes import programme_of
from engine.loyalty.ledger import PROGRAMME, claw_back, earn
from engine.storage.commerce.events import keep_events
from engine.storage.loyalty.ledger import post
from engine.storage.loyalty.spending import spend
from engine.storage.people.shoppers import get_shopper
from engine.vocabulary import EntryKind
from tests.api.shoppers.points.test_rewards import TEA
from tests.api.site import Site
from tests.engine.storage.programme.told import DAY_S, has_card, receipt
from tests.engine.storage.programme.told import earn as earn_all

PARIS = ZoneInfo("Europe/Paris")
LOYALTY = {
    "earn": [{"points": 1, "per_minor": 100, "currency": "EUR"}],
    "pending_days": 14,
    "rewards": [TEA],
    "worth": [{"points": 100, "amount_minor": 100, "currency": "EUR"}],
    "tiers": [{"name": "silver", "from_points": 40}],
}


@pytest.fixture
def config() -> Config:
    return Config(api=ApiConfig(port=0), loyalty=LoyaltyConfig.model_validate(LOYALTY))


def with_history(site: Site, who: str) -> None:
    """500 from another programme, 40 of a purchase that wait, 120 spent.

    The site looks at receipts every second, and may take this one first: both go by the same terms.
    """
    member, now = get_shopper(site.db, who).member_id, time.time()
    post(site.db, earn("in", PROGRAMME, EntryKind.MOVED_IN, member, 500, now - 60, expires_at=now + 30 * DAY_S))
    spend(site.db, "out", PROGRAMME, [member], 120, now - 30)
    has_card(site.db, who)
    keep_events(site.db, [receipt("r", 4_000, at=now - 20)], now)
    earn_all(site.db, now, programme_of(site.config, {site.plan.store: site.plan}))


def test_every_movement_has_its_words_and_the_balance_after_it(site: Site) -> None:
    with site.client() as phone:
        with_history(site, site.sign_in(phone))
        said = phone.get("/v1/me/points", params={"lang": "en"}).json()
        assert [(e["words"], e["amount"], e["balance"]) for e in said["items"]] == [
            ("Purchase", 40, 420),
            ("Used", -120, 380),
            ("Moved from another programme", 500, 500),
        ]
        assert (said["available"], said["pending"], said["owed"], said["spendable"]) == (380, 40, 0, 380)
        assert said["worth"]["text"] == "€3.80"
        assert said["tier"] == "silver"
        (waits,) = said["waiting"]
        assert waits["points"] == 40
        assert waits["why"].startswith("Purchase: from ")
        assert [e["points"] for e in said["ending"]] == [380]
        page = phone.get("/v1/me/points", params={"limit": 1, "cursor": 0}).json()
        rest = phone.get("/v1/me/points", params={"limit": 2, "cursor": page["next"]}).json()
        assert [e["balance"] for e in rest["items"]] == [380, 500]
        assert rest["next"] is None


def test_what_is_owed_is_said(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        member, now = get_shopper(site.db, who).member_id, time.time()
        post(site.db, earn("in", PROGRAMME, EntryKind.VISIT, member, 50, now))
        spend(site.db, "out", PROGRAMME, [member], 50, now)
        post(site.db, claw_back("back", PROGRAMME, member, 30, now))
        said = phone.get("/v1/me/points").json()
        assert (said["spendable"], said["owed"], said["items"][0]["balance"]) == (0, 30, -30)
        assert "Owed: 30." in phone.get("/me/points", params={"lang": "en"}).text


def test_points_that_end_next_year_do_not_seem_to_end_yesterday(site: Site) -> None:
    """The end's year is said, and what left has a minus sign."""
    with site.client() as phone:
        who = site.sign_in(phone)
        member, now = get_shopper(site.db, who).member_id, time.time()
        post(site.db, earn("in", PROGRAMME, EntryKind.VISIT, member, 50, now - 60, expires_at=now + 364 * DAY_S))
        spend(site.db, "out", PROGRAMME, [member], 20, now)
        page = phone.get("/me/points", params={"lang": "en"}).text
        (ends,) = re.findall(r"<b>30</b> · until ([^<]+)</li>", page)
        this = dt.datetime.fromtimestamp(now, PARIS).year
        ends_in = dt.datetime.fromtimestamp(now + 364 * DAY_S, PARIS).year
        assert ends.endswith(f"\u00a0{ends_in}") == (ends_in != this)
        assert '<td class="number">−20</td>' in page


def test_the_page_works_without_scripts_and_buys_once_a_form(site: Site) -> None:
    with site.client() as phone:
        assert phone.get("/me/points").status_code == 303
        with_history(site, site.sign_in(phone))
        said = {"fr": ("Mes points", "soit 3,80", "Achat"), "en": ("My points", "worth €3.80", "Purchase")}
        for lang, words in said.items():
            page = phone.get("/me/points", params={"lang": lang}).text
            assert all(word in page for word in words)
        form = dict(re.findall(r'name="(reward|key)" value="([^"]+)"', page))
        for _ in range(2):
            answer = phone.post("/me/points/reward", data=form, headers={"Origin": site.url})
            assert answer.headers["location"].endswith("bought=yes")
        assert phone.get("/v1/me/points").json()["spendable"] == 280
        wallet = phone.get("/me", params={"lang": "en"}).text
        assert re.search(r'class="left">Valid until \d+\u00a0[A-Z][a-z]+', wallet), "a day: it is valid for months"
        assert "Your coupon is on your page." in phone.get("/me/points?lang=en&bought=yes").text
        refused = phone.post("/me/points/reward", data=form | {"reward": "none"}, headers={"Origin": site.url})
        assert refused.headers["location"].endswith("bought=no")
