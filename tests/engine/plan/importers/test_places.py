"""A vendor's places put into a plan as its file holds it: those known move, new ones are added, all else stays."""

from __future__ import annotations

import math

from engine.plan.findings import Findings
from engine.plan.importers.places import FoundPlace, with_places
from engine.plan.load import check_raw
from tests.engine.plan.sketch import AP2, AP3, shop

NAN = math.nan


def test_known_ones_move_new_ones_are_as_high_as_most_and_all_else_stays() -> None:
    raw = shop()
    raw["features"][AP3]["properties"]["z_m"] = 5.0
    findings = Findings("plan.geojson")
    plan = check_raw(raw, findings)
    assert plan is not None
    assert not findings.errors
    places = [
        FoundPlace("aa:bb:cc:00:00:02", "", "0", 10.5, 2.25, 1, 1.3),
        FoundPlace("02:00:5e:10:00:01", "Middle", "0", 6.0, 4.0, -1, NAN),
        FoundPlace("02:00:5e:10:00:02", "", "0", 7.0, 5.0, -1, NAN),
    ]
    made = with_places(raw, plan, places)
    want = shop()
    want["features"][AP3]["properties"]["z_m"] = 5.0
    assert raw == want, "what is given stays as it is"
    want["features"][AP2]["geometry"]["coordinates"] = [10.5, 2.25]
    new = {"feature_type": "access_point", "level": "0", "z_m": 2.8}  # the middle one of 2.8, 2.8 and 5 m
    want["features"] += [
        {"type": "Feature", "properties": {**new, "id": "02:00:5e:10:00:01", "name": "Middle"},
         "geometry": {"type": "Point", "coordinates": [6.0, 4.0]}},
        {"type": "Feature", "properties": {**new, "id": "02:00:5e:10:00:02"},
         "geometry": {"type": "Point", "coordinates": [7.0, 5.0]}},
    ]  # fmt: skip
    assert made == want
