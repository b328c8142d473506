"""Web Push: how a message goes out (RFC 8030), encrypted for one browser (RFC 8291) and signed (VAPID, RFC 8292).

The cryptography is http-ece's and py-vapid's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from engine.storage.sending.subscriptions import Subscription
from engine.storage.sending.vapid_keys import PushKey

TOKEN_S = 12 * 3600  # of a signature; push services refuse more than 24 h
MAX_BYTES = 3_993  # plain; services may refuse what is longer than 4,096 encrypted
GONE = frozenset({404, 410})
TAKEN = frozenset({200, 201, 202})


class BadSubscription(ValueError):
    """Keys that nothing can be encrypted for."""


def check_keys(p256dh: str, auth: str) -> None:
    """Raises BadSubscription where these are not a point of P-256 and 16 bytes, in base64url."""
    try:
        point, secret = unpad(p256dh), unpad(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadSubscription("not a key of P-256 in base64url") from error
    if len(point) != 65 or len(secret) != 16:
        raise BadSubscription("p256dh has 65 bytes, auth has 16")


def encrypt(message: Mapping[str, Any], to: Subscription) -> bytes:
    """The message as JSON, for this browser only. Raises ValueError where it is too long."""
    plain = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    if len(plain) > MAX_BYTES:
        raise ValueError(f"a push of {len(plain)} bytes: {MAX_BYTES} at most")
    once = ec.generate_private_key(ec.SECP256R1())  # a pair for this message alone
    sealed: bytes = http_ece.encrypt(
        plain, private_key=once, dh=unpad(to.p256dh), auth_secret=unpad(to.auth), version="aes128gcm"
    )
    return sealed


def headers(to: Subscription, key: PushKey, contact: str, ttl_s: float, topic: str, now: float) -> dict[str, str]:
    """What goes with an encrypted message. Urgency high: the shopper stands at the shelf, and the phone must wake."""
    url = urlsplit(to.endpoint)
    claims = {"sub": contact, "aud": f"{url.scheme}://{url.netloc}", "exp": int(now) + TOKEN_S}
    signed: dict[str, str] = Vapid02.from_raw(base64.urlsafe_b64encode(key.private)).sign(claims)
    return {
        "Authorization": signed["Authorization"],
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(max(0, int(ttl_s))),
        "Urgency": "high",
        "Topic": topic,
    }


def topic_of(secret: bytes, store: str, campaign_id: str, visit_id: str) -> str:
    """32 characters of base64url that stand for a campaign and a visit, and tell neither."""
    said = f"{store}|{campaign_id}|{visit_id}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, said, hashlib.sha256)[:24]).decode()


def retry_after_s(value: str | None, now: float) -> float | None:
    """Retry-After in seconds from now, given as seconds or as a date; None where it says neither."""
    if value is None:
        return None
    said = value.strip()
    if said.isascii() and said.isdigit():  # also "²" is a digit, and no number
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None


def unpad(text: str) -> bytes:
    """Bytes of base64url without padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
