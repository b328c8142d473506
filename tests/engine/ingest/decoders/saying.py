"""What a decoder makes of a body, in a few words: for tests."""

from __future__ import annotations

import json
import math
from typing import Any

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS

NOW = 1795860000.0
AP, OTHER_AP = "02:00:5e:00:53:01", "02:00:5e:00:53:02"
PHONE, OTHER_PHONE = "06:00:00:00:00:01", "06:00:00:00:00:02"


def decoded(
    kind: str, body: Any, *, topic: str = "", secret: str | None = None, at: float = NOW, **told: str
) -> Decoded:
    """What comes of a body: bytes as they are, a text, or anything else as JSON."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return DECODERS[kind](VendorMessage(raw, at, topic), Told(secret, told))


def refusal(kind: str, body: Any, **told: Any) -> str:
    """Why a body is refused as a whole; `` where it is not."""
    try:
        decoded(kind, body, **told)
    except MessageRefused as refused:
        return str(refused.reason)
    return ""


def levels(of: Decoded) -> dict[tuple[str, str], float]:
    """dBm by phone and access point."""
    return {(reading.mac, reading.ap): reading.rssi_dbm for reading in of.readings}


def changes(of: Decoded) -> list[tuple[str, str, str]]:
    """(phone, event, access point) of every session."""
    return [(session.mac, str(session.event), session.ap) for session in of.sessions]


def refused(of: Decoded) -> dict[str, int]:
    """Counts by reason."""
    return {str(reason): count for reason, count in of.refused.items()}


def absent(value: float) -> bool:
    """Whether a number is not given."""
    return math.isnan(value)


def only_place(of: Decoded) -> dict[str, Any]:
    """What is said of the only position, lengths to the micrometre."""
    [position] = of.positions
    said = {k: v for k, v in position._asdict().items() if v == v and v not in ("", ())}
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in said.items()}


def only_reading(of: Decoded) -> tuple[str, str, float | None, float, str]:
    """(phone, access point, t or None, dBm, band) of the only reading."""
    [one] = of.readings
    return one.mac, one.ap, None if math.isnan(one.t) else one.t, one.rssi_dbm, one.band
