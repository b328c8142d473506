"""Voucher codes that people type: 11 random Crockford base32 characters and a check symbol, 55 bits of secret.

Crockford, *Base 32* (https://www.crockford.com/base32.html): no I, L, O, U; the check symbol is the number modulo 37.
Only codes whose check symbol falls among the 32 letters are used, so that a code holds no punctuation.
"""

from __future__ import annotations

import hashlib
import hmac
import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {letter: i for i, letter in enumerate(ALPHABET)}
_LOOKALIKE = str.maketrans("OIL", "011")
_GAPS = re.compile(r"[\s\-‐-―._]+")
LENGTH = 12
_SIGNED = re.compile(r"\s*[Rr]1:([^:]{1,40}):")
"""What a QR says before and after the code: see `engine.offers.offline.signed`."""


def voucher_code(secret: bytes, voucher_id: str) -> str:
    """The code of a voucher, derived from the secret and its id: same in, same out, nothing to store."""
    for attempt in range(256):  # 32 of 37 check symbols are letters: the chance of 256 misses is below 1e-220
        digest = hmac.digest(secret, f"voucher-code|{voucher_id}|{attempt}".encode(), hashlib.sha256)
        number = int.from_bytes(digest[:8], "big") >> 9  # 55 bits
        if number % 37 < 32:
            return _letters(number) + ALPHABET[number % 37]
    raise AssertionError("no check symbol among the letters in 256 attempts")


def code_digest(secret: bytes, code: str) -> str:
    """What is stored and looked up instead of the code: an HMAC under the secret, 64 hexadecimal digits."""
    return hmac.digest(secret, f"voucher-lookup|{code}".encode(), hashlib.sha256).hex()


def parse_code(text: str) -> str | None:
    """The code a person meant: case, spaces, dashes ignored, O read as 0, I and L as 1; or that of a scanned QR, whose
    signature is for tills without a network. None when it cannot be one."""
    signed = _SIGNED.match(text)
    text = signed[1] if signed else text
    code = _GAPS.sub("", text).upper().translate(_LOOKALIKE)
    if len(code) != LENGTH or any(letter not in _VALUE for letter in code):
        return None
    number = 0
    for letter in code[:-1]:
        number = number * 32 + _VALUE[letter]
    return code if number % 37 == _VALUE[code[-1]] else None


def group_digits(code: str) -> str:
    """The code as it is printed: three groups of four."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def _letters(number: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(50, -1, -5))
