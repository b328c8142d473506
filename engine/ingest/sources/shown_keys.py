"""Whether who sends to a receiver shows the source's key. Pure: the receiver asks, and whoever tries a recording."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping


def shows_key(headers: Mapping[str, str], secret: str | None) -> bool:
    """Whether `headers` (lower-case names) hold `secret`: as a bearer, as a password of HTTP Basic (what controllers
    can type in), or in X-Rayon-Key. Never in the URL. False without a secret."""
    wanted = (secret or "").encode()
    given = [headers.get("x-rayon-key", "")]
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        given.append(value.strip())
    elif scheme.lower() == "basic":
        given.append(_password(value))
    return bool(wanted) and any(hmac.compare_digest(wanted, text.encode("utf-8", "replace")) for text in given)


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
