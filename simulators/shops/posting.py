"""Messages of shop systems to `POST /in/{source}`: bodies, and the headers that prove them at the time of sending."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from engine.plan.currencies import EXPONENTS

PICKUP = "Retrait en magasin"
Kind = Literal["shop", "shopify", "woocommerce", "prestashop"]


@dataclass(frozen=True, slots=True)
class ShopPosting:
    """One message: to which source, of what kind, its body, and the headers that say what it is about. `at` is when it
    is sent (s UTC, of the scenario); `delivery` is by what its sender knows it, the same when it is sent again."""

    source: str
    kind: Kind
    at: float
    delivery: str
    body: bytes
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FakeShop:
    """What a fake e-shop is set up with: the source that it posts to, its clock, and what it calls the store's pick-up
    place and the state of an order that waits there."""

    source: str
    zone: ZoneInfo
    pickup: str = PICKUP
    domain: str = "shop.example"


def headers_of(posting: ShopPosting, secret: str, now: float) -> dict[str, str]:
    """All headers of a message that is sent now (s UTC)."""
    return {"Content-Type": "application/json", **posting.about, **SIGNERS[posting.kind](posting, secret, now)}


def pack(said: Any) -> bytes:
    """JSON as PHP and Ruby write it: without spaces."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def delivery_of(*parts: object) -> str:
    """A delivery's name: as long as theirs, and the same for the same message."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def amount(minor: int, currency: str, places: int | None = None) -> str:
    """Minor units as text with a point, with so many places or the currency's own."""
    exponent = EXPONENTS[currency]
    whole, part = divmod(abs(minor), 10**exponent)
    text = f"{'-' if minor < 0 else ''}{whole}" + (f".{part:0{exponent}d}" if exponent else "")
    return text if places is None else f"{text}{'.' if not exponent else ''}{'0' * (places - exponent)}"


def format_time(t: float, zone: ZoneInfo) -> str:
    """As Shopify writes times."""
    return datetime.fromtimestamp(t, zone).isoformat(timespec="seconds")


def local(t: float, zone: ZoneInfo, between: str = "T") -> str:
    """Without a zone, as WooCommerce and PrestaShop write them."""
    return datetime.fromtimestamp(t, zone).replace(tzinfo=None).isoformat(between, "seconds")


def _shopify(posting: ShopPosting, secret: str, now: float) -> dict[str, str]:
    return {
        "X-Shopify-Hmac-SHA256": _hmac(secret.encode(), posting.body),
        "X-Shopify-Webhook-Id": posting.delivery,
        "X-Shopify-Triggered-At": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
    }


def _woocommerce(posting: ShopPosting, secret: str, now: float) -> dict[str, str]:
    return {
        "X-WC-Webhook-Signature": _hmac(secret.encode(), posting.body),
        "X-WC-Webhook-Delivery-ID": posting.delivery,
    }


def _prestashop(posting: ShopPosting, secret: str, now: float) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _own(posting: ShopPosting, secret: str, now: float) -> dict[str, str]:
    """Standard Webhooks 1.0."""
    key, at = _key(secret), str(int(now))
    signed = b".".join((posting.delivery.encode(), at.encode(), posting.body))
    return {
        "webhook-id": posting.delivery,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{_hmac(key, signed)}",
    }


def _key(secret: str) -> bytes:
    """Of a secret as the standard writes them; of any other its own text."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return secret.encode()


def _hmac(key: bytes, said: bytes) -> str:
    return base64.b64encode(hmac.digest(key, said, "sha256")).decode()


SIGNERS = {"shop": _own, "shopify": _shopify, "woocommerce": _woocommerce, "prestashop": _prestashop}
"""By kind."""
