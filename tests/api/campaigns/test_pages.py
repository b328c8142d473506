"""Campaigns in the browser, by HTTP alone: made, looked at, approved, exported, and never saved over one another."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest
import yaml

from api.campaigns.measured import _funnel, _points
from engine.config import Config, OffersConfig
from engine.offers.campaigns import CampaignState
from engine.storage.models.vouchers import CampaignTable
from engine.storage.vouchers.campaigns import get_campaign, put_campaign, set_campaign_state
from engine.storage.vouchers.results import Funnel
from tests.api.site import SECRETS, Site, campaign, small_plan

HERE = "/campaigns/corner"
TEA = {"place": "product:tea-1", "radius_m": "3", "target": "product:tea-1"}


@pytest.fixture
def manager(site: Site) -> Iterator[httpx.Client]:
    with site.client(**{"Accept-Language": "en"}) as client:
        client.post("/manage/sign-in", data={"key": SECRETS.manager_key, "to": HERE})
        yield client


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form of a page."""
    inputs = re.findall(r'<input type="[a-z-]+" name="([a-z_]+)" value="([^"]*)"(?![^>]*type="checkbox")', page)
    picked = re.findall(r'<select name="([a-z_]+)"[^>]*>(.*?)</select>', page, re.S)
    chosen = {name: re.findall(r'value="([^"]*)" selected', options) for name, options in picked}
    first = {name: re.findall(r'value="([^"]*)"', options)[0] for name, options in picked}
    ticked = re.findall(r'<input type="checkbox" name="([a-z_]+)" value="yes" checked', page)
    return (
        {k: v.replace("&#39;", "'") for k, v in inputs if not k.startswith("day_") and k != "on_request"}
        | {name: (found or [first[name]])[0] for name, found in chosen.items()}
        | dict.fromkeys(ticked, "yes")
    )


def texts() -> dict[str, str]:
    return {f"{lang}_{part}": f"{lang} {part}" for lang in ("fr", "en") for part in ("title", "text")}


def send(manager: httpx.Client, typed: dict[str, str], do: str) -> httpx.Response:
    return manager.post(f"{HERE}/_form", data=typed | {"do": do})


def test_nobody_gets_in_without_a_key_and_then_where_they_wanted(site: Site) -> None:
    with site.client() as client:
        asked = client.get(f"{HERE}/tea-20")
        assert (asked.status_code, f'value="{HERE}/tea-20"' in asked.text) == (401, True)
        there = client.post("/manage/sign-in", data={"key": SECRETS.manager_key, "to": f"{HERE}/tea-20"})
        assert there.headers["location"] == f"{HERE}/tea-20"


def test_a_campaign_is_made_by_a_form_as_a_draft(site: Site, manager: httpx.Client) -> None:
    typed = fields(manager.get(f"{HERE}/_new").text)
    assert typed["version"] == "0"
    typed |= TEA | texts() | {"id": "tea-15", "name": "Tea", "percent": "15", "margin": "1,50", "day_sat": "yes"}
    saved = send(manager, typed, "save")
    assert (saved.status_code, saved.headers["location"]) == (303, f"{HERE}/tea-15?lang=en")
    made = get_campaign(site.db, "corner", "tea-15").campaign
    assert (made.state, made.margin_minor, made.when.days) == ("draft", 150, ("sat",))
    assert (made.offer.kind, made.place.radius_m, made.holdout_share) == ("percent", 3.0, 0.1)
    listed = manager.get(HERE).text
    assert "Draft" in listed
    assert listed.index("tea-20") < listed.index("tea-15")  # what runs comes first
    again = send(manager, typed, "save")
    assert (again.status_code, "a campaign of this id" in again.text) == (409, True)


def test_a_form_that_is_saved_as_it_was_opened_changes_nothing(site: Site, manager: httpx.Client) -> None:
    full = campaign(
        "full",
        when={
            "starts_at": "2026-01-01T00:00:00+01:00",
            "days": ["mon", "sat"],
            "hours": [{"from": "09:00", "to": "20:00"}, {"from": "21:00", "to": "22:00"}],
            "quiet_hours": [{"from": "22:00", "to": "07:00"}],
        },
        audience={"locales": ["fr"]},
        budget={"max_vouchers": 7, "max_amount_minor": 1234},
        precision=0.7,
        share={"open_to": "anyone"},
        holdout_share=0.25,
        experiment="spring",
        on_request=True,
        valid_s=5400.0,
    )
    put_campaign(site.db, "corner", full)
    typed = fields(manager.get(f"{HERE}/full/edit").text)
    assert send(manager, typed, "save").status_code == 303
    assert get_campaign(site.db, "corner", "full").campaign == full


