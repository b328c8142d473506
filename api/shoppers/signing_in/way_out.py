"""After the sign-in: the phone is let out, or its browser is told what to do; then over to the real browser."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from api.callers.cookies import SHOPPER, read_cookie
from api.context import AppContext, context
from api.pages import CONTENT_POLICY, SIGN_IN_ELSEWHERE, page
from api.portal.counts import GOOD
from api.portal.doors import Doors, doors_of
from api.portal.freed import address_name, is_seen_directly
from api.portal.let_out import let_out
from api.portal.records import LetOutResult
from api.shoppers.sessions import known_shopper
from api.shoppers.signing_in.passes import make_pass
from api.texts.catalogue import words
from api.texts.language import language
from engine.errors import StorageUnavailable
from engine.ingest.portals.records import PortalRedirect
from engine.storage.people.shoppers import ShopperProfile
from engine.vocabulary import LetOut

log = logging.getLogger(__name__)
router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody who has signed in, as whom or nobody, and the redirect that brought them. `blind`: no phone is known of
    them. `again` and `consents` are the form's own fields, for a second try."""

    store: str
    shopper: ShopperProfile | None = field(repr=False)
    redirect: PortalRedirect | None
    blind: bool
    again: Mapping[str, str] = field(repr=False)
    consents: tuple[str, ...] = ()


async def leave(ctx: AppContext, doors: Doors, request: Request, leaving: Leaving) -> Response:
    """Lets the phone out where the store's portal is declared, and answers with the page for what came of it."""
    store, redirect, now = leaving.store, leaving.redirect, time.time()
    if redirect is None or not doors.any_at(store):
        return _answer_connected(ctx, request, store, leaving.shopper, blind=False)
    tail = f"?lang={language(request)}" + ("&blind=1" if leaving.blind else "")
    onward = f"/w/{store}/online{tail}"
    result = await let_out(doors, store, redirect, ctx.public_url + onward, now)
    if doors.counts.add(store, result.outcome):
        try:
            await run_in_threadpool(doors.counts.write, ctx.db, store)
        except StorageUnavailable as error:  # the phone is out all the same; the health page says what is away
            log.warning("%s: the portal's counts could not be written: %s", store, error)
    if is_seen_directly(request, redirect) and (door := doors.door(store, redirect)) is not None:
        remember = {LetOut.OPENED: doors.freed.free, LetOut.SENT_ON: doors.freed.send_on}.get(result.outcome)
        if remember is not None:
            remember(store, address_name(ctx, request), now + door.config.session_s)
    if result.outcome in (LetOut.OPENED, LetOut.WAITING):
        slow = "&waiting=1" if result.outcome is LetOut.WAITING else ""
        return RedirectResponse(onward + slow, 303)
    return _step_page(ctx, request, leaving, result) if result.step else _failed_page(ctx, request, leaving, result)


@router.get("/w/{store}/online", summary="Behind the captive portal")
def online(
    store: str, request: Request, ctx: AppContext = Depends(context), doors: Doors = Depends(doors_of)
) -> Response:
    """Where a phone comes out. Leads on to the shopper's page in the real browser."""
    ctx.plan(store)
    doors.freed.come_back(store, address_name(ctx, request))
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    query, t = request.query_params, words(language(request))
    waiting = t.way_out.waiting if "waiting" in query else ""
    return _answer_connected(ctx, request, store, shopper, blind="blind" in query, waiting=waiting)


def _answer_connected(
    ctx: AppContext, request: Request, store: str, shopper: ShopperProfile | None, *, blind: bool, waiting: str = ""
) -> Response:
    pass_url = make_pass(ctx, shopper.shopper_id, language(request)) if shopper is not None else None
    shown: dict[str, Any] = {"store": store, "store_name": ctx.plan(store).name, "pass_url": pass_url, "notice": ""}
    return page(request, "connected.html", **shown, blind=blind, waiting=waiting)


def _step_page(ctx: AppContext, request: Request, leaving: Leaving, result: LetOutResult) -> Response:
    """A link that goes on by itself, or a form with one button: no browser sends a form of ours without a tap or a
    script."""
    step = result.step
    assert step is not None
    policy = SIGN_IN_ELSEWHERE if step.method == "POST" or step.fields else CONTENT_POLICY
    return page(
        request,
        "way_out.html",
        policy=policy,
        **_frame(ctx, leaving),
        step=step,
        failure="",
        by_itself=step.method == "GET" and not step.fields,
    )


def _failed_page(ctx: AppContext, request: Request, leaving: Leaving, result: LetOutResult) -> Response:
    """Says that the network did not open and why, with a button that tries again."""
    assert result.outcome not in GOOD
    t = words(language(request))
    failure = t.let_out_failures[result.outcome]
    return page(request, "way_out.html", 502, **_frame(ctx, leaving), step=None, failure=failure, by_itself=False)


def _frame(ctx: AppContext, leaving: Leaving) -> dict[str, Any]:
    kept = {name: leaving.again[name] for name in ("phone", "door")}
    return {
        "store": leaving.store,
        "store_name": ctx.plan(leaving.store).name,
        "here": f"/w/{leaving.store}",
        "keep": "".join(f"&{name}={quote(value)}" for name, value in kept.items()),
        "again": {name: value for name, value in leaving.again.items() if value},
        "consents": leaving.consents,
        "blind": leaving.blind,
    }
