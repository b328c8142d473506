"""Addresses in the spellings that captive portals write: of phones, access points, and of the network layer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from engine.ingest.portals.landing import decode_fully
from engine.vocabulary import PortalRefusal

_BYTES = re.compile(r"[0-9a-f]{2}([:._ -])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}")
_GROUPS = re.compile(r"[0-9a-f]{4}([.:-])[0-9a-f]{4}\1[0-9a-f]{4}|[0-9a-f]{6}[.:-][0-9a-f]{6}|(?:0x)?[0-9a-f]{12}")
_AP_AND_SSID = re.compile(
    r"([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{12}|[0-9a-f]{4}(?:[.-][0-9a-f]{4}){2}):(.+)", re.I
)
_ENCRYPTED = re.compile(r"(?i)enc[0-9a-z+/=_-]{16,}")
_DIGEST = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})")
_NOTHING = frozenset({"", "-", "null", "(null)", "none", "nil", "undefined", "unknown", "n/a"})
SHORTEST = 11  # characters of an address: less is a word, and hides nothing


@dataclass(frozen=True, slots=True)
class Spelt:
    """What a value is: `mac` where it is a phone's address, else what is wrong with it; neither where it is nothing."""

    mac: str | None = field(default=None, repr=False)
    flaw: PortalRefusal | None = None
    word: bool = False  # too short to be an address in any form, encrypted or not


def mac_digits(text: str) -> str | None:
    """A MAC in any spelling as 12 lower-case digits; None for what is none."""
    plain = decode_fully(text).strip().strip("\"'").lower()
    if plain.startswith("mac-"):
        plain = plain[4:]
    if _GROUPS.fullmatch(plain):
        return re.sub(r"[^0-9a-f]", "", plain.removeprefix("0x"))
    if _BYTES.fullmatch(plain):
        return "".join(part.zfill(2) for part in re.split(r"[:._ -]", plain))
    return None


def with_colons(digits: str) -> str:
    """`020000000001` as `02:00:00:00:00:01`."""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def is_one_device(digits: str) -> bool:
    """Whether 12 digits can be the address of one device: not nobody's (zero), not a group's, not everybody's."""
    return digits != "0" * 12 and not int(digits[:2], 16) & 1


def read_phone(text: str) -> Spelt:
    """What a value says of the phone. Raises nothing, whatever the value."""
    plain = decode_fully(text).strip()
    if plain.lower() in _NOTHING:
        return Spelt()
    digits = mac_digits(plain)
    if digits is not None:
        return Spelt(with_colons(digits)) if is_one_device(digits) else Spelt(flaw=PortalRefusal.BAD_MAC)
    if _ENCRYPTED.fullmatch(plain):
        return Spelt(flaw=PortalRefusal.ENCRYPTED)
    if _DIGEST.fullmatch(plain.lower()):
        return Spelt(flaw=PortalRefusal.HASHED_MAC)
    return Spelt(flaw=PortalRefusal.BAD_MAC, word=len(plain) < SHORTEST)


def read_ap(text: str) -> tuple[str | None, str]:
    """An access point's MAC, or None, and the SSID where one hangs on it, as in RADIUS: `00-00-5E-00-53-A0:Guest`."""
    plain = decode_fully(text).strip()
    digits, ssid = mac_digits(plain), ""
    if digits is None and (found := _AP_AND_SSID.fullmatch(plain)):
        digits, ssid = mac_digits(found[1]), found[2]
    return (with_colons(digits) if digits is not None and is_one_device(digits) else None), ssid


def read_ip(text: str) -> str | None:
    """An IP address of one device; None for anything else."""
    try:
        found = ip_address(decode_fully(text).strip())
    except ValueError:
        return None
    return None if found.is_unspecified or found.is_multicast else str(found)
