"""The page of several stores: a league table, and how campaigns' budgets go."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import needs_or_nobody
from api.keyring import Grant
from api.manager_login import sign_in_page
from api.managers.alerted import alert_text, alerts_in
from api.managers.console.figures.tables import Unit
from api.managers.console.saying import NONE, figure_text, interval_text, note_text, span_text
from api.managers.hq.budgets import CampaignBudget, StoresBudget, budgets_of, hq_campaigns_of, list_shared
from api.managers.hq.endpoints import ends
from api.managers.hq.league import ALIKE, StoreLeague, make_league, stores_of
from api.managers.reports import Reports, reports
from api.managers.spans.days import presets
from api.managers.told import TableFigure
from api.pages import page
from api.texts.catalogue import Words, words
from api.texts.language import Language, language
from api.texts.money import money
from api.texts.numbers import number
from api.texts.times import near_date
from engine.indicators.league import LeagueFigure, LeagueRow
from engine.offers.caps import CampaignKey, Spent
from engine.offers.measured.pacing import BudgetPace
from engine.plan.model import Plan
from engine.storage.status import get_status
from engine.storage.vouchers.hq.listed import StoredHq, StoreVariant
from engine.vocabulary import Right

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
NAMES = ("from", "to", "compare", "by")
UNITS: dict[LeagueFigure, Unit] = {
    LeagueFigure.CAME_IN: "count",
    LeagueFigure.STAY: "s",
    LeagueFigure.CONVERSION: "rate",
    LeagueFigure.QUEUE: "people",
    LeagueFigure.WAITING: "s",
}
"""The others are shares."""


@router.get("/hq", summary="Stores beside one another")
def hq_page(
    request: Request,
    visitor: Annotated[Grant | None, Depends(needs_or_nobody(Right.COMPARE_STORES))],
    made: Annotated[Reports, Depends(reports)],
) -> Response:
    """The league of the reader's stores. Asks to sign in where nobody is."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    lang, now = language(request), time.time()
    plans = stores_of(made, visitor, Right.COMPARE_STORES)
    given = {name: request.query_params[name] for name in NAMES if request.query_params.get(name)}
    league = make_league(made, plans, given, now=now)
    seen = [plan for plan in plans if visitor.may(Right.SEE_CAMPAIGNS, plan.store)]
    t, said = words(lang), get_status(made.ctx.db)
    given_out = hq_campaigns_of(made.ctx, seen)
    spending = made.ctx.told_spending(
        [(v.store, stored.campaign.id) for stored in given_out for v in stored.stores], now
    )
    return page(
        request,
        "hq.html",
        league=league,
        title=t.league_figures[league.figure],
        why=[(t.league_figures[f], t.league_why[f]) for f in LeagueFigure],
        span=span_text(league.span, lang),
        before=span_text(league.before, lang),
        notes=[note_text(note, plans[0], lang) for note in league.asked.notes],
        rows=[_row(row, league, lang) for row in league.rows],
        alerts=[
            f"{plan.name} · {alert_text(alert, plan, lang, now)}"
            for plan in plans
            for alert in alerts_in(said, plan.store)
        ],
        budgets=[_show_shared(b, lang, now) for b in list_shared(made.ctx, seen, given_out, now)]
        + [budget_row(b, lang, now) for b in budgets_of(made.ctx, seen, now)],
        given_out=[_variant(stored, v, seen, spending, lang) for stored in given_out for v in stored.stores],
        figures=[(f.value, t.league_figures[f], f is league.figure) for f in LeagueFigure],
        compares=[(c.value, t.comparisons[c], c is league.asked.compare) for c in ALIKE],
        presets=_presets(league, lang, now),
        today=league.span.local.clock(now).date(),
        downloads=[(f"/v1/hq/league{form}?{query(league)}", name) for form, name in (("", "JSON"), ("/csv", "CSV"))],
        keep=f"&{query(league)}",
        may_edit=any(visitor.may(Right.EDIT_CAMPAIGNS, plan.store) for plan in plans),
        finance=visitor.may(Right.SEE_LIABILITY, None),
    )


def query(league: StoreLeague, **changes: str) -> str:
    """The address's query of a league, with changes."""
    said = {
        "from": league.span.first.isoformat(),
        "to": league.span.last.isoformat(),
        "compare": league.asked.compare.value,
        "by": league.figure.value,
    }
    return urlencode(said | {name.rstrip("_"): value for name, value in changes.items()})


