"""What proves that a shop system sent a message: HMAC-SHA256 of the raw body, before anything of it is read.

Shopify: `X-Shopify-Hmac-SHA256`, base64, under the app's client secret (shopify.dev, "Verify webhook deliveries").
WooCommerce: `X-WC-Webhook-Signature`, base64, under the webhook's secret. Our own: Standard Webhooks 1.0, of
`id.timestamp.body`, any of several signatures. PrestaShop's core sends no webhooks and its Webservice signs nothing:
whoever posts for it shows the source's key, as controllers do.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.vocabulary import RecordRefusal

TOLERANCE_S = 300.0
"""How far a sender's clock, or a replay, may be from ours (Standard Webhooks, "Verifying webhook authenticity")."""
MOST_SIGNATURES = 10
_PREFIX = "whsec_"

Check = Callable[[VendorMessage, str], None]
"""Raises MessageRefused, `bad_signature` or `outside_window`."""


def check_shopify(message: VendorMessage, secret: str) -> None:
    """Shopify's."""
    _check_base64(message.headers.get("x-shopify-hmac-sha256", ""), message.body, secret)


def check_woocommerce(message: VendorMessage, secret: str) -> None:
    """WooCommerce's."""
    _check_base64(message.headers.get("x-wc-webhook-signature", ""), message.body, secret)


def check_standard(message: VendorMessage, secret: str) -> None:
    """Standard Webhooks: one of the signatures is right, and the time is near ours."""
    name, at = message.headers.get("webhook-id", ""), message.headers.get("webhook-timestamp", "")
    signed = b".".join((name.encode(), at.encode(), message.body))
    right = base64.b64encode(hmac.digest(_key(secret), signed, "sha256"))
    given = message.headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    matches = [hmac.compare_digest(right, one.removeprefix("v1,").encode()) for one in given if one[:3] == "v1,"]
    if not name or not any(matches):
        raise MessageRefused(RecordRefusal.BAD_SIGNATURE)
    in_digits = at.isascii() and at.isdigit() and len(at) <= 12
    if not in_digits or abs(float(at) - message.received_at) > TOLERANCE_S:
        raise MessageRefused(RecordRefusal.OUTSIDE_WINDOW)


def _check_base64(given: str, body: bytes, secret: str) -> None:
    right = base64.b64encode(hmac.digest(secret.encode("utf-8", "replace"), body, "sha256"))
    if not hmac.compare_digest(right, given.strip().encode("utf-8", "replace")):
        raise MessageRefused(RecordRefusal.BAD_SIGNATURE)


def _key(secret: str) -> bytes:
    """The key of a secret: its base64, with or without the prefix; the text itself where it is none."""
    said = secret.removeprefix(_PREFIX)
    try:
        return base64.b64decode(said, validate=True) or secret.encode()
    except (binascii.Error, ValueError):
        return secret.encode("utf-8", "replace")


CHECKS: Mapping[str, Check] = {"shopify": check_shopify, "woocommerce": check_woocommerce, "shop": check_standard}
"""By kind. Others show the source's key."""
SIGNATURE_HEADERS: Mapping[str, str] = {
    "shopify": "x-shopify-hmac-sha256",
    "woocommerce": "x-wc-webhook-signature",
    "shop": "webhook-signature",
}
DELIVERY_HEADERS: Mapping[str, str] = {
    "shopify": "x-shopify-webhook-id",
    "woocommerce": "x-wc-webhook-delivery-id",
    "shop": "webhook-id",
}
"""The header by which a delivery is known when it comes again."""
