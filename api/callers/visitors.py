"""Who opens a shared link, known by keyed digests only: proved phone, shopper, address. No cookie is set for it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

from fastapi import Request, Response

from api.callers.cookies import GUEST, SHOPPER, drop_cookie, read_cookie
from api.context import AppContext
from api.ratelimits import (
    DAY_S,
    NEW_SIGN_INS_PER_MINUTE,
    SIGN_INS_PER_MINUTE,
    STRANGERS_SIGN_INS_PER_MINUTE,
    RateLimits,
    line_of,
)
from engine.loyalty.humans import header_signals
from engine.loyalty.sharing import Visitor, is_preview
from engine.records import device_hex
from engine.storage.loyalty import friends
from engine.storage.loyalty.friends import recognise
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.phones import phone_of
from engine.storage.vouchers.guests import adopt_guest

GUESTS_OF_A_LINK_PER_DAY = 5
"""Of one line: a household, or the friends who stand in the shop together."""

GUESTS_PER_DAY = 100
"""Of one line, by all links."""

OPENED = r"^[0-9a-f]{32}$"
"""The random name of one opening: stands in the link to the sign-in page, and nowhere else outside the database."""


def visitor_of(ctx: AppContext, request: Request, store: str, opening: str | None = None) -> Visitor:
    """The opener behind `request`; `opening` is the random name of this opening, by which they may be known later."""
    agent = request.headers.get("user-agent", "")[:400]
    shopper_id = read_cookie(ctx, request, SHOPPER)
    device = None if shopper_id is None else phone_of(ctx.db, shopper_id, store)
    guest = read_cookie(ctx, request, GUEST)
    name = None if opening is None else _digest(ctx, "opening", opening)
    return Visitor(
        cookie_id=name if guest is None else guest_digest(ctx, guest),
        device_hash=_digest(ctx, "device", device_hex(device)) if device is not None else None,
        address_hash=_digest(ctx, "address", line_of(request)),
        user_agent=agent,
        is_preview=is_preview(agent, request.method, request.headers),
        shopper_id=shopper_id,
        signals=header_signals(agent, request.headers),
        guest=guest is not None,
    )


def who_taps(ctx: AppContext, request: Request, store: str, opening: str | None, guest: str | None) -> Visitor:
    """Who asks for the coupon of a link, on a page whose opening had this name, if any; `guest` is the cookie that
    they get for it, None for whoever is signed in."""
    found = visitor_of(ctx, request, store, opening)
    return replace(
        found,
        cookie_id=found.cookie_id if guest is None else guest_digest(ctx, guest),
        is_preview=is_preview(found.user_agent, "GET", request.headers),
        guest=guest is not None,
        tapped=True,
        opened=None if opening is None else _digest(ctx, "opening", opening),
    )


def guest_digest(ctx: AppContext, guest: str) -> str:
    """A guest's cookie as the database knows it."""
    return _digest(ctx, "guest", guest)


def guest_id(ctx: AppContext, guest: str) -> str:
    """What a guest's coupons say of their owner."""
    return friends.GUEST + guest_digest(ctx, guest)


def recognise_friend(
    ctx: AppContext, request: Request, response: Response, opening: str | None, shopper_id: str
) -> None:
    """Who opened a link has signed in from its page: whoever shared it gains from what this shopper redeems. What this
    browser took as a guest is in the profile's wallet from now on, and its cookie goes."""
    if opening:
        recognise(ctx.db, shopper_id, _digest(ctx, "opening", opening))
    guest = read_cookie(ctx, request, GUEST)
    if guest is not None:
        recognise(ctx.db, shopper_id, guest_digest(ctx, guest))
        adopt_guest(ctx.db, guest_id(ctx, guest), shopper_id)
        drop_cookie(ctx, response, GUEST)


def spend_sign_in(ctx: AppContext, limits: RateLimits, request: Request, phone: PhoneClaim, *, keeps: bool) -> None:
    """Counts a sign-in of this shopper, or of this phone where the controller signed for it; `keeps` says whether
    something is kept of it.

    A phone that is only claimed is a stranger's: else whoever names a MAC could use up what its owner may do, and learn
    from it whether the owner was here. Raises TooManyRequests, and the neighbours do not notice.
    """
    known = read_cookie(ctx, request, SHOPPER)
    signed = phone.device if phone.redirect else None
    mine = known or (device_hex(signed) if signed is not None else None)
    if mine is None and keeps:
        limits.spend("sign_in_stranger", line_of(request), STRANGERS_SIGN_INS_PER_MINUTE)
    elif mine is not None:
        limits.spend("sign_in", mine, SIGN_INS_PER_MINUTE)
    if known is None:
        limits.spend("sign_in_new", line_of(request), NEW_SIGN_INS_PER_MINUTE)


def spend_share_open(ctx: AppContext, limits: RateLimits, request: Request, token: str) -> None:
    """Counts an opening by this shopper; of those not signed in, by link and by address. Raises TooManyRequests."""
    per_minute = ctx.config.api.share_opens_per_minute
    mine = read_cookie(ctx, request, SHOPPER)
    if mine is not None:
        limits.spend("share", mine, per_minute)
    else:
        limits.spend("share_link", f"{line_of(request)} {token}", per_minute)
        limits.spend("share_stranger", line_of(request), per_minute * 10)


def may_be_guest(limits: RateLimits, request: Request, token: str) -> bool:
    """Counts somebody without any cookie who asks for the coupon of a link open to anyone; whether they get it so.

    Whoever throws cookies away is a new guest each time, so their line is counted: few of one link, and as many in all
    as a shop's guests may be, who have one address. Beyond that a coupon asks for a sign-in, and nobody is refused.
    """
    network = line_of(request)
    of_link = limits.shared.may("guest_link", f"{network} {token}", GUESTS_OF_A_LINK_PER_DAY, DAY_S)
    return of_link and limits.shared.may("guest", network, GUESTS_PER_DAY, DAY_S)


def _digest(ctx: AppContext, kind: str, value: str) -> str:
    return hmac.new(ctx.secrets.derive_key(f"visitor-{kind}"), value.encode(), hashlib.sha256).hexdigest()[:32]