def test_the_law_and_what_never_fires_are_said_before_saving(manager: httpx.Client) -> None:
    typed = fields(manager.get(f"{HERE}/tea-20/edit").text)
    too_much = send(manager, typed | {"percent": "60"}, "check")
    assert too_much.status_code == 200
    assert "above the legal 34%" in too_much.text
    assert send(manager, typed | {"percent": "60"}, "save").status_code == 422
    silent = send(
        manager,
        typed | {"hours_from": "10:00", "hours_to": "11:00", "quiet_from": "09:00", "quiet_to": "12:00"},
        "check",
    )
    assert "can never fire" in silent.text
    assert "Widen the hours" in silent.text
    typo = send(manager, typed | {"margin": "abc"}, "check")
    assert re.search(r"What a use earns</b></a> <span>Give a number", typo.text)
    assert re.search(
        r'name="margin" value="abc" id="field-margin" aria-invalid="true" aria-describedby="wrong-margin"', typo.text
    )
    assert "right" in send(manager, typed, "check").text


def test_the_later_of_two_editors_is_told_and_loses_nothing(site: Site, manager: httpx.Client) -> None:
    typed = fields(manager.get(f"{HERE}/tea-20/edit").text)
    put_campaign(site.db, "corner", campaign(name="A colleague's"))
    late = send(manager, typed | {"name": "Mine"}, "save")
    assert (late.status_code, "Somebody else has changed" in late.text, 'value="Mine"' in late.text) == (
        412,
        True,
        True,
    )
    assert get_campaign(site.db, "corner", "tea-20").campaign.name == "A colleague's"
    assert "<ins>A colleague&#39;s</ins>" in late.text
    over = re.search(r'name="over" value="([0-9]+)"', late.text)
    assert over is not None
    sent = manager.post(f"{HERE}/_form", data=typed | {"name": "Mine", "over": over[1]})
    assert (sent.status_code, get_campaign(site.db, "corner", "tea-20").campaign.name) == (303, "Mine")
    assert send(manager, typed | {"name": "Late"}, "save").status_code == 412  # the old version stays refused
    stale = manager.post(f"{HERE}/tea-20/state", data={"state": "paused", "version": "1"}, follow_redirects=True)
    assert "Somebody else has changed" in stale.text


def test_it_moves_on_by_buttons_and_keeps_every_version(site: Site, manager: httpx.Client) -> None:
    for state in ("paused", "ended", "draft", "approved", "running"):
        page = manager.get(f"{HERE}/tea-20").text
        assert f'value="{state}"' in page
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version is not None
        moved = manager.post(f"{HERE}/tea-20/state", data={"state": state, "version": version[1]})
        assert "refused" not in moved.headers["location"]
        assert get_campaign(site.db, "corner", "tea-20").campaign.state == state
    page = manager.get(f"{HERE}/tea-20").text
    assert ("Version 6" in page, "<del>Approved</del>" in page, "<ins>Running</ins>" in page) == (True, True, True)


class TestTwoPeople:
    """Where whoever may spend more than 5.00 needs a colleague."""

    @pytest.fixture
    def config(self, config: Config) -> Config:
        return config.model_copy(update={"offers": OffersConfig(four_eyes_above_minor=500)})

    def test_a_dear_campaign_waits_for_a_colleague(self, site: Site, manager: httpx.Client) -> None:
        typed = fields(manager.get(f"{HERE}/_new").text) | TEA | texts() | {"id": "dear", "name": "Dear", "margin": "1"}
        assert send(manager, typed, "save").status_code == 303
        page = manager.get(f"{HERE}/dear").text
        assert "asks for a second person" in page
        assert 'value="approved"' not in page
        forced = manager.post(f"{HERE}/dear/state", data={"state": "approved", "version": "1"}, follow_redirects=True)
        assert "somebody else has to approve" in forced.text
        set_campaign_state(site.db, "corner", "dear", CampaignState.APPROVED, by="ben")
        assert 'value="running"' not in manager.get(f"{HERE}/dear").text  # it may have been written by his own key
        set_campaign_state(site.db, "corner", "dear", CampaignState.DRAFT, by="ben")
        set_campaign_state(site.db, "corner", "dear", CampaignState.APPROVED, by="0123456789abcdef")  # another key
        assert 'value="running"' in manager.get(f"{HERE}/dear").text
        edited = fields(manager.get(f"{HERE}/dear/edit").text) | {"percent": "12"}
        assert send(manager, edited, "save").status_code == 303  # new terms: a draft again
        assert get_campaign(site.db, "corner", "dear").campaign.state is CampaignState.DRAFT


