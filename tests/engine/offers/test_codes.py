"""Voucher codes: derived, typable, checked, and nothing to guess."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.offers.codes import ALPHABET, LENGTH, code_digest, group_digits, parse_code, voucher_code

SECRET = b"secret"
CODE = voucher_code(SECRET, "v1")
IDS = st.text(min_size=1, max_size=24)


@given(IDS)
def test_every_code_parses_to_itself(voucher_id: str) -> None:
    code = voucher_code(SECRET, voucher_id)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    assert parse_code(code) == code == voucher_code(SECRET, voucher_id)
    assert parse_code(group_digits(code).lower()) == code


def test_codes_depend_on_secret_and_id() -> None:
    assert len({CODE, voucher_code(b"other", "v1"), voucher_code(SECRET, "v2")}) == 3


@pytest.mark.parametrize("typed", [f" {CODE[:4]}-{CODE[4:8]}–{CODE[8:]}\n", CODE.lower(), ".".join(CODE)])
def test_what_people_type(typed: str) -> None:
    assert parse_code(typed) == CODE


def test_lookalikes_are_read_as_meant() -> None:
    code = next(c for i in range(500) if {"0", "1"} <= set(c := voucher_code(SECRET, str(i))))
    assert parse_code(code.replace("0", "O").replace("1", "l")) == code
    assert parse_code(code.replace("0", "o").replace("1", "I")) == code


@given(IDS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_caught(voucher_id: str, at: int, letter: str) -> None:
    """Modulo a prime above 32, as Crockford chose it, no single substitution goes unnoticed."""
    code = voucher_code(SECRET, voucher_id)
    wrong = code[:at] + letter + code[at + 1 :]
    assert (parse_code(wrong) == wrong) == (wrong == code)


@given(IDS, st.integers(0, LENGTH - 3))
def test_two_neighbours_swapped_are_always_caught(voucher_id: str, at: int) -> None:
    code = voucher_code(SECRET, voucher_id)
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert swapped == code or parse_code(swapped) is None


@pytest.mark.parametrize(
    "text", ["", "ABC", CODE + "0", CODE[:-1], "U" * 12, "É" * 12, "١" * 12, "🎟" * 12, "x" * 10_000]
)
def test_what_is_no_code(text: str) -> None:
    assert parse_code(text) is None


def test_codes_use_the_whole_alphabet_evenly() -> None:
    """Each of the eleven random places: 32 letters, none rarer or commoner than chance allows (6 sigma)."""
    n = 4000
    codes = [voucher_code(SECRET, str(i)) for i in range(n)]
    assert len(set(codes)) == n
    for place in range(LENGTH - 1):
        seen = Counter(code[place] for code in codes)
        assert set(seen) == set(ALPHABET)
        assert max(abs(count - n / 32) for count in seen.values()) < 6 * (n / 32) ** 0.5


def test_the_stored_digest_is_keyed() -> None:
    digest = code_digest(SECRET, CODE)
    assert digest == code_digest(SECRET, CODE)
    assert len({digest, code_digest(b"other", CODE), code_digest(SECRET, voucher_code(SECRET, "v2"))}) == 3
    assert CODE not in digest


@pytest.mark.parametrize("voucher_id", [f"v{i}" for i in range(60)])
def test_a_code_is_55_bits_of_an_hmac_and_their_remainder_by_37(voucher_id: str) -> None:
    """By digits of base 32, the first of 256 attempts whose remainder is a letter; vouchers in pockets rely on it."""
    for attempt in range(256):
        said = hmac.new(SECRET, f"voucher-code|{voucher_id}|{attempt}".encode(), hashlib.sha256).hexdigest()
        number = int(said[:16], 16) // 2**9
        if number % 37 <= 31:
            break
    digits, rest = "", number
    for _ in range(11):
        rest, digit = divmod(rest, 32)
        digits = ALPHABET[digit] + digits
    assert voucher_code(SECRET, voucher_id) == digits + ALPHABET[number % 37]
    assert rest == 0


def test_what_is_looked_up_is_an_hmac_of_the_code() -> None:
    assert code_digest(SECRET, CODE) == hmac.new(SECRET, f"voucher-lookup|{CODE}".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"R1:{CODE}:c2lnbmVk", True), (f" r1:{group_digits(CODE)}:x", True), (f"R1:{CODE}", False),
        (f"R2:{CODE}:x", False), (f"R1::{CODE}:", False), (f"R1:{CODE + ' ' * 28}:x", True),
        (f"R1:{CODE + ' ' * 29}:x", False), (f"xR1:{CODE}:x", False),
    ],
)  # fmt: skip
def test_a_scanned_qr_holds_a_code_between_its_marks(text: str, read: bool) -> None:
    assert parse_code(text) == (CODE if read else None)


def test_codes_are_printed_in_groups_of_four() -> None:
    assert group_digits("0123456789AB") == "0123 4567 89AB"
