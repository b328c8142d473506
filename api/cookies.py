"""Cookies of shopper and manager, signed, not readable by scripts. None is set before somebody chose or signed in."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from api.context import AppContext
from engine.privacy.secrets import Secrets

SHOPPER = "rayon_shopper"
MANAGER = "rayon_manager"
GUEST = "rayon_guest"
"""A coupon's, of somebody who has no profile: set when they ask for it."""
LIFETIME_S = {SHOPPER: 180 * 86_400, MANAGER: 12 * 3600, GUEST: 90 * 86_400}


def signer(ctx: AppContext, purpose: str) -> URLSafeTimedSerializer:
    """Signs small values for one purpose; a value signed for another purpose is refused."""
    return _signer(ctx.secrets, purpose)


def sign(secrets: Secrets, purpose: str, value: Any) -> str:
    """A small value, signed for one purpose by whoever holds the site's secrets."""
    return str(_signer(secrets, purpose).dumps(value))


def _signer(secrets: Secrets, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secrets.derive_key(f"signed:{purpose}"), salt=purpose)


def read_signed(ctx: AppContext, purpose: str, text: str | None, max_age_s: int) -> Any | None:
    """The value signed as `text`, or None when absent, forged or older than `max_age_s`."""
    if not text:
        return None
    try:
        return signer(ctx, purpose).loads(text, max_age=max_age_s)
    except BadData:
        return None


def read_cookie(ctx: AppContext, request: Request, name: str) -> str | None:
    """The text in the signed cookie `name`, or None."""
    value = read_signed(ctx, name, request.cookies.get(name), LIFETIME_S[name])
    return value if isinstance(value, str) else None


def set_cookie(ctx: AppContext, response: Response, name: str, value: str) -> None:
    """Signs `value` into the cookie `name`. Lax: sent on a link from elsewhere, never on a write from elsewhere."""
    response.set_cookie(
        name,
        signer(ctx, name).dumps(value),
        max_age=LIFETIME_S[name],
        httponly=True,
        samesite="lax",
        secure=ctx.config.api.secure_cookies,
        path="/",
    )


def drop_cookie(ctx: AppContext, response: Response, name: str) -> None:
    """Makes the browser forget the cookie `name`."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=ctx.config.api.secure_cookies)
