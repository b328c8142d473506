"""The what-if of a campaign said "1 moment" of whatever was typed: a manager who typed her zone, an hour and a stay of
so many seconds read whether she had been there.

Input: known shoppers of four weeks and a campaign that is only typed, asked with and without one of them. Right:
nothing of fewer than k, neither source nor weeks nor refusals; above that, blocks with k shoppers each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.campaigns.foretelling import foretell_week, show_forecast
from api.context import AppContext
from engine.config import Config
from engine.storage.database import Database, open_database
from engine.storage.models.visits import VisitTable
from tests.api.site import SECRETS, campaign
from tests.cases.hundred import PLAN, K, clock
from tests.databases import new_sqlite

NOW = clock(12) + 28 * 86_400.0
HOURS = [{"from": "10:00", "to": "12:00"}]


def asked(db: Database, k: int, **typed: Any) -> dict[str, Any]:
    """All that the page has of a campaign at the tea."""
    config = Config.model_validate({"privacy": {"k": k, "demo": k == 1}})
    ctx = AppContext(config, db, SECRETS, {PLAN.store: PLAN})
    place = campaign("tea-20").place.model_copy(update={"zone": "tea", "product": None, "radius_m": None})
    terms = campaign("tea-20").model_copy(update={"place": place} | typed)
    return show_forecast(foretell_week(ctx, PLAN.store, terms, NOW), PLAN, "en", k)


def visit(db: Database, n: int) -> None:
    """The n-th shopper, on the n-th day and hour of four weeks."""
    at = clock(9 + n % 9, n) + 86_400.0 * (n * 11 % 28)
    with db.write() as session:
        of = {"store": PLAN.store, "shopper_id": f"s{n}", "zone": "tea", "store_visit_id": f"v{n}"}
        session.add(VisitTable(**of, started_at=at, ended_at=at + 300.0, dwell_s=300.0))


@pytest.fixture
def answers(tmp_path: Path) -> dict[int, dict[str, Any]]:
    """By how many shoppers there were: of stays that all of them made, and of longer ones."""
    db, out = open_database(new_sqlite(tmp_path / "rayon.db")), {}
    try:
        for n in range(2 * K + 1):
            if n in (0, 1, K - 1, K, K + 1, 2 * K - 1, 2 * K):
                out[n] = {str(stay): asked(db, K, min_dwell_s=stay) for stay in (299.0, 301.0)}
            visit(db, n)
        assert asked(db, 1, min_dwell_s=60.0)["moments"] == 2 * K + 1, "what it said"
    finally:
        db.close()
    return out


def test_one_is_not_told_from_k_less_one(answers: dict[int, dict[str, Any]]) -> None:
    assert answers[0] == answers[1] == answers[K - 1]
    assert answers[0]["299.0"]["moments"] is None
    assert all(said["301.0"] == answers[0]["301.0"] for said in answers.values()), "nobody stayed so long"
    assert answers[2 * K]["299.0"]["rows"]
    assert [answers[n]["299.0"]["moments"] for n in (K, K + 1, 2 * K - 1, 2 * K)] == [K, K, K, 2 * K]


def test_an_hour_of_few_is_no_figure(tmp_path: Path) -> None:
    """Sixty shoppers, of whom some came between ten and twelve."""
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    when = campaign("tea-20").when
    hours = campaign("tea-20", when={"hours": HOURS}).when
    for n in range(3 * K):
        visit(db, n)
    (_, one), (every, some) = ([asked(db, k, when=w) for w in (when, hours)] for k in (1, K))
    db.close()
    few = 3 * K - sum(n for _, n in one["refused"])
    assert 0 < few < K
    assert every["rows"]
    assert all(n % K == 0 for _, n in some["refused"])
    assert {v for row in some["rows"] for v in row["coupons"]} == {"0"}
