"""A sign-in form sent twice makes one profile.

People tap twice, and on a weak signal the answer gets lost after the profile was made. The repeat carries no sign-in
cookie yet, only the random name of the page's form; a second profile would not get the phone that the first has proved.
So the profile is remembered for a day under the form's name, in the store of repeated requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from api.context import AppContext
from engine.errors import BusinessRefusal
from engine.storage.once import idempotency
from engine.storage.people.shoppers import ShopperProfile
from engine.vocabulary import ProblemCode

WAIT_S = 10.0
LOOK_S = 0.1

SignInAs = Callable[[str | None], ShopperProfile | None]
"""Signs in as the shopper with this id, as a new one for None; gives None where nothing is to be kept."""


class SignInBusy(BusinessRefusal):
    """The first sending of this form is still being worked on."""

    code = ProblemCode.SIGN_IN_BUSY
    status = 503


def once_per_form(ctx: AppContext, form: str, store: str, sign_in_as: SignInAs) -> ShopperProfile | None:
    """Signs in as whoever this form signed in as before; otherwise as somebody new, once. Raises SignInBusy."""
    if not form:
        return sign_in_as(None)
    scope, until = f"portal {form} {store}", time.monotonic() + WAIT_S
    while True:
        found = idempotency.begin(ctx.db, scope, "form", "", time.time())
        if isinstance(found, idempotency.Replay):
            return sign_in_as(found.body.decode())
        if isinstance(found, idempotency.Fresh):
            return _first(ctx, scope, sign_in_as)
        if time.monotonic() > until:
            raise SignInBusy("try again in a moment")
        time.sleep(LOOK_S)


def _first(ctx: AppContext, scope: str, sign_in_as: SignInAs) -> ShopperProfile | None:
    made: ShopperProfile | None = None
    try:
        made = sign_in_as(None)
    finally:
        if made is None:
            idempotency.abandon(ctx.db, scope, "form")
    if made is not None:
        idempotency.finish(ctx.db, scope, "form", 200, "text/plain", made.shopper_id.encode())
    return made