def test_a_file_goes_out_and_comes_in_with_its_differences_shown(site: Site, manager: httpx.Client) -> None:
    given = manager.get(f"{HERE}/_export")
    assert "attachment" in given.headers["content-disposition"]
    whole = yaml.safe_load(given.text)
    assert [c["id"] for c in whole["campaigns"]] == ["store-1", "tea-20"]
    assert "0 differences" in manager.post(f"{HERE}/_import", data={"text": given.text}).text
    whole["campaigns"][1]["priority"] = 77
    whole["campaigns"][0]["id"] = "fresh"  # store-1 is left out, and stays
    edited = yaml.safe_dump(whole)
    compared = manager.post(f"{HERE}/_import", data={"text": edited}).text
    assert ("2 differences" in compared, "<ins>77</ins>" in compared, "fresh · new" in compared) == (True, True, True)
    versions = re.search(r'name="versions" value="([^"]*)"', compared)
    assert versions is not None
    read = versions[1].replace("&#34;", '"')
    taken = manager.post(f"{HERE}/_import", data={"text": edited, "versions": read, "do": "save"})
    assert taken.status_code == 303
    assert get_campaign(site.db, "corner", "tea-20").campaign.priority == 77
    states = [get_campaign(site.db, "corner", c).campaign.state for c in ("fresh", "tea-20", "store-1")]
    assert states == ["draft", "running", "running"]
    whole["campaigns"][1]["priority"] = 3  # with the versions of before: a colleague's change is not overwritten
    late = manager.post(f"{HERE}/_import", data={"text": yaml.safe_dump(whole), "versions": read, "do": "save"})
    assert (late.status_code, "Somebody else" in late.text) == (412, True)
    wrong = manager.post(f"{HERE}/_import", data={"text": "campaigns: [{}]"})
    assert (wrong.status_code, "campaigns.0.id" in wrong.text) == (422, True)
    assert re.search(r"<b>Line 1</b> <code>campaigns.0.id</code> <span>[^<]* · is missing: fill it in.", wrong.text)


def test_the_place_is_lit_on_the_plan(manager: httpx.Client) -> None:
    for path in ("tea-20/place.svg", "_place.svg?place=zone:tea", "_place.svg?place=store"):
        drawn = manager.get(f"{HERE}/{path}")
        assert (drawn.headers["content-type"], "#f2a71b" in drawn.text) == ("image/svg+xml", True)
    assert manager.get(f"{HERE}/_place.svg?place=zone:cellar").status_code == 404


def test_what_it_brought_and_would_bring(site: Site, manager: httpx.Client) -> None:
    with site.client() as phone:
        site.issue(site.sign_in(phone), time.time())
    results = manager.get(f"{HERE}/tea-20/results").text
    assert re.search(r"Issued</dt><dd><b>&lt; 20</b>", results), "of one shopper nothing is told"
    assert "Nobody was held out" in results
    assert "No message went out" not in results, "one may have"
    assert re.search(r"Margin per 1,000 messages</h2>\s*<p[^>]*>not enough shoppers yet", results)
    foretold = manager.get(f"{HERE}/tea-20/what-if").text
    assert "Fewer than 20 shoppers" in foretold
    receipts = manager.post(f"{HERE}/tea-20/results", files={"receipts": ("r.csv", b"who;when\n", "text/csv")})
    assert (receipts.status_code, "The header reads who;when" in receipts.text) == (422, True)
    short = {"receipts": ("r.csv", b"shopper,t,basket_minor\ns1,1\ns1,x,1\n", "text/csv")}
    french = manager.post(f"{HERE}/tea-20/results", params={"lang": "fr"}, files=short).text
    assert all(said in french for said in ("Ligne 2", "2 cellules", "Ligne 3", "centimes entiers"))
    good = b"shopper,t,basket_minor,margin_minor\nsomebody,1767261600,1999,420\n"
    fine = manager.post(f"{HERE}/tea-20/results", files={"receipts": ("r.csv", good, "text/csv")})
    assert (fine.status_code, "Not enough shoppers yet" in fine.text) == (200, True)


def test_another_stores_and_unknown_ones_are_404(manager: httpx.Client) -> None:
    paths = ("/campaigns/nowhere", f"{HERE}/none", f"{HERE}/none/results", f"{HERE}/none/what-if", f"{HERE}/none/edit")
    assert {manager.get(path).status_code for path in paths} == {404}


