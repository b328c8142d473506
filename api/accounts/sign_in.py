"""Signing in to the console by name and password. The answer is the same whether anybody has the name."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.accounts.entering import enter, spend_try
from api.callers.labels import label_of
from api.context import AppContext, context
from api.manager_login import PASSWORD_SIGN_IN, PREFIX, inside, sign_in_page
from api.ratelimits import RateLimits, rate_limits
from engine.privacy.passwords import MOST_CHARS, fits, hash_password, is_weak_hash
from engine.storage.accounts import sessions
from engine.storage.accounts.people import NAME_CHARS

pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
Name = Annotated[str, Form(max_length=NAME_CHARS * 2)]
Password = Annotated[str, Form(max_length=MOST_CHARS * 2)]


@pages.post(PASSWORD_SIGN_IN, summary="Sign in to the console by name and password")
def sign_in(
    request: Request,
    name: Name,
    password: Password,
    to: Annotated[str, Form(max_length=2000)] = PREFIX,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Goes on to where the form wanted to, or says that name or password is wrong: in the same words and after the same
    work for a name that nobody has, and for an account that is closed or has no password yet."""
    spend_try(ctx, limits, request, name)
    to, found = inside(to), sessions.password_of(ctx.db, name)
    account_id, kept = found or ("", None)
    if not fits(kept, password):
        sessions.note_failure(ctx.db, account_id, label_of(request), time.time())
        return sign_in_page(request, to, wrong="password")
    if kept is not None and is_weak_hash(kept):
        sessions.keep_hash(ctx.db, account_id, kept, hash_password(password))
    response = RedirectResponse(to, 303)
    if not enter(ctx, request, response, account_id, name, "password"):
        return sign_in_page(request, to, wrong="password")
    return response
