"""Where evidence stands, and the odds that a listener is mute: of two links a Gaussian of their difference, by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, hypot, log, log10

import numpy as np
import pytest

from engine.plan.model import AccessPoint, Level, Plan
from engine.radio.evidence import EvidenceKind
from engine.radio.evidence_sources import (
    ALIKE_DB,
    EXPONENTS_SD,
    MAST_PLACE_SIGMA_M,
    MUTE_NATS,
    SHADOWS_DB,
    SURVEY_PLACE_SIGMA_M,
    find_mute_listeners,
    hearings_evidence,
    survey_evidence,
)
from engine.radio.radiomap import prior_powers
from engine.records import F64, I32, Hearings
from tests.engine.radio.made import hall

WIDE = 400.0


@dataclass(frozen=True)
class Walked:
    x_m: F64
    y_m: F64
    level: I32
    ap: I32
    rssi_dbm: F64
    range_m: F64
    device: I32


def links(*told: tuple[int, int, float]) -> Hearings:
    """(listener, speaker, dBm)"""
    ap, heard, rssi = zip(*told, strict=True)
    none = np.full(len(told), np.nan, np.float32)
    return Hearings(
        np.zeros(len(told)), np.array(heard, np.int32), np.array(ap, np.int32), np.array(rssi, np.float32), none
    )


def test_a_survey_is_of_phones_in_hands_where_somebody_stood() -> None:
    plan, zero = hall((2.0, 3.0), (8.0, 3.0)), np.zeros(2, np.int32)
    walked = Walked(
        *(np.array([2.25, 6.25]), np.array([3.25, 6.25]), zero, np.array([1, 0], np.int32)),
        *(np.array([-50.0, np.nan]), np.array([np.nan, 4.5]), np.array([0, 7], np.int32)),
    )
    found = survey_evidence(plan, walked)
    assert set(found.kind.tolist()) == {EvidenceKind.SURVEYED}
    assert found.of_devices.all()
    at = {int(s): i for i, s in enumerate(found.source)}
    one, other = at[0], at[7]
    # access points hang at 2.7 m, phones are held at 1.2
    assert found.distance_m[one] == pytest.approx(hypot(5.75, 0.25, 1.5))
    assert found.distance_m[other] == pytest.approx(hypot(4.25, 3.25, 1.5))
    assert found.log_d[one] == pytest.approx(10 * log10(hypot(5.75, 0.25, 1.5)))
    assert (found.rssi_dbm[one], found.range_m[other]) == (-50.0, 4.5)
    assert np.isnan([found.range_m[one], found.rssi_dbm[other]]).all()
    assert found.place_sigma_m.tolist() == [SURVEY_PLACE_SIGMA_M] * 2


def test_who_speaks_is_where_the_plan_hangs_it_at_its_own_height() -> None:
    plan = hall((2.0, 3.0), (8.0, 3.0))
    above = Level("1", 1, "Above", 3.0, 4.0, plan.levels[0].polygon)
    high = AccessPoint("up", "1", 8.0, 3.0, 2.0, "", None, None)
    plan = replace(plan, levels=(*plan.levels, above), access_points=(*plan.access_points, high))
    found = hearings_evidence(plan, links((0, 1, -55.0), (0, 2, -70.0)))
    assert set(found.kind.tolist()) == {EvidenceKind.ACCESS_POINT}
    assert not found.of_devices.any()
    assert sorted(zip(found.source.tolist(), found.level.tolist(), found.floors.tolist(), strict=True)) == [
        (1, 0, 0.0), (2, 1, 1.0),
    ]  # fmt: skip
    by = dict(zip(found.source.tolist(), found.distance_m.tolist(), strict=True))
    assert by[1] == pytest.approx(6.0)  # of one height
    assert by[2] == pytest.approx(hypot(6.0, 4.0 + 2.0 - 2.7))
    assert found.place_sigma_m.tolist() == [MAST_PLACE_SIGMA_M] * 2


def test_hearings_of_one_pair_are_one_row_their_mean() -> None:
    found = hearings_evidence(hall((2.0, 3.0), (8.0, 3.0)), links((0, 1, -50.0), (0, 1, -60.0), (1, 0, -52.0)))
    assert dict(zip(found.ap.tolist(), found.rssi_dbm.tolist(), strict=True)) == {0: -55.0, 1: -52.0}
    assert dict(zip(found.ap.tolist(), found.count.tolist(), strict=True)) == {0: 2.0, 1: 1.0}


def two(near_m: float, far_m: float) -> Plan:
    return hall((0.5, 5.0), (0.5 + near_m, 5.0), (0.5 + far_m, 5.0), width=WIDE)


def nats(plan: Plan, near_m: float, far_m: float, apart_db: float) -> float:
    """log of p(difference; one level) over p(difference; a law), each a mean over how much is left around it. Of two
    values whose common level is not known their difference is all that is known: N(0, 2 s²), or of a law of exponent
    n +- 0.8 N(-n dL, 2 s² + (0.8 dL)²)."""
    exponent, d_l = float(prior_powers(plan)[1][0]), 10 * log10(far_m / near_m)

    def density(x: float, var: float) -> float:
        return exp(-(x**2) / (2 * var)) / var**0.5

    alike = [density(apart_db, 2 * s**2) for s in ALIKE_DB]
    by_law = [density(apart_db - exponent * d_l, 2 * s**2 + (EXPONENTS_SD * d_l) ** 2) for s in SHADOWS_DB]
    return log(sum(alike) / len(alike)) - log(sum(by_law) / len(by_law))


@pytest.mark.parametrize("apart_db", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("far_m", [2.0, 4.0, 12.0, 20.0, 60.0, 200.0])
def test_a_listener_is_mute_from_a_thousand_to_one(far_m: float, apart_db: float) -> None:
    plan = two(2.0, far_m + 0.01)
    told = nats(plan, 2.0, far_m + 0.01, apart_db)
    found = find_mute_listeners(plan, links((0, 1, -50.0), (0, 2, -50.0 - apart_db))).tolist()
    assert found == ([0] if told > MUTE_NATS else [])


def test_the_odds_pass_the_bound_among_these() -> None:
    """Both sides are looked at above: of one level to the decibel at 20 m no, at 60 m yes."""
    assert pytest.approx(log(1000.0)) == MUTE_NATS
    assert nats(two(2.0, 20.0), 2.0, 20.0, 0.0) < MUTE_NATS < nats(two(2.0, 60.0), 2.0, 60.0, 0.0)
    assert nats(two(2.0, 4.0), 2.0, 4.0, 7.0) < 0


def test_where_all_seem_so_a_little_all_are() -> None:
    """Each of three hears the two others, 2, 10 and 12 m away, at one level: none is at a thousand to one alone."""
    plan = two(2.0, 12.0)
    one = [links((a, b, -50.0), (a, c, -50.0)) for a, b, c in ((0, 1, 2), (1, 0, 2), (2, 0, 1))]
    assert [find_mute_listeners(plan, own).tolist() for own in one] == [[], [], []]
    several = links(*((a, b, -50.0) for a in range(3) for b in range(3) if a != b))
    odds = [nats(plan, 2.0, 12.0, 0.0), nats(plan, 2.0, 10.0, 0.0), nats(plan, 10.0, 12.0, 0.0)]
    wanted = [0, 1, 2] if min(odds) > 0 and sum(odds) > MUTE_NATS else []
    assert find_mute_listeners(plan, several).tolist() == wanted == [0, 1, 2]


def test_what_was_not_heard_and_a_single_link_say_nothing() -> None:
    plan = two(2.0, 200.0)
    assert find_mute_listeners(plan, links((0, 1, -50.0))).tolist() == []
    assert find_mute_listeners(plan, links((0, 1, -50.0), (0, 2, float("nan")))).tolist() == []
