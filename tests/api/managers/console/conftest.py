"""The shop of these tests, and the browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.managers.reports import Reports
from tests.api.managers.console.shop import MONDAY, days_from, plan_in, shop_with
from tests.browser import chromium

__all__ = ["chromium"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    """Five weeks from a Monday; the fifth has half as many again."""
    fifth = days_from(MONDAY, 35)[28]
    reports = shop_with(
        tmp_path_factory.mktemp("shop"), plan_in(), days_from(MONDAY, 35), lambda day: 1.5 if day >= fifth else 1.0
    )
    yield reports
    reports.ctx.db.close()
