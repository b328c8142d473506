"""Which access points are heard from."""

from __future__ import annotations

import numpy as np

from engine.ingest.points import PointFigures


def note(points: PointFigures, now: float, *ap: int) -> None:
    points.note(np.array(ap, np.int32), now)


def test_when_each_was_heard_last() -> None:
    points = PointFigures(3)
    note(points, 100.0, 0, 0, 2)
    note(points, 105.0, 2)
    assert points.as_json()["heard_at"] == [100.0, 0.0, 105.0]


def test_readings_of_the_last_whole_minute() -> None:
    points = PointFigures(2)
    for k in range(60):
        note(points, 100.0 + k, 0, 0, 1)
    assert points.as_json()["per_min"] is None, "no minute is over"
    note(points, 160.0, 1)
    assert points.as_json()["per_min"] == [120, 60]
    note(points, 400.0)
    assert points.as_json()["per_min"] is None, "that was no minute"


def test_a_clock_that_is_put_back_begins_a_new_minute() -> None:
    points = PointFigures(1)
    note(points, 1000.0, 0)
    note(points, 10.0, 0)
    assert points.as_json() == {"heard_at": [10.0], "per_min": None}


def test_a_minute_counts_if_the_next_begins_within_another() -> None:
    for at, per_min in ((159.9, None), (160.0, [1]), (219.9, [1]), (220.0, None)):
        points = PointFigures(1)
        note(points, 100.0, 0)
        note(points, at, 0)
        assert points.as_json()["per_min"] == per_min


def test_each_minute_is_counted_anew() -> None:
    points = PointFigures(2)
    note(points, 100.0, 0)
    note(points, 160.0, 1, 1)
    note(points, 220.0)
    assert points.as_json() == {"heard_at": [100.0, 160.0], "per_min": [0, 2]}
    note(points, 220.04, 0)
    assert points.as_json()["heard_at"] == [220.0, 160.0]
