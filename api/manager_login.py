"""The managers' door: every page under /manage needs the cookie. It is got by a key in a form, or by a one-time link.

A key never stands in an address. A link holds a signed word that works once, for ten minutes, and leaves the address
at once; it opens as much as the key it was made for, for as long as that key holds.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import cookie_grant
from api.callers.cookies import MANAGER, drop_cookie, read_signed, set_cookie, sign
from api.context import AppContext, context
from api.keyring import Grant
from api.pages import page
from api.problems import problem_page
from api.ratelimits import SIGN_IN_KEYS_PER_MINUTE, RateLimits, address, rate_limits
from engine.privacy.secrets import Secrets
from engine.storage.keys import EVERY_STORE
from engine.storage.once import idempotency
from engine.vocabulary import ProblemCode, Right

PREFIX = "/manage"
SIGN_IN = "/manage/sign-in"
REVIEWS = "/share-reviews/"
OFFICER = "/dpo"
"""The data protection officer's page: the same sign-in, with a key of a scope of its own."""
LINK = "link"
LINK_LIFETIME_S = 600
_PURPOSE = "manager-link"
_OWN = ("_nicegui", "_nicegui_ws")  # what the pages load, whatever the store
router = APIRouter(tags=["pages"], include_in_schema=False)


def make_link(secrets_: Secrets, fingerprint: str) -> str:
    """A path that signs a browser in once, within ten minutes, as whoever holds the key of this fingerprint."""
    return f"{PREFIX}?{LINK}={sign(secrets_, _PURPOSE, [secrets.token_hex(12), fingerprint])}"


class ManagerDoor:
    """ASGI middleware in front of whatever is mounted under /manage."""

    def __init__(self, app: ASGIApp, ctx: AppContext) -> None:
        self._app = app
        self._ctx = ctx

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        inside = scope["type"] == "http" and (path == PREFIX or path.startswith(PREFIX + "/")) and path != SIGN_IN
        if not inside:
            await self._app(scope, receive, send)
            return
        answer = await run_in_threadpool(self._stop, Request(scope))
        await (answer or self._app)(scope, receive, send)

    def _stop(self, request: Request) -> Response | None:
        """What to answer instead of the page; None lets the request through."""
        given = request.query_params.get(LINK)
        if given is not None:
            return self._enter(request, given)
        grant = cookie_grant(self._ctx, request)
        if grant is None:
            return sign_in_page(request, request.url.path)
        if not grant.may_somewhere(Right.SEE_FIGURES):
            return RedirectResponse(OFFICER, 303)
        return _keep_to_its_store(request, grant)

    def _enter(self, request: Request, given: str) -> Response:
        value = read_signed(self._ctx, _PURPOSE, given, LINK_LIFETIME_S)
        nonce, fingerprint = value if isinstance(value, list) and len(value) == 2 else ("", "")
        grant = self._ctx.keys.find_fingerprint(fingerprint)
        if grant is None or not self._is_first(nonce):
            return sign_in_page(request, request.url.path, wrong=True)
        rest = urlencode([(k, v) for k, v in parse_qsl(request.url.query) if k != LINK])
        return sign_in_response(self._ctx, request.url.path + (f"?{rest}" if rest else ""), grant)

    def _is_first(self, nonce: str) -> bool:
        """Whether a link was not used yet; it is now."""
        first = isinstance(idempotency.begin(self._ctx.db, _PURPOSE, nonce, ""), idempotency.Fresh)
        if first:
            idempotency.finish(self._ctx.db, _PURPOSE, nonce, 200, "", b"")
        return first


def _keep_to_its_store(request: Request, grant: Grant) -> Response | None:
    """Who may see one store's figures gets the pages of that store."""
    own = grant.where(Right.SEE_FIGURES)
    if EVERY_STORE in own:
        return None
    inside = [part for part in request.url.path.removeprefix(PREFIX).split("/") if part]
    if not inside:
        return RedirectResponse(f"{PREFIX}/{min(own)}", 303) if len(own) == 1 else None
    if inside[0] in _OWN or inside[0] in own:
        return None
    return problem_page(request, 404, ProblemCode.STORE_UNKNOWN)


@router.post(SIGN_IN)
def sign_in(
    request: Request,
    key: str = Form(max_length=200),
    to: str = Form(PREFIX, max_length=200),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Takes the key from the form and goes where the manager wanted to. Wrong keys are counted, right ones never are:
    whoever guesses from the shop's address keeps nobody there out."""
    to = to if to in (PREFIX, OFFICER) or to.startswith((PREFIX + "/", REVIEWS)) else PREFIX
    grant = ctx.keys.find(key.strip())
    if grant is None or grant.scope not in ("manager", "dpo"):
        limits.spend("sign_in_key", address(request), SIGN_IN_KEYS_PER_MINUTE)
        return sign_in_page(request, to, wrong=True)
    return sign_in_response(ctx, to, grant)


@router.post("/manage-sign-out")
def sign_out(ctx: AppContext = Depends(context)) -> Response:
    """Forgets the manager in this browser."""
    response = RedirectResponse(PREFIX, 303)
    drop_cookie(ctx, response, MANAGER)
    return response


def sign_in_response(ctx: AppContext, to: str, grant: Grant) -> Response:
    """Goes to `to`, a path of ours, with the cookie."""
    response = RedirectResponse(to, 303)
    set_cookie(ctx, response, MANAGER, grant.fingerprint)
    return response


def sign_in_page(request: Request, to: str, *, wrong: bool = False) -> Response:
    """The form that asks for the key."""
    return page(request, "manager_sign_in.html", 401, to=to, here=to, wrong=wrong, action=SIGN_IN)
