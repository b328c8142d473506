"""HQ's campaigns in the browser: the form, what it comes to in each store, versions, and a second person's yes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.callers.cookies import MANAGER, PERSON, session_digest, sign
from api.campaigns.forms import fields_of
from api.campaigns.hq.forms import hq_body, hq_fields, hq_new
from engine.config import Config
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import make_account
from engine.storage.accounts.sessions import open_session
from engine.storage.database import Database, open_database
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.hq.listed import hq_campaign
from engine.vocabulary import Role
from tests.api.campaigns.test_hq import PLANS, Caller, body, put
from tests.api.site import SECRETS
from tests.browser import plain
from tests.databases import new_sqlite

SAME = {"Origin": "http://testserver"}
TYPED = hq_new() | {
    "id": "tea",
    "name": "Tea",
    "place": "product:tea-1",
    "target": "product:tea-1",
    "percent": "20",
    "fr_title": "Thé",
    "fr_text": "-20 %",
    "en_title": "Tea",
    "en_text": "20% off",
    "max_amount": "30",
    "may_offer.basis_points": "yes",
    "from_offer.basis_points": "10",
    "to_offer.basis_points": "22,5",
    "may_valid_s": "yes",
    "to_valid_s": "4",
    "may_texts": "yes",
    "shared_vouchers": "80",
    "version": "0",
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield made
    made.close()


@pytest.fixture
def site(db: Database, tmp_path: Path) -> Caller:
    offers = {"four_eyes_above_minor": 5000}
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path)}, "offers": offers})
    app = create_app(config, db, SECRETS, PLANS, start_delivery=False)
    app.state.hub.close()
    return Caller(app)


def post(site: Caller, path: str, sent: dict[str, Any], lang: str = "en") -> httpx.Response:
    return site.ask("POST", f"/hq/campaigns/{path}?lang={lang}", data=sent, headers=SAME)


def person(db: Database, name: str, store: str = "*") -> dict[str, str]:
    """The headers of a colleague at HQ's browser."""
    with db.write() as session:
        made = make_account(session, COMMAND, name, "", [(Role.HQ, store)], 1.0)
    open_session(db, made.account_id, session_digest(name), "test", "password", time.time())
    return {"Cookie": f"{MANAGER}={sign(SECRETS, MANAGER, PERSON + name)}", "Authorization": "", **SAME}


def test_what_is_typed_is_what_is_shown_again(site: Caller, db: Database) -> None:
    plan = PLANS["corner"]
    saved = post(site, "_form", TYPED | {"do": "save"})
    assert saved.status_code == 303, saved.text
    assert (saved.status_code, saved.headers["location"]) == (303, "/hq/campaigns/tea?lang=en")
    stored = hq_campaign(db, "tea")
    shown = hq_fields(stored, plan)
    wanted = TYPED | {"to_offer.basis_points": "22.5", "max_amount": "30.00", "margin": "0.00"}
    assert {key: shown[key] for key in TYPED if key != "version"} == {k: v for k, v in wanted.items() if k != "version"}
    again, wrong = hq_body(shown, plan, sorted(PLANS), stored.campaign)
    assert wrong == []
    assert again["may_change"] == {
        "texts": True,
        "offer.basis_points": {"from": 1000, "to": 2250},
        "valid_s": {"to": 14400},
    }
    assert {s: get_campaign(db, s, "tea").campaign.state.value for s in ("corner", "harbour")} == {
        "corner": "draft",
        "harbour": "draft",
    }


