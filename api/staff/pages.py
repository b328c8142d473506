"""The staff's page: a tablet at the desk, or a phone in a pocket."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.auth import needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import STAFF, sign_in_page
from api.pages import page
from engine.vocabulary import Right

pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@pages.get(STAFF, summary="The stores where one serves")
def staff_stores(
    request: Request,
    me: Annotated[Grant | None, Depends(needs_or_nobody(Right.SERVE_SHOPPERS))],
    ctx: AppContext = Depends(context),
) -> Response:
    """Leads on where there is only one."""
    if me is None:
        return sign_in_page(request, STAFF)
    stores = [plan for plan in ctx.plans.values() if me.may(Right.SERVE_SHOPPERS, plan.store)]
    if len(stores) == 1:
        return RedirectResponse(f"{STAFF}/{stores[0].store}", 303)
    return page(request, "staff_stores.html", here=STAFF, stores=stores)


@pages.get(f"{STAFF}/{{store}}", summary="The staff's page of a store")
def staff_page(
    store: Annotated[str, Path(max_length=64)],
    request: Request,
    me: Annotated[Grant | None, Depends(needs_or_nobody(Right.SERVE_SHOPPERS))],
    ctx: AppContext = Depends(context),
) -> Response:
    """Orders that wait, and shoppers who chose to be recognised for this visit."""
    here = f"{STAFF}/{store}"
    if me is None:
        return sign_in_page(request, here)
    plan = ctx.plan(store)
    return page(
        request, "staff.html", here=here, store=store, store_name=plan.name, timezone=plan.timezone, clerk=me.name
    )
