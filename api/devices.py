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
from engine.storage.shoppers import linked_devices

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


def keep_device(ctx: AppContext, response: Response, store: str, device: DeviceId, owner: str = "") -> None:
    """Leaves the pseudonym, signed and for this store, with the phone itself.

    `owner` is the shopper whose sign-in linked it. Without one the phone is only claimed: a MAC in a query proves
    nothing, so that a claim can ask for a link, but never cut somebody else's.
    """
    response.set_cookie(
        COOKIE,
        signer(ctx, COOKIE).dumps([store, device_hex(device), owner]),
        max_age=COOKIE_LIFETIME_S,
        httponly=True,
        samesite="lax",
        secure=ctx.config.api.secure_cookies,
        path="/",
    )


def kept_device(ctx: AppContext, request: Request, store: str) -> DeviceId | None:
    """The pseudonym that this phone was left with at its last visit to this store's portal: a claim."""
    kept = _read(ctx, request, store)
    return None if kept is None else kept[0]


def signed_in_device(ctx: AppContext, request: Request, store: str) -> DeviceId | None:
    """The phone of this browser, if somebody signed in with it here: more than a claim."""
    kept = _read(ctx, request, store)
    return kept[0] if kept is not None and kept[1] else None


def owned_device(ctx: AppContext, request: Request, store: str, owner: str | None = None) -> DeviceId | None:
    """The phone of this browser, if its owner (who is `owner`, where given) linked it by a sign-in and still does."""
    kept = _read(ctx, request, store)
    if kept is None or not kept[1] or owner not in (None, kept[1]):
        return None
    link = linked_devices(ctx.db, store).get(int(kept[0]))
    return kept[0] if link is not None and link.shopper_id == kept[1] else None


def _read(ctx: AppContext, request: Request, store: str) -> tuple[DeviceId, str] | None:
    value = read_signed(ctx, COOKIE, request.cookies.get(COOKIE), COOKIE_LIFETIME_S)
    if isinstance(value, list) and len(value) == 3 and value[0] == store:
        return device_from_hex(str(value[1])), str(value[2])
    return None
