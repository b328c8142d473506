"""A picture that leaves the console says by itself what it shows: legend, scale, store, period and plan."""

from __future__ import annotations

import html
import re

import pytest

from api.managers.console.drawn.pictures import report_svg
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import make_report
from api.managers.reports import Reports
from api.texts.language import Language
from engine.storage.presence.plan_versions import plan_digest
from tests.api.managers.console.shop import STORE

WEEK = {"from": "2026-03-30", "to": "2026-04-05"}


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("fr", ("30 mars 2026 – 5 avril 2026", "moyenne", "Plan ", "nettement plus fréquenté")),
        ("en", ("30 March 2026 – 5 April 2026", "mean", "Plan ", "clearly busier")),
    ],
)
def test_a_picture_says_what_it_shows(made: Reports, lang: Language, said: tuple[str, ...]) -> None:
    report = make_report(made, STORE, View.HEAT, WEEK)
    svg = html.unescape(report_svg(report, lang)).replace("\u00a0", " ").replace("\u202f", " ")
    assert report.plan.name in svg
    assert report.plan.timezone in svg
    digests = {version.digest for version in report.versions} or {plan_digest(report.plan)}
    assert all(digest in svg for digest in digests)
    assert re.search(r">\d+ m</tspan>", svg)  # the scale bar
    assert [part for part in said if part not in svg] == []
