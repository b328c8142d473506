"""What-if and results of a campaign, as pages."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse

from api.campaigns.foretelling import foretell_week, show_forecast
from api.campaigns.mistakes import say_mistakes
from api.campaigns.pages import Ctx, Name, Reader, Seen, Store, Visitor, place_name, zone_of
from api.context import AppContext
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.money import money
from api.texts.numbers import NARROW, number, percent
from engine.errors import OperatorError, Problem
from engine.offers.measured.purchases import read_purchases, with_purchases
from engine.offers.measured.uplift import Difference, Uplift, uplift
from engine.plan.model import Plan
from engine.privacy.k_anonymity import whole_ks
from engine.storage.status import ENGINE, get_status
from engine.storage.told.campaigns import campaign_results, told_share
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.results import Funnel, Results
from engine.storage.vouchers.rows.writing import StoredCampaign

router = APIRouter(prefix="/campaigns", tags=["pages"], default_response_class=HTMLResponse)
DAYS = 28  # of results, where no others are asked for
MOST_DAYS = 400
EARLIEST = dt.date(2000, 1, 1)  # no shop had this before; no clock is near its end there
MOST_BYTES = 900_000
Day = Annotated[dt.date | None, Query()]


@router.get("/{store}/{campaign_id}/what-if", summary="What a campaign would give out")
def what_if_page(store: Store, campaign_id: Name, request: Request, visitor: Visitor, ctx: Ctx) -> Response:
    """Next week's coupons, messages, cost and margin by budget, with 90 % intervals."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    plan, lang = ctx.plan(store), language(request)
    campaign = get_campaign(ctx.db, store, campaign_id).campaign
    week = show_forecast(foretell_week(ctx, store, campaign, time.time()), plan, lang, ctx.config.privacy.k)
    return page(
        request,
        "campaign_what_if.html",
        store=store,
        store_name=plan.name,
        c=campaign,
        place=place_name(campaign, plan, lang),
        week=week,
    )


@router.get("/{store}/{campaign_id}/results", summary="What a campaign brought")
def results_page(
    store: Store,
    campaign_id: Name,
    request: Request,
    visitor: Visitor,
    ctx: Ctx,
    seen: Seen,
    from_: Annotated[dt.date | None, Query(alias="from")] = None,
    to: Day = None,
) -> Response:
    """Issued, delivered, seen, redeemed, cost; and what would not have come without it, against ghost triggers."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    return _results(request, ctx, store, campaign_id, _Span.of(ctx.plan(store), from_, to), seen, None, [])


@router.post("/{store}/{campaign_id}/results", summary="The same, with the shop's receipts")
def results_with_receipts(
    store: Store,
    campaign_id: Name,
    request: Request,
    _grant: Reader,
    ctx: Ctx,
    seen: Seen,
    receipts: Annotated[UploadFile, File()],
    from_: Annotated[dt.date | None, Query(alias="from")] = None,
    to: Day = None,
) -> Response:
    """Purchases, baskets and margins against ghosts, from receipts that are read and not kept."""
    span = _Span.of(ctx.plan(store), from_, to)
    text = receipts.file.read(MOST_BYTES).decode("utf-8", "replace")
    try:
        return _results(request, ctx, store, campaign_id, span, seen, text, [])
    except OperatorError as error:
        return _results(request, ctx, store, campaign_id, span, seen, None, error.problems)


@dataclass(frozen=True, slots=True)
class _Span:
    """Whole days of the store's clock, the last one included."""

    first: dt.date
    last: dt.date
    from_t: float
    to_t: float

    @classmethod
    def of(cls, plan: Plan, first: dt.date | None, last: dt.date | None) -> _Span:
        zone = zone_of(plan)
        today = dt.datetime.fromtimestamp(time.time(), zone).date()
        last = max(min(last or today, today), EARLIEST)
        first = first or last - dt.timedelta(days=DAYS - 1)
        first = min(max(first, EARLIEST, last - dt.timedelta(days=MOST_DAYS)), last)
        ends = last + dt.timedelta(days=1)
        start, end = (dt.datetime.combine(d, dt.time(), zone).timestamp() for d in (first, ends))
        return cls(first, last, start, end)


