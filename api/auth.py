"""Who is calling: managers, tills and monitoring by Bearer key, managers also by the cookie that signing in sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.callers.cookies import MANAGER, PERSON, SHOPPER, read_cookie, session_digest
from api.context import AppContext, context
from api.keyring import Grant, grant_of
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, line_of, rate_limits
from api.rights import SCOPE_RIGHTS
from engine.errors import BusinessRefusal, NotFound
from engine.storage.accounts.sessions import find_signed_in
from engine.vocabulary import ProblemCode, Right

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


def cookie_grant(ctx: AppContext, request: Request, *, anew: bool = False) -> Grant | None:
    """What the manager cookie opens: what a person may now, while their session lasts; or as much as the key it was
    got with, for as long as that key holds. Looked up once a request; `anew` again, for pages that stay open. Raises
    StorageUnavailable."""
    value = read_cookie(ctx, request, MANAGER)
    if value is None or not value.startswith(PERSON):
        return ctx.keys.find_fingerprint(value)
    known: dict[str, Grant | None] = request.scope.setdefault("rayon_grants", {})
    if anew or value not in known:
        account = find_signed_in(ctx.db, session_digest(value.removeprefix(PERSON)), time.time())
        known[value] = None if account is None else grant_of(account)
    return known[value]


def account_session(ctx: AppContext, request: Request) -> str | None:
    """The id of the session by which a person is signed in here; None where there is none."""
    value = read_cookie(ctx, request, MANAGER)
    return session_digest(value.removeprefix(PERSON)) if value and value.startswith(PERSON) else None


def bearer_grant(ctx: AppContext, limits: RateLimits, request: Request, bearer: Bearer) -> Grant | None:
    """What the Bearer key opens; None without one or for a wrong one.

    A right key is never held up by what neighbours behind the same address try: 192 bits are not guessed. Wrong ones
    are counted by address. Raises TooManyRequests (429) for one too many.
    """
    if bearer is None:
        return None
    found = ctx.keys.find(bearer.credentials)
    if found is None:
        limits.spend("wrong_key", line_of(request), WRONG_KEYS_PER_MINUTE)
    return found


class Forbidden(BusinessRefusal):
    """Somebody is signed in, and may see this store, but not do this."""

    code = ProblemCode.FORBIDDEN
    status = 403


class NoStoreOfYours(BusinessRefusal):
    """Whoever asks has rights in stores, but in none that this site has, or no longer has."""

    code = ProblemCode.NO_STORE_OF_YOURS
    status = 404


Let = Callable[..., Grant]
LetOrNobody = Callable[..., Grant | None]
_needed: dict[Callable[..., Any], Right] = {}


def needs(right: Right, *, everywhere: bool = False) -> Let:
    """FastAPI dependency: lets through who has `right` in the store that the path names as `store`.

    Where the path names none, having it in any store is enough, unless it is needed `everywhere`. Raises NotSignedIn
    (401) for nobody and for a key of another scope, NotFound (404) for a store the caller has nothing to do with,
    Forbidden (403) for somebody who lacks the right. What is returned has the caller's `name`, for logs.
    """
    return _needs(right, everywhere)


def needs_or_nobody(right: Right, *, everywhere: bool = False) -> LetOrNobody:
    """The same for pages, which show the sign-in where it gives None: nobody is signed in, or with another's key."""
    return _needs_or_nobody(right, everywhere)


def may_have(right: Right) -> LetOrNobody:
    """FastAPI dependency of what is for everybody, and says more to those who have `right` in any store; else None."""
    return _may_have(right)


def find_right(dependency: Callable[..., Any] | None) -> Right | None:
    """The right without which a dependency lets nobody through; None for any other dependency."""
    return None if dependency is None else _needed.get(dependency)


def check_right(grant: Grant, right: Right, store: str | None) -> Grant:
    """Raises unless the caller has `right` in `store` (None: in all), as `needs`: for stores named in a body."""
    if grant.may(right, store):
        return grant
    if store is not None and not grant.covers(store):
        raise NotFound(f"no store {store!r}")
    raise refusal(grant, right)


