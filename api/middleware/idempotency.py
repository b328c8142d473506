"""Idempotency-Key on writes: the same key and body give the first response again, byte for byte.

After the IETF httpapi draft "The Idempotency-Key HTTP Header Field": another body under the same key is 422, a key
whose first request is still running is 409. Answers that a repeat may change (5xx, 401, 403, 429) are not kept. A key
belongs to its caller, method and path; who asks again under a rotated access key is the same caller. The body's
fingerprint is keyed: a plain hash would betray a MAC in the body.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import cookie_grant
from api.callers.cookies import MANAGER, REPEATABLE, SHOPPER, read_cookie, repeated_secret, session_digest
from api.context import AppContext
from api.middleware.bodies import read_body, replay_body
from api.middleware.origin import SAFE_METHODS
from api.problems import RETRY_AFTER_S, problem
from engine.errors import StorageUnavailable
from engine.storage.once import idempotency as store
from engine.vocabulary import ProblemCode

log = logging.getLogger("rayon.api")
HEADER = "idempotency-key"
MAX_KEY_CHARS = 200
LARGEST_KEPT = 16_384  # bytes of a refusal; a larger one changed nothing and may be asked for again
SESSIONS = "/v1/sessions"
SHOPPERS = ("/v1/me", SESSIONS)
NOBODY = b'"shopper_id":null'
_SALT = "rayon_session_salt"
NOT_KEPT = frozenset({401, 403, 408, 429})
READS = re.compile(r"/v1/staff/[^/]+/visitors/[^/]+/card")
"""Writes that change nothing but the audit log, and show somebody: looked at anew each time, while they may be."""

Restore = Callable[[AppContext, Request, Response], None]
"""Called on a repeated response, to set again what is never stored: the sign-in cookie."""


class Idempotency:
    """ASGI middleware for every write under /v1/ that carries an Idempotency-Key; `required` path prefixes need one."""

    def __init__(self, app: ASGIApp, ctx: AppContext, required: tuple[str, ...], restore: Restore) -> None:
        self._app = app
        self._ctx = ctx
        self._required = required
        self._restore = restore
        self._hash_key = ctx.secrets.derive_key("idempotency")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        safe = scope["type"] != "http" or scope["method"] in SAFE_METHODS or READS.fullmatch(scope["path"])
        if safe or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        key = Headers(scope=scope).get(HEADER)
        body = await read_body(receive)  # whole already: the border has read it
        receive = replay_body(body, receive)
        if key is None:
            await self._without_key(scope, receive, send)
        elif scope["path"] != SESSIONS and not await run_in_threadpool(self._is_known, Request(scope)):
            await self._app(scope, receive, send)  # a stranger: nothing is kept, and most of it will be refused
        elif not 1 <= len(key) <= MAX_KEY_CHARS or not key.isprintable():
            reason = f"the Idempotency-Key must be 1 to {MAX_KEY_CHARS} printable characters"
            await problem(400, ProblemCode.IDEMPOTENCY_KEY_INVALID, reason)(scope, receive, send)
        else:
            await self._once(key, body, scope, receive, send)

    async def _without_key(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(self._required):
            answer = problem(
                400, ProblemCode.IDEMPOTENCY_KEY_REQUIRED, "send an Idempotency-Key header: a fresh UUID per write"
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _once(self, key: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        owner = self._owner(request)
        signs_in = scope["path"] == SESSIONS
        print_of_body = hmac.new(self._hash_key, body, hashlib.sha256).hexdigest()
        try:
            keep_s = store.SIGN_IN_KEEP_S if signs_in else store.KEEP_S
            found = await run_in_threadpool(store.begin, self._ctx.db, owner, key, print_of_body, keep_s=keep_s)
        except StorageUnavailable:
            wait = {"Retry-After": str(RETRY_AFTER_S)}
            await problem(503, ProblemCode.STORAGE_UNAVAILABLE, "try again in a moment", headers=wait)(
                scope, receive, send
            )
            return
        salt = found.salt if isinstance(found, store.Replay) else secrets.token_hex(8)
        if signs_in:
            scope[REPEATABLE], scope[_SALT] = repeated_secret(self._ctx, owner, key, salt), salt
        if isinstance(found, store.Fresh):
            await self._first(owner, key, scope, receive, send)
            return
        await self._answer(found, request)(scope, receive, send)

    def _answer(self, found: store.Replay | store.InFlight | store.Mismatch, request: Request) -> Response:
        if isinstance(found, store.Mismatch):
            return problem(422, ProblemCode.IDEMPOTENCY_KEY_REUSED, "this Idempotency-Key was used with another body")
        if isinstance(found, store.InFlight):
            reason = "the first request with this Idempotency-Key is still running"
            return problem(409, ProblemCode.IDEMPOTENCY_IN_FLIGHT, reason, headers={"Retry-After": "1"})
        response = Response(found.body, found.status, {"Idempotency-Replayed": "true"}, found.media_type or None)
        self._restore(self._ctx, request, response)
        return response

    async def _first(self, owner: str, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the request, holding its response back until it is kept: a caller never sees what a repeat would not."""
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        kept = False
        alive = asyncio.create_task(self._say_alive(owner, key))
        try:
            await self._app(scope, receive, hold)
            secret = scope.get(REPEATABLE)
            made = ("", "") if secret is None else (session_digest(secret), scope[_SALT])
            kept = await self._keep(owner, key, messages, *made)
        finally:
            alive.cancel()
            if not kept:
                await self._abandon(owner, key)
        for message in messages:
            await send(message)

    async def _keep(self, owner: str, key: str, messages: list[Message], session_id: str, salt: str) -> bool:
        status: int = messages[0]["status"]
        if status >= 500 or status in NOT_KEPT:
            return False
        media_type = Headers(raw=messages[0]["headers"]).get("content-type", "")
        body = b"".join(m.get("body", b"") for m in messages[1:])
        if status >= 400 and len(body) > LARGEST_KEPT:
            return False
        if owner.endswith(SESSIONS) and (status >= 400 or NOBODY in body):
            return False  # anybody may ask to sign in: what made no profile may as well be asked again
        work = run_in_threadpool(
            store.finish, self._ctx.db, owner, key, status, media_type, body, session_id=session_id, salt=salt
        )
        await self._tolerating(work)
        return True

    async def _say_alive(self, owner: str, key: str) -> None:
        """As long as the request runs; should this process die, a repeat soon runs it instead of waiting for nobody."""
        while True:
            await asyncio.sleep(store.RENEWED_S)
            await self._tolerating(run_in_threadpool(store.keep, self._ctx.db, owner, key))

    async def _abandon(self, owner: str, key: str) -> None:
        await self._tolerating(run_in_threadpool(store.abandon, self._ctx.db, owner, key))

    async def _tolerating(self, work: Awaitable[object]) -> None:
        """The write itself has happened: a database lost right after must not turn its answer into an error."""
        try:
            await work
        except StorageUnavailable:
            log.warning("database away: an idempotency record stays open until it times out")

    def _is_known(self, request: Request) -> bool:
        """Whether the caller has shown who they are: by a key or a sign-in.

        Anybody may send a key of their own making with a megabyte; what is kept for a day is kept for those we know.
        """
        if request.headers.get("authorization", "").lower().startswith("bearer "):
            return self._key_line(request) is not None
        return self._person(request) is not None or read_cookie(self._ctx, request, SHOPPER) is not None

    def _key_line(self, request: Request) -> str | None:
        """Whose access key it is, through all its rotations; None for no key of ours."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        grant = self._ctx.keys.find(key.strip()) if scheme.lower() == "bearer" else None
        return None if grant is None else grant.line

    def _person(self, request: Request) -> str | None:
        """The session cookie of whoever uses the console, while it opens anything; of shoppers' own paths nobody's."""
        with suppress(StorageUnavailable):  # the route itself will say so
            if not request.url.path.startswith(SHOPPERS) and cookie_grant(self._ctx, request) is not None:
                return read_cookie(self._ctx, request, MANAGER)
        return None

    def _owner(self, request: Request) -> str:
        """Caller, method and path. Strangers are told apart by address only."""
        bearer = request.headers.get("authorization")
        person = None if bearer else self._person(request)
        shopper = read_cookie(self._ctx, request, SHOPPER)
        if shopper and not bearer and not person and request.url.path != SESSIONS:  # signing in changes who one is
            return (
                f"{store.SHOPPER}{shopper} {request.method} {request.url.path}"  # in clear: erasure finds it by the id
            )
        line = self._key_line(request)
        who = (
            f"key:{line}"
            if line
            else "bearer:" + bearer
            if bearer
            else f"person:{person}"
            if person
            else "address:" + (request.client.host if request.client else "")
        )
        caller = hmac.new(self._hash_key, who.encode(), hashlib.sha256).hexdigest()[:32]
        return f"{caller} {request.method} {request.url.path}"