def _presets(league: StoreLeague, lang: Language, now: float) -> list[tuple[str, str, bool]]:
    t, span = words(lang), league.span
    return [
        (
            f"/hq?{query(league, from_=first.isoformat(), to=last.isoformat())}&lang={lang}",
            t.presets[name],
            (first, last) == (span.first, span.last),
        )
        for name, (first, last) in presets(span.local.clock(now).date()).items()
    ]


def _row(row: LeagueRow, league: StoreLeague, lang: Language) -> dict[str, Any]:
    unit = UNITS.get(league.figure, "share")
    figure, plan, days = TableFigure(*ends(row.now)), league.plans[row.store], league.span
    said = urlencode({"from": days.first.isoformat(), "to": days.last.isoformat(), "compare": "previous"})
    return {
        "place": place_text(row),
        "name": plan.name,
        "href": f"/manage/{row.store}/trend?{said}&lang={lang}",
        "figure": figure_text(figure.value, unit, lang),
        "interval": interval_text(figure, unit, lang),
        "before": figure_text(None if row.before is None else row.before.value, unit, lang),
        "change": figure_text(None if row.change is None else row.change.share, "change", lang),
        "differs": row.change is not None and row.change.significant,
    }


def place_text(row: LeagueRow) -> str:
    """`2`, or `2–4` where it is not apart from its neighbours; a dash without a place."""
    if row.best is None:
        return NONE
    return str(row.best) if row.best == row.worst else f"{row.best}{NONE}{row.worst}"


def budget_row(b: CampaignBudget, lang: Language, now: float) -> dict[str, Any]:
    """A budget in the reader's words; the day on which it is gone has its year where that is not the year of `now`."""
    return _going(b.pace, b.plan, b.money, lang, now) | {
        "store": b.plan.name,
        "name": b.stored.campaign.name,
        "href": f"/campaigns/{b.plan.store}/{b.stored.campaign.id}?lang={lang}",
    }


def _show_shared(b: StoresBudget, lang: Language, now: float) -> dict[str, Any]:
    t = words(lang)
    return _going(b.pace, b.plans[0], b.money, lang, now) | {
        "store": t.hq.together,
        "name": b.stored.campaign.campaign.name,
        "href": f"/hq/campaigns/{b.stored.campaign.id}?lang={lang}",
    }


def _going(pace: BudgetPace, plan: Plan, is_money: bool, lang: Language, now: float) -> dict[str, Any]:
    """How a budget goes; in money of a plan's currency, or in coupons."""
    t = words(lang)

    def amount(n: float | None) -> str:
        if n is None:
            return NONE
        return money(round(n), plan.currency, lang) if is_money else number(round(n), lang)

    gone = "" if pace.gone_at is None else t.hq.gone.format(day=near_date(pace.gone_at, now, plan.timezone, lang))
    return {
        "spent": amount(pace.spent),
        "budget": amount(pace.budget),
        "due": amount(pace.due),
        "state": t.paces[pace.state],
        "gone": gone,
    }


def _variant(
    stored: StoredHq,
    variant: StoreVariant,
    plans: Sequence[Plan],
    spending: Mapping[CampaignKey, Spent],
    lang: Language,
) -> dict[str, Any]:
    """A store's campaign that came from HQ, and what it has changed of it."""
    t, plan = words(lang), next(plan for plan in plans if plan.store == variant.store)
    return {
        "name": stored.campaign.campaign.name,
        "whole": f"/hq/campaigns/{stored.campaign.id}?lang={lang}",
        "href": f"/campaigns/{variant.store}/{stored.campaign.id}?lang={lang}",
        "store": plan.name,
        "version": t.hq.of_version.format(n=variant.version, newest=stored.version),
        "state": t.campaign_states[variant.state],
        "spent": number(spending[variant.store, stored.campaign.id].vouchers, lang),
        "own": ", ".join(_key_text(key, t) for key in variant.own) or t.hq.as_hq,
    }


def _key_text(key: str, t: Words) -> str:
    """What a key of a campaign is called; the key itself where HQ cannot let a store change it."""
    if key in t.hq_keys:
        return t.hq_keys[key]
    return key
