"""Campaigns in the database: versions move, files never overwrite people, spending survives edits."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.offers.campaigns import CampaignState
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import (
    all_campaigns,
    campaigns_version,
    get_campaign,
    list_campaigns,
    put_campaign,
    seed_campaigns,
    set_campaign_state,
)
from tests.engine.storage.scenes import NOW, STORE, at_once, campaign, issue, shopper


def test_what_is_put_is_what_is_read(db: Database) -> None:
    full = campaign(
        when={
            "starts_at": "2026-01-01T00:00:00Z",
            "ends_at": "2026-12-31T23:59:59+01:00",
            "days": ["mon", "sat"],
            "hours": [{"from": "09:00", "to": "20:00"}],
            "quiet_hours": [{"from": "22:00", "to": "07:00"}],
        },
        audience={"locales": ["fr"], "known_at_least_days": 1.5},
        offer={"kind": "buy_x_get_y", "applies_to": "category", "category": "fruit", "buy": 2, "get": 1},
        budget={"max_vouchers": 10},
    )
    stored = put_campaign(db, STORE, full, NOW)
    assert (stored.campaign, stored.version, stored.updated_at) == (full, 1, NOW)
    assert get_campaign(db, STORE, "apples") == stored
    assert all_campaigns(db, STORE) == [full]
    with pytest.raises(NotFound):
        get_campaign(db, "other", "apples")


def test_each_edit_is_a_version_and_spending_stays(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    issue(db, shopper(db).shopper_id)
    edited = put_campaign(db, STORE, campaign(name="New"), NOW)
    assert (edited.version, edited.vouchers_used, edited.amount_used_minor) == (2, 1, 50)


def test_the_engine_sees_every_change_in_one_number(db: Database) -> None:
    seen = [campaigns_version(db, STORE)]
    put_campaign(db, STORE, campaign())
    seen.append(campaigns_version(db, STORE))
    set_campaign_state(db, STORE, "apples", CampaignState.PAUSED)
    seen.append(campaigns_version(db, STORE))
    seed_campaigns(db, STORE, [campaign(), campaign("pears")])
    seen.append(campaigns_version(db, STORE))
    assert seen == sorted(set(seen))
    seed_campaigns(db, STORE, [campaign(), campaign("pears")])  # nothing new, nothing to reload
    assert campaigns_version(db, STORE) == seen[-1]
    assert campaigns_version(db, "other") == 0


def test_seeding_adds_what_is_new_and_never_overwrites(db: Database) -> None:
    assert seed_campaigns(db, STORE, [campaign(), campaign("pears")]) == 2
    put_campaign(db, STORE, campaign(name="Edited by a manager"))
    assert seed_campaigns(db, STORE, [campaign(name="Changed file"), campaign("plums")]) == 1
    assert [c.campaign.name for c in list_campaigns(db, STORE)] == ["Edited by a manager", "Apples", "Apples"]


def test_states(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    assert set_campaign_state(db, STORE, "apples", CampaignState.PAUSED).campaign.state == "paused"
    assert set_campaign_state(db, STORE, "apples", CampaignState.RUNNING).version == 3
    with pytest.raises(NotFound):
        set_campaign_state(db, STORE, "pears", CampaignState.ENDED)


def test_lists_come_by_page_and_by_store(db: Database) -> None:
    for name in ("d", "b", "a", "c"):
        put_campaign(db, STORE, campaign(name))
    put_campaign(db, "other", campaign("z"))
    first = [c.campaign.id for c in list_campaigns(db, STORE, limit=3)]
    rest = [c.campaign.id for c in list_campaigns(db, STORE, after=first[-1], limit=3)]
    assert (first, rest) == (["a", "b", "c"], ["d"])


def test_many_edits_at_once_are_as_many_versions(db: Database) -> None:
    said = at_once(20, lambda i: put_campaign(db, STORE, campaign(name=f"n{i}")).version)
    assert said == {str(n): 1 for n in range(1, 21)}
    assert campaigns_version(db, STORE) == 20


def test_many_seeds_at_once_insert_once(db: Database) -> None:
    at_once(10, lambda _: seed_campaigns(db, STORE, [campaign(), campaign("pears")]))
    assert [c.version for c in list_campaigns(db, STORE)] == [1, 1]
