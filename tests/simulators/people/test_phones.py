"""Phones by system and screen, their MACs, their drop-outs; and what a coupon really does to their owners."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from simulators.people.people import scenario_problems
from simulators.people.phones import network_mac, session_times
from simulators.people.reactions import Wish
from simulators.people.responses import reaction, target_of
from simulators.scenario.phones import PhonesConfig
from simulators.truth.truth import session_events
from simulators.wires.controllers import Controllers
from simulators.world import TICK_S, World
from tests.simulators.made import scenario, small_plan

LONG = {"arrivals_per_hour": 0, "start_inside": 60, "list_length_mean": 4, "dwell": {"median_s": 400}}


def world(people: dict[str, Any] | None = None, **phones: Any) -> World:
    chosen = scenario(people=people or LONG, phones={"connected_share": 1.0, **phones}, duration_s=1800.0)
    return World(chosen, small_plan())


def gaps(of: World, system: int | None = None) -> np.ndarray[Any, Any]:
    mine = range(len(of.shoppers)) if system is None else np.flatnonzero(of.phones.system == system).tolist()
    return np.concatenate([np.diff(of.scans.t_s[of.scans.shopper == i]) for i in mine])


def test_systems_scan_at_their_own_pace() -> None:
    quick = {"name": "quick", "share": 3, "on_min_s": 1, "on_max_s": 2, "off_min_s": 1, "off_max_s": 2}
    slow = {"name": "slow", "share": 1, "on_min_s": 20, "on_max_s": 30, "off_min_s": 20, "off_max_s": 30}
    among = world(systems=[quick, slow])
    assert np.mean(among.phones.system == 0) == pytest.approx(0.75, abs=0.15)
    assert np.median(gaps(among, 0)) == pytest.approx(1.5, abs=0.1)
    # a spell that ends cuts the wait short, and the next one begins anew
    assert np.median(gaps(among, 1)) > 10


def test_a_dark_screen_is_heard_less() -> None:
    system = {"name": "a", "share": 1, "on_min_s": 1, "on_max_s": 2, "off_min_s": 30, "off_max_s": 60}
    bright, dark = (world(systems=[{**system, "screen_on_s": on, "screen_off_s": 330 - on}]) for on in (300.0, 30.0))
    scans = [len(w.scans.t_s) / (w.crowd.end_s - w.crowd.start_s).sum() for w in (bright, dark)]
    assert scans[0] == pytest.approx(300 / 330 / 1.5, rel=0.1)
    assert scans[1] == pytest.approx(30 / 330 / 1.5, rel=0.45)
    assert scans[1] < 0.3 * scans[0]


def test_dropouts_silence_as_much_as_configured() -> None:
    always, sometimes = world(), world(dropouts_per_hour=20.0, dropout_s=60.0)
    heard = len(sometimes.scans.t_s) / len(always.scans.t_s)
    # 20 an hour of a minute each, overlapping at random
    assert heard == pytest.approx(np.exp(-20 * 60 / 3600), abs=0.05)
    assert gaps(sometimes).max() > 60 > 4 >= gaps(always).max()
    assert (gaps(always) <= 4).all()


def test_a_phone_that_falls_silent_is_given_up_and_comes_back() -> None:
    silences = ((110.0, 115.0), (130.0, 170.0), (195.0, 200.0))
    told = [(100.0, "connect"), (140.0, "disconnect"), (170.0, "connect"), (200.0, "disconnect")]
    assert session_times(100.0, 200.0, silences, 10.0) == told
    # still silent when it leaves the store: given up once
    assert session_times(100.0, 200.0, ((150.0, 200.0),), 10.0) == [(100.0, "connect"), (160.0, "disconnect")]
    assert session_times(100.0, 200.0, (), 10.0) == [(100.0, "connect"), (200.0, "disconnect")]


def test_sessions_break_where_nothing_is_heard() -> None:
    among = world(dropouts_per_hour=20.0, dropout_s=60.0, idle_timeout_s=15.0)
    events: dict[int, list[tuple[float, str]]] = {}
    for t_s, i, event in session_events(among):
        events.setdefault(i, []).append((t_s, event))
    breaks = 0
    for i, told in events.items():
        assert [event for _, event in told] == (["connect", "disconnect"] * len(told))[: len(told)]
        times, mine = [t_s for t_s, _ in told], among.scans.t_s[among.scans.device == i]
        assert times == sorted(times)
        for gone_s, back_s in zip(times[1::2], [*times[2::2], np.inf], strict=False):
            if gone_s < among.journeys[i].end_s:
                assert not ((gone_s - 15.0 <= mine) & (mine < min(back_s, among.run_s))).any()
                breaks += 1
    assert breaks > 100


def test_the_wire_tells_of_the_same_breaks_in_time() -> None:
    among = world(dropouts_per_hour=20.0, dropout_s=60.0)
    controllers, told = Controllers(among, 1000.0), []
    for ticks in controllers.batches():
        arrived = controllers.collect_arrivals([], ticks.stop * TICK_S)
        said = [json.loads(a.message.payload) for a in arrived if "/sessions/" in a.message.topic]
        assert all(1000.0 + ticks.start * TICK_S - 1e-3 <= s["t"] <= 1000.0 + ticks.stop * TICK_S for s in said)
        told += [(s["t"], s["mac"], s["event"]) for s in said]
    assert controllers.rest() == []
    macs = among.phones.mac
    assert told == [(round(1000.0 + t, 3), macs[i], event) for t, i, event in session_events(among)]
    assert len(told) > 2 * len(among.shoppers) + 100


def test_a_coupon_ends_a_break_and_moves_the_last_message() -> None:
    among = world(dropouts_per_hour=60.0, dropout_s=60.0)
    i, (from_s, _) = next((i, s) for i, breaks in among.silences.items() for s in breaks if s[1] - s[0] > 40)
    controllers, told = Controllers(among, 0.0), []
    before_s = among.journeys[i].end_s
    for ticks in controllers.batches():
        if ticks.start == int((from_s + 20) / TICK_S):
            assert among.act_upon(i, from_s + 20, Wish(frozenset(["wine"]), 9)) in ("walks", "takes", "will")
        told += controllers.collect_arrivals([among.tick(k) for k in ticks], ticks.stop * TICK_S)
    told += controllers.rest()
    said = [json.loads(a.message.payload) for a in told if "/sessions/" in a.message.topic]
    mine = [(s["t"], s["event"]) for s in said if s["mac"] == among.phones.mac[i]]
    assert [event for _, event in mine] == (["connect", "disconnect"] * len(mine))[: len(mine)]
    all_told = [(round(t, 3), who, event) for t, who, event in session_events(among)]
    assert [(s["t"], among.phones.mac.index(s["mac"]), s["event"]) for s in said] == all_told
    assert among.journeys[i].end_s != before_s


def test_a_network_has_its_own_macs_and_the_same_ones_for_a_whole_period() -> None:
    secret = b"s" * 16
    assert network_mac(secret, "Guest", 3) == network_mac(secret, "Guest", 3)
    seen = {network_mac(secret, ssid, period) for ssid in ("Guest", "Staff") for period in range(50)}
    assert len(seen) == 100
    assert all(int(mac[:2], 16) & 3 == 2 and len(mac) == 17 for mac in seen)
    guest, other = world(ssid="Guest"), world(ssid="Other")
    assert not set(guest.phones.mac) & set(other.phones.mac)
    assert guest.phones.mac == world(ssid="Guest").phones.mac


def test_macs_rotate_when_their_time_is_over() -> None:
    people = {"arrivals_per_hour": 200}
    never = {"name": "fixed", "share": 1}
    two_hours = {"starts_at": "2026-03-03T09:00:00Z", "duration_s": 7200.0, "people": people}

    def macs(system: dict[str, Any]) -> list[str]:
        phones = {"connected_share": 1.0, "systems": [system]}
        return list(World(scenario(**two_hours, phones=phones), small_plan(), 10.0).phones.mac)

    fixed, hourly = macs(never), macs({**never, "mac_rotates_after_s": 3600})
    daily = macs({**never, "mac_rotates_after_s": 86_400})
    # one period throughout, another one for each hour: nobody keeps a MAC from one period to the next
    assert len(fixed) == len(hourly) > 300
    assert not set(fixed) & set(hourly)
    assert not set(daily) & set(hourly)


def uplift_config(**more: Any) -> PhonesConfig:
    return PhonesConfig.model_validate({"responses": {"milk": {"buy_share": 0.2, "uplift": 0.15}}, **more})


def test_an_experiment_finds_the_true_uplift() -> None:
    """Shoppers by halves with and without the coupon: the interval of the difference covers what is configured."""
    config, rng, n = uplift_config(), np.random.default_rng(1), 8000
    treated = rng.random(n) < 0.5
    fates = [reaction(config, "milk", 7, i) for i in range(n)]
    bought = np.array([f.buys if t else f.would_buy_without for f, t in zip(fates, treated, strict=True)])
    a, b = bought[treated], bought[~treated]
    found, sigma = a.mean() - b.mean(), np.sqrt(a.var() / len(a) + b.var() / len(b))
    assert abs(found - 0.15) < 2.58 * sigma
    assert sigma < 0.012
    assert b.mean() == pytest.approx(0.2, abs=0.02)


def test_fates_are_one_persons() -> None:
    config = uplift_config()
    fates = [reaction(config, "milk", 7, i) for i in range(3000)]
    assert fates == [reaction(config, "milk", 7, i) for i in range(3000)]
    assert all(f.buys for f in fates if f.would_buy_without)  # nobody is put off where the uplift is positive
    assert fates != [reaction(config, "milk", 8, i) for i in range(3000)]


def test_who_does_not_open_does_as_without() -> None:
    config = uplift_config(open_share=0.3, mute_share=0.5)
    fates = [reaction(config, "milk", 7, i) for i in range(4000)]
    closed = [f for f in fates if not f.opens]
    assert len(closed) / 4000 == pytest.approx(0.7, abs=0.03)
    assert all(f.buys == f.would_buy_without and not f.mutes for f in closed)
    assert np.mean([f.mutes for f in fates if f.opens]) == pytest.approx(0.5, abs=0.05)


def test_what_has_no_response_is_redeemed_by_the_general_share() -> None:
    fates = [reaction(uplift_config(redeem_share=0.6), "wine", 7, i) for i in range(4000)]
    assert np.mean([f.buys for f in fates]) == pytest.approx(0.6, abs=0.03)
    assert not any(f.would_buy_without for f in fates)


def test_coupons_are_for_a_product_a_category_or_the_basket() -> None:
    offers = ({"kind": "percent", "sku": "milk", "category": "dairy"}, {"category": "dairy"}, {"kind": "amount"})
    assert [target_of(o) for o in offers] == ["milk", "dairy", "basket"]
    config = {"responses": {"milk": {}, "household": {}, "basket": {}, "caviar": {}}}
    assert [p.place for p in scenario_problems(scenario(phones=config), small_plan())] == ["phones.responses.caviar"]


def test_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        uplift_config(responses={"milk": {"buy_share": 0.9, "uplift": 0.2}})
    with pytest.raises(ValueError, match="shortest time is above its longest"):
        uplift_config(systems=[{"name": "a", "share": 1, "on_min_s": 9, "on_max_s": 3}])
