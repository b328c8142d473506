"""What a coupon's QR says, so that a till without a network believes it: code, last moment, terms, and a signature.

`R1:CODE:EXPIRES:TERMS:SIGNATURE`, in letters that QR codes keep small (alphanumeric mode): the code as typed, seconds
since 1970 and the first 48 bits of the terms' digest in hexadecimal, and ECDSA over P-256 and SHA-256 (FIPS 186-5) as
r and s in base32. The signed text has the store in it, and each store has a key of its own: of what one store's tills
hold, nothing counts in another. Browsers verify it without a library (Web Cryptography, ECDSA).
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

PREFIX = "R1"
PURPOSE = "signed vouchers"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve's group
_SIDE = 32  # bytes of a coordinate, and of r and s


def terms_digest(offer: dict[str, Any]) -> str:
    """The first 48 bits of the SHA-256 of an offer's JSON, keys in order, nothing that is None: 12 digits."""
    said = json.dumps({k: v for k, v in offer.items() if v is not None}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:12].upper()


def sign_code(key: bytes, store: str, code: str, expires_at: float, offer: dict[str, Any]) -> str:
    """The text of a coupon's QR. `key` is the site's for this purpose; the same in, the same out (RFC 6979)."""
    said = f"{code}:{int(expires_at):X}:{terms_digest(offer)}"
    made = _private(key, store).sign(
        f"{PREFIX}:{store}:{said}".encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    )
    raw = b"".join(n.to_bytes(_SIDE, "big") for n in decode_dss_signature(made))
    return f"{PREFIX}:{said}:{base64.b32encode(raw).decode().rstrip('=')}"


def public_key(key: bytes, store: str) -> dict[str, str]:
    """What a store's tills verify with, as a JWK (RFC 7517)."""
    numbers = _private(key, store).public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(_SIDE, "big")).decode().rstrip("=") for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


@lru_cache(maxsize=256)
def _private(key: bytes, store: str) -> ec.EllipticCurvePrivateKey:
    """A store's key: from 512 bits, so that the remainder favours no value."""
    wide = hashlib.sha512(key + b"|" + store.encode()).digest()
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
