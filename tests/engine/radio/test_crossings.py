"""What lies on a straight line, by arithmetic: chords through rectangles and an L, low shelves, levels, bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import LineString, Polygon, box

from engine.plan.model import AccessPoint, Fixture, Level, Plan, Wall
from engine.radio.crossings import Crossings, PackedCrossings, crossing_losses
from tests.engine.radio.made import hall

HERE = hall((0.0, 5.0))  # at 2.7 m, on the left edge


def fixture(polygon: Polygon, db: float = 4.0, level: str = "0") -> Fixture:
    return Fixture("f", level, "", "", db, False, polygon)


def lost(plan: Plan, *places: tuple[float, float], height_m: float = 1.2, level: int = 0) -> Crossings:
    x, y = (np.array(c, float) for c in zip(*places, strict=True))
    n = len(places)
    return crossing_losses(plan, np.full(n, level, np.int32), x, y, np.full(n, height_m))


def tall(plan: Plan, *places: tuple[float, float]) -> list[float]:
    return [round(v, 6) for v in lost(plan, *places).tall_db[0].tolist()]


def test_a_fixture_costs_by_its_chord_in_widths_and_at_most_two() -> None:
    shelf = replace(HERE, fixtures=(fixture(box(4, 4, 7, 6)),))  # 3 x 2 m: its width is 2
    assert tall(shelf, (10, 5), (3.9, 5), (5.5, 5), (4, 5)) == [4 * 3 / 2, 0, 4 * 1.5 / 2, 0]
    # to (8, 9): y = 5 + x / 2 goes in at x 4, y 7: above; to (8, 7): y = 5 + x / 4 leaves at y 6, where it comes in
    assert tall(shelf, (8, 9), (8, 7)) == [0, 0]
    slope = 0.2  # y = 5 + x / 5 comes in at (4, 5.8) and leaves at (5, 6)
    assert tall(shelf, (10, 7)) == [pytest.approx(4 * np.hypot(1, slope) / 2, abs=1e-6)]
    long = replace(HERE, fixtures=(fixture(box(1, 4.5, 19, 5.5)),))
    assert tall(long, (20, 5), (2.5, 5)) == [8.0, 6.0]


def test_the_width_is_the_shorter_side() -> None:
    for w, d in ((3.0, 0.5), (1.0, 1.0), (0.4, 2.0)):
        one = replace(HERE, fixtures=(fixture(box(5, 5 - d / 2, 5 + w, 5 + d / 2)),))
        assert tall(one, (15, 5)) == [pytest.approx(4.0 * min(w / min(w, d), 2.0), abs=1e-6)]


def test_a_thin_post_close_by_is_crossed_like_any_other() -> None:
    post = replace(HERE, fixtures=(fixture(box(2.0, 4.95, 2.1, 5.05)),))
    assert tall(post, (4, 5), (2.05, 5), (4, 5.2)) == [4.0, 2.0, 0.0]


def test_a_bend_is_not_filled_in() -> None:
    corner = Polygon([(4, 3), (8, 3), (8, 4), (5, 4), (5, 7), (4, 7)])  # an L: 4 x 1 and 1 x 3 m
    plan = replace(HERE, fixtures=(fixture(corner),))
    quarter = corner.length / 4
    width = quarter - np.sqrt(quarter**2 - corner.area)  # of the rectangle of the same area and outline
    assert tall(plan, (15, 5)) == [pytest.approx(4 * 1.0 / width, abs=1e-5)]  # one metre, not four


def test_several_fixtures_and_walls_add_up_and_those_that_cost_nothing_do_not_count() -> None:
    plan = replace(
        HERE,
        fixtures=(fixture(box(4, 4, 5, 6)), fixture(box(7, 4, 8, 6), 3.0), fixture(box(9, 4, 10, 6), 0.0)),
        walls=(Wall("0", LineString([(6, 0), (6, 10)]), "", 5.0), Wall("0", LineString([(11, 0), (11, 6)]), "", 2.5),
               Wall("0", LineString([(12, 0), (12, 9)]), "", 0.0)),
    )  # fmt: skip
    found = lost(plan, (15, 5), (6.5, 5), (15, 9))
    np.testing.assert_allclose(found.walls_db[0], [7.5, 5.0, 5.0])  # at x 11 the last line is above the second wall
    np.testing.assert_allclose(found.tall_db[0], [7.0, 4.0, 0.0], atol=1e-9)


def test_low_shelves_shade_where_the_line_is_below_their_top() -> None:
    """From 2.7 m down to 1.2 m over 15 m: below 1.9 m after 8 m."""
    for x0, inside in ((6.0, 0.0), (7.5, 0.5), (9.0, 1.0)):
        found = lost(replace(HERE, fixtures=(fixture(box(x0, 4.5, x0 + 1, 5.5)),)), (15, 5))
        assert found.tall_db[0, 0] == pytest.approx(4.0)
        assert found.low_db[0, 0] == pytest.approx(4.0 * inside, abs=1e-6)
    double = lost(replace(HERE, fixtures=(fixture(box(3, 4.5, 13, 5.5)),)), (15, 5))
    assert double.low_db[0, 0] == pytest.approx(8.0)  # five metres of it, but at most two widths


def raised(z_m: float) -> Plan:
    points = tuple(replace(a, z_m=z_m) for a in HERE.access_points)
    return replace(HERE, access_points=points, fixtures=(fixture(box(4, 4.5, 5, 5.5)), fixture(box(13, 4.5, 14, 5.5))))


@pytest.mark.parametrize(
    ("from_m", "to_m", "want"),
    [
        (2.7, 2.7, 0.0),  # over both
        (1.0, 1.2, 8.0),  # under both
        (1.9, 1.9, 0.0),  # along the top
        (1.0, 2.8, 4.0),  # up through 1.9 m at half the way: only the first
        (2.8, 1.0, 4.0),  # down: only the second
    ],
)
def test_lines_up_down_and_level(from_m: float, to_m: float, want: float) -> None:
    found = lost(raised(from_m), (15, 5), height_m=to_m)
    assert found.low_db[0, 0] == pytest.approx(want, abs=1e-6)
    assert found.tall_db[0, 0] == pytest.approx(8.0)


def test_only_the_own_level_counts_and_what_the_access_point_hangs_over_does_not() -> None:
    upper = Level("1", 1, "Upper", 3.0, 4.0, box(0, 0, 20, 10))
    plan = replace(
        hall((0.0, 5.0), (4.5, 5.0)),
        levels=(*HERE.levels, upper),
        fixtures=(fixture(box(4, 4, 5, 6)), fixture(box(8, 4, 9, 6), 3.0, "1")),
        walls=(Wall("1", LineString([(6, 0), (6, 10)]), "", 5.0), Wall("0", LineString([(7, 0), (7, 10)]), "", 2.0)),
    )
    plan = replace(plan, access_points=(*plan.access_points, AccessPoint("up", "1", 0.0, 5.0, 2.7, "", None, None)))
    below, above = lost(plan, (15, 5)), lost(plan, (15, 5), level=1)
    np.testing.assert_allclose(below.tall_db[:, 0], [4.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(below.walls_db[:, 0], [2.0, 2.0, 0.0])
    np.testing.assert_allclose(above.tall_db[:, 0], [0.0, 0.0, 3.0], atol=1e-9)
    np.testing.assert_allclose(above.walls_db[:, 0], [0.0, 0.0, 5.0])


def test_a_byte_holds_a_quarter_of_a_decibel() -> None:
    values = np.array([[0.0, 0.1, 0.13, 8.0, 63.75, 64.2, 500.0]])
    packed = PackedCrossings.of(Crossings(values, values + 1, values * 2))
    assert all(codes.dtype == np.uint8 for codes in packed.codes)
    whole = packed.whole()
    assert whole.walls_db.tolist() == [[0.0, 0.0, 0.25, 8.0, 63.75, 63.75, 63.75]]
    assert whole.tall_db[0, :4].tolist() == [1.0, 1.0, 1.25, 9.0]
    assert whole.low_db[0, :4].tolist() == [0.0, 0.25, 0.25, 16.0]
