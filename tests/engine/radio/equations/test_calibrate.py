"""What calibration makes of law, reach and fields, put together by hand; and the warnings at their bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.radio.calibrate import (
    ApFit,
    Calibration,
    CalibrationSettings,
    calibrate,
    fit_warnings,
    rssi_map,
    without_named,
)
from engine.radio.evidence import Evidence
from engine.radio.law import LawCoefficients
from engine.radio.pathloss import DEFAULT_PRIOR, cell_geometry
from engine.radio.radiomap import prior_map
from engine.radio.range_fit import fit_ranges
from engine.radio.reach import Reach, reach_of
from engine.radio.residuals import field_amplitude, residual_field
from engine.radio.ridge import FittedLaw, fit_law, place_variance
from engine.records import F64
from tests.engine.radio.made import evidence, hall

PLAN = hall((1.0, 1.0), (11.0, 7.0), (6.0, 4.0), width=12.0, depth=8.0)


@pytest.fixture(scope="module")
def cells() -> Cells:
    return walkable_cells(PLAN, 1.0)


def heard(kinds: tuple[int, ...] = (0,), ranges: bool = False, up_to_x: float = 4.0) -> Evidence:
    """What a walk over the left of the hall hears of three access points, with a shadow and noise."""
    rng = np.random.default_rng(4)
    rows = [(a, x, y) for a in range(3) for x in np.arange(0.5, up_to_x, 1.0) for y in np.arange(0.5, 8, 1.0)]
    ap, x, y = (np.array(c) for c in zip(*rows, strict=True))
    at = np.array([(p.x_m, p.y_m) for p in PLAN.access_points])[ap]
    d = np.sqrt((x - at[:, 0]) ** 2 + (y - at[:, 1]) ** 2 + 1.5**2)
    rssi = -47.0 - 26.0 * np.log10(d) + 3.0 * np.sin(x) + 2.0 * ap + rng.normal(0, 2.0, len(ap))
    return evidence(
        ap.tolist(), x_m=x, y_m=y, distance_m=d, rssi_dbm=rssi, count=rng.integers(1, 5, len(ap)),
        kind=np.array(kinds)[np.arange(len(ap)) % len(kinds)], crowd=rng.integers(1, 4, len(ap)),
        range_m=d + 0.9 + rng.normal(0, 0.5, len(ap)) if ranges else np.nan,
    )  # fmt: skip


def law_var(law: FittedLaw, reach: Reach, base: float, cells: Cells) -> F64:
    """(A, C) what the scan and the exponent leave; a survey of the floor knows the exponent where it stands."""
    cov, n = np.linalg.inv(law.precision), len(law.p0_dbm)
    out = []
    for a in range(n):
        row = np.zeros(3 + 2 * n)
        row[1] = row[3 + n + a] = 10 * (1.0 - reach.share**2)
        far = np.log10(np.maximum(cell_geometry(PLAN, cells).distance_m[a], 1.0))
        out.append(base**2 + (row @ cov @ row) * far**2)
    return np.array(out)


def weighed(reach: Reach, cells: Cells, mean: F64, sigma: F64) -> tuple[F64, F64]:
    """(A, C) or rows of it: the map of a survey and the plan's, by their informations; both variances likewise."""
    share, before = reach.share**2 / (reach.share**2 + (1 - reach.share) ** 2), prior_map(PLAN, cells)
    var = share * sigma**2 + (1 - share) * before.sigma_db.astype(np.float64) ** 2
    return share * mean + (1 - share) * before.mean_dbm, np.sqrt(var)


def law_dbm(law: FittedLaw, cells: Cells) -> F64:
    """(A, C) of distance alone."""
    distance = cell_geometry(PLAN, cells).distance_m
    return np.asarray(law.p0_dbm[:, None] - law.exponent[:, None] * 10 * np.log10(distance), dtype=np.float64)


