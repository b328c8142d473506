"""An access point that wavers between two levels is left out of a running store's scans until it measures again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.doubting.live_stuck import LOOK_EVERY_S, REMEMBERED, LiveStuck
from engine.positioning.doubting.stuck import LEAST_ALIKE
from engine.records import F64, Scans

BAD = 1


def heard(first_s: float, n: int, wavers: bool = True) -> Scans:
    """A scan of three access points each three seconds; the second wavers, or measures."""
    k = np.arange(float(n))
    rssi: F64 = np.stack([-50.0 - k % 20, -40.0 - k % 2, -70.0 - (3 * k) % 20], axis=1)
    if not wavers:
        rssi[:, BAD] = -45.0 - (7 * k) % 20
    nothing = np.full_like(rssi, np.nan)
    t: F64 = first_s + 3.0 * k
    return Scans(t, np.ones(n, np.uint64), *(v.astype(np.float32) for v in (rssi, nothing, nothing, 0.0 * rssi)))


def test_it_is_left_out_from_the_next_look_on() -> None:
    scans, live = heard(0.0, 100), LiveStuck(3)
    given = live.without_stuck(scans)
    known_at = LOOK_EVERY_S * np.ceil(3.0 * LEAST_ALIKE / LOOK_EVERY_S)
    aside = np.isnan(given.rssi_dbm)
    np.testing.assert_array_equal(aside[:, BAD], scans.t >= known_at)
    assert not aside[:, [0, 2]].any()
    assert np.isnan(live.at).tolist() == [True, False, True]
    assert live.at[BAD] in (-40.0, -41.0)


@pytest.mark.parametrize("cuts", [[37], [1, 2, 3], [40, 41, 60]])
def test_it_does_not_matter_how_scans_come_in(cuts: list[int]) -> None:
    scans, whole, cut = heard(1_000.5, 100), LiveStuck(3), LiveStuck(3)
    parts = [cut.without_stuck(scans.take(rows)) for rows in np.split(np.arange(100), cuts)]
    again = LiveStuck(3)
    again.restore(cut.state())
    np.testing.assert_array_equal(whole.without_stuck(scans).rssi_dbm, Scans.concat(parts).rssi_dbm)
    more = heard(1_300.5, 30)
    np.testing.assert_array_equal(again.without_stuck(more).rssi_dbm, whole.without_stuck(more).rssi_dbm)


def test_one_that_measures_again_is_believed_before_long() -> None:
    live, n = LiveStuck(3), 2 * REMEMBERED
    live.without_stuck(heard(0.0, n))
    assert np.isfinite(live.at[BAD])
    mended = live.without_stuck(heard(3.0 * n, n, wavers=False))
    back = np.flatnonzero(np.isfinite(mended.rssi_dbm[:, BAD]))[0]
    assert 0 < back < REMEMBERED
    assert np.isfinite(mended.rssi_dbm[back:, BAD]).all()


def test_scans_of_a_store_where_all_measure_are_given_as_they_are() -> None:
    scans = heard(0.0, 100, wavers=False)
    assert LiveStuck(3).without_stuck(scans) is scans
    nobody = replace(scans, rssi_dbm=np.full_like(scans.rssi_dbm, np.nan))
    assert LiveStuck(3).without_stuck(nobody) is nobody
    none = scans.take(slice(0, 0))
    assert LiveStuck(3).without_stuck(none) is none


def test_time_may_start_anew() -> None:
    live = LiveStuck(3)
    live.without_stuck(heard(10_000.0, 100))
    live.start_anew()
    early = live.without_stuck(heard(0.0, 30))
    assert np.isnan(early.rssi_dbm[:, BAD]).all()
