"""Signed webhooks, to gateways of SMS and of the shop's own app and to the e-shop, as Standard Webhooks 1.0 has them.

Id, timestamp, HMAC-SHA256.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from engine.errors import OperatorError, Problem

VARIABLE = "RAYON_WEBHOOK_SECRET"
APP_VARIABLE = "RAYON_APP_SECRET"
ORDERS_VARIABLE = "RAYON_ORDERS_SECRET"
PREFIX = "whsec_"
LEAST_BYTES = 24
_NEEDED_BY = {
    VARIABLE: "delivery.webhook_url",
    APP_VARIABLE: "delivery.app_url",
    ORDERS_VARIABLE: "delivery.orders_url",
}


def read_secret(environ: Mapping[str, str], variable: str = VARIABLE, needed_by: str = "") -> bytes:
    """The secret that calls to a gateway are signed with. Raises OperatorError where it is missing or too short."""
    text = environ.get(variable, "").strip()
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:  # also what is no ASCII
        secret = b""
    if not text.startswith(PREFIX) or len(secret) < LEAST_BYTES:
        fix = f"{PREFIX} and the base64 of {LEAST_BYTES} random bytes or more"
        what = f"{needed_by or _NEEDED_BY[variable]} needs its signing secret"
        raise OperatorError([Problem("environment", variable, what, fix)])
    return secret


def sign_call(secret: bytes, message_id: str, now: float, body: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    """(body, headers) of one call. `message_id` is the same at every attempt, so that a gateway sends it once."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    at = str(int(now))
    mac = hmac.digest(secret, b".".join((message_id.encode(), at.encode(), content)), hashlib.sha256)
    return content, {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
