"""Decisions and heat as managers read them, on both databases."""

from __future__ import annotations

import pytest

from engine.presence.heat import HeatRow
from engine.storage.database import Database
from engine.storage.journal import save_checkpoint
from engine.storage.models.vouchers import DecisionTable
from engine.storage.presence.heatmaps import heat_rows
from engine.storage.presence.heatsums import heat_sums
from engine.storage.vouchers.decisions import decision_counts, latest_decisions


def decide(db: Database, rows: list[tuple[str, float, str]], store: str = "s") -> None:
    with db.write() as session:
        for decision_id, at, reason in rows:
            session.add(
                DecisionTable(
                    decision_id=decision_id,
                    trigger_id=decision_id,
                    store=store,
                    campaign_id="c",
                    shopper_id="" if reason == "no_consent" else "someone",
                    visit_id="v",
                    outcome="issue" if reason == "ok" else "refuse",
                    reason=reason,
                    at=at,
                    since=at - 5,
                    probability=0.7,
                    caused_by_t=at,
                    inputs='{"p": 0.7}',
                )
            )


def test_decisions_are_counted_in_the_span_only(db: Database) -> None:
    decide(db, [("a", 10.0, "ok"), ("b", 20.0, "budget"), ("c", 30.0, "budget"), ("d", 40.0, "ok")])
    decide(db, [("e", 20.0, "ok")], store="other")
    assert decision_counts(db, "s", from_t=10.0, to_t=40.0) == {("issue", "ok"): 1, ("refuse", "budget"): 2}
    assert decision_counts(db, "s", from_t=50.0, to_t=60.0) == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_lose_and_repeat_nothing_even_among_equal_times(db: Database, limit: int) -> None:
    decide(db, [(name, 5.0 if name in "bcde" else 6.0, "no_consent") for name in "abcdef"])
    got: list[str] = []
    before = None
    while page := latest_decisions(db, "s", from_t=0.0, to_t=10.0, before=before, limit=limit):
        got += [d.decision_id for d in page]
        before = (page[-1].at, page[-1].decision_id)
    assert got == ["f", "a", "e", "d", "c", "b"]
    (newest,) = latest_decisions(db, "s", from_t=0.0, to_t=10.0, limit=1)
    assert (newest.shopper_id, newest.inputs, newest.outcome) == (None, {"p": 0.7}, "refuse")


def test_heat_summed_by_the_database_is_the_sum_of_its_rows(db: Database) -> None:
    heat = [
        HeatRow(3600.0 * hour, level, c, r, 1.5 * hour + c, 0.25 + r)
        for hour in range(5)
        for level in ("g", "u")
        for c in range(3)
        for r in range(2)
    ]
    save_checkpoint(db, "s", 0, b"", heat, [], [], 0.0)
    save_checkpoint(db, "other", 0, b"", heat, [], [], 0.0)
    rows = heat_rows(db, "s", from_t=3600.0, to_t=4 * 3600.0)
    assert {r.hour_start for r in rows} == {3600.0, 7200.0, 10800.0}
    sums = heat_sums(db, "s", from_t=3600.0, to_t=4 * 3600.0)
    assert len(sums) == 12
    for total in sums:
        mine = [r for r in rows if (r.level, r.col, r.row) == (total.level, total.col, total.row)]
        assert total.person_s == pytest.approx(sum(r.person_s for r in mine))
        assert total.fixes == pytest.approx(sum(r.fixes for r in mine))
    assert heat_sums(db, "s", from_t=0.0, to_t=0.0) == []