def test_sums_are_in_the_money_of_the_stores_that_are_named(db: Database, tmp_path: Path) -> None:
    plans = PLANS | {"ginza": replace(PLANS["corner"], store="ginza", currency="JPY")}
    app = create_app(
        Config.model_validate({"storage": {"data_dir": str(tmp_path)}}), db, SECRETS, plans, start_delivery=False
    )
    app.state.hub.close()
    there = TYPED | {"all_stores": "", "store_ginza": "yes", "max_discount": "100", "do": "save"}
    assert post(Caller(app), "_form", there).status_code == 303
    assert get_campaign(db, "ginza", "tea").campaign.offer.max_discount_minor == 100
    both = post(Caller(app), "_form", there | {"id": "tea-2", "store_corner": "yes"}, "fr")
    assert (both.status_code, "EUR, JPY" in both.text) == (422, True)


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", ["left out", "new there", "asks for a second person"]), ("fr", ["laissé de côté", "demande une seconde"])],
)
def test_the_form_says_what_it_comes_to_in_each_store(site: Caller, lang: str, said: list[str]) -> None:
    looked = post(site, "_form", TYPED | {"do": "check", "max_amount": "50"}, lang)
    assert looked.status_code == 200
    assert [sentence for sentence in said if sentence not in looked.text] == []
    nobody = post(site, "_form", TYPED | {"do": "save", "all_stores": ""}, lang)
    assert nobody.status_code == 422
    assert 'id="wrong-stores"' in nobody.text
    mixed = post(site, "_form", TYPED | {"do": "save", "shared_amount": "much", "from_priority": "9"}, lang)
    assert 'id="wrong-shared_amount"' in mixed.text


@pytest.mark.parametrize(
    ("lang", "promised", "never", "remedy"),
    [
        ("en", "At this place the Wi-Fi is right", "It can never fire:", "Widen the hours"),
        ("fr", "À cet endroit, le Wi-Fi a raison", "Elle ne peut jamais se déclencher", "Élargir les heures"),
    ],
)
def test_the_form_says_what_it_promises_in_each_store_and_where_it_never_speaks(
    site: Caller, db: Database, lang: str, promised: str, never: str, remedy: str
) -> None:
    """The corner shop keeps hours of its own, which lie within HQ's quiet ones; the harbour's are HQ's."""
    free = TYPED | {"may_when.hours": "yes", "hours_from": "08:00", "hours_to": "20:00", "do": "save"}
    assert post(site, "_form", free).status_code == 303
    own = fields_of(get_campaign(db, "corner", "tea").campaign, PLANS["corner"])
    own |= {"hours_from": "09:00", "hours_to": "10:00", "version": "1", "do": "save"}
    assert site.ask("POST", "/campaigns/corner/_form", data=own, headers=SAME).status_code == 303
    quiet = free | {"version": "1", "quiet_from": "09:00", "quiet_to": "11:00", "do": "check"}
    said = plain(post(site, "_form", quiet, lang).text)
    rows = re.findall(r"<dd>(.*?)</dd>", said[said.index('id="told"') :], re.S)
    bare, corner, harbour = ((promised in row, never in row, remedy in row) for row in rows)
    assert (bare, corner, harbour) == ((False, False, False), (True, True, True), (True, False, False))


def test_versions_say_what_changed_and_two_editors_meet(site: Caller, db: Database) -> None:
    post(site, "_form", TYPED | {"do": "save"})
    fields = hq_fields(hq_campaign(db, "tea"), PLANS["corner"]) | {"version": "1", "do": "save"}
    changed = fields | {
        "percent": "15",
        "all_stores": "",
        "store_corner": "yes",
        "may_texts": "",
        "may_priority": "yes",
    }
    assert post(site, "_form", changed).status_code == 303
    page = site.ask("GET", "/hq/campaigns/tea?lang=en").text.replace("\u00a0", " ")
    for words in (
        "<del>All stores</del>",
        "<ins>corner</ins>",
        "<del>20</del>",
        "<ins>15</ins>",
        "May be changed · Priority",
        "<ins>anything</ins>",
    ):
        assert words in page, words
    late = post(site, "_form", fields | {"percent": "12"})
    assert (late.status_code, 'id="theirs"' in late.text) == (412, True)
    assert post(site, "_form", fields | {"percent": "12", "over": "2"}).status_code == 303
    versions = site.ask("GET", "/v1/hq/campaigns/tea/versions").json()["items"]
    assert [(v["version"], v["campaign"]["campaign"]["offer"]["basis_points"]) for v in versions] == [
        (3, 1200),
        (2, 1500),
        (1, 2000),
    ]


