"""What is expected of zones is added up by hour, on both databases."""

from __future__ import annotations

from engine.presence.expected.rows import ExpectedRow
from engine.presence.local_hours import hours_in
from engine.storage.database import Database
from engine.storage.journal import save_checkpoint
from engine.storage.presence.expected import expected_hours, expected_sums


def row(hour: float, zone: str, n: float) -> ExpectedRow:
    return ExpectedRow(hour, zone, *(n * k for k in range(1, 11)))


def test_expected_figures_add_up_by_hour_and_by_period(db: Database) -> None:
    for rows in ([row(0.0, "a", 1.0), row(0.0, "b", 2.0)], [row(0.0, "a", 0.5), row(3600.0, "a", 4.0)]):
        save_checkpoint(db, "shop", 0, b"", [], [], [], 0.0, expected=rows)
    save_checkpoint(db, "other", 0, b"", [], [], [], 0.0, expected=[row(0.0, "a", 9.0)])
    assert expected_hours(db, "shop", from_t=0.0, to_t=7200.0) == [
        row(0.0, "a", 1.5),
        row(0.0, "b", 2.0),
        row(3600.0, "a", 4.0),
    ]
    assert expected_sums(db, "shop", hours_in("UTC"), from_t=0.0, to_t=7200.0) == [
        row(0.0, "a", 5.5),
        row(0.0, "b", 2.0),
    ]
    assert expected_sums(db, "shop", hours_in("UTC"), from_t=3600.0, to_t=7200.0) == [row(3600.0, "a", 4.0)]
    assert expected_sums(db, "none", hours_in("UTC"), from_t=0.0, to_t=7200.0) == []
    assert expected_sums(db, "shop", hours_in("UTC"), from_t=0.0, to_t=7200.0, hours=[3600.0]) == [row(0.0, "a", 4.0)]
    assert expected_sums(db, "shop", hours_in("UTC"), from_t=0.0, to_t=7200.0, hours=[]) == []
    assert expected_hours(db, "shop", from_t=0.0, to_t=7200.0, zones={"b", "gone"}) == [row(0.0, "b", 2.0)]
