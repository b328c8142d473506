"""Cookies of shopper and manager, signed, not readable by scripts. None is set before somebody chose or signed in."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from api.context import AppContext
from engine.errors import StorageUnavailable
from engine.privacy.secrets import Secrets
from engine.storage.loyalty.wallets import living_of
from engine.storage.people.browsers import owner_of

SHOPPER = "rayon_shopper"
MANAGER = "rayon_manager"
GUEST = "rayon_guest"
"""A coupon's, of somebody who has no profile: set when they ask for it."""
ASKED = "rayon_asked"
"""Of a browser that asked for a link by e-mail: only there does the link add the address to the profile."""
SHARED = "rayon_shared"
"""Of a browser that others use, too, as whoever signed in said: outlasts its closing, and names nobody."""
DEVICE = "rayon_device"
"""Of a browser where somebody has signed in to the console: others' wrong guesses at them do not count there."""
ONWARD = "rayon_oidc"
"""Of a browser on its way to the single sign-on and back."""
PERSON = "account."
"""How the manager's cookie begins where a person is signed in by an account; the secret of the session follows."""
REPEATABLE = "rayon_repeatable_session"
"""In the scope of a request that may be repeated: the secret of the session that it makes."""
LIFETIME_S = {
    SHOPPER: 180 * 86_400,
    MANAGER: 12 * 3600,
    GUEST: 90 * 86_400,
    ASKED: 3600,
    SHARED: 180 * 86_400,
    DEVICE: 180 * 86_400,
    ONWARD: 600,
}


def signer(ctx: AppContext, purpose: str) -> URLSafeTimedSerializer:
    """Signs small values for one purpose; a value signed for another purpose is refused."""
    return _signer(ctx.secrets, purpose)


def sign(secrets: Secrets, purpose: str, value: Any) -> str:
    """A small value, signed for one purpose by whoever holds the site's secrets."""
    return str(_signer(secrets, purpose).dumps(value))


def _signer(secrets: Secrets, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secrets.derive_key(f"signed:{purpose}"), salt=purpose)


def read_signed(ctx: AppContext, purpose: str, text: str | None, max_age_s: int) -> Any | None:
    """The value signed as `text`, or None when absent, forged or older than `max_age_s`."""
    if not text:
        return None
    try:
        return signer(ctx, purpose).loads(text, max_age=max_age_s)
    except BadData:
        return None


def read_cookie(ctx: AppContext, request: Request, name: str) -> str | None:
    """The text in the signed cookie `name`, or None; of a shopper's who is signed in by it, None where it was ended."""
    value = read_signed(ctx, name, request.cookies.get(name), LIFETIME_S[name])
    if not isinstance(value, str):
        return None
    return _find_signed_in(ctx, request, value) if name == SHOPPER else value


def session_of(ctx: AppContext, request: Request) -> str | None:
    """The id of this browser's session, or None."""
    value = read_signed(ctx, SHOPPER, request.cookies.get(SHOPPER), LIFETIME_S[SHOPPER])
    secret = value.partition(".")[2] if isinstance(value, str) else ""
    return session_digest(secret) if secret else None


def erased_shopper(ctx: AppContext, request: Request) -> str | None:
    """Who this browser was signed in as, whether or not it still is: for saying that somebody is gone, and no more."""
    value = read_signed(ctx, SHOPPER, request.cookies.get(SHOPPER), LIFETIME_S[SHOPPER])
    return value.partition(".")[0] if isinstance(value, str) else None


def session_digest(secret: str) -> str:
    """A session as the database knows it: who reads the table signs in nowhere."""
    return hashlib.sha256(f"session|{secret}".encode()).hexdigest()[:32]


def repeated_secret(ctx: AppContext, scope: str, key: str, salt: str) -> str:
    """The secret of the session that a request of this name makes: a repeat finds the session by it, while it lives,
    and nothing that opens it has to be stored. `salt` is another one for each session."""
    mac_key = ctx.secrets.derive_key("session of a repeated request")
    return hmac.new(mac_key, f"{scope}|{key}|{salt}".encode(), hashlib.sha256).hexdigest()[:32]


def _find_signed_in(ctx: AppContext, request: Request, value: str) -> str | None:
    """Looked up once a request. While the database is away the cookie is believed: nothing can be read by it then."""
    shopper_id, _, secret = value.partition(".")
    known: dict[str, str | None] = request.scope.setdefault("rayon_sessions", {})
    if secret not in known:
        try:
            known[secret] = (
                owner_of(ctx.db, session_digest(secret), time.time())
                if secret
                else living_of(ctx.db, shopper_id)  # of before sessions were kept; it ends by its age
            )
        except StorageUnavailable:
            return shopper_id
    return known[secret]


def set_cookie(ctx: AppContext, response: Response, name: str, value: str, *, lasts: bool = True) -> None:
    """Signs `value` into the cookie `name`, which ends with the browser's session unless it `lasts`. Lax: sent on a
    link from elsewhere, never on a write from elsewhere."""
    response.set_cookie(
        name,
        signer(ctx, name).dumps(value),
        max_age=LIFETIME_S[name] if lasts else None,
        httponly=True,
        samesite="lax",
        secure=ctx.config.api.secure_cookies,
        path="/",
    )


def drop_cookie(ctx: AppContext, response: Response, name: str) -> None:
    """Makes the browser forget the cookie `name`."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=ctx.config.api.secure_cookies)