def _results(
    request: Request,
    ctx: AppContext,
    store: str,
    campaign_id: str,
    span: _Span,
    seen: Any,
    receipts: str | None,
    wrong: Sequence[Problem],
) -> Response:
    plan, lang = ctx.plan(store), language(request)
    stored = get_campaign(ctx.db, store, campaign_id)
    privacy = ctx.config.privacy
    k = privacy.k
    within = {"from_t": span.from_t, "to_t": span.to_t, "now": time.time()}
    found = campaign_results(ctx.db, store, campaign_id, plan.timezone, k=k, block_s=privacy.block_s, **within)
    moments = found.moments
    if receipts is not None:
        moments = with_purchases(moments, read_purchases(receipts, "receipts"))
    share = found.holdout_share if len(found.shares) == 1 else 0.0
    told = uplift(moments, {campaign_id: share})[campaign_id]
    if k > 1 and min(told.treated, told.ghosts) < k:  # of groups with fewer shoppers nothing is told
        told = replace(told, purchase=None, basket=None, margin=None, sample_ratio_p=None)
    if k > 1:
        told = told_share(told, found.funnel)
    said = say_mistakes(wrong, words(lang), lang, plan)
    return page(
        request,
        "campaign_results.html",
        422 if wrong else 200,
        store=store,
        store_name=plan.name,
        c=stored.campaign,
        first=span.first.isoformat(),
        last=span.last.isoformat(),
        funnel=_funnel(found.funnel, plan, lang, k),
        uplift=_uplift(told, plan, lang, with_receipts=receipts is not None),
        state=told.state.value,
        treated=_at_least(whole_ks(told.treated, k), k, lang),
        ghosts=_at_least(whole_ks(told.ghosts, k), k, lang),
        alarm=told.sample_ratio_alarm,
        shares=[percent(s, lang) for s in sorted(found.shares)],
        blocks_of=number(k, lang) if k > 1 else "",
        per_thousand=_per_thousand(stored, found, told, plan, lang, k),
        false_fires=_false_fires(ctx, store, campaign_id, lang),
        receipts=receipts is not None,
        wrong=[(p.place.removeprefix("line "), m.sentence) for p, m in zip(wrong, said, strict=True)],
    )


def _at_least(n: int, k: int, lang: Language) -> str:
    """A count in whole ks: nought is fewer than k."""
    return number(n, lang) if n or k == 1 else f"< {number(k, lang)}"


def _funnel(funnel: Funnel, plan: Plan, lang: Language, k: int) -> list[tuple[str, str, float | None]]:
    """(what, how many, share of the issued) down to the cost; None where fewer than k of
    them say no share."""
    steps = [
        ("issued", funnel.issued),
        ("delivered", funnel.delivered),
        ("seen", funnel.seen),
        ("redeemed", funnel.redeemed),
    ]

    def share(n: int) -> float | None:
        return min(1.0, n / funnel.issued) if funnel.issued and (n or k == 1) else None

    cost = money(funnel.cost_minor, plan.currency, lang) if funnel.redeemed or k == 1 else "–"
    return [*((name, _at_least(n, k, lang), share(n)) for name, n in steps), ("cost", cost, None)]


def _uplift(told: Uplift, plan: Plan, lang: Language, *, with_receipts: bool) -> list[tuple[str, list[str] | None]]:
    """(what, [estimate, low, high] or None where it cannot be told yet); of receipts only where there are any."""

    def points(d: Difference | None) -> list[str] | None:
        return None if d is None else [_points(v, lang) for v in (d.estimate, d.low, d.high)]

    def sums(d: Difference | None) -> list[str] | None:
        return None if d is None else [money(round(v), plan.currency, lang) for v in (d.estimate, d.low, d.high)]

    rows: list[tuple[str, list[str] | None]] = [("redemption", points(told.redeemed))]
    if with_receipts:
        rows += [("purchase", points(told.purchase)), ("basket", sums(told.basket)), ("margin", sums(told.margin))]
    return rows


def _points(share: float, lang: Language) -> str:
    """A share with two decimals, whatever it is: an estimate reads like the ends of its interval."""
    return f"{number(100 * share, lang, 2)}{NARROW if lang == 'fr' else ''}%"


def _per_thousand(
    stored: StoredCampaign, found: Results, told: Uplift, plan: Plan, lang: Language, k: int
) -> dict[str, Any] | None:
    """What 1,000 messages bring: against ghosts where the margin is known of everybody, else what their uses earn.
    None where no message went out, no values where too few did or were used to say."""
    messages = found.funnel.messages
    if k > 1 and not (messages and (found.funnel.redeemed or told.margin)):  # none, or fewer than k: nobody knows which
        return {"measured": False, "values": None}
    if not messages:
        return None
    if told.margin is not None:
        of = [v * told.treated * 1000 / messages for v in (told.margin.estimate, told.margin.low, told.margin.high)]
        return {"measured": True, "values": [money(round(v), plan.currency, lang) for v in of]}
    gross = found.funnel.redeemed * stored.campaign.margin_minor * 1000 / messages
    return {"measured": False, "values": [money(round(gross), plan.currency, lang)]}


def _false_fires(ctx: AppContext, store: str, campaign_id: str, lang: Language) -> dict[str, Any] | None:
    """The share of its triggers that were wrong, as the store's own labels say; None where they say nothing yet."""
    status = next((s for s in get_status(ctx.db) if (s.store, s.component) == (store, ENGINE)), None)
    figures = (status.values.get("promises") or {}).get(campaign_id) if status else None
    if not figures or not figures.get("by_labels"):
        return None
    low, high = 1 - (figures.get("precision_high") or 1.0), 1 - figures["precision_low"]
    values = [percent(round(v, 3), lang) for v in (1 - figures["precision"], low, high)]
    return {"values": values, "labelled": figures["labelled"]}