@pytest.mark.parametrize("kinds", [(0,), (0, 1)], ids=["surveyed", "half estimated"])
def test_the_map_is_the_law_plus_the_fields_as_far_as_evidence_reaches(cells: Cells, kinds: tuple[int, ...]) -> None:
    ev, settings = heard(kinds), CalibrationSettings()
    got = calibrate(PLAN, cells, ev)
    reach = reach_of(cells, ev)
    assert 0.0 < reach.share < 1.0
    law = fit_law(PLAN, ev, reach.weight)
    noise = 1.5**2 + 4.0**2 / ev.count + place_variance(ev, DEFAULT_PRIOR)
    where = (ev.level, ev.x_m, ev.y_m)
    amplitude = field_amplitude(where, ev.ap, law.residual_db, 4.0, 8.0)
    assert amplitude > 0.5
    surveyed = ev.take(ev.kind == 0)
    sure = reach_of(cells, surveyed).share if len(surveyed) else 0.0
    base = max(3.5 + (2.8 - 3.5) * sure, 0.75 * 1.4826 * float(np.median(np.abs(law.residual_db))))
    mean, sigma = law_dbm(law, cells), law_var(law, reach, base, cells)
    for a in range(3):
        mine = ev.ap == a
        places = tuple(v[mine] for v in where)
        to = (cells.level, cells.x_m, cells.y_m)
        field = residual_field(places, law.residual_db[mine], noise[mine], to, amplitude, 4.0)  # type: ignore[arg-type]
        mean[a] += reach.share * field.mean
        sigma[a] = np.sqrt(sigma[a] + reach.share**2 * field.variance)
    mean, sigma = weighed(reach, cells, mean, sigma)
    np.testing.assert_allclose(got.radio_map.mean_dbm, mean, rtol=1e-5)
    np.testing.assert_allclose(got.radio_map.sigma_db, sigma, rtol=1e-5)
    assert settings.device_spread_db == 8.0
    assert got.radio_map.offset_sigma_db == pytest.approx(np.sqrt(reach.of_map * 64.0 + (1 - reach.of_map) * 100.0))
    assert got.notes == [f"evidence covers {reach.covered:.0%} of the walkable area"]
    assert got.loss_scale == got.law.loss_scale == law.loss_scale


def test_an_access_point_nobody_heard_has_the_law_with_the_fields_spread(cells: Cells) -> None:
    ev = heard()
    some = ev.take(ev.ap < 2)
    got = calibrate(PLAN, cells, some)
    reach, law = reach_of(cells, some), fit_law(PLAN, some, reach_of(cells, some).weight)
    amplitude = field_amplitude((some.level, some.x_m, some.y_m), some.ap, law.residual_db, 4.0, 8.0)
    base = max(3.5 - 0.7 * reach.share, 0.75 * 1.4826 * float(np.median(np.abs(law.residual_db))))
    sigma = np.sqrt(law_var(law, reach, base, cells) + (reach.share * amplitude) ** 2)
    mean, sigma = weighed(reach, cells, law_dbm(law, cells), sigma)
    np.testing.assert_allclose(got.radio_map.sigma_db[2], sigma[2], rtol=1e-5)
    np.testing.assert_allclose(got.radio_map.mean_dbm[2], mean[2], rtol=1e-5)


def test_a_spread_beyond_the_floor_is_three_quarters_of_a_robust_sigma(cells: Cells) -> None:
    ev = heard()
    wild = replace(ev, rssi_dbm=ev.rssi_dbm + np.random.default_rng(9).normal(0, 14.0, len(ev)))
    got = calibrate(PLAN, cells, wild, settings=CalibrationSettings(field_cap_db=0.0))
    law = fit_law(PLAN, wild, reach_of(cells, wild).weight)
    want = 0.75 * 1.4826 * float(np.median(np.abs(law.residual_db)))
    assert want > 5.0
    reach = reach_of(cells, wild)
    _, sigma = weighed(reach, cells, law_dbm(law, cells), np.sqrt(law_var(law, reach, want, cells)))
    np.testing.assert_allclose(got.radio_map.sigma_db, sigma, rtol=1e-5)


def test_ten_residuals_are_needed_to_tell_a_spread(cells: Cells) -> None:
    nine = heard().take(np.arange(9))
    few, more = calibrate(PLAN, cells, nine), calibrate(PLAN, cells, heard().take(np.arange(10)))
    assert few.radio_map.sigma_db.min() == pytest.approx(3.5, abs=0.2)  # the prior's
    wild = replace(heard(), rssi_dbm=heard().rssi_dbm + np.tile([30.0, -30.0], len(heard()))[: len(heard())])
    for n, told in ((9, False), (10, True)):
        own = wild.take(np.arange(n))
        reach = reach_of(cells, own)
        law, at_cells = fit_law(PLAN, own, reach.weight), cell_geometry(PLAN, cells)
        assert (rssi_map(cells, at_cells, own, law, reach)[1].min() > 10.0) == told
        speaks = calibrate(PLAN, cells, own).radio_map.sigma_db.min()
        assert speaks == pytest.approx(3.5, abs=0.2)  # ten readings of one corner say nothing of the store
    assert more.radio_map.sigma_db.min() == pytest.approx(3.5, abs=0.2)  # the floor of a route


