"""Signing a browser in and out: a cookie that names a session, which its owner can see and end from elsewhere."""

from __future__ import annotations

import secrets
import time

from fastapi import Request, Response

from api.callers.cookies import (
    ASKED,
    GUEST,
    SHARED,
    SHOPPER,
    drop_cookie,
    read_cookie,
    session_digest,
    session_of,
    set_cookie,
)
from api.callers.labels import label_of
from api.context import AppContext
from engine.storage.people.browsers import end_session, is_shared, keep_session


def sign_in_browser(
    ctx: AppContext,
    request: Request,
    response: Response,
    shopper_id: str,
    *,
    shared: bool = False,
    secret: str | None = None,
) -> None:
    """This browser is signed in as this shopper, and as nobody else any more; `shared`: until it is closed, at most for
    a visit. A shared one stays so by whatever its user signs in, and is marked for who
    comes after it was closed. `secret` is that of a sign-in that may be repeated."""
    was = session_of(ctx, request)
    shared = shared or (was is not None and is_shared(ctx.db, was))
    if shared:
        set_cookie(ctx, response, SHARED, "1")
    elif is_marked_shared(ctx, request):
        drop_cookie(ctx, response, SHARED)
    secret = open_session(ctx, request, shopper_id, shared=shared, secret=secret)
    set_cookie(ctx, response, SHOPPER, f"{shopper_id}.{secret}", lasts=not shared)


def is_marked_shared(ctx: AppContext, request: Request) -> bool:
    """Whether somebody said that others use this browser, too, whether or not it was closed since."""
    return read_cookie(ctx, request, SHARED) is not None


def open_session(
    ctx: AppContext, request: Request, shopper_id: str, *, shared: bool = False, secret: str | None = None
) -> str:
    """Writes the session down, and gives the secret of its cookie."""
    was, secret = session_of(ctx, request), secret or secrets.token_hex(16)
    now, label = time.time(), label_of(request)
    keep_session(ctx.db, session_digest(secret), shopper_id, label, now, shared=shared, was=was)
    return secret


def sign_out_browser(ctx: AppContext, request: Request, response: Response) -> None:
    """Nobody is signed in here any more, and nothing of theirs is left in the browser."""
    session_id = session_of(ctx, request)
    if session_id is not None:
        end_session(ctx.db, session_id)  # whoever's it has become: who has the cookie may end it
    for name in (SHOPPER, GUEST, ASKED):
        drop_cookie(ctx, response, name)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
