"""The whole notice of a store: for whoever reads on from the first layer."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.context import AppContext, context
from api.notices import notice_of
from api.pages import page
from api.texts.language import language
from engine.privacy.processing import BASES

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/notice/{store}", summary="All about your data")
def notice(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Who is responsible, what is done, why, on which basis, for how long, who gets it, and which rights there are."""
    plan = ctx.plan(store)
    return page(
        request,
        "notice.html",
        store=store,
        store_name=plan.name,
        notice=notice_of(ctx, language(request)),
        bases=BASES,
        k=ctx.config.privacy.k,
    )
