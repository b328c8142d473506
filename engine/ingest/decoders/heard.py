"""What every vendor decoder takes and gives: bytes as they came, and what they say of phones, in words of our own.

A decoder is a pure function `(VendorMessage, Told) -> Decoded`. What it gives holds MACs as text, in one spelling: it
lives as long as the frame is handled, and `naming` turns it into records, which hold pseudonyms only. Nothing here is
logged, kept or published; its `repr` says how many, not who.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from engine.vocabulary import RecordRefusal, SourceSession

_HALF = re.compile("[\ud800-\udfff]")
ABSENT = math.nan
"""A number that the vendor does not give. An absent time is the time of receipt."""
EVERYBODY = "*"
"""Instead of a MAC: all phones."""


@dataclass(frozen=True, slots=True)
class VendorMessage:
    """One MQTT frame, HTTP body, WebSocket frame or polled answer.

    `received_at` is seconds UTC, or NaN for a recording of which nobody knows when it came: what is stale is then
    judged against the newest time in the message. `headers` have lower-case names, `topic` is empty where there is
    none. `method` and `target` (path and query, as they came) are of HTTP.
    """

    body: bytes
    received_at: float
    topic: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    target: str = ""

    def __repr__(self) -> str:
        return f"VendorMessage({len(self.body)} bytes, received_at={self.received_at})"


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator told of a source. `secret` is a shared secret, a token or the key of a signature; where it is
    None nothing is checked (a recording that its owner reads), and a receiver never runs without it. `options` are
    the kind's own: `ap` of an agent that names none in its body, `validator`, `columns`, `interface`, `bssid`…"""

    secret: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Told({sorted(self.options)})"


class VendorReading(NamedTuple):
    """One access point heard one phone. `mac` is `aa:bb:cc:dd:ee:ff`; `ap` likewise, or the source's own name for it,
    verbatim. `t` is seconds UTC by the source's clock; numbers that are not given are NaN. `age_s` says how long
    before `t` it was heard, where the source says so beside `t`."""

    mac: str
    ap: str
    t: float = ABSENT
    rssi_dbm: float = ABSENT
    range_m: float = ABSENT
    range_sigma_m: float = ABSENT
    band: str = ""
    age_s: float = ABSENT
    id: str = ""


def make_reading(mac: str, ap: str, t: float, rssi_dbm: float, band: str = "") -> VendorReading:
    """A reading of a signal alone, as nearly all are, made the quickest way."""
    return tuple.__new__(VendorReading, (mac, ap, t, rssi_dbm, ABSENT, ABSENT, band, ABSENT, ""))


class VendorPosition(NamedTuple):
    """Where the source itself says that a phone is, in its own frame: metres, or degrees, or both. `origin` is
    `top-left` (y down) or `bottom-left` where known. `error_kind` says what `error_m` is: `variance` and `unc` as
    Meraki and Cisco say, `r95` the radius that holds 95 %. `xy_by_floor` are (floor, x_m, y_m) where the source places
    one phone on several plans at once: which of them is right is not for a decoder to say."""

    mac: str
    t: float = ABSENT
    x_m: float = ABSENT
    y_m: float = ABSENT
    lon: float = ABSENT
    lat: float = ABSENT
    level: str = ""
    map: str = ""
    origin: str = ""
    error_m: float = ABSENT
    error_kind: Literal["", "variance", "unc", "r95"] = ""
    xy_by_floor: tuple[tuple[str, float, float], ...] = ()


class VendorSession(NamedTuple):
    """A phone and the network, or a zone of the source's. A `mac` of `*` means all phones of the
    source; `ap` is then the controller that starts anew."""

    mac: str
    event: SourceSession
    t: float = ABSENT
    ap: str = ""
    ssid: str = ""
    zone: str = ""


class VendorIdentity(NamedTuple):
    """What the source knows a phone by. Personal data: used with consent only, and never kept beside readings."""

    mac: str
    user: str = ""
    ip: str = ""


def printable(name: str) -> str:
    """A name as a vendor gave it, halves of characters replaced: no file, log or answer could be written with them."""
    return name if name.isascii() else _HALF.sub("\ufffd", name)


@dataclass(slots=True)
class Decoded:
    """What one message says. Decoders fill it; `refused` counts records that give nothing, by reason; `ignored`
    messages are well-formed and say nothing of a phone. `answer` is the text that the sender waits for (a handshake).
    `notes` are what else an operator may look at: paging, names of access points, counts.
    """

    readings: list[VendorReading] = field(default_factory=list)
    positions: list[VendorPosition] = field(default_factory=list)
    sessions: list[VendorSession] = field(default_factory=list)
    identities: list[VendorIdentity] = field(default_factory=list)
    refused: dict[RecordRefusal, int] = field(default_factory=dict)
    ignored: int = 0
    answer: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def refuse(self, reason: RecordRefusal, count: int = 1) -> None:
        """Counts records that give nothing."""
        self.refused[reason] = self.refused.get(reason, 0) + count

    def __repr__(self) -> str:
        return (
            f"Decoded({len(self.readings)} readings, {len(self.positions)} positions, {len(self.sessions)} sessions, "
            f"refused={dict(self.refused)})"
        )


Decoder = Callable[[VendorMessage, Told], Decoded]
"""Raises `MessageRefused` for a message that cannot be used at all, and nothing else, whatever the bytes."""
