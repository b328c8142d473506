"""Gi* against the published equation, Benjamini-Hochberg against its definition, and verdicts on zones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr
from scipy.stats import norm
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import Fixture, Level, Plan, Zone
from engine.presence.heat import HeatRow
from engine.presence.hotzones import (
    HotZones,
    LeastEvidence,
    LevelHeat,
    alike,
    benjamini_hochberg,
    disc,
    gi_star,
    hot_zones,
)
from engine.records import F64, Bools
from tests.examples import examples


def published(x: F64, mask: Bools, radius: float) -> F64:
    """Ord and Getis 1995, eq. 14, square by square, with explicit weights."""
    places = np.argwhere(mask)
    v = x[mask]
    n, mean = len(v), v.mean()
    s = math.sqrt((v**2).sum() / n - mean**2)
    z = np.full(x.shape, np.nan)
    for i, (r, c) in enumerate(places):
        w = np.hypot(*(places - places[i]).T) <= radius
        s1 = (w.astype(float) ** 2).sum()
        denominator = s * math.sqrt((n * s1 - w.sum() ** 2) / (n - 1))
        z[r, c] = (v[w].sum() - mean * w.sum()) / denominator
    return z


@examples(40)
@given(st.integers(0, 2**31), st.sampled_from([1.0, 1.5, 2.0, 3.0]))
def test_gi_star_is_the_published_equation(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.uniform(size=(13, 9)) < 0.8
    x = rng.gamma(0.7, 20.0, size=(13, 9))
    np.testing.assert_allclose(gi_star(x, mask, radius), published(x, mask, radius), rtol=1e-7, atol=1e-9)


def test_gi_star_where_nothing_stands_out() -> None:
    mask = np.ones((4, 4), bool)
    assert (gi_star(np.full((4, 4), 7.0), mask, 1.0) == 0).all()
    assert (gi_star(np.arange(16.0).reshape(4, 4), mask, 9.0) == 0).all()  # all squares are neighbours of all
    assert np.isnan(gi_star(np.ones((2, 2)), np.zeros((2, 2), bool), 1.0)).all()


def test_what_lies_off_the_floor_does_not_count() -> None:
    rng = np.random.default_rng(3)
    mask = rng.uniform(size=(9, 9)) < 0.7
    x = rng.gamma(0.7, 20.0, size=(9, 9))
    absurd = np.where(mask, x, 1e6)
    np.testing.assert_array_equal(gi_star(absurd, mask, 2.0), gi_star(x, mask, 2.0))


@pytest.mark.parametrize("base", [0.0, 1e-3, 1e6])
def test_what_differs_by_rounding_alone_is_alike(base: float) -> None:
    x = np.full((5, 5), base)
    x[2, 2] = base + 2e-12 * max(1.0, base)
    assert (gi_star(x, np.ones((5, 5), bool), 1.0) == 0).all()
    x[2, 2] = base + 1e-9 * max(1.0, base)
    assert gi_star(x, np.ones((5, 5), bool), 1.0)[2, 2] > 1.0


def written_out(p: list[float]) -> list[float]:
    """Benjamini and Hochberg (1995), from its definition: with the m p-values in order, the smallest level at which the
    i-th is still found is the least of p_(k) m / k over all k from i on, and at most 1."""
    m, ordered = len(p), sorted(p)
    return [min([1.0, *(ordered[k - 1] * m / k for k in range(1, m + 1) if ordered[k - 1] >= one)]) for one in p]


def test_q_values_are_those_of_the_definition_and_skip_nan() -> None:
    p = (np.random.default_rng(0).uniform(size=200) ** 2).tolist()
    p[7] = p[11] = p[120]  # ties
    q = benjamini_hochberg(p)
    np.testing.assert_allclose(q, written_out(p), rtol=1e-14)
    np.testing.assert_allclose(benjamini_hochberg(np.reshape(p, (20, 10))), np.reshape(written_out(p), (20, 10)))
    with_nan = benjamini_hochberg(np.insert(p, 50, np.nan))
    assert np.isnan(with_nan[50])
    np.testing.assert_array_equal(np.delete(with_nan, 50), q)
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_noise_is_rarely_called_hot() -> None:
    """200 stores of pure noise: raw p < 0.05 cries hot in nearly all, q < 0.05 in about one of twenty or fewer."""
    rng = np.random.default_rng(5)
    mask = np.ones((25, 20), bool)
    raw = found = 0
    for _ in range(200):
        z = gi_star(rng.normal(size=mask.shape), mask, 2.0)
        p = norm.sf(z)
        raw += bool((p < 0.05).any())
        found += bool((benjamini_hochberg(p) < 0.05).any())
    assert raw > 190
    assert found <= 16


def blurred(seed: int, sigma: float, size: int = 30) -> np.ndarray:
    """Squares that owe nothing to one another, seen with an error of `sigma` squares."""
    return np.asarray(gaussian_filter(np.random.default_rng(seed).normal(100.0, 20.0, (size, size)), sigma))


def test_a_blur_makes_nothing_hot() -> None:
    mask = np.ones((30, 30), np.bool_)
    naive = [benjamini_hochberg(ndtr(-gi_star(blurred(s, 1.4), mask, 2.0))).min() for s in range(30)]
    assert np.mean(np.array(naive) < 0.05) > 0.9, "taken for independent, nearly every map has hot squares"
    found = []
    for s in range(30):
        heat = blurred(s, 1.4)
        found.append(benjamini_hochberg(ndtr(-gi_star(heat, mask, 2.0, alike(heat, mask)))).min())
    assert np.mean(np.array(found) < 0.05) < 0.2


def test_how_alike_neighbours_are() -> None:
    mask = np.ones((30, 30), np.bool_)
    assert alike(blurred(1, 0.0), mask) < 0.1
    assert alike(blurred(1, 1.4), mask) == pytest.approx(np.exp(-1 / (4 * 1.4**2)), abs=0.05)
    assert alike(np.ones((5, 5)), np.ones((5, 5), np.bool_)) == 0.0
    assert alike(np.eye(4), np.eye(4) > 0) == 0.0, "no two side by side"


def test_neighbours_that_are_not_alike_change_nothing() -> None:
    mask = np.random.default_rng(2).random((12, 15)) < 0.8
    heat = np.random.default_rng(3).exponential(1.0, mask.shape)
    np.testing.assert_allclose(gi_star(heat, mask, 2.0, 1e-9), gi_star(heat, mask, 2.0), rtol=1e-6)
    assert np.nanmax(np.abs(gi_star(heat, mask, 2.0, 0.8))) < np.nanmax(np.abs(gi_star(heat, mask, 2.0)))


def store() -> Plan:
    """30 x 20 m in one level with three zones, a rack in the middle, and a tiny mezzanine."""
    levels = (Level("g", 0, "G", 3, 0, box(0, 0, 30, 20)), Level("m", 1, "M", 3, 3, box(0, 0, 4, 4)))
    zones = (
        Zone("bread", "g", "Bread", "", box(0, 0, 6, 6)),
        Zone("wine", "g", "Wine", "", box(20, 12, 30, 20)),
        Zone("speck", "g", "Speck", "", box(14, 2, 14.9, 2.9)),
        Zone("mezzanine", "m", "Mezzanine", "", box(0, 0, 4, 4)),
    )
    rack = Fixture("r", "g", "Rack", "", 3.0, False, box(10, 8, 20, 9.5))
    return Plan("s", "S", "Europe/Paris", "EUR", None, levels, zones=zones, fixtures=(rack,))


def rows(person_s: float, busy: float) -> list[HeatRow]:
    """A store evenly walked, with `busy` times the time in the bread zone, over two hours and on both levels."""
    rng = np.random.default_rng(8)
    out = []
    for hour in (0.0, 3600.0):
        for row in range(20):
            for col in range(30):
                times = busy if row < 6 and col < 6 else 1.0
                s = person_s * times * float(rng.gamma(4.0, 0.25))
                out.append(HeatRow(hour, "g", col, row, s, s / 3))
        out += [HeatRow(hour, "m", c, r, 500.0, 100.0) for c in range(4) for r in range(4)]
    return out


def test_the_busy_zone_is_hot_the_quiet_one_not_and_the_small_ones_unknown() -> None:
    plan = store()
    cells = walkable_cells(plan, 0.5)
    found = {z.zone: z for z in hot_zones(plan, cells, rows(30.0, 4.0), 1.0, {"bread": 12})}
    assert {k: (z.state, z.reason) for k, z in found.items()} == {
        "bread": ("hot", "hot_squares"),
        "wine": ("not_hot", "no_hot_squares"),
        "speck": ("not_enough_evidence", "zone_squares"),
        "mezzanine": ("not_enough_evidence", "squares"),
    }
    assert found["bread"].share_hot > 0.7
    assert found["bread"].z_max > 4
    assert found["bread"].q_min < 0.001
    assert found["bread"].person_s == pytest.approx(2 * 36 * 30 * 4, rel=0.1)
    assert found["bread"].density > 3 * found["wine"].density


@pytest.mark.parametrize(
    ("person_s", "visits", "reason"),
    [(0.5, None, "person_s"), (30.0, {"bread": 2}, "zone_visits"), (30.0, {}, "zone_visits")],
)
def test_too_little_was_seen(person_s: float, visits: dict[str, int] | None, reason: str) -> None:
    plan = store()
    found = hot_zones(plan, walkable_cells(plan, 0.5), rows(person_s, 4.0), 1.0, visits)
    assert (found[0].state, found[0].reason) == ("not_enough_evidence", reason)


def test_an_even_store_has_no_hot_zone_and_an_empty_one_says_so() -> None:
    plan = store()
    tests = HotZones(plan, walkable_cells(plan, 0.5), 1.0, evidence=LeastEvidence())
    assert [z.state for z in tests.zones(tests.levels(rows(30.0, 1.0)))[:2]] == ["not_hot", "not_hot"]
    empty = tests.zones(tests.levels([]))
    assert {z.state for z in empty} == {"not_enough_evidence"}
    assert empty[0].person_s == 0.0


def test_rows_off_the_grid_are_left_out_and_a_half_shelf_square_counts_by_density() -> None:
    plan = store()
    tests = HotZones(plan, walkable_cells(plan, 0.5), 1.0)
    heat = tests.levels([HeatRow(0.0, "g", 99, 0, 5.0, 1.0), HeatRow(0.0, "nowhere", 0, 0, 5.0, 1.0)])
    assert sum(lv.person_s.sum() for lv in heat) == 0
    assert not heat[0].mask[8, 12]  # under the rack
    assert heat[0].walkable_m2[9, 12] == 0.5


def test_a_neighbourhood_is_a_disc_around_the_square() -> None:
    assert disc(1.0).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert disc(1.5).tolist() == [[1, 1, 1]] * 3
    assert disc(2.0).sum() == 13
    assert disc(2.3).sum() == 21
    assert disc(0.5).tolist() == [[1]]


def test_how_alike_squares_are_is_the_mean_product_over_pairs_side_by_side() -> None:
    """Standardised over all squares of the mask; pairs of which one is off it are none."""
    rng = np.random.default_rng(4)
    mask, x = rng.random((7, 5)) < 0.7, np.add.outer(np.arange(7.0), np.arange(5.0)) + rng.random((7, 5))
    off = (x - x[mask].mean()) / x[mask].std()
    pairs = [
        off[i, j] * off[k, n]
        for i, j in np.argwhere(mask).tolist()
        for k, n in ((i + 1, j), (i, j + 1))
        if k < 7 and n < 5 and mask[k, n]
    ]
    assert 0.3 < np.mean(pairs) < 1.0
    assert alike(np.where(mask, x, 1e9), mask) == pytest.approx(np.mean(pairs))


def test_a_correlation_is_at_most_one_and_never_below_nothing() -> None:
    """Two that stand out side by side among squares that touch nothing: their product alone is the mean."""
    mask = np.zeros((5, 9), np.bool_)
    mask[::2, ::2] = mask[0, 1] = True
    x = np.zeros(mask.shape)
    x[0, :2] = 10.0
    pairs = [(0, 0), (0, 2)]
    off = (x - x[mask].mean()) / x[mask].std()
    assert np.mean([off[0, 1] * off[at] for at in pairs]) > 1.0
    assert alike(x, mask) == 1.0
    checks = np.indices((4, 4)).sum(axis=0) % 2
    assert alike(checks, np.ones((4, 4), np.bool_)) == 0.0


def test_where_squares_are_alike_a_sum_varies_by_all_of_its_pairs() -> None:
    """Squares d apart correlate by likeness to the power of d squared: z shrinks by the root of their sum over W."""
    mask = np.random.default_rng(2).random((6, 7)) < 0.8
    heat = np.random.default_rng(3).exponential(1.0, mask.shape)
    plain, grown = gi_star(heat, mask, 1.5), gi_star(heat, mask, 1.5, 0.6)
    places = np.argwhere(mask)
    for at in places[::5]:
        near = places[np.hypot(*(places - at).T) <= 1.5]
        apart2 = ((near[:, None] - near[None]) ** 2).sum(axis=2)
        growth = (0.6**apart2).sum() / len(near)
        assert grown[tuple(at)] == pytest.approx(plain[tuple(at)] / growth**0.5)


SMALL = Plan(
    "s", "S", "UTC", "EUR", None, (Level("g", 0, "G", 3, 0, box(0, 0, 6, 6)),),
    zones=(Zone("a", "g", "A", "", box(0, 0, 2, 2)), Zone("b", "g", "B", "", box(3, 0, 6, 1)),
           Zone("c", "g", "C", "", box(0, 0, 2, 4))),
)  # fmt: skip
"""36 squares of a metre: a has four of them, b three, c the four of a and four more."""


def small(**evidence: float) -> HotZones:
    least = {"person_s": 0.0, "fixes": 0.0, "squares": 0, "zone_squares": 0.0, "zone_visits": 0} | evidence
    return HotZones(SMALL, walkable_cells(SMALL, 0.5), 1.0, evidence=LeastEvidence(**least))  # type: ignore[arg-type]


def level_heat(tests: HotZones, hot: list[tuple[int, int]], person_s: float = 50.0, fixes: float = 10.0) -> LevelHeat:
    """The squares (row, col) of `hot` have a q of 0.04 and a z of 3, the others 0.05 and 1."""
    [plain] = tests.levels([])
    q, z = np.full((6, 6), 0.05), np.full((6, 6), 1.0)
    for at in hot:
        q[at], z[at] = 0.04, 3.0
    one = np.ones((6, 6))
    return LevelHeat(plain.frame, person_s * one, fixes * one, plain.walkable_m2, one, z, q)


def test_the_least_evidence_is_what_the_reference_says() -> None:
    assert LeastEvidence() == LeastEvidence(1800.0, 200.0, 30, 2.0, 3)


@pytest.mark.parametrize(
    ("evidence", "enough"),
    [
        ({"person_s": 1800.0}, True), ({"person_s": 1800.1}, False), ({"fixes": 360.0}, True),
        ({"fixes": 360.1}, False), ({"squares": 36}, True), ({"squares": 37}, False),
        ({"zone_squares": 4.0}, True), ({"zone_squares": 4.1}, False),
    ],
)  # fmt: skip
def test_as_much_evidence_as_is_asked_for_is_enough(evidence: dict[str, float], enough: bool) -> None:
    tests = small(**evidence)
    verdict = tests.zones([level_heat(tests, [(0, 0)])])[0]
    assert (verdict.state, verdict.reason) == (
        ("hot", "hot_squares") if enough else ("not_enough_evidence", next(iter(evidence)))
    )


def test_which_evidence_is_short_is_said_in_its_order() -> None:
    reasons = []
    asked = {"fixes": 9e9, "person_s": 9e9, "zone_squares": 9.0, "squares": 37.0}
    for first in (4, 3, 2):
        tests = small(**dict(list(asked.items())[:first]))
        reasons.append(tests.zones([level_heat(tests, [])])[0].reason)
    assert reasons == ["squares", "zone_squares", "person_s"]


@pytest.mark.parametrize(
    ("hot", "visits", "state", "reason"),
    [
        ([], None, "not_hot", "no_hot_squares"),
        ([(0, 0)], None, "hot", "hot_squares"),  # one of four is a quarter
        ([(3, 3)], None, "not_hot", "no_hot_squares"),  # in another place
        ([(0, 0)], {"a": 3}, "hot", "hot_squares"),
        ([(0, 0)], {"a": 2}, "not_enough_evidence", "zone_visits"),
        ([(0, 0)], {"b": 9}, "not_enough_evidence", "zone_visits"),
        ([], {"a": 0}, "not_hot", "no_hot_squares"),
    ],
)
def test_a_zone_is_hot_when_a_quarter_of_its_floor_is(
    hot: list[tuple[int, int]], visits: dict[str, int] | None, state: str, reason: str
) -> None:
    tests = small(zone_visits=3)
    verdict = tests.zones([level_heat(tests, hot)], visits)[0]
    assert (verdict.state, verdict.reason, verdict.share_hot) == (state, reason, 0.25 if (0, 0) in hot else 0.0)


def test_less_than_a_quarter_is_few() -> None:
    tests = small()
    c = tests.zones([level_heat(tests, [(0, 0)])])[2]
    assert (c.zone, c.state, c.reason, c.share_hot) == ("c", "not_hot", "few_hot_squares", 0.125)


def test_a_verdict_says_the_hottest_square_and_the_time_of_the_floor() -> None:
    tests = small()
    a, b, c = tests.zones([level_heat(tests, [(3, 0)], person_s=8.0)])
    assert (a.z_max, a.q_min, a.person_s, a.density) == (1.0, 0.05, 32.0, 8.0)
    assert (b.person_s, b.density, b.level, b.name) == (24.0, 8.0, "g", "B")
    assert (c.z_max, c.q_min) == (3.0, 0.04)


def test_a_drawing_shows_what_the_words_beside_it_say() -> None:
    """Square (0, 0) is of a and c, (3, 0) of c alone, (0, 5) of b, (5, 5) of no zone; (2, 2) is not hot."""
    tests = small(zone_visits=3)
    heat = level_heat(tests, [(0, 0), (0, 1), (1, 0), (1, 1), (3, 0), (0, 5), (0, 4), (5, 5)])

    def shown(visits: dict[str, int]) -> list[tuple[int, ...]]:
        [drawn] = tests.outline([heat], tests.zones([heat], visits))
        return [tuple(at) for at in np.argwhere(drawn).tolist()]

    everything = [(0, 0), (0, 1), (0, 4), (0, 5), (1, 0), (1, 1), (3, 0), (5, 5)]
    assert shown({"a": 3, "b": 3, "c": 3}) == everything
    assert shown({"a": 3, "b": 0, "c": 3}) == [at for at in everything if at not in ((0, 4), (0, 5))]
    assert shown({"a": 3, "b": 0, "c": 0}) == [(0, 0), (0, 1), (1, 0), (1, 1), (5, 5)], "of a, which is known"
    assert shown({"a": 0, "b": 0, "c": 0}) == [(5, 5)]
    short = small(squares=37)
    [nothing] = short.outline([heat], short.zones([heat]))
    assert not nothing.any()
    far = small(zone_squares=99.0)
    [still] = far.outline([heat], far.zones([heat]))
    assert [tuple(at) for at in np.argwhere(still).tolist()] == [(5, 5)], "what no zone is short of"


def test_slivers_of_floor_count_as_a_quarter_of_a_square() -> None:
    """Of squares of 2 m one at the edge has half a square metre: 10 s there are 10 a metre, as on a whole metre."""
    plan = Plan("s", "S", "UTC", "EUR", None, (Level("g", 0, "G", 3, 0, box(0, 0, 4.5, 2)),))
    tests = HotZones(plan, walkable_cells(plan, 0.5), 2.0)
    rows = [HeatRow(0.0, "g", col, 0, 10.0, 1.0) for col in range(3)] + [HeatRow(0.0, "g", 0, 0, 2.0, 1.0)]
    [heat] = tests.levels([*rows, HeatRow(0.0, "g", 3, 0, 99.0, 9.0), HeatRow(0.0, "g", 0, -1, 99.0, 9.0)])
    assert heat.walkable_m2.tolist() == [[4.0, 4.0, 1.0]]
    assert heat.density.tolist() == [[3.0, 2.5, 10.0]]
    assert heat.person_s.tolist() == [[12.0, 10.0, 10.0]]
    assert heat.fixes.tolist() == [[2.0, 1.0, 1.0]]
    narrow = Plan("s", "S", "UTC", "EUR", None, (Level("g", 0, "G", 3, 0, box(0, 0, 4.5, 0.5)),))
    [sliver] = HotZones(narrow, walkable_cells(narrow, 0.5), 2.0).levels([HeatRow(0.0, "g", 2, 0, 1.0, 1.0)])
    assert sliver.walkable_m2.tolist() == [[1.0, 1.0, 0.25]]
    assert sliver.density.tolist() == [[0.0, 0.0, 4.0]], (
        "the largest square there is of a metre: none is below a quarter"
    )
