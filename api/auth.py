"""Who is calling: managers and tills by Bearer key, managers also by the cookie that `/manage?key=` sets."""

from __future__ import annotations

import hashlib
import hmac

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.context import AppContext, context
from api.cookies import MANAGER, SHOPPER, read_cookie
from engine.errors import BusinessRefusal
from engine.vocabulary import ProblemCode

manager_bearer = HTTPBearer(auto_error=False, scheme_name="ManagerKey", description="The site's RAYON_MANAGER_KEY.")
till_bearer = HTTPBearer(auto_error=False, scheme_name="TillKey", description="The site's RAYON_TILL_KEY.")
manager_cookie = APIKeyCookie(
    name=MANAGER, auto_error=False, scheme_name="ManagerCookie", description="Set by /manage."
)
shopper_cookie = APIKeyCookie(
    name=SHOPPER, auto_error=False, scheme_name="ShopperCookie", description="Set by POST /v1/sessions."
)


class NotSignedIn(BusinessRefusal):
    """No key or cookie, or not the right one: the same answer for both."""

    code = ProblemCode.UNAUTHORIZED
    status = 401


def same_key(given: str, right: str) -> bool:
    """Compares in constant time, whatever the lengths and characters."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(right.encode()).digest())


def key_fingerprint(key: str) -> str:
    """A short name for a presented key, for counting attempts: never the key itself."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def is_manager(ctx: AppContext, request: Request) -> bool:
    """Whether the request carries the manager cookie made with the present key (a changed key signs everybody out)."""
    return read_cookie(ctx, request, MANAGER) == key_fingerprint(ctx.secrets.manager_key)


def manager_key(
    request: Request,
    ctx: AppContext = Depends(context),
    bearer: HTTPAuthorizationCredentials | None = Depends(manager_bearer),
    _cookie: str | None = Depends(manager_cookie),
) -> str:
    """FastAPI dependency: lets managers through and returns "manager". Raises NotSignedIn (401)."""
    if bearer is not None and same_key(bearer.credentials, ctx.secrets.manager_key):
        return "manager"
    if bearer is None and is_manager(ctx, request):
        return "manager"
    raise NotSignedIn("present the manager key as 'Authorization: Bearer ...' or sign in at /manage")


def till_key(
    ctx: AppContext = Depends(context), bearer: HTTPAuthorizationCredentials | None = Depends(till_bearer)
) -> str:
    """FastAPI dependency: lets tills through and returns "till". Raises NotSignedIn (401)."""
    if bearer is not None and same_key(bearer.credentials, ctx.secrets.till_key):
        return "till"
    raise NotSignedIn("present the till key as 'Authorization: Bearer ...'")


def shopper_id(
    request: Request, ctx: AppContext = Depends(context), _cookie: str | None = Depends(shopper_cookie)
) -> str:
    """FastAPI dependency: the signed-in shopper's id. Raises NotSignedIn (401)."""
    found = read_cookie(ctx, request, SHOPPER)
    if found is None:
        raise NotSignedIn("sign in at the store's Wi-Fi page first")
    return found
