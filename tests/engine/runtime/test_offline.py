"""The chain over a recording: the same answers whatever the order of rows, each with its reason, none too late."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.config import Config
from engine.files import PlanReadings, ReadingTable, readings_for_plan
from engine.files.outcomes import SessionEvent
from engine.offers.campaigns import Campaign, load_campaigns
from engine.runtime.offline import Chain, device_number, run_chain
from tests.engine.runtime.made import FLOORPLANS, Stand, boutique, frames

PLAN = boutique()
START = 1_772_528_400.0  # 10:00 in Paris
CONFIG = Config()


def campaigns() -> list[Campaign]:
    return load_campaigns(FLOORPLANS / "boutique" / "campaigns.yaml", PLAN)


def recording(standing: list[Stand], duration_s: float = 60.0, start_t: float = START) -> PlanReadings:
    rows = [r for _, batch in frames(PLAN, standing, duration_s) for r in batch]
    number = {name: np.array([float(str(r[name])) for r in rows]) for name in ("t", "rssi")}
    none = np.full(len(rows), np.nan)
    device, ap = (np.array([str(r[name]) for r in rows], np.str_) for name in ("mac", "ap"))
    return readings_for_plan(
        ReadingTable("made", start_t + number["t"], device, ap, number["rssi"], none, none, np.full(len(none), "")),
        PLAN,
    )


def run(made: PlanReadings, sessions: list[SessionEvent] | None = None, config: Config = CONFIG) -> Chain:
    return run_chain(PLAN, config, campaigns(), made, sessions)


def said(chain: Chain) -> list[tuple[float, str, str, str, str]]:
    return [(d.at, chain.names[d.trigger.device], d.trigger.campaign_id, d.outcome, d.reason) for d in chain.decisions]


ANA, BOB = Stand("ana", "FEM-001", 0.0, 60.0), Stand("bob", "FEM-001", 0.0, 60.0)


@pytest.fixture(scope="module")
def both() -> Chain:
    return run(recording([ANA, BOB]))


def test_who_stands_at_a_product_gets_one_coupon_with_the_clock_of_the_readings(both: Chain) -> None:
    for name in ("ana", "bob"):
        mine = [d for d in both.decisions if both.names[d.trigger.device] == name]
        assert [d.reason for d in mine].count("ok") == 1
        assert {d.reason for d in mine} <= {"ok", "lost_arbitration", "cap_visit", "already_issued"}
        for d in mine:
            assert d.trigger.caused_by_t <= d.at <= d.trigger.caused_by_t + 3.0 + 1.5  # window, and a second's step
            assert START < d.at < START + 62


def test_rows_need_no_order(both: Chain) -> None:
    made = recording([ANA, BOB])
    shuffled = made.readings.take(np.random.default_rng(5).permutation(len(made.readings)))
    assert said(run(replace(made, readings=shuffled))) == said(both)


def test_ids_do_not_depend_on_who_else_is_in_the_file(both: Chain) -> None:
    made = recording([ANA, BOB])
    ana = made.readings.take(made.readings.device == made.device_names.index("ana"))
    alone = run(replace(made, readings=replace(ana, device=np.zeros_like(ana.device)), device_names=["ana"]))
    visits = {d.trigger.visit_id for d in alone.decisions}
    assert visits == {d.trigger.visit_id for d in both.decisions if both.names[d.trigger.device] == "ana"}
    assert device_number("ana") != device_number("bob")


def test_visits_are_closed_and_hours_are_counted_when_the_recording_ends(both: Chain) -> None:
    entered = [(e.device, e.zone) for e in both.visits if e.kind == "enter"]
    left = [e for e in both.visits if e.kind == "leave"]
    assert sorted(entered) == sorted((e.device, e.zone) for e in left)
    assert {both.names[v.device] for v in both.stays} == {"ana", "bob"}
    assert max(e.dwell_s for e in left) == pytest.approx(60.0, abs=12.0)
    assert sum(r.person_s for r in both.zone_hours if r.zone == "femme") == pytest.approx(120.0, rel=0.35)


def test_without_consent_nothing_is_decided() -> None:
    made = recording([ANA, BOB])
    sessions = [
        SessionEvent(START, "ana", "connect", consent=True),
        SessionEvent(START, "bob", "connect", consent=False),
    ]
    assert {name for _, name, *_ in said(run(made, sessions))} == {"ana"}
    assert said(run(made, [])) == []


def test_consent_counts_from_when_it_was_given_until_it_is_taken_back() -> None:
    made = recording([ANA])
    late = run(made, [SessionEvent(START + 30, "ana", "connect")])
    assert min(d.trigger.since for d in late.decisions) >= START + 27  # a window may straddle the moment
    gone = [SessionEvent(START - 9, "ana", "connect"), SessionEvent(START, "ana", "disconnect", consent=False)]
    assert said(run(made, gone)) == []
    yes_after_no = [*gone, SessionEvent(START + 1, "ana", "connect", consent=True)]
    assert said(run(made, yes_after_no)) != []


def test_caps_come_from_the_configuration() -> None:
    none = Config.model_validate({"offers": {"per_visit": 0}})
    assert {reason for *_, reason in said(run(recording([ANA]), config=none))} == {"cap_visit"}


def test_a_night_between_two_visits_is_skipped_and_starts_a_new_one() -> None:
    first, second = recording([ANA]), recording([ANA], start_t=START + 40_000)
    joined = replace(first, readings=type(first.readings).concat([second.readings, first.readings]))
    chain = run(joined)
    assert len(chain.stays) == 2
    assert sorted(d.at for d in chain.decisions if d.outcome == "issue")[1] > START + 40_000


def test_no_readings_no_decisions() -> None:
    made = recording([ANA])
    empty = replace(made, readings=made.readings.take(slice(0, 0)), device_names=[])
    chain = run(empty)
    assert (said(chain), chain.visits, chain.zone_hours, len(chain.fixes.t)) == ([], [], [], 0)