def test_somebody_else_approves_for_all_stores_and_then_it_starts(site: Caller, db: Database) -> None:
    """30.00 a store is under the 50.00 that ask for two people, both stores' 60.00 are not."""
    bo, ada = person(db, "bo"), person(db, "ada")
    written = TYPED | {"do": "save", "shared_vouchers": ""}
    assert site.ask("POST", "/hq/campaigns/_form", data=written, headers=bo).status_code == 303
    ask = {"json": {"state": "approved"}, "headers": {"Idempotency-Key": "a", **bo}}
    assert site.ask("PUT", "/v1/hq/campaigns/tea/state", **ask).json()["code"] == "campaign_not_approved"
    mine, hers = (site.ask("GET", "/hq/campaigns/tea?lang=en", headers=who).text for who in (bo, ada))
    assert ('value="approved"' in mine, 'value="approved"' in hers) == (False, True)
    assert "somebody else than bo has to approve it" in mine
    there = site.ask("GET", "/campaigns/corner/tea?lang=en", headers=ada).text
    assert ("waits there for a second person" in there, 'value="approved"' in there) == (True, False)
    for state in ("approved", "running"):
        sent = {"state": state, "version": "1"}
        moved = site.ask("POST", "/hq/campaigns/tea/state", data=sent, headers=ada)
        assert "refused" not in moved.headers["location"]
    assert {get_campaign(db, s, "tea").campaign.state.value for s in ("corner", "harbour")} == {"running"}
    assert "approved by ada" in site.ask("GET", "/hq/campaigns/tea?lang=en").text


def test_stores_keep_what_they_may_and_their_editors_see_no_more(site: Caller, db: Database) -> None:
    little = body(budget={"max_vouchers": 10}, may_change={})
    put(site, little | {"campaign": little["campaign"] | {"budget": {"max_vouchers": 10}}})
    assert post(site, "tea/state", {"state": "paused", "version": "1"}).status_code == 303
    assert {get_campaign(db, s, "tea").campaign.state.value for s in ("corner", "harbour")} == {"paused"}
    moved = site.ask(
        "PUT", "/v1/hq/campaigns/tea/state", json={"state": "approved"}, headers={"Idempotency-Key": "b"}
    ).json()
    assert {(m["state"], m["refused"]) for m in moved["stores"]} == {("paused", "campaign_state")}
    stale = post(site, "tea/state", {"state": "running", "version": "7"})
    assert stale.headers["location"].endswith("refused=campaign_changed")
    assert site.ask("GET", "/hq/campaigns/_new?lang=fr").status_code == 200
    assert site.ask("GET", "/hq/campaigns/tea/edit?lang=fr").status_code == 200
    assert site.ask("GET", "/hq/campaigns/none?lang=fr").status_code == 404


@pytest.mark.parametrize(
    ("lang", "title", "remedy"),
    [
        ("en", "None of your stores is here", "Ask an administrator"),
        ("fr", "Aucun de vos magasins n'est ici", "Demandez à un administrateur"),
    ],
)
def test_whose_stores_the_site_no_longer_has_is_told_so(
    site: Caller, db: Database, lang: str, title: str, remedy: str
) -> None:
    ada = person(db, "ada", "closed") | {"Accept": "text/html", "Authorization": ""}
    for path in ("/hq", "/hq/campaigns/_new"):
        answer = site.ask("GET", f"{path}?lang={lang}", headers=ada)
        said = plain(answer.text).replace("&#39;", "'")
        assert (answer.status_code, title in said, remedy in said, "/account" in said) == (404, True, True, True)
    sent = site.ask("POST", f"/hq/campaigns/_form?lang={lang}", data=TYPED | {"do": "check"}, headers=ada)
    assert (sent.status_code, title in plain(sent.text).replace("&#39;", "'")) == (404, True)
    assert site.ask("GET", f"/staff?lang={lang}", headers=ada).text.count(remedy) == 1
    league = site.ask("GET", "/v1/hq/league", headers=ada | {"Accept": "application/json"})
    assert (league.status_code, league.json()["code"]) == (404, "no_store_of_yours")
