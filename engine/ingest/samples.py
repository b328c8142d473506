"""A few refused frames per reason, MACs masked, so that an operator sees what a counter counts."""

from __future__ import annotations

from collections import deque
from typing import Any

from engine.ingest.masks import mask_macs

MAX_BYTES = 2_048  # of a payload kept
_LONGEST_MAC = 96  # every digit escaped
_MAX_REASONS = 64


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
        kept.append({"at": at, "topic": _show(topic.encode("utf-8", "replace")), "bytes": len(payload),
                     "payload": _show(payload)})  # fmt: skip

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Reason to samples, oldest first: `{"at", "topic", "bytes", "payload"}`."""
        return {reason: list(kept) for reason, kept in self._kept.items()}


def _show(raw: bytes) -> str:
    # Masked before it is cut, and cut before its end, or half a MAC would stay at the edge.
    text = mask_macs(raw[: MAX_BYTES + _LONGEST_MAC].decode("utf-8", "replace"))
    return text if len(raw) <= MAX_BYTES else text[: MAX_BYTES - _LONGEST_MAC] + "…"
