"""What shoppers were told on which channel, what waits, and where nothing was said and why: coupons and all else."""

from __future__ import annotations

import time
from collections import Counter
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.campaigns.pages import Ctx, Store, Visitor
from api.context import AppContext
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import Words, words
from api.texts.language import language
from api.texts.times import clock, short_date
from engine.offers.caps import DAY_S
from engine.storage.messages.counts import MessageFate, latest_messages, message_counts
from engine.storage.told.coupons import coupon_figures
from engine.vocabulary import DecisionOutcome, DeliveryState, MessageKind, MessageOutcome, Right

router = APIRouter(prefix="/campaigns", tags=["pages"], default_response_class=HTMLResponse)
Line = tuple[str, str, int]
"""What it was about, where or why, and how many."""


class MessageDays(StrEnum):
    """Over how many days a page of messages looks back."""

    ONE = "1"
    WEEK = "7"
    MONTH = "28"


@router.get("/{store}/_messages", summary="What shoppers were told, and why not")
def messages_page(
    store: Store,
    request: Request,
    visitor: Visitor,
    ctx: Ctx,
    days: Annotated[MessageDays, Query(description="So many days up to now.")] = MessageDays.WEEK,
) -> Response:
    """Said, waiting and silent, each with its reason, in whole ks; for who may read the audit log the latest, too."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    plan, lang = ctx.plan(store), language(request)
    t, k, now = words(lang), ctx.config.privacy.k, time.time()
    from_t, block_s = now - (int(days) - 1) * DAY_S, ctx.config.privacy.block_s
    lines = _messages(t, message_counts(ctx.db, store, from_t=from_t, to_t=now, k=k, block_s=block_s, now=now))
    for outcome, counted in _coupons(t, ctx, store, from_t, now).items():
        lines[outcome] += counted
    one_by_one = k == 1 or visitor.may(Right.SEE_AUDIT, store)
    latest = latest_messages(ctx.db, store, from_t=from_t, to_t=now) if one_by_one else []
    return page(
        request,
        "messages.html",
        store=store,
        store_name=plan.name,
        days=[(one.value, t.messages_page.say_count("days", int(one)), one is days) for one in MessageDays],
        parts=[(outcome.value, t.message_parts[outcome], _order(lines[outcome])) for outcome in MessageOutcome],
        latest=[
            (
                f"{short_date(at, plan.timezone, lang)} {clock(at, plan.timezone)}",
                t.message_kinds[fate.kind],
                t.message_outcomes[fate.outcome],
                _where(t, fate),
            )
            for at, fate in latest
        ],
        k=k,
    )


def _messages(t: Words, counts: dict[MessageFate, int]) -> dict[MessageOutcome, Counter[tuple[str, str]]]:
    lines: dict[MessageOutcome, Counter[tuple[str, str]]] = {outcome: Counter() for outcome in MessageOutcome}
    for fate, n in counts.items():
        lines[fate.outcome][t.message_kinds[fate.kind], _where(t, fate)] += n
    return lines


def _where(t: Words, fate: MessageFate) -> str:
    """The channel of what was said, the reason of all else."""
    way = fate.channel if fate.outcome is MessageOutcome.NOW else None
    return t.message_ways[way] if way else t.message_reasons[fate.reason]


def _coupons(
    t: Words, ctx: AppContext, store: str, from_t: float, now: float
) -> dict[MessageOutcome, Counter[tuple[str, str]]]:
    """The same of coupons: shown on a channel, on their way, and refused or not shown in time."""
    privacy, kind = ctx.config.privacy, t.message_kinds[MessageKind.COUPON]
    told = coupon_figures(
        ctx.db,
        store,
        ctx.plan(store).timezone,
        from_t=from_t,
        to_t=now,
        k=privacy.k,
        block_s=privacy.block_s,
        now=now,
    )
    lines: dict[MessageOutcome, Counter[tuple[str, str]]] = {outcome: Counter() for outcome in MessageOutcome}
    for (channel, state, reason), n in told.messages.items():
        if state is DeliveryState.ACKNOWLEDGED:
            lines[MessageOutcome.NOW][kind, t.message_ways[channel]] += n
        else:
            waits = state is DeliveryState.PENDING and reason is None
            why = t.delivery_states[state] if reason is None else t.delivery_reasons[reason]
            lines[MessageOutcome.LATER if waits else MessageOutcome.SILENCE][kind, why] += n
    for (outcome, refused), n in told.reasons.items():
        if outcome is not DecisionOutcome.ISSUE:
            lines[MessageOutcome.SILENCE][kind, t.reasons[refused]] += n
    return lines


def _order(counted: Counter[tuple[str, str]]) -> list[Line]:
    """The most first."""
    return [(*said, n) for said, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
