"""Signing somebody in to the console in this browser, and how often a password may be tried.

An account is an attacker's target by its name alone, and a shop's address is a crowd's. So tries are counted by account
and browser where that browser has signed in as that account before (a signed cookie says so): nobody else's tries count
there. All other browsers share a bound by account, by the minute and by the day, and one by address.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass

from fastapi import Request, Response

from api.auth import account_session
from api.callers.cookies import DEVICE, MANAGER, PERSON, read_cookie, session_digest, set_cookie
from api.callers.labels import label_of
from api.context import AppContext
from api.ratelimits import (
    DAY_S,
    PASSWORDS_OF_ADDRESS_PER_MINUTE,
    PASSWORDS_PER_DAY,
    PASSWORDS_PER_DEVICE_PER_MINUTE,
    PASSWORDS_PER_MINUTE,
    RateLimits,
    TooManyRequests,
    line_of,
)
from engine.storage.accounts import sessions
from engine.storage.accounts.people import sign_in_name

MOST_REMEMBERED = 8  # accounts that have signed in in one browser, as at a shared desk


@dataclass(frozen=True, slots=True)
class Desk:
    """A browser, by a number of chance, and who has signed in there: digests of names."""

    number: str
    known: tuple[str, ...] = ()


def enter(ctx: AppContext, request: Request, response: Response, account_id: str, name: str, how: str) -> bool:
    """Signs this browser in as an account, and out of what it was. False where the account is closed."""
    now, secret = time.time(), secrets.token_hex(16)
    was = account_session(ctx, request)
    if not sessions.open_session(ctx.db, account_id, session_digest(secret), label_of(request), how, now):
        return False
    if was is not None:
        sessions.sign_out(ctx.db, was, now)
    set_cookie(ctx, response, MANAGER, PERSON + secret)
    remember(ctx, request, response, name)
    return True


def remember(ctx: AppContext, request: Request, response: Response, name: str) -> None:
    """This browser is one of an account's from now on."""
    desk, digest = _desk(ctx, request), _digest(ctx, name)
    known = (digest, *(other for other in desk.known if other != digest))[:MOST_REMEMBERED]
    set_cookie(ctx, response, DEVICE, json.dumps([desk.number, *known]))


def spend_try(ctx: AppContext, limits: RateLimits, request: Request, name: str) -> None:
    """Counts a try at the password of `name`, whether or not anybody is called so, before it is looked at. Raises
    TooManyRequests."""
    desk, digest = _desk(ctx, request), _digest(ctx, name)
    if digest in desk.known:
        limits.spend("password_device", f"{digest} {desk.number}", PASSWORDS_PER_DEVICE_PER_MINUTE)
        return
    limits.spend("password_address", line_of(request), PASSWORDS_OF_ADDRESS_PER_MINUTE)
    limits.spend("password_name", digest, PASSWORDS_PER_MINUTE)
    if not limits.shared.may("password_name", digest, PASSWORDS_PER_DAY, DAY_S):
        raise TooManyRequests(int(DAY_S))


def _desk(ctx: AppContext, request: Request) -> Desk:
    kept = read_cookie(ctx, request, DEVICE)
    number, *known = json.loads(kept) if kept else [secrets.token_hex(8)]
    return Desk(number, tuple(known))


def _digest(ctx: AppContext, name: str) -> str:
    """A name as cookies and counters have it."""
    key = ctx.secrets.derive_key("names of accounts")
    return hmac.new(key, (sign_in_name(name) or "").encode(), hashlib.sha256).hexdigest()[:16]
