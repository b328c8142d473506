"""RFC 8908: what a phone's system asks before it shows anybody a page, at the address that DHCP option 114 names."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from api.context import AppContext, context
from api.portal.doors import Doors, doors_of
from api.portal.freed import address_name
from engine.ingest.portals.capport import MEDIA_TYPE, capport_body

router = APIRouter(tags=["shoppers"])


class CaptiveAnswer(JSONResponse):
    """JSON under the media type of RFC 8908."""

    media_type = MEDIA_TYPE


@router.get("/captive/{store}", summary="Captive portal API (RFC 8908)", response_class=CaptiveAnswer)
def captive(
    store: str, request: Request, ctx: AppContext = Depends(context), doors: Doors = Depends(doors_of)
) -> CaptiveAnswer:
    """Whether the phone at the caller's address is captive, as far as this process knows; where to sign in, and where
    the shop's offers are. For the DHCP option 114, and for DHCPv6 103 and router advertisements 37 likewise."""
    ctx.plan(store)
    left = doors.freed.seconds_left(store, address_name(ctx, request), time.time())
    body = capport_body(left is None, f"{ctx.public_url}/w/{store}", f"{ctx.public_url}/me", left)
    return CaptiveAnswer(body, headers={"Cache-Control": "private"})