def test_ranges_are_the_distance_and_their_bias(cells: Cells) -> None:
    ev = heard(ranges=True)
    got, before = calibrate(PLAN, cells, ev), prior_map(PLAN, cells)
    fit = fit_ranges(ev, 3, DEFAULT_PRIOR, reach_of(cells, ev))
    d = cell_geometry(PLAN, cells).distance_m
    np.testing.assert_allclose(got.radio_map.range_mean_m, d + fit.bias_m[:, None], rtol=1e-5)
    np.testing.assert_allclose(got.radio_map.range_sigma_m, fit.sigma_m, rtol=1e-6)
    assert got.radio_map.range_offset_sigma_m == 1.0
    without = calibrate(PLAN, cells, heard())
    assert without.radio_map.range_offset_sigma_m == before.range_offset_sigma_m == 1.8
    assert [f.range_bias_m for f in got.fits] == [pytest.approx(b) for b in fit.bias_m]


def test_access_points_that_hear_each_other_make_no_field_and_no_device_known(cells: Cells) -> None:
    ev = replace(heard(), kind=np.full(len(heard()), 2, np.int32))
    got, law = calibrate(PLAN, cells, ev), fit_law(PLAN, ev, Reach(0.0).weight)
    d = cell_geometry(PLAN, cells).distance_m
    want = law.p0_dbm[:, None] - law.exponent[:, None] * 10 * np.log10(d)
    np.testing.assert_allclose(got.radio_map.mean_dbm, want, rtol=1e-5)
    np.testing.assert_allclose(got.radio_map.sigma_db, np.sqrt(law_var(law, Reach(0.0), 3.5, cells)), rtol=1e-6)
    assert got.radio_map.offset_sigma_db == prior_map(PLAN, cells).offset_sigma_db == 10.0


def test_fits_say_what_was_left_before_and_after(cells: Cells) -> None:
    ev = heard()
    ev = replace(ev, rssi_dbm=np.where(np.arange(len(ev)) == 5, np.nan, ev.rssi_dbm), walls_db=ev.x_m, floors=ev.crowd)
    got = calibrate(PLAN, cells, ev)
    law = got.law
    lost = 50.0 * (1.0 - np.exp(-ev.x_m / 50.0)) + 18.0 * ev.crowd
    before = ev.rssi_dbm - (-42.0 - 2.6 * ev.log_d - lost)
    for source in np.unique(ev.source):
        before[ev.source == source] -= np.nanmedian(before[ev.source == source])
    for a, fit in enumerate(got.fits):
        mine = (ev.ap == a) & np.isfinite(ev.rssi_dbm)
        assert (fit.ap, fit.places) == (f"ap{a}", int(mine.sum()))
        assert fit.rms_before_db == pytest.approx(np.sqrt(np.mean(before[mine] ** 2)), rel=1e-6)
        assert fit.rms_after_db == pytest.approx(np.sqrt(np.mean(law.residual_db[mine] ** 2)), rel=1e-6)
        assert (fit.p0_dbm, fit.exponent) == (pytest.approx(law.p0_dbm[a]), pytest.approx(law.exponent[a]))


def test_how_much_of_the_map_is_the_fit(cells: Cells) -> None:
    ev = heard()
    assert calibrate(PLAN, cells, ev, believed=0.0).in_map == 0.0
    assert calibrate(PLAN, cells, ev).in_map == reach_of(cells, ev).of_map
    assert calibrate(PLAN, cells, replace(ev, kind=np.full(len(ev), 2, np.int32)), believed=0.0).in_map == 1.0


def test_evidence_that_weighs_nothing_fits_as_well_before_as_after(cells: Cells) -> None:
    """A phone 12 dB off was no residual of the fit, and one of the law before it."""
    ev = heard()
    off = replace(ev, rssi_dbm=ev.rssi_dbm + 12.0)
    for fit, other in zip(*(calibrate(PLAN, cells, e, believed=0.0).fits for e in (ev, off)), strict=True):
        assert other.rms_before_db == pytest.approx(fit.rms_before_db)
        assert other.rms_after_db == pytest.approx(other.rms_before_db, abs=0.5)


def test_fits_say_how_much_stronger_each_is_where_it_was_heard(cells: Cells) -> None:
    ev = heard()
    got = calibrate(PLAN, cells, ev)
    covariance = np.linalg.inv(got.law.precision)
    for a, fit in enumerate(got.fits):
        log_d = ev.log_d[ev.ap == a].mean()
        power, slope = 3 + a, 3 + len(got.fits) + a
        theta = got.law.coefficients.vector
        assert fit.stronger_db == pytest.approx(theta[power] - theta[slope] * log_d)
        both = covariance[power, power] + log_d**2 * covariance[slope, slope] - 2 * log_d * covariance[power, slope]
        assert fit.stronger_sd_db == pytest.approx(np.sqrt(both))


