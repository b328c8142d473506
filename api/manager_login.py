"""The managers' door: every page under /manage needs the cookie; `?key=` gets it and leaves the address at once."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import is_manager, key_fingerprint, same_key
from api.context import AppContext, context
from api.cookies import MANAGER, drop_cookie, set_cookie
from api.pages import page
from api.problems import for_reader, problem
from api.ratelimits import KEY_ATTEMPTS_PER_MINUTE, RateLimits, TooManyRequests, address, rate_limits

PREFIX = "/manage"
SIGN_IN = "/manage/sign-in"
router = APIRouter(tags=["pages"], include_in_schema=False)


class ManagerDoor:
    """ASGI middleware in front of whatever is mounted under /manage."""

    def __init__(self, app: ASGIApp, ctx: AppContext, limits: RateLimits) -> None:
        self._app = app
        self._ctx = ctx
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        inside = scope["type"] == "http" and (path == PREFIX or path.startswith(PREFIX + "/")) and path != SIGN_IN
        if not inside:
            await self._app(scope, receive, send)
            return
        answer = self._stop(Request(scope))
        await (answer or self._app)(scope, receive, send)

    def _stop(self, request: Request) -> Response | None:
        """What to answer instead of the page; None lets the request through."""
        given = request.query_params.get("key")
        if given is not None:
            return self._with_key(request, given)
        if is_manager(self._ctx, request):
            return None
        return sign_in_page(request, request.url.path)

    def _with_key(self, request: Request, given: str) -> Response:
        try:
            self._limits.spend("manager_key", address(request), KEY_ATTEMPTS_PER_MINUTE)
        except TooManyRequests as refusal:
            wait = {"Retry-After": str(refusal.retry_after_s)}
            return for_reader(request, problem(429, refusal.code, refusal.detail, headers=wait), refusal.code)
        if not same_key(given, self._ctx.secrets.manager_key):
            return sign_in_page(request, request.url.path, wrong=True)
        rest = urlencode([(k, v) for k, v in parse_qsl(request.url.query) if k != "key"])
        return sign_in_response(self._ctx, request.url.path + (f"?{rest}" if rest else ""))


@router.post(SIGN_IN)
def sign_in(
    request: Request,
    key: str = Form(max_length=200),
    to: str = Form(PREFIX, max_length=200),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Takes the key from the form and goes where the manager wanted to."""
    limits.spend("manager_key", address(request), KEY_ATTEMPTS_PER_MINUTE)
    to = to if to == PREFIX or to.startswith(PREFIX + "/") else PREFIX
    if not same_key(key, ctx.secrets.manager_key):
        return sign_in_page(request, to, wrong=True)
    return sign_in_response(ctx, to)


@router.post("/manage-sign-out")
def sign_out(ctx: AppContext = Depends(context)) -> Response:
    """Forgets the manager in this browser."""
    response = RedirectResponse(PREFIX, 303)
    drop_cookie(ctx, response, MANAGER)
    return response


def sign_in_response(ctx: AppContext, to: str) -> Response:
    """Goes to `to`, a path of ours, with the cookie."""
    response = RedirectResponse(to, 303)
    set_cookie(ctx, response, MANAGER, key_fingerprint(ctx.secrets.manager_key))
    return response


def sign_in_page(request: Request, to: str, *, wrong: bool = False) -> Response:
    """The form that asks for the key."""
    return page(request, "manager_sign_in.html", 401, to=to, here=to, wrong=wrong, action=SIGN_IN)
