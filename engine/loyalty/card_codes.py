"""The shopper's card for the till: a code that is another one every half minute, so that a picture of it is soon worth
nothing.

After RFC 6238: an HMAC of who it is and of the time step, under a key of the site. It says nothing of the person to
whoever has not the site's database, and two codes of one person have nothing in common.
"""

from __future__ import annotations

import hashlib
import hmac
import re

STEP_S = 30.0
CARD_KEY = "card code"
"""For what the key is derived."""

PREFIX = "RC:"
"""How a card's QR begins, so that a till tells it from a coupon."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = 12  # of 5 bits: nobody guesses one of the few that are good now
_LOOKALIKE = str.maketrans("OIL", "011")
_GAPS = re.compile(r"[\s\-._]+")


def step_of(now: float) -> int:
    """The half minute that it is."""
    return int(now // STEP_S)


def card_code(key: bytes, shopper_id: str, step: int) -> str:
    """The code of this shopper in this half minute: 12 letters and digits."""
    number = int.from_bytes(hmac.digest(key, f"{shopper_id}|{step}".encode(), hashlib.sha256)[:8], "big")
    return "".join(_ALPHABET[number >> 5 * i & 31] for i in range(_LETTERS))


def card_digest(key: bytes, code: str) -> str:
    """By what a code that is shown is known again."""
    return hmac.digest(key, f"shown|{code}".encode(), hashlib.sha256).hex()


def read_card(text: str) -> str | None:
    """The code in a scanned or typed card, `RC:` and 12 signs; `O` is read as 0, `I` and `L` as 1. None for anything
    else: a coupon, say."""
    said = _GAPS.sub("", text).upper()
    if not said.startswith(PREFIX):
        return None
    code = said.removeprefix(PREFIX).translate(_LOOKALIKE)
    return code if len(code) == _LETTERS and not set(code) - set(_ALPHABET) else None
