"""What a bad network does to messages: late, twice, overtaken, broken. No clock: times are given."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable

import numpy as np

from simulators.scenario.wire import WireConfig
from simulators.wires.native import Arrival, Message


class Disturbances:
    """Holds messages back until they are due. `counts`: how many were `late`, `duplicate`, `reorder`, `malformed`."""

    def __init__(self, config: WireConfig, rng: np.random.Generator) -> None:
        self._config, self._rng = config, rng
        self._held: list[Arrival] = []
        self._number = 0
        self.counts: Counter[str] = Counter()

    def push(self, messages: Iterable[Message], at_s: float) -> None:
        """Messages that leave their controller at scenario time `at_s`."""
        config = self._config
        for each in messages:
            late, duplicate, reorder, malformed = (
                self._rng.random(4)
                < (config.late_share, config.duplicate_share, config.reorder_share, config.malformed_share)
            ).tolist()
            message = Message(each.topic, break_payload(each.payload, self._rng), 0) if malformed else each
            due_s = at_s
            if late:
                due_s += float(self._rng.exponential(config.late_by_s))
            if reorder:
                due_s += 1.5 * config.batch_s
            self._hold(due_s, message)
            if duplicate:
                self._hold(due_s + float(self._rng.uniform(0.0, 2.0)), message)
            told = {"late": late, "duplicate": duplicate, "reorder": reorder, "malformed": malformed}
            self.counts.update(kind for kind, so in told.items() if so)

    def due(self, now_s: float) -> list[Arrival]:
        """What has arrived by now, in the order of arrival; each message once."""
        out = []
        while self._held and self._held[0].t_s <= now_s:
            out.append(heapq.heappop(self._held))
        return out

    def _hold(self, due_s: float, message: Message) -> None:
        self._number += 1
        heapq.heappush(self._held, Arrival(due_s, self._number, message))


def break_payload(payload: bytes, rng: np.random.Generator) -> bytes:
    """A payload as broken senders make them: cut off, not UTF-8, another structure, nothing. Never valid."""
    kind = int(rng.integers(4))
    if kind == 0:
        return payload[: int(rng.integers(1, max(len(payload) - 1, 2)))]
    if kind == 1:
        at = int(rng.integers(len(payload)))
        return payload[:at] + b"\xff\xfe" + payload[at:]
    return b"[]" if kind == 2 else b""