def refusal(grant: Grant | None, right: Right) -> BusinessRefusal:
    """Why not: to a person that they may not, to everybody else that they are nobody."""
    if grant is not None and grant.scope is None:
        return Forbidden(f"this needs the right {right}")
    scopes = " or ".join(scope for scope, rights in SCOPE_RIGHTS.items() if right in rights)
    with_key = f"present a key of scope {scopes} as 'Authorization: Bearer ...' or " if scopes else ""
    return NotSignedIn(f"{with_key}sign in at /manage")


@cache
def _needs(right: Right, everywhere: bool) -> Let:
    def let_through(
        request: Request,
        ctx: AppContext = Depends(context),
        limits: RateLimits = Depends(rate_limits),
        bearer: Bearer = Depends(_bearer(right)),
        _cookie: str | None = Depends(manager_cookie),
    ) -> Grant:
        grant = caller(ctx, limits, request, bearer)
        store = request.path_params.get("store")
        if grant is None or not grant.may_somewhere(right):
            if grant is not None and store is not None and grant.scope is None and not grant.covers(store):
                raise NotFound(f"no store {store!r}")
            raise refusal(grant, right)
        if store is not None or everywhere:
            return check_right(grant, right, store)
        return grant

    _needed[let_through] = right
    return let_through


def person(
    request: Request, ctx: AppContext = Depends(context), _cookie: str | None = Depends(manager_cookie)
) -> Grant | None:
    """FastAPI dependency of pages: who is signed in by an account, whatever they may; None for nobody and for keys."""
    grant = cookie_grant(ctx, request)
    return grant if grant is not None and grant.scope is None else None


@cache
def _needs_or_nobody(right: Right, everywhere: bool) -> LetOrNobody:
    inner = _needs(right, everywhere)

    def let_through(
        request: Request,
        ctx: AppContext = Depends(context),
        limits: RateLimits = Depends(rate_limits),
        bearer: Bearer = Depends(_bearer(right)),
        cookie: str | None = Depends(manager_cookie),
    ) -> Grant | None:
        try:
            return inner(request, ctx, limits, bearer, cookie)
        except NotSignedIn:
            return None

    _needed[let_through] = right
    return let_through


@cache
def _may_have(right: Right) -> LetOrNobody:
    def look(
        request: Request,
        ctx: AppContext = Depends(context),
        limits: RateLimits = Depends(rate_limits),
        bearer: Bearer = Depends(_bearer(right)),
        _cookie: str | None = Depends(manager_cookie),
    ) -> Grant | None:
        grant = caller(ctx, limits, request, bearer)
        return grant if grant is not None and grant.may_somewhere(right) else None

    return look


def caller(ctx: AppContext, limits: RateLimits, request: Request, bearer: Bearer) -> Grant | None:
    """Whoever calls: by the Bearer key where one is shown, else by the cookie. Raises TooManyRequests (429)."""
    return cookie_grant(ctx, request) if bearer is None else bearer_grant(ctx, limits, request, bearer)


def _bearer(right: Right) -> HTTPBearer:
    """How the OpenAPI document calls the key that has a right: the scope that opens least."""
    if right is Right.USE_TILLS:
        return till_bearer
    if right is Right.SEE_HEALTH:
        return health_bearer
    return officer_bearer if right is Right.SEE_PRIVACY else manager_bearer


def shopper_id(
    request: Request, ctx: AppContext = Depends(context), _cookie: str | None = Depends(shopper_cookie)
) -> str:
    """FastAPI dependency: the signed-in shopper's id. Raises NotSignedIn (401)."""
    found = read_cookie(ctx, request, SHOPPER)
    if found is None:
        raise NotSignedIn("sign in at the store's Wi-Fi page first")
    return found


def list_route_rights(app: FastAPI) -> dict[str, tuple[Right, ...]]:
    """Which rights each route of the application asks for, as `GET /v1/stores`: all of them, and none where it asks
    for none. Made from the routes themselves: nobody keeps it up to date."""
    found: dict[str, tuple[Right, ...]] = {}
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        asked = [] if dependant is None else [find_right(d.call) for d in _all(dependant)]
        for method in sorted((route.methods or {"*"}) - {"HEAD"}):
            found[f"{method} {route.path}"] = tuple(sorted({right for right in asked if right is not None}))
    return found


def _all(dependant: Dependant) -> Iterator[Dependant]:
    """The dependencies of a route, and theirs."""
    for inner in dependant.dependencies:
        yield inner
        yield from _all(inner)
