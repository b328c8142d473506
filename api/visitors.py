"""Who opens a shared link, known by keyed digests only: browser cookie, phone where known, address."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import Request, Response

from api.context import AppContext
from api.cookies import SHOPPER, VISITOR, read_cookie, set_cookie
from api.devices import signed_in_device
from api.ratelimits import address
from engine.loyalty.sharing import Visitor, is_preview
from engine.records import device_hex
from engine.storage.loyalty.friends import recognise


def visitor_of(ctx: AppContext, request: Request, store: str, cookie: str) -> Visitor:
    """The opener behind `request`; `cookie` is their browser's id, old or just made."""
    agent = request.headers.get("user-agent", "")[:400]
    device = signed_in_device(ctx, request, store)
    return Visitor(
        cookie_id=_digest(ctx, "cookie", cookie),
        device_hash=_digest(ctx, "device", device_hex(device)) if device is not None else None,
        address_hash=_digest(ctx, "address", address(request)),
        user_agent=agent,
        is_preview=is_preview(agent, request.method, request.headers),
        shopper_id=read_cookie(ctx, request, SHOPPER),
    )


def browser_id(ctx: AppContext, request: Request) -> tuple[str, bool]:
    """The browser's random id, and whether it is new (then `keep_browser_id` must set it)."""
    known = read_cookie(ctx, request, VISITOR)
    return (known, False) if known is not None else (secrets.token_hex(16), True)


def recognise_friend(ctx: AppContext, request: Request, shopper_id: str) -> None:
    """This browser is this shopper's: whoever shared a link that it opened gains from what the shopper redeems."""
    known = read_cookie(ctx, request, VISITOR)
    if known is not None:
        recognise(ctx.db, shopper_id, _digest(ctx, "cookie", known))


def keep_browser_id(ctx: AppContext, response: Response, browser: str) -> None:
    """Leaves the id with the browser, signed."""
    set_cookie(ctx, response, VISITOR, browser)


def _digest(ctx: AppContext, kind: str, value: str) -> str:
    return hmac.new(ctx.secrets.derive_key(f"visitor-{kind}"), value.encode(), hashlib.sha256).hexdigest()[:32]
