"""Decisions and heat as managers read them, on both databases."""

from __future__ import annotations

import json

import pytest

from engine.presence.heat import HeatRow
from engine.presence.local_hours import hours_in
from engine.records import Grounds
from engine.storage.database import Database
from engine.storage.figures.heatsums import heat_rows, heat_sums
from engine.storage.journal import save_checkpoint
from engine.storage.models.vouchers import DecisionTable
from engine.storage.vouchers.decisions import decision_counts, latest_decisions, note_grounds, read_grounds
from engine.vocabulary import Channel

GROUNDS = Grounds("s", "EUR", None, 1.25, 99, 50)


def test_grounds_are_written_as_ever_and_read_back() -> None:
    """The words and their order are in databases and in answers of the API: they do not change."""
    full = Grounds("s", "EUR", Channel.PAGE, 24.0, 200, 50, "spring", 0.5)
    assert json.dumps(note_grounds(full, "w1")) == (
        '{"store": "s", "currency": "EUR", "channel": "page", "gain_minor": 24.0, "worth_minor": 200, "priority": 50, '
        '"experiment": "spring", "holdout_share": 0.5, "voucher_id": "w1"}'
    )
    bare = Grounds("s", "EUR", None, 0.0)
    assert (
        json.dumps(note_grounds(bare, None)) == '{"store": "s", "currency": "EUR", "channel": null, "gain_minor": 0.0}'
    )
    for grounds, voucher_id in ((full, "w1"), (GROUNDS, None), (bare, None)):
        assert read_grounds(json.dumps(note_grounds(grounds, voucher_id))) == (grounds, voucher_id)


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
                    inputs=json.dumps(note_grounds(GROUNDS, "w1" if reason == "ok" else None)),
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
    assert (newest.shopper_id, newest.grounds, newest.outcome, newest.voucher_id) == (None, GROUNDS, "refuse", None)


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
    sums = heat_sums(db, "s", hours_in("UTC"), from_t=3600.0, to_t=4 * 3600.0)
    assert len(sums) == 12
    for total in sums:
        mine = [r for r in rows if (r.level, r.col, r.row) == (total.level, total.col, total.row)]
        assert total.person_s == pytest.approx(sum(r.person_s for r in mine))
        assert total.fixes == pytest.approx(sum(r.fixes for r in mine))
    assert heat_sums(db, "s", hours_in("UTC"), from_t=0.0, to_t=0.0) == []
