"""MAC addresses as vendors spell them, in one spelling: `aa:bb:cc:dd:ee:ff`."""

from __future__ import annotations

from functools import lru_cache

from engine.privacy.pseudonyms import normal_mac

NOBODY = "00:00:00:00:00:00"
"""The address of reports that are empty."""
GROUP_BIT = 1
"""Of the first byte (IEEE 802): the address is of a group, or of all. Nobody sends from it."""


_LONGEST = 40  # characters, spaces around it included: what is remembered must not grow with what is sent


def colon_mac(text: str) -> str | None:
    """A MAC in any spelling that `normal_mac` takes, or with one separator between all bytes (`aa.bb.cc.…`), in ours.
    None for everything else, and for addresses that no device sends from (zeros, broadcast, groups)."""
    return spell_mac(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=30_000)
def spell_mac(text: str) -> str | None:
    """As `colon_mac`, remembered until `forgetting` forgets it."""
    bare = text.strip()
    if len(bare) == 17 and bare[2] == "." and bare[2::3] == ".....":
        bare = bare.replace(".", ":")
    try:
        digits = normal_mac(bare)
    except ValueError:
        return None
    mac = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    return None if mac == NOBODY or int(mac[1], 16) & GROUP_BIT else mac


def mac_of_bytes(raw: bytes) -> str | None:
    """Six bytes of a protobuf field in our spelling; None where they are no device's address."""
    return colon_mac(raw.hex()) if len(raw) == 6 else None


def ap_name(text: str) -> str:
    """An access point as its source names it: a MAC in our spelling, any other name as it stands."""
    return colon_mac(text) or text.strip()
