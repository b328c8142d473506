"""Messages of vendors in tests, and what their decoders make of them in as few words as it can be said."""

from __future__ import annotations

import json
import math
from typing import Any

from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS

NOW = 1795860000.0
PHONE, OTHER = "06:00:00:00:00:01", "06:00:00:00:00:02"
AP, AP2 = "00:00:5e:00:53:a0", "00:00:5e:00:53:a1"


def decode(kind: str, body: Any, *, secret: str | None = None, on: str = "", **options: str) -> Decoded:
    """What the decoder of a kind makes of a body: JSON of it, or the bytes themselves, on an MQTT topic."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DECODERS[kind](VendorMessage(raw, NOW, on), Told(secret, options))


def heard(decoded: Decoded) -> list[tuple[str, str, float | None, float]]:
    """Readings as (mac, ap, t or None, RSSI), in their order."""
    return [(r.mac, r.ap, None if math.isnan(r.t) else r.t, r.rssi_dbm) for r in decoded.readings]


def refused(decoded: Decoded) -> dict[str, int]:
    """Counts by reason."""
    return {str(reason): count for reason, count in decoded.refused.items()}


def places(decoded: Decoded) -> list[dict[str, Any]]:
    """What is said of each position but who and when, lengths to the millimetre."""
    rows = []
    for position in decoded.positions:
        said = {name: value for name, value in position._asdict().items() if value == value and value not in ("", ())}
        rows.append({k: round(v, 6) if isinstance(v, float) else v for k, v in said.items() if k not in ("mac", "t")})
    return rows


def events(decoded: Decoded) -> list[tuple[str, str, float | None]]:
    """Sessions as (event, zone or access point, t or None)."""
    return [(str(s.event), s.zone or s.ap, None if math.isnan(s.t) else s.t) for s in decoded.sessions]
