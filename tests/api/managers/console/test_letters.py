"""A page of figures by e-mail every Monday: asked for by form, written once a week, and stopped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.context import AppContext
from api.managers.console.letters import post_weekly
from api.managers.reports import Reports
from engine.config import Config, MailConfig
from engine.delivery.mail import Credentials, Mailer
from engine.storage.database import Database
from engine.storage.sending.letters import take_due
from engine.storage.sending.weekly_reports import MOST, add_report, weekly_reports
from tests.api.managers.console.shop import MONDAY, SECRETS, STORE, at, days_from, plan_in, shop_with
from tests.api.managers.site import serving

PLAN = plan_in()
NEXT = MONDAY + dt.timedelta(days=14)
MAIL = MailConfig(host="mail.example.org", sender="Rayon <rayon@example.org>")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Reports]:
    """Two weeks, the second of twice as many; and a mail server that nobody asks."""
    second = MONDAY + dt.timedelta(days=7)
    made = shop_with(tmp_path, PLAN, days_from(MONDAY, 14), lambda day: 2.0 if day >= second else 1.0)
    yield Reports(AppContext(Config(mail=MAIL), made.ctx.db, SECRETS, {STORE: PLAN}))
    made.ctx.db.close()


@pytest.fixture
def browser(shop: Reports) -> Iterator[httpx.Client]:
    app = create_app(shop.ctx.config, shop.ctx.db, SECRETS, {STORE: PLAN}, start_delivery=False)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=60, follow_redirects=True) as opened:
        opened.post("/manage/sign-in", data={"key": SECRETS.manager_key})
        yield opened


def due(db: Database, now: float) -> list[tuple[str, str, str, str]]:
    return [(d.letter.to, d.letter.subject, d.letter.text, d.letter.html) for d in take_due(db, now, 60.0)]


def test_it_goes_out_once_a_week_with_last_week_s_figures(shop: Reports) -> None:
    mailer = Mailer(MAIL, shop.ctx.db, Credentials())
    add_report(shop.ctx.db, STORE, "zones", "boss@example.org", "en", at(PLAN, NEXT, 0))
    assert post_weekly(shop, mailer, at(PLAN, NEXT, 5)) == 0  # Sunday's last figures may still wait
    now = at(PLAN, NEXT, 7)
    assert [post_weekly(shop, mailer, now + 3600 * i) for i in range(3)] == [1, 0, 0]
    [(to, subject, text, page)] = due(shop.ctx.db, now)
    assert (to, subject) == ("boss@example.org", "Zones · Épicerie · 9\u00a0March\u00a02026 – 15\u00a0March\u00a02026")
    assert "Boulangerie\n  Time in all: 35.0\u00a0h\n" in text
    assert "  Visits: 420\n  Visits, before: 210\n  Change: +100%" in text
    assert '<td align="right">420</td>' in page
    assert "/manage/shop/zones?from=2026-03-09&to=2026-03-15&compare=previous" in text
    assert "<img" not in page
    assert post_weekly(shop, mailer, at(PLAN, NEXT + dt.timedelta(days=7), 7)) == 1


def test_by_form_and_stopped_by_form(browser: httpx.Client, shop: Reports) -> None:
    page = browser.post(f"/manage/{STORE}/weekly?lang=en", data={"view": "trend", "email": " boss@example.org "})
    assert page.status_code == 200
    assert "boss@example.org" in page.text
    [wanted] = weekly_reports(shop.ctx.db, STORE)
    assert (wanted.view, wanted.recipient, wanted.lang) == ("trend", "boss@example.org", "en")
    assert "boss@example.org" not in browser.get(f"/manage/{STORE}/zones").text
    page = browser.post(f"/manage/{STORE}/weekly/{wanted.report_id}/stop?lang=en", data={"view": "trend"})
    assert "boss@example.org" not in page.text
    assert weekly_reports(shop.ctx.db) == []


@pytest.mark.parametrize("email", ["nobody", "a@example.org, b@example.org", "x@y\r\nBcc: z@example.org", "<a@b> c@d"])
def test_one_address_at_a_time(browser: httpx.Client, shop: Reports, email: str) -> None:
    answer = browser.post(f"/manage/{STORE}/weekly", data={"view": "zones", "email": email})
    assert answer.status_code == 422
    assert weekly_reports(shop.ctx.db) == []


def test_a_store_has_so_many_and_strangers_none(browser: httpx.Client, shop: Reports) -> None:
    for n in range(MOST):
        add_report(shop.ctx.db, STORE, "zones", f"a{n}@example.org", "fr", 0.0)
    answer = browser.post(f"/manage/{STORE}/weekly", data={"view": "zones", "email": "one@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_reports")
    browser.cookies.clear()
    assert browser.post(f"/manage/{STORE}/weekly", data={"view": "zones", "email": "x@example.org"}).status_code == 401
    assert len(weekly_reports(shop.ctx.db)) == MOST
