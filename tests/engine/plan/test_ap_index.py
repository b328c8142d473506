"""Access points by any of their names: ids, addresses in any spelling, and BSSIDs beside a radio's address."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from engine.errors import OperatorError
from engine.plan.load import load_plan
from engine.plan.model import AccessPoint, ApIndex, Level, Plan, ap_key
from tests.engine.plan.sketch import AP, AP2, AP3, Json, shop, write
from tests.examples import examples


def with_macs(**macs: list[object]) -> Json:
    raw = shop()
    for name, at in (("first", AP), ("second", AP2), ("third", AP3)):
        if name in macs:
            raw["features"][at]["properties"]["macs"] = macs[name]
    return raw


def test_an_access_point_is_found_by_each_address_in_any_spelling(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, with_macs(third=["02:00:5E:10:00:0A", "0200.5e20.0010"])))
    assert plan.access_points[2].macs == ("02:00:5E:10:00:0A", "0200.5e20.0010")
    names = ["ceiling-3", "02005e10000a", "02-00-5e-10-00-0a", "0200.5E20.0010", "aabb.cc00.0002", "ceiling-4"]
    assert [plan.ap_index.get(ap_key(name), -1) for name in names] == [2, 2, 2, 2, 1, -1]


def test_bssids_of_a_radio_are_found_by_its_address() -> None:
    index = ApIndex([("02005e100000", 0), ("02005e200000", 1), ("02005e200010", 1), ("shelf", 2)])
    assert index.get("02005e10000f") == 0
    assert (index.get("02005e200003"), index.get("02005e200013")) == (1, 1)
    assert index.get("02005e200023", -1) == -1  # another radio: the last digit but one
    assert (index.get("shelf"), index.get("shelg", -1), index.get("02005e10000g", -1)) == (2, -1, -1)
    assert index["02005e10000f"] == 0
    assert "02005e10000f" in index
    assert "02005e200023" not in index
    assert 5 not in index
    with pytest.raises(KeyError):
        index["02005e200023"]
    assert set(index) == {"02005e100000", "02005e200000", "02005e200010", "shelf"}  # what the plan says, no more


def test_addresses_numbered_one_by_one_are_never_guessed() -> None:
    index = ApIndex([("02005e0053a0", 0), ("02005e0053a1", 1)])
    assert (index.get("02005e0053a0"), index.get("02005e0053a1")) == (0, 1)
    assert index.get("02005e0053a2", -1) == -1


@pytest.mark.parametrize(
    ("macs", "place", "reason"),
    [
        ({"first": "02:00:5e:10:00:0a"}, "features[5].properties.macs", "is not a list"),
        ({"first": [5]}, "features[5].properties.macs", "5 is no receiver's MAC"),
        ({"first": ["02:00:5e:10:00"]}, "features[5].properties.macs", "is no receiver's MAC"),
        ({"first": ["ff-ff-ff-ff-ff-ff"]}, "features[5].properties.macs", "is no receiver's MAC"),
        (
            {"second": ["02:00:5e:10:00:0a"], "third": ["0200.5E10.000A"]},
            "features[7].properties.macs",
            "another access point already, at features[6]",
        ),
        (
            {"first": ["AABB.CC00.0002"]},
            "features[5].properties.macs",
            "another access point already, at features[6]",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, macs: dict[str, list[object]], place: str, reason: str) -> None:
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, with_macs(**macs)))
    (problem,) = caught.value.problems
    assert problem.place == place
    assert reason in problem.reason


def test_its_own_id_among_its_addresses_is_no_clash(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, with_macs(first=["aa:bb:cc:00:00:01", "AABB.CC00.0001"])))
    assert plan.access_points[0].keys == ("aabbcc000001",)


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 4)), max_size=12, unique_by=lambda pair: pair[0]))
def test_a_guess_is_never_another_access_points(pairs: list[tuple[int, int]]) -> None:
    index = ApIndex([(f"02005e0000{tail:02x}", ap) for tail, ap in pairs])
    for tail in range(256):
        found = index.get(f"02005e0000{tail:02x}", -1)
        owners = {ap for other, ap in pairs if other >> 4 == tail >> 4}
        exact = dict(pairs).get(tail)
        assert found == (exact if exact is not None else next(iter(owners)) if len(owners) == 1 else -1)


def test_no_range_is_longer_than_the_way_across_the_store_and_twenty_metres() -> None:
    """36 m by 45 m by 7 m: a floor of 30 by 40 m, another above, an access point 6 m west and one 5 m north."""
    floor = box(0, 0, 30, 40)
    levels = (Level("0", 0, "", 3.0, 0.0, floor), Level("1", 1, "", 4.0, 3.0, floor))
    aps = (AccessPoint("a", "0", -6, 9, 2.7, "", None, None), AccessPoint("b", "1", 9, 45, 2.7, "", None, None))
    plan = Plan("s", "S", "UTC", "EUR", None, levels, access_points=aps)
    assert plan.longest_range_m == pytest.approx(math.hypot(36, 45, 7) + 20)
    assert plan.ap_index.longest_range_m == plan.longest_range_m
    assert replace(plan, access_points=(), levels=levels[:1]).longest_range_m == pytest.approx(math.hypot(50, 3) + 20)
    assert replace(plan, access_points=(), levels=levels[1:]).longest_range_m == pytest.approx(math.hypot(50, 4) + 20)
    assert ApIndex([]).longest_range_m == math.inf
