"""WiFiDog's side of the portal, as Ruijie speaks it: the gateway asks whether the token that a phone brings is good.

The token holds its own end and is sealed by the site's key, so that any process answers, and nothing is kept.
"""

from __future__ import annotations

import hmac
import re
import time

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from api.context import AppContext, context
from engine.ingest.portals.spellings import mac_digits
from engine.privacy.secrets import Secrets

router = APIRouter(tags=["pages"], default_response_class=PlainTextResponse)
_TOKEN = re.compile(r"([0-9]{1,12})-([0-9a-f]{32})")


def gateway_token(secrets: Secrets, store: str, mac: str, until: float) -> str:
    """What lets this phone out of this store's gateway, until then (s UTC)."""
    return f"{int(until)}-{_digest(secrets, store, mac_digits(mac) or '', int(until))}"


def is_good(secrets: Secrets, store: str, mac: str, token: str, now: float) -> bool:
    """Whether the token is ours, for this phone, and not over."""
    found = _TOKEN.fullmatch(token)
    if found is None or int(found[1]) <= now:
        return False
    right = _digest(secrets, store, mac_digits(mac) or "", int(found[1]))
    return hmac.compare_digest(right, found[2])


@router.get("/w/{store}/auth/", summary="A WiFiDog gateway asks about a token")
def auth(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """`Auth: 1` for a token of ours that is not over, at the sign-in and at every count after it; else `Auth: 0`."""
    ctx.plan(store)
    said = request.query_params
    good = is_good(ctx.secrets, store, said.get("mac", ""), said.get("token", ""), time.time())
    return PlainTextResponse(f"Auth: {int(good)}")


@router.get("/w/{store}/ping/", summary="A WiFiDog gateway asks whether we are there")
def ping(store: str, ctx: AppContext = Depends(context)) -> Response:
    """`Pong`, as its protocol has it."""
    ctx.plan(store)
    return PlainTextResponse("Pong")


@router.get("/w/{store}/portal/", summary="A WiFiDog gateway let a phone out")
def portal(store: str, ctx: AppContext = Depends(context)) -> Response:
    """On to the page behind the captive portal."""
    ctx.plan(store)
    return RedirectResponse(f"/w/{store}/online", 303)


def _digest(secrets: Secrets, store: str, digits: str, until: int) -> str:
    key = secrets.derive_key("wifidog tokens")
    return hmac.digest(key, f"{store}|{digits}|{until}".encode(), "sha256").hex()[:32]
