"""The codes that the pages of figures say in words."""

from __future__ import annotations

import datetime as dt

from api.managers.console.figures.asked import NoteCode, View
from api.managers.console.figures.funnel import STEPS
from api.managers.console.figures.views import FIGURES
from api.managers.snapshot import SPANS
from api.managers.spans.days import Bucket, Comparison, presets
from engine.indicators.alerts import AlertKind
from engine.indicators.league import LeagueFigure
from engine.indicators.presets import Indicator, IndicatorBias
from engine.offers.measured.pacing import PaceState
from engine.plan.drawing.legend import SIGN_WORDS
from engine.presence.hotzones import HotReason, HotState
from engine.vocabulary import PointsAge

DAYS = {f"d{n}" for n in range(7)}
NAMES = {"zone", "product", "category", "campaign", "channel", "from_zone", "to_zone", "weekday", "hour", "day", "step"}

CONSOLE_CODES: dict[str, set[str]] = {
    "views": set(View),
    "view_why": set(View),
    "figures": {*FIGURES, *NAMES},
    "figure_why": set(FIGURES),
    "alert_kinds": {*AlertKind, "all_silent"},
    "points_ages": set(PointsAge),
    "league_figures": set(LeagueFigure),
    "league_why": set(LeagueFigure),
    "paces": set(PaceState),
    "comparisons": set(Comparison),
    "buckets": set(Bucket),
    "presets": set(presets(dt.date(2026, 11, 29))),
    "weekdays": DAYS,
    "weekdays_short": DAYS,
    "funnel_steps": set(STEPS),
    "console_notes": set(NoteCode),
    "spans": set(SPANS),
    "indicator_names": set(Indicator),
    "indicator_descriptions": set(Indicator),
    "indicator_biases": set(IndicatorBias),
    "plan_signs": {name.replace(" ", "_") for name in SIGN_WORDS},
    "people_by_hour": set(SPANS),
    "why_none_hot": {"none_hot", "few_hot", "too_little", "no_heat"},
    "hot_states": set(HotState),
    "evidence": set(HotReason),
}
