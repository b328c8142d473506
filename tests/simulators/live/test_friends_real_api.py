"""Who opens shared links, who guesses and who has had enough, against the real HTTP side: what it earns them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.config import ApiConfig
from engine.storage.people.shoppers import linked_devices
from engine.storage.vouchers.vouchers import counts
from engine.vocabulary import MuteKind
from simulators.live.counters import Tally
from simulators.live.phone import run_phones
from simulators.live.run import run_live
from simulators.world import World
from tests.simulators.live.test_phones_real_api import PORTAL, SECRETS, STORE, Discard, Site, site
from tests.simulators.made import scenario

__all__ = ["site"]

POINTS = 50
"""What a friend's open earns the sharer."""


def run(site: Site, seconds: float, attack: dict[str, Any] | None = None, **phones: Any) -> Tally:
    wants = {"connected_share": 1.0, "sign_in_share": 1.0, "consent_share": 1.0, "redeem_when": "soon", "haste": 8.0}
    wants |= {"redeem_share": 0.0, "share_share": 1.0, "friend_open_share": 0.0, "preview_bot_share": 0.0}
    people = {"arrivals_per_hour": 0, "start_inside": 4, "dwell": {"median_s": 60, "sigma_log": 0.1}}
    chosen = scenario(store=STORE, people=people, phones={**wants, **phones}, attack=attack or {})
    world = World(chosen, site.plan, seconds)
    key = SECRETS.till_key
    return asyncio.run(
        run_live(
            world, Discard(), phones=lambda w, clock, tally: run_phones(w, site.server.url, key, clock, tally, PORTAL)
        )
    )


def test_opening_ones_own_link_earns_nothing(site: Site) -> None:
    tally = run(site, 5.0, self_open_share=1.0)
    assert dict(tally.errors) == {}
    assert tally.shares == tally.self_opens == 4
    assert counts(site.db, STORE)["points"] == 0


def test_neighbours_behind_the_shops_address_are_people_like_friends(site: Site) -> None:
    tally = run(site, 5.0, friend_open_share=1.0, neighbour_open_share=1.0)
    assert dict(tally.errors) == {}
    assert tally.friend_opens == tally.neighbour_opens == 4
    assert counts(site.db, STORE)["points"] == 4 * 2 * POINTS


def test_a_share_farm_earns_less_than_it_opens(site: Site) -> None:
    tally = run(site, 5.0, {"farm_opens_per_share": 70})
    # an address may open each link so many times a minute; the farm waits for more in vain
    assert 25 < tally.farm_opens <= tally.shares * ApiConfig().share_opens_per_minute
    # one browser without a memory at one address is one visitor, whatever it claims
    assert counts(site.db, STORE)["points"] <= 4 * POINTS


def test_guessing_codes_finds_nothing_and_is_slowed_down(site: Site) -> None:
    tally = run(site, 6.0, {"code_guesses_per_minute": 6000}, share_share=0.0)
    assert tally.guesses["hit"] == 0
    assert sum(tally.guesses.values()) > 30
    assert any(answer.startswith("429") for answer in tally.guesses), tally.guesses
    assert set(tally.guesses) <= {"unknown", *(a for a in tally.guesses if a.startswith("429"))}


def test_who_mutes_the_shop_is_muted_and_stays_linked(site: Site) -> None:
    tally = run(site, 5.0, share_share=0.0, mute_share=1.0)
    assert tally.acknowledged == tally.muted == 4
    linked = linked_devices(site.db, STORE).values()
    assert len(linked) == 4
    assert all(any(mute.kind == MuteKind.SHOP for mute in who.wishes.mutes) for who in linked)


@pytest.mark.parametrize("buys", [0.0, 1.0])
def test_responses_decide_what_is_redeemed(site: Site, buys: float) -> None:
    target = site.campaign.offer.sku or site.campaign.offer.category or "basket"
    response = {"buy_share": buys, "uplift": 0.0}
    tally = run(site, 5.0, share_share=0.0, redeem_share=1.0 - buys, responses={target: response})
    assert tally.redeemed == (4 if buys else 0)
    assert tally.responses[f"{target} coupons"] == 4
    assert tally.responses[f"{target} bought"] == tally.responses[f"{target} would_have_anyway"] == 4 * buys
