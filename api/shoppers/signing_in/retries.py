"""A sign-in form sent twice makes one profile.

People tap twice, and on a weak signal the answer gets lost after the profile was made. The repeat carries no sign-in
cookie yet, only the random name of the page's form; a second profile would not get the phone that the first has proved.
So for minutes the form's name finds the session that it made, and no longer than that session lives: whoever was signed
out, here or from elsewhere, is not signed in again by an old form.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from fastapi import Request

from api.callers.cookies import repeated_secret, session_digest
from api.context import AppContext
from api.shoppers.browsers import open_session
from api.shoppers.schemas import SessionRequest
from engine.errors import BusinessRefusal, NotFound
from engine.storage.once import idempotency
from engine.storage.people.browsers import owner_of
from engine.storage.people.shoppers import ShopperProfile, get_shopper
from engine.vocabulary import ProblemCode

WAIT_S = 10.0
LOOK_S = 0.1

SignInAs = Callable[[str | None], ShopperProfile | None]
"""Signs in as the shopper with this id, as a new one for None; gives None where nothing is to be kept."""
SignedIn = tuple[ShopperProfile | None, str | None]
"""Who, and the secret of the session that was made for them; None for the secret where there is none yet."""


class SignInBusy(BusinessRefusal):
    """The first sending of this form is still being worked on."""

    code = ProblemCode.SIGN_IN_BUSY
    status = 503


def once_per_form(
    ctx: AppContext, request: Request, form: str, body: SessionRequest, sign_in_as: SignInAs, *, shared: bool
) -> SignedIn:
    """Signs in as whoever this form signed in as a moment ago; otherwise as somebody new, once. Somebody of another
    name is another person, who found the page open. Raises SignInBusy."""
    if not form:
        return sign_in_as(None), None
    scope, until = f"portal {form} {body.store}", time.monotonic() + WAIT_S
    while True:
        found = idempotency.begin(ctx.db, scope, "form", "", time.time(), keep_s=idempotency.SIGN_IN_KEEP_S)
        if isinstance(found, idempotency.Replay):
            secret = repeated_secret(ctx, scope, "form", found.salt)
            who = _same_person(ctx, owner_of(ctx.db, session_digest(secret), time.time()), body)
            return sign_in_as(who), None if who is None else secret
        if isinstance(found, idempotency.Fresh):
            return _first(ctx, request, scope, sign_in_as, shared=shared)
        if time.monotonic() > until:
            raise SignInBusy("try again in a moment")
        time.sleep(LOOK_S)


def _first(ctx: AppContext, request: Request, scope: str, sign_in_as: SignInAs, *, shared: bool) -> SignedIn:
    salt = secrets.token_hex(8)
    secret = repeated_secret(ctx, scope, "form", salt)
    made: ShopperProfile | None = None
    try:
        made = sign_in_as(None)
        if made is not None:
            open_session(ctx, request, made.shopper_id, shared=shared, secret=secret)
    finally:
        if made is None:
            idempotency.abandon(ctx.db, scope, "form")
    if made is None:
        return None, None
    idempotency.finish(ctx.db, scope, "form", 200, "", b"", session_id=session_digest(secret), salt=salt)
    return made, secret


def _same_person(ctx: AppContext, who: str | None, body: SessionRequest) -> str | None:
    """Whom the form signed in, unless what it says now names somebody else."""
    if who is None:
        return None
    try:
        known = get_shopper(ctx.db, who)
    except NotFound:
        return None
    said = ((body.display_name, known.display_name), (body.email, known.email))
    return who if all(now in (None, before) for now, before in said) else None
