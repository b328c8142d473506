"""Keys of refused messages: fields that people name stay, what six bytes may be written as does not."""

from __future__ import annotations

import base64
import random

import pytest

from engine.ingest.keys import may_hide_an_address


@pytest.mark.parametrize(
    "key",
    [
        "latitude",  # eight characters, as an address in base 64
        "apFloors",
        "deviceId",
        "radioMac",
        "seenTime",
        "ap_name_2",
        "rssi",  # too short for six bytes
        "xkqjwzv",
        "locationMapHierarchy",
        "unlocated_probing_clients",  # longer than what they are written as
    ],
)
def test_fields_stay(key: str) -> None:
    assert not may_hide_an_address(key)


@pytest.mark.parametrize("key", ["ybcBcSpf", "bordeaux", "idApIpQn", "abcdefgh", "JBSWY3DPEH", "timeTime12"])
def test_what_is_as_long_as_an_address_and_made_of_no_fields_is_hidden(key: str) -> None:
    assert may_hide_an_address(key)


@pytest.mark.parametrize(("key", "stays"), [("readigns", True), ("raedings", True), ("reqdxngs", False)])
def test_our_own_misspelt_stays(key: str, stays: bool) -> None:
    assert may_hide_an_address(key, ("readings", "t")) != stays
    assert may_hide_an_address(key)


def test_no_address_is_shown_however_it_is_encoded() -> None:
    rng = random.Random(7)
    for raw in (rng.randbytes(6) for _ in range(20_000)):
        for text in (
            base64.b64encode(raw).decode(),
            base64.urlsafe_b64encode(raw).decode(),
            base64.b32encode(raw).decode().rstrip("="),
            base64.b64encode(raw.hex().encode()).decode(),
            base64.b32encode(raw.hex().encode()).decode().rstrip("="),
        ):
            assert may_hide_an_address(text), text
