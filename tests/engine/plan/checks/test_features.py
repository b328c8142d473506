"""Each number of a feature from both of its sides, what is left out, and what a record then holds."""

from __future__ import annotations

from typing import Any

import pytest

from engine.plan.features import read_feature
from engine.plan.findings import Findings
from engine.plan.model import AccessPoint, Fixture, Level, Wall
from tests.engine.plan.sketch import AP, FIXTURE, LEVEL, OPENING, SECTION, WALL, shop


def read(index: int, **properties: Any) -> tuple[Any, list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """The record of a feature of the sketch with these properties; None leaves one out."""
    raw = shop()["features"][index]
    raw["properties"] = {k: v for k, v in (raw["properties"] | properties).items() if v is not None}
    findings = Findings("plan.geojson")
    placed = read_feature(raw, 3, findings)
    told = [[(p.place, p.reason, p.fix or "") for p in some] for some in (findings.errors, findings.warnings)]
    assert placed is None or placed.place == "features[3]"
    return placed.record if placed else None, told[0], told[1]


@pytest.mark.parametrize(
    ("index", "key", "right", "wrong"),
    [
        (LEVEL, "ordinal", (-20, 0, 200), (-21, 201, 0.5)),
        (LEVEL, "height_m", (1.5, 50), (1.49, 50.1)),
        (WALL, "attenuation_db", (0, 100), (-0.1, 100.1)),
        (FIXTURE, "attenuation_db", (0, 100), (-0.1, 100.1)),
        (AP, "z_m", (0, 60), (-0.1, 60.1)),
        (AP, "p0_dbm", (-120, 30), (-120.1, 30.1)),
        (AP, "exponent", (0.5, 10), (0.49, 10.1)),
        (AP, "macs", ([], ["02:00:5e:00:53:01"] * 256), (["02:00:5e:00:53:01"] * 257, ["00:00:00:00:00:00"])),
        (AP, "id", ("a" * 128,), ("a" * 129, "")),
        (SECTION, "id", ("a" * 128,), ("a" * 129,)),
        (FIXTURE, "walkable", (True, False), ("no", 1)),
        (OPENING, "category", ("entrance", "exit", "checkout", "pickup", "drive", "locker", "stairs", "elevator",
                               "escalator"), ("door", "")),
    ],
)  # fmt: skip
def test_both_ends_are_taken_and_nothing_beyond(
    index: int, key: str, right: tuple[Any, ...], wrong: tuple[Any, ...]
) -> None:
    for value in right:
        record, errors, warnings = read(index, **{key: value})
        assert (errors, warnings) == ([], [])
        assert getattr(record, key) == (tuple(value) if isinstance(value, list) else value)
    for value in wrong:
        record, errors, _ = read(index, **{key: value})
        assert record is None
        assert [place for place, _, _ in errors] == [f"features[3].properties.{key}"]


def test_what_is_left_out_has_its_default() -> None:
    level, wall, fixture, ap = (read(i)[0] for i in (LEVEL, WALL, FIXTURE, AP))
    assert isinstance(level, Level)
    assert (level.height_m, level.floor_z_m) == (3.0, 0.0)
    assert isinstance(wall, Wall)
    assert (wall.material, wall.attenuation_db) == ("brick", 7.0)
    assert isinstance(fixture, Fixture)
    assert (fixture.name, fixture.walkable, fixture.attenuation_db) == ("g1", False, 2.5)
    assert isinstance(ap, AccessPoint)
    assert (ap.name, ap.p0_dbm, ap.exponent, ap.macs) == ("AA-BB-CC-00-00-01", None, None, ())


@pytest.mark.parametrize(
    ("given", "loss_db", "odd"),
    [
        ({"material": None}, 5.0, False),  # COST 231: between a light and a heavy wall
        ({"material": "Reinforced Concrete"}, 20.0, False),
        ({"material": "adobe"}, 5.0, True),
        ({"material": "adobe", "attenuation_db": 0}, 0.0, False),
        ({"material": "glass", "attenuation_db": 9.5}, 9.5, False),
    ],
)
def test_a_wall_loses_what_is_said_or_its_material_does(given: dict[str, Any], loss_db: float, odd: bool) -> None:
    wall, errors, warnings = read(WALL, **given)
    assert (wall.attenuation_db, errors) == (loss_db, [])
    told = ("features[3].properties.material", "'adobe' has no default loss, 5 dB is assumed", "give attenuation_db")
    assert warnings == ([told] if odd else [])


def test_all_mistakes_of_a_feature_are_told_at_once() -> None:
    raw = shop()["features"][AP]
    raw |= {"type": "Point", "colour": 1}
    raw["geometry"]["coordinates"] = [1]
    raw["properties"] |= {"z_m": -1, "z": 3}
    findings = Findings("plan.geojson")
    assert read_feature(raw, 5, findings) is None
    assert [p.place for p in findings.errors] == [
        "features[5].colour", "features[5].type", "features[5].geometry.coordinates", "features[5].properties.z",
        "features[5].properties.z_m",
    ]  # fmt: skip
