"""The console's door: every page under /manage needs the cookie. It is got by name and password (`api.accounts`), by a
key in a form, or by a one-time link.

A key never stands in an address. A link holds a signed word that works once, for ten minutes, and leaves the address
at once; it opens as much as the key it was made for, for as long as that key holds.
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import account_session, cookie_grant, refusal
from api.callers.cookies import MANAGER, drop_cookie, read_signed, set_cookie, sign
from api.context import AppContext, context
from api.keyring import Grant
from api.pages import page
from api.problems import problem_page
from api.ratelimits import SIGN_IN_KEYS_PER_MINUTE, RateLimits, line_of, rate_limits
from engine.errors import StorageUnavailable
from engine.privacy.secrets import Secrets
from engine.storage.accounts import sessions
from engine.storage.keys import EVERY_STORE
from engine.storage.once import idempotency
from engine.vocabulary import ProblemCode, Right

PREFIX = "/manage"
SIGN_IN = "/manage/sign-in"
REVIEWS = "/share-reviews/"
CAMPAIGNS = "/campaigns/"
HEALTH = "/health/"
OFFICER = "/dpo"
"""The data protection officer's page: the same sign-in, with a key of a scope of its own."""
ACCOUNT, PEOPLE, AUDIT = "/account", "/people", "/audit"
TILL = "/till"
STAFF = "/staff"
PASSWORD_SIGN_IN = "/account/sign-in"
_INSIDE = (PREFIX, OFFICER, ACCOUNT, PEOPLE, AUDIT, STAFF)
"""Where a sign-in may lead on to, with what lies below."""
LINK = "link"
LINK_LIFETIME_S = 600
LONGEST_QUERY = 1500
_PURPOSE = "manager-link"
GRANT = "rayon_grant"
"""In the scope of a request that came through the door: what its caller may do."""
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
        try:
            answer = await run_in_threadpool(self._stop, Request(scope))
        except StorageUnavailable:
            answer = problem_page(Request(scope), 503, ProblemCode.STORAGE_UNAVAILABLE)
        await (answer or self._app)(scope, receive, send)

    def _stop(self, request: Request) -> Response | None:
        """What to answer instead of the page; None lets the request through."""
        given = request.query_params.get(LINK)
        if given is not None:
            return self._enter(request, given)
        grant = cookie_grant(self._ctx, request)
        if grant is None:
            return sign_in_page(request, _find_wanted(request))
        if not grant.may_somewhere(Right.SEE_FIGURES):
            if request.url.path.rstrip("/") == PREFIX:  # where every sign-in leads on to
                return RedirectResponse(home_of(grant), 303)
            return problem_page(request, 403, ProblemCode.FORBIDDEN)
        request.scope[GRANT] = grant
        return _keep_to_its_store(request, grant)

    def _enter(self, request: Request, given: str) -> Response:
        value = read_signed(self._ctx, _PURPOSE, given, LINK_LIFETIME_S)
        nonce, fingerprint = value if isinstance(value, list) and len(value) == 2 else ("", "")
        grant = self._ctx.keys.find_fingerprint(fingerprint)
        if grant is None or not self._is_first(nonce):
            return sign_in_page(request, request.url.path, wrong="key")
        rest = urlencode([(k, v) for k, v in parse_qsl(request.url.query) if k != LINK])
        return sign_in_response(self._ctx, request.url.path + (f"?{rest}" if rest else ""), grant)

    def _is_first(self, nonce: str) -> bool:
        """Whether a link was not used yet; it is now."""
        first = isinstance(idempotency.begin(self._ctx.db, _PURPOSE, nonce, ""), idempotency.Fresh)
        if first:
            idempotency.finish(self._ctx.db, _PURPOSE, nonce, 200, "", b"")
        return first


def _find_wanted(request: Request) -> str:
    """The address that was asked for, with its period and filters."""
    rest = urlencode(parse_qsl(request.url.query))
    return request.url.path + (f"?{rest}" if rest and len(rest) < LONGEST_QUERY else "")


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
    to: str = Form(PREFIX, max_length=2000),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Takes the key from the form and goes where the manager wanted to. Wrong keys are counted, right ones never are:
    whoever guesses from the shop's address keeps nobody there out."""
    to = inside(to)
    grant = ctx.keys.find(key.strip())
    if grant is None or grant.scope not in ("manager", "dpo"):
        limits.spend("sign_in_key", line_of(request), SIGN_IN_KEYS_PER_MINUTE)
        return sign_in_page(request, to, wrong="key")
    return sign_in_response(ctx, to, grant)


@router.post("/manage-sign-out")
def sign_out(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Forgets who was signed in in this browser, and ends a person's session everywhere."""
    session_id = account_session(ctx, request)
    if session_id is not None:
        sessions.sign_out(ctx.db, session_id, time.time())
    response = RedirectResponse(PREFIX, 303)
    drop_cookie(ctx, response, MANAGER)
    return response


def sign_in_response(ctx: AppContext, to: str, grant: Grant) -> Response:
    """Goes to `to`, a path of ours, with the cookie."""
    response = RedirectResponse(to, 303)
    set_cookie(ctx, response, MANAGER, grant.fingerprint)
    return response


def inside(to: str) -> str:
    """Where a form wants to lead on to, if that is a page of ours for people who work here; else the first of them."""
    below = (*(f"{path}/" for path in _INSIDE), REVIEWS, CAMPAIGNS, HEALTH)
    path = to.partition("?")[0]
    return to if path in _INSIDE or (path.startswith(below) and "//" not in path and "\\" not in path) else PREFIX


def home_of(grant: Grant) -> str:
    """The first page that is of use to somebody."""
    pages = (
        (grant.may_somewhere(Right.SEE_FIGURES), PREFIX),
        (grant.may(Right.SEE_PRIVACY, None), OFFICER),
        (grant.may_somewhere(Right.SEE_HEALTH), "/health"),
        (grant.may_somewhere(Right.SERVE_SHOPPERS), STAFF),
        (grant.may_somewhere(Right.USE_TILLS), TILL),
    )
    return next((page_ for may, page_ in pages if may), ACCOUNT)


def ask_to_sign_in(request: Request, right: Right) -> Response:
    """For nobody at an address that is a page to browsers: the forms. Raises NotSignedIn for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        raise refusal(None, right)
    return sign_in_page(request, request.url.path)


def sign_in_page(request: Request, to: str, *, wrong: str = "") -> Response:
    """The forms that ask for name and password, or for a key. `wrong` is what was: `key`, `password` or `oidc`."""
    oidc = request.app.state.ctx.config.api.oidc
    here, _, query = to.partition("?")
    keep = "".join(f"&{urlencode([pair])}" for pair in parse_qsl(query) if pair[0] != "lang")
    return page(
        request,
        "manager_sign_in.html",
        401,
        to=to,
        here=here,
        keep=keep,
        wrong=wrong,
        key_action=SIGN_IN,
        action=PASSWORD_SIGN_IN,
        oidc=None if oidc is None else oidc.name,
    )
