"""Signed codes: verified with the public half alone, of one store alone, and read as the code they hold."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from engine.offers.codes import parse_code, voucher_code
from engine.offers.offline.signed import public_key, sign_code, terms_digest

KEY = b"k" * 32
CODE = voucher_code(b"s" * 32, "v1")
OFFER = {"kind": "percent", "applies_to": "basket", "basis_points": 1000, "max_discount_minor": None}


def verify(text: str, store: str, key: dict[str, str]) -> None:
    """As a till does it, with the JWK and nothing else. Raises InvalidSignature."""
    prefix, code, expires, terms, signature = text.split(":")
    x, y = (int.from_bytes(base64.urlsafe_b64decode(key[side] + "="), "big") for side in ("x", "y"))
    raw = base64.b32decode(signature + "=" * (-len(signature) % 8))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    said = f"{prefix}:{store}:{code}:{expires}:{terms}".encode()
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(der, said, ec.ECDSA(hashes.SHA256()))


def test_a_tills_key_verifies_it_and_nothing_else_does() -> None:
    text = sign_code(KEY, "corner", CODE, 1_800_000_000.9, OFFER)
    key = public_key(KEY, "corner")
    verify(text, "corner", key)
    assert text == sign_code(KEY, "corner", CODE, 1_800_000_000.9, OFFER)
    assert int(text.split(":")[2], 16) == 1_800_000_000
    for store, other in (("mall", public_key(KEY, "mall")), ("mall", key), ("corner", public_key(b"x" * 32, "corner"))):
        with pytest.raises(InvalidSignature):
            verify(text, store, other)
    longer = text.replace(text.split(":")[2], f"{1_900_000_000:X}")
    with pytest.raises(InvalidSignature):
        verify(longer, "corner", key)


def test_its_letters_keep_the_qr_small_and_servers_read_the_code() -> None:
    text = sign_code(KEY, "corner", CODE, 1_800_000_000, OFFER)
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert len(text) <= 154  # alphanumeric, correction M: version 6, 41 modules a side
    assert parse_code(text) == parse_code(f" {text.lower()}\n") == CODE
    assert parse_code("R1:WRONG:0:0:0") is None


def test_terms_are_the_same_however_they_are_written() -> None:
    assert terms_digest(OFFER) == terms_digest({"basis_points": 1000, "applies_to": "basket", "kind": "percent"})
    assert terms_digest(OFFER) != terms_digest(OFFER | {"basis_points": 1001})


def test_the_digest_is_of_48_bits_of_the_terms_in_order() -> None:
    said = b'{"applies_to":"basket","basis_points":1000,"kind":"percent"}'
    assert terms_digest(OFFER) == hashlib.sha256(said).digest()[:6].hex().upper()
    assert sign_code(KEY, "corner", CODE, 255.9, OFFER).split(":")[:4] == ["R1", CODE, "FF", terms_digest(OFFER)]


def test_each_store_has_a_key_of_512_bits_of_the_sites() -> None:
    """Tills keep the public half: it may not change with a version."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-4, D.1.2.3
    secret = int(hashlib.sha512(KEY + b"|corner").hexdigest(), 16) % (order - 1) + 1
    point = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    key = public_key(KEY, "corner")
    assert (key["kty"], key["crv"]) == ("EC", "P-256")
    for side, value in (("x", point.x), ("y", point.y)):
        assert base64.urlsafe_b64decode(key[side] + "=") == value.to_bytes(32, "big")
        assert "=" not in key[side]
