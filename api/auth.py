"""Who is calling: managers, tills and monitoring by Bearer key, managers also by the cookie that signing in sets."""

from __future__ import annotations

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.callers.cookies import MANAGER, SHOPPER, read_cookie
from api.context import AppContext, context
from api.keyring import Grant
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, address, rate_limits
from engine.errors import BusinessRefusal, NotFound
from engine.vocabulary import ProblemCode

manager_bearer = HTTPBearer(auto_error=False, scheme_name="ManagerKey", description="A key of scope `manager`.")
till_bearer = HTTPBearer(auto_error=False, scheme_name="TillKey", description="A key of scope `till`.")
health_bearer = HTTPBearer(
    auto_error=False, scheme_name="HealthKey", description="A key of scope `health` or `manager`."
)
officer_bearer = HTTPBearer(
    auto_error=False, scheme_name="OfficerKey", description="A key of scope `dpo` or `manager`."
)
manager_cookie = APIKeyCookie(
    name=MANAGER, auto_error=False, scheme_name="ManagerCookie", description="Set by signing in at /manage."
)
shopper_cookie = APIKeyCookie(
    name=SHOPPER, auto_error=False, scheme_name="ShopperCookie", description="Set by POST /v1/sessions."
)
Bearer = HTTPAuthorizationCredentials | None


class NotSignedIn(BusinessRefusal):
    """No key or cookie, or not the right one: the same answer for both."""

    code = ProblemCode.UNAUTHORIZED
    status = 401


def cookie_grant(ctx: AppContext, request: Request) -> Grant | None:
    """What the manager cookie opens: as much as the key it was got with, for as long as that key holds."""
    return ctx.keys.find_fingerprint(read_cookie(ctx, request, MANAGER))


def bearer_grant(ctx: AppContext, limits: RateLimits, request: Request, bearer: Bearer) -> Grant | None:
    """What the Bearer key opens; None without one or for a wrong one.

    A right key is never held up by what neighbours behind the same address try: 192 bits are not guessed. Wrong ones
    are counted by address. Raises TooManyRequests (429) for one too many.
    """
    if bearer is None:
        return None
    found = ctx.keys.find(bearer.credentials)
    if found is None:
        limits.spend("wrong_key", address(request), WRONG_KEYS_PER_MINUTE)
    return found


def manager_key(
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    bearer: Bearer = Depends(manager_bearer),
    _cookie: str | None = Depends(manager_cookie),
) -> Grant:
    """FastAPI dependency: lets managers of the store in the path through. Raises NotSignedIn (401), NotFound (404)."""
    grant = cookie_grant(ctx, request) if bearer is None else bearer_grant(ctx, limits, request, bearer)
    if grant is None or grant.scope != "manager":
        raise NotSignedIn("present a manager key as 'Authorization: Bearer ...' or sign in at /manage")
    store = request.path_params.get("store")
    if store is not None and not grant.covers(store):
        raise NotFound(f"no store {store!r}")
    return grant


def manager_or_nobody(
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    bearer: Bearer = Depends(manager_bearer),
    cookie: str | None = Depends(manager_cookie),
) -> Grant | None:
    """FastAPI dependency of pages: None where nobody is signed in, for the form that asks. Raises NotFound (404)."""
    try:
        return manager_key(request, ctx, limits, bearer, cookie)
    except NotSignedIn:
        return None


def officer_key(
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    bearer: Bearer = Depends(officer_bearer),
    _cookie: str | None = Depends(manager_cookie),
) -> Grant:
    """FastAPI dependency: lets data protection officers through, and managers. Raises NotSignedIn (401)."""
    grant = cookie_grant(ctx, request) if bearer is None else bearer_grant(ctx, limits, request, bearer)
    if grant is None or grant.scope not in ("dpo", "manager"):
        raise NotSignedIn("present a key of scope dpo or manager as 'Authorization: Bearer ...', or sign in at /dpo")
    return grant


def till_key(
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    bearer: Bearer = Depends(till_bearer),
) -> Grant:
    """FastAPI dependency: lets tills through and says of which store. Raises NotSignedIn (401)."""
    grant = bearer_grant(ctx, limits, request, bearer)
    if grant is None or grant.scope != "till":
        raise NotSignedIn("present a till key as 'Authorization: Bearer ...'")
    return grant


def health_grant(
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    bearer: Bearer = Depends(health_bearer),
    _cookie: str | None = Depends(manager_cookie),
) -> Grant | None:
    """FastAPI dependency: who may see more than up or not; None for everybody else."""
    grant = cookie_grant(ctx, request) if bearer is None else bearer_grant(ctx, limits, request, bearer)
    return grant if grant is not None and grant.scope in ("health", "manager") else None


def shopper_id(
    request: Request, ctx: AppContext = Depends(context), _cookie: str | None = Depends(shopper_cookie)
) -> str:
    """FastAPI dependency: the signed-in shopper's id. Raises NotSignedIn (401)."""
    found = read_cookie(ctx, request, SHOPPER)
    if found is None:
        raise NotSignedIn("sign in at the store's Wi-Fi page first")
    return found
