"""A source is named by whoever publishes: one named by its MAC stood in clear on /health and /metrics, as soon as it
was written otherwise than in pairs.

Input: sources named by an address in odd groups, encoded, as a number, with characters that nobody sees. Right: behind
the wire they go by a word and eight digits of a keyed hash, always the same for the same name, and names that look like
names as they are.
"""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.ingest.names import UNNAMED, SourceNames, looks_like_a_name
from engine.masks import mask_macs

KEY = b"k" * 32
OCTETS = st.lists(st.integers(0, 255), min_size=6, max_size=6)


def spelt(octets: list[int]) -> list[str]:
    digits = "".join(f"{o:02x}" for o in octets)
    pairs = [digits[i : i + 2] for i in range(0, 12, 2)]
    out = [
        digits,
        f"{digits[:5]}-{digits[5:10]}-{digits[10:]}",
        f"0x{digits[:8]} {digits[8:]}",
        "\u200b".join(digits),
        "".join(chr(ord(c) + 0xFEE0) for c in digits),
        "%3A".join(pairs),
        "".join(f"%{ord(c):02x}" for c in digits),
        f"phone-{digits[:6]}-{digits[6:]}",
        *(separator.join(pairs) for separator in ":-_. "),
    ]
    number = int(digits, 16)
    return [*out, str(number)] if number >= 10**6 else out


@given(OCTETS)
@example([0xCA, *[0xFA] * 5])  # of letters alone: every part is a word
def test_no_name_that_is_an_address_goes_further(octets: list[int]) -> None:
    names = SourceNames(KEY)
    for said in spelt(octets):
        assert names.of(said).startswith(UNNAMED), said
        assert names.of(said) == SourceNames(KEY).of(said)
        assert mask_macs(names.of(said)) == names.of(said)


@given(OCTETS)
@example(list(base64.b64decode("deadbeef")))  # eight letters that are hexadecimal are no word
@example(list(base64.b64decode("freundin")))
def test_nor_does_one_in_base64(octets: list[int]) -> None:
    """But where it happens to look like a word."""
    encoded = base64.b64encode(bytes(octets)).decode()
    assert looks_like_a_name(encoded) == _is_word(encoded)


def test_without_the_key_nobody_knows_whose_it_is() -> None:
    said = "02000-0000b-0d"
    assert SourceNames(KEY).of(said) != SourceNames(b"other").of(said)


NAMES = ["sim-1", "c1", "controller-1", "OpenWrt", "wlc", "WLC2", "unifi", "agent_back-office", "ap-2nd-floor", "5ghz"]


@pytest.mark.parametrize("name", [*NAMES, "Mist eu"])
def test_names_that_look_like_names_stay(name: str) -> None:
    assert SourceNames(KEY).of(name) == name


def test_a_name_that_the_site_gave_stays() -> None:
    assert SourceNames(KEY, ["f47ac10b"]).of("f47ac10b") == "f47ac10b"


def _is_word(text: str) -> bool:
    return re.fullmatch(r"(?![\da-fA-F]{8})(?:[a-z]{6,8}\d{0,2}|[A-Z][a-z]{7})", text) is not None
