"""The ledger behind the real HTTP side against the referee: every shopper is told what the rules give."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.config import ApiConfig, OffersConfig
from engine.files.points import PointRow, read_events, read_points
from engine.referee.points import LedgerReport, score_ledger
from engine.storage.loyalty.ledger import release_pending
from engine.storage.vouchers.vouchers import counts
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.ground_truth import Witness
from simulators.live.run import run_live
from simulators.live.tables import write_live_tables
from simulators.world import World
from tests.clocks import HeldClock
from tests.simulators.live.lasting import LONGEST_S, Enough, happened, phones_until
from tests.simulators.live.test_phones_real_api import PORTAL, SECRETS, STORE, Discard, Site
from tests.simulators.made import scenario

SHOPPERS = 4
POINTS = 50


@dataclass(frozen=True)
class Outcome:
    """One run's tables, read back, and the report on them."""

    tally: Tally
    rows: list[PointRow]
    report: LedgerReport
    folder: Path


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path, rate_clock: HeldClock) -> Iterator[Site]:
    made = Site(tmp_path / "site", getattr(request, "param", {}))
    yield made
    made.close()


def run(
    site: Site,
    folder: Path,
    enough: Enough,
    attack: dict[str, Any] | None = None,
    **phones: Any,
) -> Outcome:
    """A run until `enough` has happened."""
    wants = {"connected_share": 1.0, "sign_in_share": 1.0, "consent_share": 1.0, "redeem_when": "soon", "haste": 8.0}
    wants |= {"redeem_share": 0.0, "share_share": 1.0, "friend_open_share": 0.0, "preview_bot_share": 0.0}
    people = {
        "arrivals_per_hour": 0,
        "start_inside": SHOPPERS,
        "dwell": {"median_s": 2 * LONGEST_S, "sigma_log": 0.1},
    }
    world = World(
        scenario(store=STORE, people=people, phones={**wants, **phones}, attack=attack or {}), site.plan, LONGEST_S
    )
    tally = asyncio.run(
        run_live(world, Discard(), phones=lambda w, clock, tally: _asking(w, site.server.url, clock, tally, enough))
    )
    write_live_tables(folder, tally.witness, site.config.offers)
    rows = read_points(folder / "points.csv")
    return Outcome(tally, rows, score_ledger(rows), folder)


async def _asking(world: World, url: str, clock: LiveClock, tally: Tally, enough: Enough) -> None:
    tally.witness.asks = True
    await phones_until(enough, world, url, SECRETS.till_key, clock, tally, PORTAL)


def told(outcome: Outcome) -> list[tuple[int | None, int | None]]:
    return [(r.said_pending, r.said_available) for r in outcome.rows]


def test_honest_traffic_earns_what_the_rules_give(site: Site, tmp_path: Path) -> None:
    """Friends, neighbours, bots and the sharers themselves open every link; all shoppers redeem meanwhile."""
    everybody: dict[str, Any] = {
        "friend_open_share": 1.0,
        "neighbour_open_share": 1.0,
        "preview_bot_share": 1.0,
        "self_open_share": 1.0,
    }
    opens = dict.fromkeys(("friend_opens", "neighbour_opens", "preview_bot_opens", "self_opens"), SHOPPERS)
    outcome = run(site, tmp_path / "run", happened(redeemed=SHOPPERS, **opens), redeem_share=1.0, **everybody)
    report = outcome.report
    assert dict(outcome.tally.errors) == {}
    assert report.equals_truth, report.differ
    assert (report.shoppers, report.equal, report.unanswered) == (SHOPPERS, SHOPPERS, 0)
    assert report.openings == {"preview": SHOPPERS, "rewarded": 2 * SHOPPERS, "self": SHOPPERS}
    assert report.expected_points == report.said_points == counts(site.db, STORE)["points"] == 2 * SHOPPERS * POINTS
    known = {row.device for row in outcome.rows}
    by_shoppers = [o for o in outcome.tally.witness.openings if o.opener == "neighbour" and o.person in known]
    available = sum(row.said_available or 0 for row in outcome.rows)
    assert available <= len(by_shoppers) * POINTS  # the rest is on hold for a day: those friends redeemed nothing
    events = read_events(outcome.folder / "events.csv")
    told_of = {what: int((events.what == what).sum()) for what in set(events.what.tolist())}
    wanted = dict.fromkeys(("signed in", "coupon", "seen", "redeemed", "shared"), SHOPPERS)
    assert told_of == told_of | wanted | {"opened": 4 * SHOPPERS}
    assert (events.t[1:] >= events.t[:-1]).all()


def test_a_private_window_of_the_sharers_phone_is_the_sharer(site: Site, tmp_path: Path) -> None:
    enough = happened(self_opens=SHOPPERS, neighbour_opens=SHOPPERS)
    shares = {"self_open_share": 1.0, "self_private_share": 1.0, "neighbour_open_share": 1.0}
    outcome = run(site, tmp_path / "run", enough, **shares)
    assert outcome.report.openings == {"rewarded": SHOPPERS, "self": SHOPPERS}
    assert outcome.report.equals_truth, outcome.report.differ


ONE_MODEL = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)