def test_mistakes_stand_beside_their_fields_in_the_readers_language(manager: httpx.Client) -> None:
    """They came in English, under the form, and quoted the program's dictionary."""
    typed = fields(manager.get(f"{HERE}/tea-20/edit").text) | {"id": "Thé vert"}
    typed |= {
        "version": "0",
        "percent": "0",
        "hours_from": "9h",
        "hours_to": "10:00",
        "max_amount": "5",
        "fr_title": "",
    }
    typed |= {"target": "basket", "starts_at": "2027-02-01T00:00", "ends_at": "2027-01-01T00:00", "radius_m": ""}
    page = manager.post(f"{HERE}/_form", params={"lang": "fr"}, data=typed | {"do": "check"}).text
    beside = dict(re.findall(r'<small class="bad wrong" id="wrong-([a-z_]+)">([^<]+)</small>', page))
    assert set(beside) == {"id", "percent", "hours_from", "fr_title", "radius_m"}
    assert beside["percent"] == "Donner au moins 0,01."
    assert "comme 09:30" in beside["hours_from"]
    assert beside["fr_title"] == "Vide ou trop court\u00a0: il en faut au moins 1."
    assert "pour un produit" in beside["radius_m"]
    assert "{&#39;" not in page
    typed |= {"id": "the", "percent": "10", "hours_from": "09:00", "fr_title": "Thé", "radius_m": "3"}
    late = manager.post(f"{HERE}/_form", params={"lang": "fr"}, data=typed | {"do": "check"}).text
    assert re.search(r'id="wrong-ends_at">La fin doit venir après le début', late)
    typed |= {"ends_at": ""}
    open_end = manager.post(f"{HERE}/_form", params={"lang": "fr"}, data=typed | {"do": "check"}).text
    beside = dict(re.findall(r'<small class="bad wrong" id="wrong-([a-z_]+)">([^<]+)</small>', open_end))
    assert set(beside) == {"max_discount"}


def test_every_page_is_in_french_too(site: Site, manager: httpx.Client) -> None:
    for path in ("", "/_new", "/_import", "/tea-20", "/tea-20/edit", "/tea-20/what-if", "/tea-20/results"):
        page = manager.get(f"{HERE}{path}", params={"lang": "fr"})
        assert (page.status_code, page.headers["content-language"]) == (200, "fr"), path
        assert "ampagne" in page.text


def test_what_is_expected_is_said_at_the_campaigns_own_threshold(site: Site, manager: httpx.Client) -> None:
    put_campaign(site.db, "corner", campaign("own", min_probability=0.3))
    page = manager.get(f"{HERE}/own").text
    assert "(threshold 0.30)" in page
    assert "expected, not promised" in page
    assert "cannot be promised" not in page
    assert "(seuil 0,30)" in manager.get(f"{HERE}/own", params={"lang": "fr"}).text


def test_what_is_reserved_and_what_is_spent_have_a_word_each(site: Site, manager: httpx.Client) -> None:
    put_campaign(site.db, "corner", campaign("many", budget={"max_vouchers": 45, "max_amount_minor": 9900}))
    with site.db.write() as session:
        row = session.get_one(CampaignTable, ("corner", "many"))
        row.vouchers_used, row.amount_used_minor = 41, 4100
    told = "Reserved of the budget</dt><dd>40 coupons · €40.00<br><b>Near its end, or spent: fewer than 20 coupons"
    assert told in manager.get(f"{HERE}/many").text
    assert "40 coupons · €40.00 reserved · <b>Near its end" in manager.get(HERE).text
    results = manager.get(f"{HERE}/tea-20/results").text
    assert re.search(r"Spent at the till</dt><dd><b>–", results)
    assert "reserved of the budget" in results


@pytest.mark.parametrize("place", [{"zone": "tea"}, {"store": True}])
def test_a_place_without_a_radius_is_lit_in_the_form(site: Site, manager: httpx.Client, place: dict[str, str]) -> None:
    put_campaign(site.db, "corner", campaign("wide", place=place))
    shown = re.search(r'<img id="lit" src="([^"]+)"', manager.get(f"{HERE}/wide/edit").text)
    assert shown is not None
    assert manager.get(shown[1].replace("&amp;", "&")).status_code == 200


def test_shares_of_one_row_have_as_many_decimals() -> None:
    assert [_points(v, "en") for v in (0.65, 0.4329, 0.8188)] == ["65.00%", "43.29%", "81.88%"]
    assert _points(-0.05, "fr") == "-5,00\u202f%"


def test_fewer_than_k_are_no_share_of_those_issued() -> None:
    of = Funnel(issued=20, messages=20, delivered=0, seen=0, redeemed=0, cost_minor=0, ghosts=0)
    said = {name: (value, share) for name, value, share in _funnel(of, small_plan(), "en", 20)}
    assert (said["issued"], said["delivered"], said["cost"]) == (("20", 1.0), ("< 20", None), ("–", None))
    assert next(s for name, _, s in _funnel(of, small_plan(), "en", 1) if name == "delivered") == 0.0
