"""The card's code: another one each half minute, read as people mistype it, and nothing of the person in it."""

from __future__ import annotations

import hashlib

import pytest

from engine.loyalty.card_codes import PREFIX, card_code, card_digest, read_card, step_of

KEY = b"a key of the site"


def test_it_changes_every_half_minute_and_with_the_person() -> None:
    assert [step_of(t) for t in (0.0, 29.9, 30.0, 59.9)] == [0, 0, 1, 1]
    codes = {card_code(KEY, who, step) for who in ("ann", "bob") for step in range(50)}
    assert len(codes) == 100
    assert card_code(KEY, "ann", 7) == card_code(KEY, "ann", 7) != card_code(b"another", "ann", 7)
    assert card_digest(KEY, "A") != card_digest(b"another", "A")


def test_a_code_is_the_lowest_sixty_bits_of_the_first_eight_bytes_from_the_lowest_on() -> None:
    """Engine and till may be of two releases for a while: the same code of the same moment."""
    first = int(hashlib.sha256(_padded(0x5C) + hashlib.sha256(_padded(0x36) + b"ann|7").digest()).hexdigest()[:16], 16)
    signs = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's, without I, L, O and U
    assert card_code(KEY, "ann", 7) == "".join(signs[first // 32**i % 32] for i in range(12))


def _padded(with_byte: int) -> bytes:
    """The key as RFC 2104 has it, for HMAC written out."""
    return bytes(b ^ with_byte for b in KEY.ljust(64, b"\0"))


def test_a_typed_code_is_read() -> None:
    code = card_code(KEY, "ann", 1)
    for said in (PREFIX + code, f" rc: {code[:4]} {code[4:8]}-{code[8:]} ".lower()):
        assert read_card(said) == code
    assert read_card("RC:OIL0OIL0OIL0") == "011001100110"


NONE = ["", "7F3KQ2M8ZX4A", "RC:", "RC:7F3KQ2M8ZX4", "RC:7F3KQ2M8ZX4AA", "RC:UUUUUUUUUUUU", "R1:X:Y"]


@pytest.mark.parametrize("text", NONE)
def test_anything_else_is_no_card(text: str) -> None:
    assert read_card(text) is None
