"""How access points hang, on a floor of 40 by 30 m, whose diagonal is 50 m: each limit from both of its sides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely.geometry import box

from engine.plan.checks.hung import check_hung
from engine.plan.findings import Findings
from engine.plan.model import AccessPoint, Level, Plan

FLOORS = (Level("0", 0, "Ground", 3.0, 0.0, box(0, 0, 40, 30)), Level("1", 1, "Up", 3.0, 3.0, box(0, 0, 40, 30)))
Places = list[tuple[float, float]]
CORNERS: Places = [(1, 1), (39, 1), (20, 29)]


def hung(places: Places, level: str = "0", z_m: float = 2.7, name: str = "ap") -> tuple[AccessPoint, ...]:
    return tuple(AccessPoint(f"{name}{i}", level, x, y, z_m, "", None, None) for i, (x, y) in enumerate(places))


def warned(*access_points: AccessPoint, floors: tuple[Level, ...] = FLOORS) -> list[tuple[str, str]]:
    findings = Findings("plan")
    check_hung(Plan("s", "s", "UTC", "EUR", None, floors, access_points=access_points), findings)
    assert findings.errors == []
    assert all(p.fix for p in findings.warnings)
    return [(p.place, p.reason) for p in findings.warnings]


@pytest.mark.parametrize(
    ("n", "reasons"),
    [
        (0, ["there is no access point: nothing can be located"]),
        (1, ["there is 1 access point"]),
        (2, ["there are 2 access points"]),
        (3, []),
    ],
)
def test_positions_need_three(n: int, reasons: list[str]) -> None:
    assert warned(*hung(CORNERS[:n])) == [("features", reason) for reason in reasons]


@pytest.mark.parametrize(("x_m", "apart"), [(1.0, "0.00"), (1.49, "0.49"), (1.5, "")])
def test_two_at_one_place_are_one(x_m: float, apart: str) -> None:
    told = [("level 0", f"access points 'ap0' and 'ap3' hang {apart} m apart")] if apart else []
    assert warned(*hung([*CORNERS, (x_m, 1.0)])) == told


def test_one_above_the_other_are_two() -> None:
    assert warned(*hung(CORNERS), *hung(CORNERS[:1], z_m=2.1, name="low")) == [], "0.6 m below it on the same pillar"
    assert warned(*hung(CORNERS), *hung(CORNERS, level="1", name="up")) == [], "on the floor above"


@pytest.mark.parametrize(("x_m", "within"), [(13.4, "12.4"), (13.5, "")])
def test_a_quarter_of_the_diagonal_is_one_corner(x_m: float, within: str) -> None:
    told = [("level 0", f"its 3 access points hang within {within} m, on a floor of 40 by 30 m")] if within else []
    assert warned(*hung([(1, 1), (5, 1), (x_m, 1)])) == told


@pytest.mark.parametrize(("x_m", "y_m"), [(-60.0, 200.0), (300.0, -15.0)])
def test_a_floor_may_lie_anywhere_in_its_frame(x_m: float, y_m: float) -> None:
    floors = (replace(FLOORS[0], polygon=box(x_m, y_m, x_m + 40, y_m + 30)),)
    assert warned(*hung([(x_m + x, y_m + y) for x, y in CORNERS]), floors=floors) == []
    near: Places = [(x_m + 1, y_m + 1), (x_m + 5, y_m + 1), (x_m + 13.4, y_m + 1)]
    told = [("level 0", "its 3 access points hang within 12.4 m, on a floor of 40 by 30 m")]
    assert warned(*hung(near), floors=floors) == told


def test_each_floor_is_looked_at_by_itself_and_two_are_no_corner() -> None:
    near: Places = [(1, 1), (5, 1), (5, 4)]
    assert warned(*hung(near[:2]), *hung(CORNERS, level="1", name="up")) == []
    assert [place for place, _ in warned(*hung(CORNERS), *hung(near, level="1", name="up"))] == ["level 1"]


@pytest.mark.parametrize(
    ("off_m", "y_m", "said"),
    [
        (0.99, 15.0, "its 4 access points hang on one line, with 15 and 15 m of floor beside it"),
        (1.01, 15.0, ""),
        (0.0, 3.1, "its 4 access points hang on one line, with 27 and 3 m of floor beside it"),
        (0.0, 2.9, ""),
    ],
)
def test_on_one_line_nobody_tells_sides(off_m: float, y_m: float, said: str) -> None:
    told = [("level 0", said)] if said else []
    assert warned(*hung([(2, y_m), (14, y_m + off_m), (26, y_m - off_m), (38, y_m)])) == told
    if y_m == 15.0:  # the same along the other axis, in which the floor is 40 m wide
        turned = warned(*hung([(20, 2), (20 + off_m, 12), (20 - off_m, 20), (20, 28)]))
        assert turned == [("level 0", said.replace("15", "20"))] * bool(said)
