"""One's own account: what one may do, the password, and where one is signed in."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.accounts.entering import spend_try
from api.accounts.shown import show_roles, show_sessions
from api.accounts.sign_in import Password
from api.auth import account_session, person
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import ACCOUNT, STAFF, TILL, home_of, sign_in_page
from api.pages import page
from api.ratelimits import RateLimits, rate_limits
from api.texts.catalogue import words
from api.texts.language import language
from engine.privacy.passwords import fits, flaw_of, hash_password
from engine.storage.accounts import sessions
from engine.storage.accounts.people import get_account
from engine.vocabulary import PasswordFlaw, Right

pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
Person = Annotated[Grant | None, Depends(person)]


@pages.get(ACCOUNT, summary="My account in the console")
def account_page(request: Request, me: Person, ctx: AppContext = Depends(context)) -> Response:
    """Roles, password, sessions, sign-out; works without scripts. Asks to sign in where nobody is, by an account."""
    return sign_in_page(request, ACCOUNT) if me is None else _page(ctx, request, me)


@pages.post(f"{ACCOUNT}/password", summary="Change my password")
def change_password(
    request: Request,
    me: Person,
    old: Password,
    new: Password,
    again: Password,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Takes the old one, too: whoever finds a browser signed in does not get the account. Every other session ends."""
    if me is None:
        return sign_in_page(request, ACCOUNT)
    spend_try(ctx, limits, request, me.name)
    t = words(language(request))
    found = sessions.password_of(ctx.db, me.name)
    if found is None or not fits(found[1], old):
        return _page(ctx, request, me, t.account.old_wrong, 422)
    mine = get_account(ctx.db, me.account_id, time.time())
    flaw = flaw_of(new, [mine.name, mine.email]) if new == again else PasswordFlaw.DIFFERENT
    if flaw is not None:
        return _page(ctx, request, me, t.password_flaws[flaw], 422)
    here = account_session(ctx, request) or ""
    sessions.change_password(ctx.db, me.account_id, hash_password(new), here, time.time())
    return _page(ctx, request, me, t.account.changed)


@pages.post(f"{ACCOUNT}/sessions", summary="End sessions of mine")
def end_sessions(
    request: Request,
    me: Person,
    session_id: Annotated[str, Form(max_length=64)] = "",
    ctx: AppContext = Depends(context),
) -> Response:
    """Ends one, or all of them where none is named: this one, too."""
    if me is None:
        return sign_in_page(request, ACCOUNT)
    sessions.end_sessions(ctx.db, me.actor, me.account_id, time.time(), session_id or None)
    return RedirectResponse(f"{ACCOUNT}?lang={language(request)}", 303)


def _page(ctx: AppContext, request: Request, me: Grant, notice: str = "", status: int = 200) -> Response:
    lang, now = language(request), time.time()
    mine = get_account(ctx.db, me.account_id, now)
    shown: dict[str, Any] = {
        "name": mine.name,
        "email": mine.email,
        "has_password": mine.has_password,
        "roles": show_roles(ctx, mine.roles, lang),
        "sessions": show_sessions(ctx, mine, account_session(ctx, request), lang, now),
        "home": home_of(me),
        "tills": me.may_somewhere(Right.USE_TILLS) and home_of(me) != TILL,
        "stores": me.may_somewhere(Right.COMPARE_STORES),
        "serves": me.may_somewhere(Right.SERVE_SHOPPERS) and home_of(me) != STAFF,
        "people": me.may_somewhere(Right.MANAGE_PEOPLE),
        "audit": me.may_somewhere(Right.SEE_AUDIT),
    }
    return page(request, "account.html", status, here=ACCOUNT, notice=notice, **shown)