def test_neighbours_with_phones_of_one_model(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed in, they are told apart. Unknown ones cannot be told from a phone that forgets its cookies: the rules say
    that they are people, the site does not believe it, and the score shows what that costs."""
    for module in ("coupon_actions", "phone"):
        monkeypatch.setattr(f"simulators.live.{module}.phone_agent", lambda rng: ONE_MODEL)
    enough = happened(friend_opens=SHOPPERS, neighbour_opens=SHOPPERS)
    outcome = run(site, tmp_path / "run", enough, friend_open_share=1.0, neighbour_open_share=1.0)
    openings = [o for o in outcome.tally.witness.openings if o.opener == "neighbour"]
    known = {row.device for row in outcome.rows}
    unknown = [o.sharer for o in openings if o.person not in known]
    assert 0 < len(unknown) < len(openings) == SHOPPERS
    assert outcome.report.openings == {"rewarded": 2 * SHOPPERS}
    assert {d.device: d.points for d in outcome.report.differ} == dict.fromkeys(unknown, -POINTS)


def test_who_shares_nothing_has_nothing_and_who_agrees_to_nothing_is_nobody(site: Site, tmp_path: Path) -> None:

    def all_have_seen(tally: Tally) -> bool:
        return 0 < tally.signed_in == SHOPPERS - tally.signed_in_without_consent == tally.seen

    outcome = run(site, tmp_path / "run", all_have_seen, share_share=0.0, consent_share=0.5)
    assert 0 < outcome.tally.signed_in == SHOPPERS - outcome.tally.signed_in_without_consent
    assert outcome.report.equals_truth
    assert told(outcome) == [(0, 0)] * outcome.tally.signed_in


def test_a_farm_is_one_person_to_each_link(site: Site, tmp_path: Path) -> None:
    enough = happened(farm_opens=8 * SHOPPERS, friend_opens=SHOPPERS)
    outcome = run(site, tmp_path / "run", enough, {"farm_opens_per_share": 8}, friend_open_share=1.0)
    assert outcome.tally.farm_opens == 8 * SHOPPERS
    assert outcome.report.openings == {"duplicate": 7 * SHOPPERS, "rewarded": 2 * SHOPPERS}
    assert outcome.report.equals_truth, outcome.report.differ


def test_what_the_limit_of_opens_refuses_earns_nothing(site: Site, tmp_path: Path) -> None:
    limit = SHOPPERS * ApiConfig().share_opens_per_minute  # by link, where a browser shows no cookie

    def spent(tally: Tally) -> bool:
        return tally.friend_opens == SHOPPERS and tally.farm_opens >= limit

    farm = {"farm_opens_per_share": 70}
    outcome = run(site, tmp_path / "run", spent, farm, friend_open_share=1.0)
    openings = outcome.report.openings
    shown = openings["duplicate"] + openings["rewarded"]
    friends = outcome.tally.friend_opens  # at addresses of their own, and so not held up by the farm
    assert friends == SHOPPERS
    assert shown - friends == limit
    assert openings.get("refused", 0) + openings.get("lost", 0) > 0
    assert outcome.report.equals_truth, outcome.report.differ


@pytest.mark.parametrize("site", [{"shares_rewarded_per_day": 1}, {"shares_rewarded_per_campaign": 1}], indirect=True)
def test_the_caps_of_day_and_campaign_hold(site: Site, tmp_path: Path) -> None:
    enough = happened(friend_opens=SHOPPERS, neighbour_opens=SHOPPERS)
    outcome = run(site, tmp_path / "run", enough, friend_open_share=1.0, neighbour_open_share=1.0)
    assert outcome.report.openings == {"capped": SHOPPERS, "rewarded": SHOPPERS}
    assert outcome.report.equals_truth, outcome.report.differ
    assert told(outcome) == [(POINTS, 0)] * SHOPPERS


@pytest.mark.parametrize("site", [{"share_hold_s": 0.0}], indirect=True)
def test_points_without_a_hold_become_available(site: Site, tmp_path: Path) -> None:
    outcome = run(site, tmp_path / "run", happened(friend_opens=SHOPPERS), friend_open_share=1.0)
    assert outcome.report.equals_truth, outcome.report.differ
    assert outcome.report.said_points == SHOPPERS * POINTS
    release_pending(site.db, time.time())
    assert all(r.expected_available == POINTS and r.settling in (0, POINTS) for r in outcome.rows)


def test_a_ledger_that_is_wrong_is_seen(site: Site, tmp_path: Path) -> None:
    """The referee is told of other rules than the site has: it must not agree."""
    outcome = run(site, tmp_path / "run", happened(friend_opens=SHOPPERS), friend_open_share=1.0)
    other = OffersConfig(points_per_share_visit=60)
    write_live_tables(tmp_path / "other", outcome.tally.witness, other)
    report = score_ledger(read_points(tmp_path / "other" / "points.csv"))
    assert not report.equals_truth
    assert [d.points for d in report.differ] == [-10] * SHOPPERS
    missed = Witness(asked=outcome.tally.witness.asked)
    write_live_tables(tmp_path / "missed", missed, OffersConfig())
    made_up = score_ledger(read_points(tmp_path / "missed" / "points.csv"))
    assert [d.points for d in made_up.differ] == [POINTS] * SHOPPERS
