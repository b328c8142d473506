"""What a store's managers are told unasked, out of its status, and how a reader is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import number
from api.texts.times import clock, near_date
from engine.indicators.alerts import AlertKind
from engine.plan.model import Plan
from engine.storage.status import ALERTS, Status

AlertFound = Mapping[str, Any]
"""`kind`, `about`, `at` (s UTC), `value` and `usual`, which may be None."""


def alerts_in(rows: Sequence[Status], store: str) -> list[AlertFound]:
    """What was found of a store at the last look: what goes on, then what was another day than usual."""
    for row in rows:
        if row.component == ALERTS and row.store == store:
            return [*row.values["going_on"], *row.values["changed"]]
    return []


def alert_text(alert: AlertFound, plan: Plan, lang: Language, now: float) -> str:
    """One alert as a sentence: since when (of a day: which), with its year where it is not that of `now` (s UTC),
    what is so, and what to do."""
    t, about = words(lang), str(alert["about"])
    if about in plan.zone_index:
        about = plan.zones[plan.zone_index[about]].name
    what = t.alert_kinds["all_silent" if about == "*" else alert["kind"]]
    value, usual = (None if alert[k] is None else number(round(alert[k]), lang) for k in ("value", "usual"))
    at, zone = float(alert["at"]), plan.timezone
    when = near_date(at, now, zone, lang)
    if alert["kind"] != AlertKind.CHANGE:
        when = f"{when}, {clock(at, zone)}"
    return f"{when} · {what.format(about=about, value=value, usual=usual)}"
