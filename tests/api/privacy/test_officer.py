"""The data protection officer's page and its JSON: a key of its own scope, and figures of k people only."""

from __future__ import annotations

import base64
import html
import time
from collections.abc import Iterator

import httpx
import pytest

from api.texts.consents import ASKED, TEXT_VERSION
from engine.config import ApiConfig, Config
from engine.privacy.consent import ConsentChoice
from engine.privacy.processing import Processing
from engine.storage.keys import add_key
from engine.storage.people.answers import count_answers
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from tests.api.site import SECRETS, Site

PATHS = ("/v1/privacy/register", "/v1/privacy/assessment", "/v1/privacy/consents", "/v1/retention")


@pytest.fixture
def officer(site: Site) -> Iterator[httpx.Client]:
    """Whoever holds a key of scope dpo."""
    with site.client(Authorization=f"Bearer {add_key(site.db, 'dpo', time.time())[1]}") as made:
        yield made


def answers(site: Site, yes: int, no: int) -> None:
    for granted, n in ((True, yes), (False, no)):
        for _ in range(n):
            count_answers(site.db, [ConsentChoice("location_offers", "page", granted)], TEXT_VERSION)


def test_its_own_key_opens_it_and_nothing_else(site: Site, officer: httpx.Client) -> None:
    with site.client() as stranger, site.till() as till, site.manager() as manager:
        for path in PATHS:
            said = [caller.get(path).status_code for caller in (officer, manager, stranger, till)]
            assert said == [200, 200, 401, 401], path
    assert officer.get("/v1/stores").status_code == 401


def test_signing_in_leads_to_the_page_and_to_no_manager_s(site: Site) -> None:
    key = add_key(site.db, "dpo", time.time())[1]
    with site.client() as browser:
        assert browser.get("/dpo").status_code == 401
        assert browser.post("/manage/sign-in", data={"key": key, "to": "/dpo"}).headers["location"] == "/dpo"
        assert browser.get("/manage/corner").status_code == 403
        french, english = browser.get("/dpo").text, browser.get("/dpo?lang=en").text
    for page, said in ((french, "Registre des traitements"), (english, "Register of processing")):
        assert said in page
        assert 'id="retention"' in page


def test_the_register_follows_the_configuration(site: Site, officer: httpx.Client) -> None:
    said = officer.get("/v1/privacy/register?lang=en").json()
    kinds = [p["processing"] for p in said["processings"]]
    assert kinds == ["audience", "offers", "push", "statistics", "wallet", "identity", "sharing", "proof"]
    assert said["missing"] == ["name", "address", "email", "dpo_email"]
    assert [name.split(" (")[0] for name in said["recipients"]] == ["The browsers' push services"]
    visits = next(p for p in said["processings"] if p["processing"] == "offers")
    assert f"{site.config.retention.visits_days} days" in visits["kept"]


def test_counts_are_in_steps_of_k(site: Site, officer: httpx.Client) -> None:
    """One answer more is not seen: two looks, one before and one after, say nothing of it."""
    answers(site, yes=59, no=19)
    [before] = officer.get("/v1/privacy/consents").json()["items"]
    answers(site, yes=0, no=1)
    [after] = officer.get("/v1/privacy/consents").json()["items"]
    assert (before["yes"], before["no"], before["yes_share"]) == (40, 0, 1.0)
    assert (after["yes"], after["no"]) == (40, 20), "with the twentieth, twenty are"
    answers(site, yes=0, no=19)
    assert officer.get("/v1/privacy/consents").json()["items"] == [after]


def test_the_proof_is_on_the_page(site: Site) -> None:
    forget(site.db, rules_of(site.db, site.config.retention, site.config.storage.data_dir), time.time())
    with site.manager() as browser:
        assert "visits" in {p["rule"] for p in browser.get("/v1/retention").json()["items"]}
        browser.post("/manage/sign-in", data={"key": SECRETS.manager_key, "to": "/dpo"})
        proof = browser.get("/dpo?lang=en").text.split("What was erased", 1)[1]
    assert "visits to departments" in proof


class TestEverythingAsked:
    @pytest.fixture
    def config(self, monkeypatch: pytest.MonkeyPatch) -> Config:
        for gateway in ("WEBHOOK", "APP", "ORDERS"):
            monkeypatch.setenv(f"RAYON_{gateway}_SECRET", "whsec_" + base64.b64encode(bytes(24)).decode())
        return Config.model_validate(
            {
                "api": ApiConfig(port=0),
                "controller": {"recipients": ["Host SAS"]},
                "privacy": {"asked": ASKED},
                "mail": {"host": "smtp.example.org", "sender": "Shop <shop@example.org>"},
                "delivery": {
                    "webhook_url": "https://sms.example.net/rayon",
                    "app_url": "https://app.example.net/rayon",
                    "orders_url": "https://eshop.example.net/rayon",
                    "push_hosts": ["push.example.com"],
                },
            }
        )

    def test_all_of_it_is_in_the_register_and_on_the_notice(self, site: Site, officer: httpx.Client) -> None:
        """What is asked for is done: no line may be missing, nor who gets something by it."""
        said = officer.get("/v1/privacy/register?lang=en").json()
        with site.client() as visitor:
            notice = html.unescape(visitor.get("/notice/corner?lang=en").text)
        assert {p["processing"] for p in said["processings"]} == set(Processing)
        for told in (
            "Host SAS",
            "smtp.example.org",
            "sms.example.net",
            "app.example.net",
            "eshop.example.net",
            "push.example.com",
            "customer file",
        ):
            assert any(told in name for name in said["recipients"]), told
        for told in (*(p["title"] for p in said["processings"]), *said["recipients"]):
            assert told in notice, told


class TestNothingAsked:
    @pytest.fixture
    def config(self) -> Config:
        return Config.model_validate({"api": ApiConfig(port=0), "privacy": {"asked": []}})

    def test_nobody_gets_what_is_not_asked_for(self, site: Site, officer: httpx.Client) -> None:
        said = officer.get("/v1/privacy/register").json()
        kinds = [p["processing"] for p in said["processings"]]
        assert (kinds, said["recipients"]) == (["audience", "wallet", "identity", "sharing", "proof"], [])


class TestOpenRisks:
    @pytest.fixture
    def config(self) -> Config:
        return Config.model_validate(
            {"api": ApiConfig(port=0), "privacy": {"k": 12}, "retention": {"visits_days": 800}, "mqtt": {"tls": True}}
        )

    def test_what_the_configuration_leaves_open_is_said(self, site: Site, officer: httpx.Client) -> None:
        risks = {r["risk"]: r["open"] for r in officer.get("/v1/privacy/assessment?lang=en").json()["risks"]}
        assert "k is 12" in risks["singled_out"]
        assert "800 days" in risks["kept"]
        assert risks["followed"] is None
        assert officer.get("/v1/privacy/assessment").json()["facts"]["k"] == 12
