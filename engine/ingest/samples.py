"""A few refused frames per reason, so that an operator sees what a counter counts.

Of our own readings times, decibels and names of access points; of all else the shape only, which says nothing of
anybody.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from engine.ingest.decoders.native import Frame
from engine.ingest.names import looks_like_a_name
from engine.ingest.shapes import cross_out, is_native, shape_of, shape_of_readings
from engine.masks import mask_local_macs
from engine.plan.model import ap_key
from engine.records import F64, U64
from engine.vocabulary import ReadingRefusal

MAX_BYTES = 2_048  # of a payload kept
_LONGEST_MAC = 96  # every digit escaped
_MAX_REASONS = 64
MOST_UNKNOWN = 20  # of a store
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


class FrameSamples:
    """The newest `per_reason` frames refused for each reason. Bounded in every direction."""

    def __init__(self, per_reason: int) -> None:
        self._per_reason = per_reason
        self._kept: dict[str, deque[dict[str, Any]]] = {}

    def add(self, reason: str, topic: str, payload: bytes, at: float) -> None:
        """Keeps a frame refused for `reason` at `at` (seconds UTC)."""
        if self._per_reason == 0 or (reason not in self._kept and len(self._kept) >= _MAX_REASONS):
            return
        kept = self._kept.setdefault(reason, deque(maxlen=self._per_reason))
        shown = _show_readings(payload) if is_native(topic) else _show_shape(topic, payload)
        kept.append({"at": at, "topic": _show_topic(topic), "bytes": len(payload), "payload": shown})

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Reason to samples, oldest first: `{"at", "topic", "bytes", "payload"}`."""
        return {reason: list(kept) for reason, kept in self._kept.items()}


@dataclass(frozen=True, slots=True)
class HeardUnknown:
    """What access points that no plan has hear: their names (n), pseudonyms of devices and dBm (n,)."""

    names: list[str]
    device: U64
    rssi_dbm: F64

    @property
    def points(self) -> list[str]:
        """The access points, each once."""
        return sorted(set(self.names))


Pseudonymise = Callable[[Sequence[str]], U64]


class UnknownPoints:
    """The newest names of access points that no floor plan has, by store: what an operator must add, or correct."""

    def __init__(self, known: Mapping[str, Collection[str]]) -> None:
        self._known = known
        self._names: dict[str, dict[str, None]] = {}
        self._looked_at = -math.inf

    def add(self, store: str, payload: bytes, at: float, pseudonymise: Pseudonymise) -> HeardUnknown | None:
        """Looks into a frame that has some, once a second. Returns what they hear; None where it did not look."""
        if 0 <= at - self._looked_at < 1.0:
            return None
        self._looked_at = at
        tree = msgspec.json.decode(payload, strict=False)
        found: list[tuple[str, str, float]] = []
        for reading in tree.get("readings", ()) if isinstance(tree, dict) else ():
            name = reading.get("ap") if isinstance(reading, dict) else None
            if isinstance(name, str) and len(name) <= _LONGEST_MAC and ap_key(name) not in self._known.get(store, ()):
                mac, rssi = reading.get("mac"), reading.get("rssi")
                level = float(rssi) if isinstance(rssi, int | float) and rssi < 0 else math.nan
                found.append((mask_local_macs(name), mac if isinstance(mac, str) else "", level))
        self.see(store, [name for name, _, _ in found])
        devices = pseudonymise([mac for _, mac, _ in found])
        return HeardUnknown([name for name, _, _ in found], devices, np.array([level for _, _, level in found]))

    def see(self, store: str, names: Collection[str]) -> None:
        """Names that a vendor's message has and no plan."""
        kept = self._names.setdefault(store, {})
        for name in names:
            if len(name) <= _LONGEST_MAC:
                kept.pop(name, None)
                kept[name] = None
        for oldest in list(kept)[: max(0, len(kept) - MOST_UNKNOWN)]:
            del kept[oldest]

    def as_json(self) -> dict[str, list[str]]:
        """Names by store, newest last."""
        return {store: list(names) for store, names in self._names.items()}


def note_refused(
    samples: FrameSamples, unknown: UnknownPoints, frame: Frame, topic: str, payload: bytes, names: Pseudonymise
) -> HeardUnknown | None:
    """A frame of which something was refused. Returns what access points of it hear that no plan has; `names` names the
    devices."""
    for reason in frame.refused:
        samples.add(reason, topic, payload, frame.received_at)
    if ReadingRefusal.UNKNOWN_AP in frame.refused and is_native(topic) and not frame.replay:
        return unknown.add(frame.store, payload, frame.received_at, names)
    return None


def _show_readings(raw: bytes) -> str:
    """Bytes that are no text may be addresses as they are: nothing of them is shown."""
    try:
        printable = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if _NO_TEXT.search(printable):
        return ""
    text = shape_of_readings(raw, MAX_BYTES)
    return text if len(text) <= MAX_BYTES and len(raw) <= MAX_BYTES else text[:MAX_BYTES] + "…"


def _show_shape(topic: str, payload: bytes) -> str:
    text = shape_of(topic, payload)
    return text if len(text) <= MAX_BYTES else text[:MAX_BYTES] + "…"


def _show_topic(topic: str) -> str:
    """Names as they are, and of everything else the signs only."""
    return "/".join(part if looks_like_a_name(part) else cross_out(part) for part in topic[:MAX_BYTES].split("/"))
