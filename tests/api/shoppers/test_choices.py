"""What is asked, of whom, and what follows: equal buttons, none chosen, no second question for six months."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.shoppers.choices import REFUSED, form_answers
from api.texts.consents import TEXT_VERSION, wording
from engine.config import ApiConfig, Config
from engine.privacy.consent import ASK_AGAIN_S, may_ask
from engine.storage.people.answers import answer_counts
from engine.storage.people.shoppers import consent_log
from engine.vocabulary import Channel, Purpose
from tests.api.site import Site

ASKED = Config().privacy.asked
YES = {"location_offers:page": "yes", "location_offers:push": "no"}


def asked_on(page: httpx.Response) -> list[str]:
    return re.findall(r'type="radio" name="([^"]+)" value="yes"', page.text)


def test_yes_and_no_are_alike_and_neither_is_chosen(site: Site) -> None:
    with site.client() as phone:
        page = phone.get("/w/corner").text
    assert "checked" not in page
    for key in ASKED:
        button = rf'<label><input type="radio" name="{key}" value="(\w+)"><span>(\w+)</span></label>'
        pair = re.findall(button, page)
        assert pair == [("yes", "Oui"), ("no", "Non")], "the same element, and nothing that pushes"
    assert f'name="text_version" value="{TEXT_VERSION}"' in page


def test_every_answer_is_logged_and_no_answer_is_a_no(site: Site) -> None:
    with site.client() as phone:
        phone.post("/w/corner", data={**site.form(phone), **YES})
        me = phone.get("/v1/me").json()
    log = consent_log(site.db, me["shopper_id"])
    assert {(f"{c.purpose}:{c.channel}", c.granted) for c in log} == {
        ("location_offers:page", True),
        ("location_offers:push", False),
        ("statistics:any", False),
    }
    assert me["may_ask"] == []


def test_who_said_no_is_not_asked_again_on_any_device(site: Site) -> None:
    """The refusal belongs to the profile, and is told on the first layer wherever it is signed in (CNIL 2025-131)."""
    with site.client() as phone, site.client() as tablet:
        phone.post("/w/corner", data={**site.form(phone), **YES})
        tablet.cookies.set("rayon_shopper", phone.cookies["rayon_shopper"])
        page = tablet.get("/w/corner?lang=en")
        assert asked_on(page) == []
        told = page.text.split('id="told"')[1].split("</section>")[0]
        assert told.count("Yes, since") == 1
        assert told.count("No, since") == 2
        before = len(consent_log(site.db, tablet.get("/v1/me").json()["shopper_id"]))
        tablet.post("/w/corner", data=site.form(tablet))
        assert len(consent_log(site.db, tablet.get("/v1/me").json()["shopper_id"])) == before
        assert asked_on(tablet.get("/w/corner?ask=1")) == list(ASKED), "whoever changes their mind may"


def test_a_pass_to_another_browser_tells_the_choices_first(site: Site) -> None:
    with site.client() as window, site.client() as browser:
        window.post("/w/corner", data={**site.form(window), **YES})
        [link] = re.findall(r'href="([^"]*pass=[^"]*)"', window.get("/w/corner/online").text)
        page = browser.get(link.replace("&amp;", "&")).text
        assert 'id="told"' in page
        assert "rayon_shopper" not in browser.cookies


def test_a_refusal_without_a_profile_is_remembered_by_the_day_alone(site: Site) -> None:
    with site.client() as phone:
        days = {dt.datetime.now(dt.UTC).date()}
        phone.post("/w/corner", data=site.form(phone))
        days.add(dt.datetime.now(dt.UTC).date())  # another one where it was midnight
        assert dict(phone.cookies) in [{REFUSED: day.isoformat()} for day in days]
        page = phone.get("/w/corner")
        assert asked_on(page) == []
        assert "Vous avez dit non le" in page.text
        assert phone.post("/w/corner", data=site.form(phone)).status_code == 200, "the Wi-Fi works all the same"
        assert asked_on(phone.get("/w/corner?ask=1")) == list(ASKED)


@pytest.mark.parametrize("days", [181, 184])  # a day more where it is midnight meanwhile
def test_half_a_year_later_one_may_ask(site: Site, days: int) -> None:
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days)
    with site.client() as phone:
        phone.cookies.set(REFUSED, day.isoformat())
        assert bool(asked_on(phone.get("/w/corner"))) == (days > 183)
    assert not may_ask(0.0, ASK_AGAIN_S - 1)
    assert may_ask(0.0, ASK_AGAIN_S)


@pytest.mark.parametrize("forged", ["2999-01-01", "yesterday", "2026-02-31", "2026-13-01", "<script>"])
def test_what_no_page_of_ours_wrote_is_no_refusal(site: Site, forged: str) -> None:
    with site.client() as phone:
        assert asked_on(phone.get("/w/corner", headers={"Cookie": f"{REFUSED}={forged}"})) == list(ASKED)


def test_refusals_of_those_of_whom_nothing_is_kept_count_as_well(site: Site) -> None:
    with site.client() as phone:
        phone.post("/w/corner", data=site.form(phone))
        phone.cookies.clear()
        phone.post("/w/corner", data={**site.form(phone), **YES})
    counted = {(c.purpose, c.channel): (c.yes, c.no) for c in answer_counts(site.db, 1)}
    assert counted[Purpose.LOCATION_OFFERS, Channel.PAGE] == (1, 1)
    assert counted[Purpose.STATISTICS, Channel.ANY] == (0, 2)
    assert [(c.yes, c.no, c.yes_share) for c in answer_counts(site.db, 20)] == [(0, 0, None)] * 3


def test_the_form_says_what_it_showed() -> None:
    def said(**form: list[str]) -> dict[str, bool]:
        return {f"{a.purpose}:{a.channel}": a.granted for a in form_answers(form, ASKED)}

    assert said() == dict.fromkeys(ASKED, False)
    assert said(shown=["-"]) == {}
    assert said(shown=["statistics:any"]) == {"statistics:any": False}
    assert said(shown=["-"], consent=["statistics:any"]) == {"statistics:any": True}
    assert said(**{"shown": ["statistics:any crm:any"], "statistics:any": ["yes"]}) == {"statistics:any": True}


class TestWithACustomerFile:
    """Handing to a customer file and recognition by staff are purposes of their own, on the form (SAN-2025-017)."""

    @pytest.fixture
    def config(self) -> Config:
        return Config.model_validate(
            {"api": ApiConfig(port=0), "privacy": {"asked": ["location_offers:page", "crm:any", "clerk:any"]}}
        )

    def test_each_has_its_own_question(self, site: Site) -> None:
        with site.client() as phone:
            page = phone.get("/w/corner")
            assert asked_on(page) == ["location_offers:page", "crm:any", "clerk:any"]
            phone.post("/w/corner", data={**site.form(phone), "location_offers:page": "yes"})
            granted = phone.get("/v1/me").json()["consents"]
        assert [(g["purpose"], g["granted"]) for g in granted] == [("location_offers", True)], (
            "a yes to one is no other's"
        )


def test_the_receipt_says_what_was_shown(site: Site) -> None:
    years = {this_year(site)}
    with site.client() as phone:
        phone.post("/w/corner", data={**site.form(phone), **YES})
        answer = phone.get("/v1/me/receipt")
    years.add(this_year(site))  # another one where it was New Year
    assert answer.headers["content-disposition"] == 'attachment; filename="rayon.txt"'
    for title, text in (wording(TEXT_VERSION, "fr")[key] for key in ASKED):
        assert title in answer.text
        assert text in answer.text
    assert answer.text.count("OUI") == 1
    assert answer.text.count("NON") == 2
    assert any(f"{year}" in answer.text for year in years)


def this_year(site: Site) -> int:
    """By the store's clock."""
    return dt.datetime.now(ZoneInfo(site.plan.timezone)).year
