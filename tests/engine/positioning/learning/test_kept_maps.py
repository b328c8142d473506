"""A survey's part of a map stays, the rest is what the store learns: as if the two had been mixed at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.learning.kept_maps import LEAST_SIGMA_DB, with_own_rest, with_own_rests
from engine.radio.radiomap import RadioMap, map_arrays, map_from_arrays, prior_map
from engine.records import F32
from tests.engine.radio.made import hall

PLAN = hall((1.0, 1.0), (19.0, 1.0), (10.0, 11.0))
CELLS = walkable_cells(PLAN, 1.0)
BY_PLAN = prior_map(PLAN, CELLS)


def other(seed: int) -> RadioMap:
    rng = np.random.default_rng(seed)

    def off(values: F32, low: float, high: float) -> F32:
        return (values + rng.uniform(low, high, values.shape)).astype(np.float32)

    return replace(
        BY_PLAN,
        mean_dbm=off(BY_PLAN.mean_dbm, -6.0, 6.0),
        sigma_db=off(BY_PLAN.sigma_db, -2.0, 1.0),
        range_mean_m=off(BY_PLAN.range_mean_m, 0.0, 2.0),
        offset_mean_db=float(rng.uniform(-2.0, 2.0)),
        offset_sigma_db=float(rng.uniform(5.0, 9.0)),
        measured=1.0,
    )


def mixed(share: float, one: RadioMap, rest: RadioMap) -> RadioMap:
    """By hand: means by their shares, variances too."""

    def spread(a: F32, b: F32) -> F32:
        return np.asarray(np.sqrt(share * a.astype(float) ** 2 + (1 - share) * b.astype(float) ** 2), np.float32)

    return replace(
        one,
        mean_dbm=(share * one.mean_dbm + (1 - share) * rest.mean_dbm).astype(np.float32),
        sigma_db=spread(one.sigma_db, rest.sigma_db),
        offset_mean_db=share * one.offset_mean_db + (1 - share) * rest.offset_mean_db,
        offset_sigma_db=float(np.sqrt(share * one.offset_sigma_db**2 + (1 - share) * rest.offset_sigma_db**2)),
        measured=share * one.measured + (1 - share) * rest.measured,
        kept=share,
    )


@pytest.mark.parametrize("share", [0.0, 0.12, 0.45, 0.9])
def test_the_rest_of_the_plan_gives_way_to_what_was_learnt(share: float) -> None:
    survey, own = other(1), other(2)
    found, wanted = with_own_rest(mixed(share, survey, BY_PLAN), BY_PLAN, own), mixed(share, survey, own)
    np.testing.assert_allclose(found.mean_dbm, wanted.mean_dbm, atol=1e-4)
    np.testing.assert_allclose(found.sigma_db, wanted.sigma_db, atol=1e-3)
    assert found.offset_mean_db == pytest.approx(wanted.offset_mean_db)
    assert found.offset_sigma_db == pytest.approx(wanted.offset_sigma_db, abs=1e-3)
    assert found.measured == pytest.approx(wanted.measured)
    assert found.kept == share
    assert found.mean_dbm.dtype == found.sigma_db.dtype == np.float32


def test_what_is_all_the_survey_s_stays_to_the_bit() -> None:
    survey = other(1)
    assert with_own_rest(survey, BY_PLAN, other(2)) is survey


def test_ranges_stay_and_no_spread_is_nothing() -> None:
    kept, own = mixed(0.2, other(1), BY_PLAN), replace(other(2), sigma_db=np.full_like(BY_PLAN.sigma_db, 0.0))
    thin = replace(kept, sigma_db=np.sqrt(np.float32(0.8)) * BY_PLAN.sigma_db)
    found = with_own_rest(thin, BY_PLAN, own)
    assert found.range_mean_m is kept.range_mean_m
    np.testing.assert_allclose(found.sigma_db, LEAST_SIGMA_DB, rtol=1e-4)


def test_maps_of_a_recording_keep_their_times() -> None:
    kept, own = mixed(0.3, other(1), BY_PLAN), [(5.0, other(2)), (9.0, other(3))]
    found = with_own_rests(kept, BY_PLAN, own)
    assert [t for t, _ in found] == [5.0, 9.0]
    np.testing.assert_array_equal(found[1][1].mean_dbm, with_own_rest(kept, BY_PLAN, own[1][1]).mean_dbm)


def test_the_share_is_kept_on_disk_and_all_of_an_older_map() -> None:
    arrays = map_arrays(replace(BY_PLAN, kept=0.4), PLAN, CELLS)
    assert map_from_arrays(arrays).kept == pytest.approx(0.4)
    assert map_from_arrays({name: value for name, value in arrays.items() if name != "kept"}).kept == 1.0