def test_power_and_slope_that_stand_in_for_each_other_accuse_nobody() -> None:
    """+8 dB at 1 m and 0.6 more of an exponent: 2 dB where people are, 10 m away."""
    n_ap = len(PLAN.access_points)
    theta = np.zeros(3 + 2 * n_ap)
    theta[3], theta[3 + n_ap] = 8.2, 0.6
    law = replace(fit_law(PLAN, heard()), coefficients=LawCoefficients(theta), precision=np.eye(len(theta)))
    assert law.stronger_db(0, 10.0) == (pytest.approx(2.2), pytest.approx(np.sqrt(101.0)))


def warnings(
    cells: Cells, power: float = 0.0, sd: float = 0.0, scale: float = 1.0, exponent_sd: float = 0.0, **changes: float
) -> list[str]:
    made: Calibration = calibrate(PLAN, cells, heard())
    # an exponent is the sum of a shared one and of its own, here each known to half of its variance
    precision = np.eye(len(made.law.precision)) / max(exponent_sd**2 / 2, 1e-40)
    found = {"rms_after_db": 3.0, "exponent": 2.5, "stronger_db": power, "stronger_sd_db": sd}
    fits = [replace(f, **(found | changes)) for f in made.fits[:1]]
    return fit_warnings(fits, replace(made.law, loss_scale=scale, precision=precision))


PLACE = "dB from the others where it is heard: is its power or its place in the plan right?"


HARDLY = (
    "ap0: its signals hardly fall with distance (exponent 1.4): is its place in the plan right?"
    " Are walls drawn that are not there?"
)
STEEPLY = (
    "ap0: its signals fall faster with distance than radio does (exponent 4.4):"
    " are walls or shelves missing in the plan?"
)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"power": 8.0}, None),
        ({"power": 8.1}, f"ap0: +8 {PLACE}"),
        ({"power": -9.0}, f"ap0: -9 {PLACE}"),
        ({"power": 12.0, "sd": 2.0}, None),
        ({"power": -12.1, "sd": 2.0}, f"ap0: -12 {PLACE}"),
        ({"exponent": 1.41}, None),
        ({"exponent": 1.4}, HARDLY),
        ({"exponent": 1.0, "exponent_sd": 0.21}, None),
        ({"exponent": 0.98, "exponent_sd": 0.21}, HARDLY.replace("1.4", "1.0")),
        ({"exponent": 3.99}, None),
        ({"exponent": 4.4, "exponent_sd": 0.21}, None),
        ({"exponent": 4.43, "exponent_sd": 0.21}, STEEPLY),
        ({"exponent": 4.0}, STEEPLY.replace("4.4", "4.0")),
        ({"rms_after_db": 8.0}, None),
        ({"rms_after_db": 8.1}, "ap0: residuals of 8.1 dB: is its place in the plan right?"),
        ({"scale": 0.31}, None),
        ({"scale": 0.3}, "losses of walls and shelves come out 0.3 times the plan's: check their materials"),
        ({"scale": 2.0}, "losses of walls and shelves come out 2.0 times the plan's: check their materials"),
        ({"rms_after_db": 13.1, "power": 9.0, "exponent": 0.5, "doubted": True}, None),
        ({"places": 0}, "ap0: no evidence; it keeps what the others say"),
        ({"places": 0, "power": 99.0}, "ap0: no evidence; it keeps what the others say"),
    ],
)
def test_warnings_at_their_bounds(cells: Cells, changes: dict[str, float], says: str | None) -> None:
    assert warnings(cells, **changes) == ([] if says is None else [says])


def test_a_survey_that_is_not_believed_accuses_no_access_point(cells: Cells) -> None:
    ev = heard()
    wild = replace(ev, rssi_dbm=ev.rssi_dbm + np.where(np.arange(len(ev)) % 2, 30.0, -30.0))
    assert "residuals of" in " ".join(calibrate(PLAN, cells, wild).warnings)
    assert calibrate(PLAN, cells, wild, believed=0.0).warnings == []


def test_who_is_named_already_is_not_accused_by_the_fit_too() -> None:
    said = ["ap1: no evidence; it keeps what the others say", "ap11: residuals of 9.0 dB", "losses of walls: 3.0 times"]
    assert without_named(said, {"ap1"}) == said[1:]
    assert without_named(said, set()) == said


def test_a_plan_without_access_points_heard_has_nothing_to_say_of_them(cells: Cells) -> None:
    nothing: Plan = PLAN
    got = calibrate(nothing, cells, evidence([]))
    assert got.warnings == []
    assert all(isinstance(f, ApFit) and np.isnan(f.rms_after_db) for f in got.fits)
    np.testing.assert_allclose(got.radio_map.mean_dbm, prior_map(PLAN, cells).mean_dbm, rtol=1e-6)
