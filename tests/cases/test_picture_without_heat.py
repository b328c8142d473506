"""A picture of a period of which no heat was kept ended in a 500 wherever rows are no zones: days, hours, steps.

Input: a day with figures of zones alone, as imported ones are. Right: each view has its picture.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from api.managers.console.drawn.pictures import report_svg
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import make_report
from tests.api.managers.console.shop import MONDAY, STORE, at, plan_in, shop_with


@pytest.mark.parametrize("heat", [False, True])
def test_each_view_has_its_picture(heat: bool, tmp_path: Path) -> None:
    plan, day = plan_in(), MONDAY.isoformat()
    made = shop_with(tmp_path, plan, [MONDAY], heat=heat)
    for view in View:
        report = make_report(made, STORE, view, {"from": day, "to": day}, now=at(plan, MONDAY, 23))
        assert report_svg(report, "en").startswith("<svg"), view
    made.ctx.db.close()
