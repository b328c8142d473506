"""Four eyes were fewer: by a body that says `approved`, a budget nobody could count, 200 moves, a key beside a name.

Input: an editor without the right to approve sends `state: approved`; 30 % off the basket for a million coupons starts;
the author of terms moves them 200 times and approves them; an account's terms are approved by a key. Right value: 403;
409, since no number of coupons bounds a share of a basket; the author stays the author; 409.
"""

from __future__ import annotations

import httpx
import pytest

from engine.config import Config, OffersConfig
from engine.offers.campaigns import CampaignState
from engine.offers.lifecycle import is_second_person, may_spend_minor
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import put_campaign, set_campaign_state
from engine.storage.vouchers.rows.revisions import signatures
from engine.vocabulary import Role
from tests.api.site import Site, campaign, campaign_json

PATH = "/v1/stores/corner/campaigns"
KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"
BASKET = {"kind": "percent", "applies_to": "basket", "basis_points": 3000}


@pytest.fixture
def config(config: Config) -> Config:
    return config.model_copy(update={"offers": OffersConfig(four_eyes_above_minor=10_000)})


def _said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_the_body_takes_the_right_that_the_state_takes(site: Site) -> None:
    with site.colleague("ann", (Role.CAMPAIGN_EDITOR, "corner")) as ann, site.manager() as shop:
        cheap = campaign_json("cheap", state="approved", budget={"max_vouchers": 1})
        assert _said(ann.post(PATH, json=cheap, headers={"Idempotency-Key": "1"})) == (403, "forbidden")
        dear = campaign_json("dear", state="draft")
        assert ann.post(PATH, json=dear, headers={"Idempotency-Key": "2"}).status_code == 201
        by_body = ann.put(f"{PATH}/dear", json=dear | {"state": "approved"}, headers={"Idempotency-Key": "3"})
        assert _said(by_body) == (403, "forbidden")
        by_key = shop.put(f"{PATH}/dear/state", json={"state": "approved"}, headers={"Idempotency-Key": "4"})
        assert _said(by_key) == (409, "campaign_not_approved")
        sly = campaign_json("sly", place={"store": True}, offer=BASKET, budget={"max_vouchers": 1_000_000})
        assert _said(shop.post(PATH, json=sly, headers={"Idempotency-Key": "5"})) == (409, "campaign_not_approved")


def test_coupons_without_a_known_worth_bound_nothing() -> None:
    assert may_spend_minor(campaign(budget={"max_vouchers": 9}), 0) is None
    assert may_spend_minor(campaign(budget={"max_vouchers": 9, "max_amount_minor": 500}), 0) == 500
    assert may_spend_minor(campaign(budget={"max_vouchers": 0}), 0) == 0


@pytest.mark.parametrize(
    ("by", "author", "is_second"),
    [
        ("ben", "ann", True),
        ("ann", "ann", False),
        (KEY, "ann", False),
        (KEY, KEY, False),
        (OTHER_KEY, KEY, True),
        (KEY, "file", True),
        (KEY, "", False),
        ("file", "ann", False),
        ("ann", KEY, False),  # whose key it is nobody said
    ],
)
def test_who_is_a_second_person(by: str, author: str, is_second: bool) -> None:
    assert is_second_person(by, author) is is_second


@pytest.mark.parametrize(
    ("by", "author", "is_second"),
    [
        ("ann", KEY, False),  # her own key wrote it
        ("ben", KEY, True),
        (KEY, "ben", True),
        (KEY, "ann", False),
        (OTHER_KEY, KEY, True),
        (OTHER_KEY, "ben", False),
    ],
)
def test_a_key_is_whoever_has_it(by: str, author: str, is_second: bool) -> None:
    """An account approved what it had written itself by a key that it held."""
    assert is_second_person(by, author, {KEY: "ann"}) is is_second


def test_author_and_approver_outlast_every_move(db: Database) -> None:
    put_campaign(db, "corner", campaign(state="draft"), 0.0, by="eve")
    set_campaign_state(db, "corner", "tea-20", CampaignState.APPROVED, by="bob")
    for i in range(210):
        to = CampaignState.PAUSED if i % 2 else CampaignState.RUNNING
        set_campaign_state(db, "corner", "tea-20", to, by="ann")
    found = signatures(db, "corner", "tea-20")
    assert (found.author, found.approvers, found.four_eyes) == ("eve", {"bob"}, True)
    put_campaign(db, "corner", campaign(state="draft", priority=9), 0.0, by="ann")
    assert signatures(db, "corner", "tea-20").approvers == frozenset()


def test_saving_what_is_approved_already_approves_nothing(db: Database) -> None:
    put_campaign(db, "corner", campaign(state="draft"), 0.0, by="eve")
    set_campaign_state(db, "corner", "tea-20", CampaignState.APPROVED, by="eve")
    put_campaign(db, "corner", campaign(state="approved"), 0.0, by="ann")
    assert not signatures(db, "corner", "tea-20").four_eyes
