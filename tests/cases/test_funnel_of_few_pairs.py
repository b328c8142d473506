"""Steps into the tills of pairs with few people wait, so their sum said 61 where zones said 114, and shares went above
100 %.

Input: an hour whose 20 visits to the tills had one released pair of 10, and 10 who came in. Right: 20, no share."""

from __future__ import annotations

from pathlib import Path

from api.context import AppContext
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import make_report
from api.managers.reports import Reports
from engine.config import Config
from engine.presence.flows import OUTSIDE, FlowRow
from engine.storage.database import open_database
from engine.storage.journal import save_checkpoint
from tests.api.managers.console.shop import MONDAY, SECRETS, STORE, at, open_day, plan_in
from tests.databases import new_sqlite


def test_the_tills_have_all_their_visits(tmp_path: Path) -> None:
    plan = plan_in()
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    _, zones, _ = open_day(plan, MONDAY, heat=False, hours=[9])
    save_checkpoint(db, STORE, 0, b"", [], zones, [], 0.0, flows=[FlowRow(at(plan, MONDAY, 9), OUTSIDE, "tills", 10)])
    made = Reports(AppContext(Config(), db, SECRETS, {STORE: plan}))
    day = MONDAY.isoformat()
    table = make_report(made, STORE, View.FUNNEL, {"from": day, "to": day}, now=at(plan, MONDAY, 23)).table
    counts, shares = table.figures("count"), table.figures("share_of_first")
    assert (counts["came_in"].value, counts["tills"].value) == (10, 20)
    assert (shares["came_in"].value, shares["tills"].value) == (1.0, None)
    db.close()
