"""What the engine tells the world: CloudEvents 1.0 in structured JSON on `rayon/{store}/events/{kind}`.

Devices appear as pseudonyms, shoppers not at all. An event's id is a pure function of what it is about: the same fix
or decision, worked out again after a crash, is the same event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from engine.records import Decision, Fixes, VisitEvent, Voucher, device_hex
from engine.vocabulary import EventKind

_ENCODER = msgspec.json.Encoder()


class CloudEvent(NamedTuple):
    """Where to publish what."""

    topic: str
    payload: bytes


def fix_events(store: str, level_ids: Sequence[str], fixes: Fixes) -> list[CloudEvent]:
    """One event per fix: `{"device", "t", "level", "x_m", "y_m", "sigma_m", "n_ap"}`; `t` in seconds UTC."""
    columns = (fixes.t, fixes.device, fixes.level, fixes.x_m, fixes.y_m, fixes.sigma_m, fixes.n_ap)
    out = []
    for t, device, level, x_m, y_m, sigma_m, n_ap in zip(*[column.tolist() for column in columns], strict=True):
        who = device_hex(device)
        data = {
            "device": who,
            "t": round(t, 3),
            "level": level_ids[level],
            "x_m": round(x_m, 2),
            "y_m": round(y_m, 2),
            "sigma_m": round(sigma_m, 2),
            "n_ap": n_ap,
        }
        out.append(_event(store, "fix", f"{who}-{round(t * 1000)}", t, who, data))
    return out


def visit_events(store: str, visits: Iterable[VisitEvent]) -> list[CloudEvent]:
    """One event per entry into a zone or leaving of one: `{"device", "zone", "event", "started_at", "dwell_s", …}`."""
    out = []
    for visit in visits:
        who = device_hex(visit.device)
        data = {
            "device": who,
            "zone": visit.zone,
            "event": visit.kind,
            "started_at": rfc3339(visit.started_at),
            "dwell_s": round(visit.dwell_s, 3),
            "probability": round(visit.probability, 4),
        }
        key = _digest(visit.kind, who, visit.zone, f"{visit.started_at:.3f}")
        out.append(_event(store, "visit", key, visit.at, who, data))
    return out


def decision_events(store: str, decisions: Iterable[Decision]) -> list[CloudEvent]:
    """One event per decision: `{"decision_id", "campaign_id", "device", "visit_id", "outcome", "reason", …}`."""
    out = []
    for decision in decisions:
        trigger = decision.trigger
        who = device_hex(trigger.device)
        data = {
            "decision_id": decision.decision_id,
            "campaign_id": trigger.campaign_id,
            "device": who,
            "visit_id": trigger.visit_id,
            "outcome": decision.outcome,
            "reason": decision.reason,
            "probability": round(trigger.probability, 4),
            "caused_by": rfc3339(trigger.caused_by_t),
        }
        out.append(_event(store, "decision", decision.decision_id, decision.at, who, data))
    return out


def voucher_event(voucher: Voucher, at: float) -> CloudEvent:
    """A voucher reached a state: `{"voucher_id", "campaign_id", "visit_id", "state", "issued_at", "expires_at"}`."""
    data = {
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "visit_id": voucher.visit_id,
        "state": voucher.state,
        "issued_at": rfc3339(voucher.issued_at),
        "expires_at": rfc3339(voucher.expires_at),
    }
    key = f"{voucher.voucher_id}-{voucher.state}"
    return _event(voucher.store, "voucher", key, at, voucher.voucher_id, data)


def rfc3339(t: float) -> str:
    """Seconds UTC as `2026-03-01T09:30:00.250Z`."""
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(store: str, kind: EventKind, key: str, at: float, subject: str, data: dict[str, Any]) -> CloudEvent:
    body = {
        "specversion": "1.0",
        "id": key,
        "source": f"/rayon/{store}",
        "type": f"rayon.{kind}.v1",
        "subject": subject,
        "time": rfc3339(at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return CloudEvent(f"rayon/{store}/events/{kind}", _ENCODER.encode(body))


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
