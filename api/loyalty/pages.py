"""What the programme owes its members, as finance reads it on a page."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.loyalty.liability import worth_of
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.money import money
from api.texts.numbers import number
from api.texts.times import moment
from engine.storage.programme.liability import Liability, liabilities
from engine.vocabulary import PointsAge, Right

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/hq/points", summary="What points that are out come to, by age and worth")
def points_page(
    request: Request,
    visitor: Annotated[Grant | None, Depends(needs_or_nobody(Right.SEE_LIABILITY, everywhere=True))],
    ctx: Annotated[AppContext, Depends(context)],
) -> Response:
    """Sums over the ledger, as of now. Asks to sign in where nobody is."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    lang, now = language(request), time.time()
    zone = min((plan.timezone for plan in ctx.plans.values()), default="UTC")
    return page(
        request,
        "points_owed.html",
        programmes=[_programme(ctx, one, lang) for one in liabilities(ctx.db, now)],
        at=moment(now, zone, lang),
        downloads=[(f"/v1/loyalty/liability{form}", name) for form, name in (("", "JSON"), (".csv", "CSV"))],
    )


def _programme(ctx: AppContext, one: Liability, lang: Language) -> dict[str, Any]:
    t = words(lang)
    rows = [(t.points_ages[age], one.by_age[age]) for age in PointsAge]
    rows += [(t.owed.pending, one.pending), (t.owed.outstanding, one.outstanding)]
    rows += [(t.owed.owed, one.owed), (t.owed.ended, one.ended)]
    return {
        "name": one.programme,
        "members": number(one.members, lang),
        "rows": [{"name": name, "points": number(n, lang), "worth": _worth(ctx, one, n, lang)} for name, n in rows],
    }


def _worth(ctx: AppContext, one: Liability, points: int, lang: Language) -> str:
    """A dash where the site says nowhere what points are worth."""
    rate = ctx.config.loyalty.of(one.programme)
    worth = worth_of(rate, points)
    return "–" if rate is None or worth is None else money(worth, rate.currency, lang)
