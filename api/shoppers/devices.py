"""Which phone is signing in: the MAC that the captive portal tells us, turned into a pseudonym before anything else.

Controllers spell it differently, and the query is not signed: a visitor can put any MAC there. What that buys is
bounded by the store's own rule that a device linked to one profile is refused to another.
"""

from __future__ import annotations

from fastapi import Request, Response

from api.context import AppContext
from api.cookies import read_signed, signer
from engine.plan.model import Plan, ap_key
from engine.privacy.pseudonyms import Pseudonyms, normal_mac
from engine.records import DeviceId, device_from_hex, device_hex

SPELLINGS = ("client_mac", "clientMac", "id", "mac")
"""Query parameters that hold the phone's MAC, in the order tried: Meraki and Cisco, Omada, UniFi, Aruba. The bare `mac`
comes last, and only where no other is present, because Ruckus means its access point by it."""

COOKIE = "rayon_device"  # the pseudonym, kept by the phone alone until its owner wants offers
COOKIE_LIFETIME_S = 180 * 86_400


def device_of(ctx: AppContext, plan: Plan, mac: str | None) -> DeviceId | None:
    """The stable pseudonym of a phone's MAC; None for no MAC (some controllers encrypt it) or an access point's own."""
    if not mac:
        return None
    try:
        bare = normal_mac(mac)
    except ValueError:
        return None
    if ap_key(bare) in plan.ap_index:
        return None
    return Pseudonyms(ctx.secrets.site_key).stable(bare)


def device_of_query(ctx: AppContext, plan: Plan, request: Request) -> DeviceId | None:
    """The pseudonym of the phone that a captive portal's redirect names."""
    for name in SPELLINGS:
        if name in request.query_params:
            return device_of(ctx, plan, request.query_params[name])
    return None


def keep_device(ctx: AppContext, response: Response, store: str, device: DeviceId) -> None:
    """Leaves the pseudonym, signed and for this store, with the phone itself."""
    response.set_cookie(
        COOKIE,
        signer(ctx, COOKIE).dumps([store, device_hex(device)]),
        max_age=COOKIE_LIFETIME_S,
        httponly=True,
        samesite="lax",
        secure=ctx.config.api.secure_cookies,
        path="/",
    )


def kept_device(ctx: AppContext, request: Request, store: str) -> DeviceId | None:
    """The pseudonym that this phone was left with at its last visit to this store's portal."""
    value = read_signed(ctx, COOKIE, request.cookies.get(COOKIE), COOKIE_LIFETIME_S)
    if isinstance(value, list) and len(value) == 2 and value[0] == store:
        return device_from_hex(str(value[1]))
    return None
