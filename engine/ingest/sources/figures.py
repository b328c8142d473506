"""What each source was heard to say: the figures of the sources page. Counts and times, never who."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.errors import MessageRefused
from engine.ingest.decoders.native import Frame
from engine.ingest.sources.declared import Source, Sources
from engine.vocabulary import FrameRefusal

MOST_SOURCES = 64
"""Of a store's names, which somebody may invent, the longest silent are forgotten beyond so many."""
RATE_S = 60.0


@dataclass(slots=True)
class _Figures:
    kind: str = "native"
    stores: tuple[str, ...] = ()
    heard_at: float = 0.0
    newest_t: float = 0.0
    messages: int = 0
    readings: int = 0
    positions: int = 0
    sessions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    minute_from: float = 0.0
    minute: int = 0
    rate_per_min: float | None = None

    def add_to_rate(self, n: int, now: float) -> None:
        """Readings and positions of whole minutes of receipt."""
        if not 0 <= now - self.minute_from < RATE_S:
            passed = (now - self.minute_from) / RATE_S
            self.rate_per_min = self.minute / passed if 1 <= passed < 10 else None
            self.minute_from, self.minute = now, 0
        self.minute += n


class SourceFigures:
    """Declared sources are there from the start; others once they speak, by store: each names its own as it likes."""

    def __init__(self, sources: Sources) -> None:
        self._declared = {s.name: _Figures(s.kind, s.stores) for s in sources}
        self._others: dict[tuple[str, str], _Figures] = {}

    def note(self, name: str, frames: Sequence[Frame], sessions: int, received_at: float, store: str = "") -> None:
        """A message that was decoded: of a declared source, or of one that spoke on a topic of `store`."""
        figures = self._figures(name, store)
        figures.heard_at = received_at
        figures.messages += 1
        figures.sessions += sessions
        said = 0
        for frame in frames:
            said += len(frame.readings) + len(frame.ap_readings) + len(frame.positions)
            figures.readings += len(frame.readings) + len(frame.ap_readings)
            figures.positions += len(frame.positions)
            figures.refused.update({str(reason): n for reason, n in frame.refused.items()})
            times = [float(np.max(part.t)) for part in (frame.readings, frame.positions) if len(part)]
            # A clock that is ahead says nothing of how old its readings are: none is newer than its receipt.
            figures.newest_t = max([figures.newest_t, *(min(t, received_at) for t in times)])
        figures.add_to_rate(said, received_at)

    @contextmanager
    def refusals(self, source: Source, received_at: float) -> Iterator[None]:
        """Counts a message of a declared source that cannot be used at all."""
        try:
            yield
        except Exception as error:  # a fault of a decoder is shown at its source, too
            figures = self._declared[source.name]
            figures.heard_at = received_at
            figures.messages += 1
            figures.refused[str(error.reason if isinstance(error, MessageRefused) else FrameRefusal.DECODER_FAULT)] += 1
            raise

    def as_json(self, problems: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
        """Figures by source, of one that is not declared by `STORE/NAME`; times in seconds UTC, 0 for never.
        `problems`: why those that are asked give nothing.
        """
        declared = [(name, name, f) for name, f in self._declared.items()]
        others = [(f"{store}/{name}", name, f) for (store, name), f in self._others.items()]
        return {
            key: {
                "name": name,
                "kind": f.kind,
                "stores": list(f.stores),
                "heard_at": f.heard_at,
                "newest_t": f.newest_t,
                "messages": f.messages,
                "readings": f.readings,
                "positions": f.positions,
                "sessions": f.sessions,
                "rate_per_min": f.rate_per_min,
                "refused": dict(f.refused),
                "problem": (problems or {}).get(name, ""),
            }
            for key, name, f in declared + others
        }

    def _figures(self, name: str, store: str) -> _Figures:
        if not store:
            return self._declared[name]
        known = self._others.get((store, name))
        if known is None:
            here = [key for key in self._others if key[0] == store]
            if len(here) >= MOST_SOURCES:
                del self._others[min(here, key=lambda key: self._others[key].heard_at)]
            known = self._others[store, name] = _Figures(stores=(store,))
        return known
