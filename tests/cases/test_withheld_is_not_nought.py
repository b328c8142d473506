"""The first minutes of a store said "0 s in all, 0 visits" of each zone, ranked, and that no one walked; hours of
today were empty without a reason.

Input: a store before its first release. Right: a dash, the reason, and when the first full hour comes."""

from __future__ import annotations

from pathlib import Path

from api.managers import fragments
from api.managers.console.figures.asked import NoteCode, View
from api.managers.console.figures.report import make_report
from api.managers.console.saying import note_text
from api.managers.snapshot import Choice, take_snapshot
from tests.api.managers.console.shop import MONDAY, STORE, at, plan_in, shop_with


def test_too_early_is_said(tmp_path: Path) -> None:
    made = shop_with(tmp_path, plan_in(), [])
    seen = take_snapshot(made, STORE, Choice("now", None, "ground"), at(plan_in(), MONDAY, 9, 10))
    ranking, flows = fragments.ranking(seen, "en"), fragments.flows(seen, "en")
    assert "Too early, or withheld" in ranking
    assert "0 visits" not in ranking
    assert "0 s in all" not in ranking
    assert ">1</span>" not in ranking
    assert "too early" in flows
    made.ctx.db.close()


def test_the_first_full_hour_is_named(tmp_path: Path) -> None:
    made = shop_with(tmp_path, plan_in(), [MONDAY])
    day = MONDAY.isoformat()
    for view in (View.HOURS, View.QUEUE):
        report = make_report(made, STORE, view, {"from": day, "to": day}, now=at(plan_in(), MONDAY, 9, 10))
        said = [note_text(n, report.plan, "en") for n in report.notes if n.code is NoteCode.FIRST_HOUR]
        assert said == ["Figures here are of whole hours of the clock: the first full hour comes at 10:00."]
    made.ctx.db.close()
