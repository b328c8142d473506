"""Who opens shared links, who guesses and who has had enough, against the real HTTP side: what it earns them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from engine.config import ApiConfig
from engine.storage.people.shoppers import linked_devices
from engine.storage.vouchers.vouchers import counts
from engine.vocabulary import MuteKind
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.run import run_live
from simulators.world import World
from tests.simulators.live.lasting import LONGEST_S, Enough, happened, phones_until
from tests.simulators.live.test_phones_real_api import PORTAL, SECRETS, STORE, Discard, Site, site
from tests.simulators.made import scenario

__all__ = ["site"]

LEAST_S = 3.0
POINTS = 50
"""What a friend's open earns the sharer."""


def run(site: Site, enough: Enough, attack: dict[str, Any] | None = None, **phones: Any) -> Tally:
    """A run until `enough` has happened, and for a few seconds in which nothing else may."""
    wants = {"connected_share": 1.0, "sign_in_share": 1.0, "consent_share": 1.0, "redeem_when": "soon", "haste": 8.0}
    wants |= {"redeem_share": 0.0, "share_share": 1.0, "friend_open_share": 0.0, "preview_bot_share": 0.0}
    dwell = {"median_s": 2 * LONGEST_S, "sigma_log": 0.1}
    people = {"arrivals_per_hour": 0, "start_inside": 4, "dwell": dwell}
    chosen = scenario(store=STORE, people=people, phones={**wants, **phones}, attack=attack or {})
    world, key = World(chosen, site.plan, LONGEST_S), SECRETS.till_key

    def live(w: World, clock: LiveClock, tally: Tally) -> Awaitable[None]:
        return phones_until(enough, w, site.server.url, key, clock, tally, PORTAL, least_s=LEAST_S)

    return asyncio.run(run_live(world, Discard(), phones=live))


def test_opening_ones_own_link_earns_nothing(site: Site) -> None:
    tally = run(site, happened(self_opens=4), self_open_share=1.0)
    assert dict(tally.errors) == {}
    assert tally.shares == tally.self_opens == 4
    assert counts(site.db, STORE)["points"] == 0


def test_neighbours_behind_the_shops_address_are_people_like_friends(site: Site) -> None:
    tally = run(site, happened(friend_opens=4, neighbour_opens=4), friend_open_share=1.0, neighbour_open_share=1.0)
    assert dict(tally.errors) == {}
    assert tally.friend_opens == tally.neighbour_opens == 4
    assert counts(site.db, STORE)["points"] == 4 * 2 * POINTS


def test_a_share_farm_earns_less_than_it_opens(site: Site) -> None:
    tally = run(site, happened(shares=4, farm_opens=26), {"farm_opens_per_share": 70})
    # an address may open each link so many times a minute; the farm waits for more in vain
    assert 25 < tally.farm_opens <= tally.shares * ApiConfig().share_opens_per_minute
    # one browser without a memory at one address is one visitor, whatever it claims
    assert counts(site.db, STORE)["points"] <= 4 * POINTS


def test_guessing_codes_finds_nothing_and_is_slowed_down(site: Site) -> None:
    def refused(tally: Tally) -> bool:
        slowed = any(answer.startswith("429") for answer in tally.guesses)
        return slowed and sum(tally.guesses.values()) > 30

    tally = run(site, refused, {"code_guesses_per_minute": 6000}, share_share=0.0)
    assert tally.guesses["hit"] == 0
    assert sum(tally.guesses.values()) > 30
    assert any(answer.startswith("429") for answer in tally.guesses), tally.guesses
    assert set(tally.guesses) <= {"unknown", *(a for a in tally.guesses if a.startswith("429"))}


def test_who_mutes_the_shop_is_muted_and_stays_linked(site: Site) -> None:
    tally = run(site, happened(acknowledged=4, muted=4), share_share=0.0, mute_share=1.0)
    assert tally.acknowledged == tally.muted == 4
    linked = linked_devices(site.db, STORE).values()
    assert len(linked) == 4
    assert all(any(mute.kind == MuteKind.SHOP for mute in who.wishes.mutes) for who in linked)


@pytest.mark.parametrize("buys", [0.0, 1.0])
def test_responses_decide_what_is_redeemed(site: Site, buys: float) -> None:
    target = site.campaign.offer.sku or site.campaign.offer.category or "basket"
    response = {"buy_share": buys, "uplift": 0.0}

    def decided(tally: Tally) -> bool:
        return tally.responses[f"{target} coupons"] == 4 and tally.redeemed >= 4 * buys

    tally = run(site, decided, share_share=0.0, redeem_share=1.0 - buys, responses={target: response})
    assert tally.redeemed == (4 if buys else 0)
    assert tally.responses[f"{target} coupons"] == 4
    assert tally.responses[f"{target} bought"] == tally.responses[f"{target} would_have_anyway"] == 4 * buys
