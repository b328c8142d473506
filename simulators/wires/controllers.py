"""The controllers of a store: ticks become frames, phones that come and go become session messages, late or in time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from simulators.people.phones import BURST_S
from simulators.truth.truth import session_events
from simulators.wires.disturbances import Disturbances
from simulators.wires.formats import wire_of
from simulators.wires.native import Arrival, Message, session
from simulators.world import TICK_S, Heard, World

WIRE_STREAM = 3


class Controllers:
    """What a world's controllers send, batch by batch in order, scenario time 0 being `start_t`."""

    def __init__(self, world: World, start_t: float) -> None:
        self._world, self._start_t = world, start_t
        rng = np.random.default_rng([world.scenario.seed, WIRE_STREAM])
        self._wire, self._network = wire_of(world, rng), Disturbances(world.scenario.wire, rng)
        self._events, self._told_s, self._changes = session_events(world), 0.0, world.changes

    @property
    def disturbed(self) -> Counter[str]:
        """How many messages were late, repeated and so on."""
        return self._network.counts

    def batches(self) -> Iterator[range]:
        """The run's ticks as they go together."""
        per_batch = max(round(self._world.scenario.wire.batch_s / TICK_S), 1)
        return (range(k, min(k + per_batch, self._world.ticks)) for k in range(0, self._world.ticks, per_batch))

    def collect_arrivals(self, heard: Sequence[Heard], reached_s: float) -> list[Arrival]:
        """What has come to the broker by now, this batch having been `heard` up to `reached_s`.

        A batch leaves `BURST_S` after its last tick, when its last reading has been heard: so much later than told
        comes everything.
        """
        self._network.push(self._sessions(reached_s), reached_s)
        sent_at = self._start_t + reached_s + BURST_S
        self._network.push(self._wire.frames(heard, self._start_t, sent_at), reached_s)
        return self._network.due(reached_s)

    def rest(self) -> list[Arrival]:
        """What is still on its way."""
        return self._network.due(math.inf)

    def _sessions(self, until_s: float) -> list[Message]:
        """Session messages since the last batch. Those to come are other ones when a journey has changed."""
        if self._changes != self._world.changes:
            self._events, self._changes = session_events(self._world), self._world.changes
        first, last = (bisect_left(self._events, (t_s,)) for t_s in (self._told_s, until_s))
        self._told_s = until_s
        store, macs, ssid = self._world.plan.store, self._world.phones.mac, self._world.scenario.phones.ssid
        due = self._events[first:last]
        return [session(store, macs[device], event, self._start_t + t_s, ssid) for t_s, device, event in due]
