"""What leaves the engine as events on MQTT, after its commit: fixes, visits, decisions, vouchers.

Whatever is published has left our hands: nobody can take it back in the night. So only people who agreed to offers by
location are followed in events; of everybody else there are figures, and no person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from engine.ingest.events import CloudEvent, decision_events, fix_events, visit_events, voucher_event
from engine.ingest.mqtt.receiver import Subscriber
from engine.plan.model import Plan
from engine.records import Decision, Voucher
from engine.runtime.store_engine import Step
from engine.vocabulary import EventKind


class Publishing:
    """Publishes the chosen kinds. Never waits: what the broker cannot take now is dropped, and counted.

    With `everybody`, which is for simulated shoppers, fixes and visits of all devices.
    """

    def __init__(self, subscriber: Subscriber, kinds: Collection[EventKind], *, everybody: bool = False) -> None:
        self._subscriber = subscriber
        self._kinds = frozenset(kinds)
        self._everybody = everybody

    def step(
        self,
        plan: Plan,
        step: Step,
        linked: Collection[int],
        decisions: Sequence[Decision],
        vouchers: Sequence[Voucher],
    ) -> None:
        """Everything one step brought; of fixes and visits those of `linked` devices, whose shoppers agreed."""
        levels = [level.id for level in plan.levels]
        agreed = np.array(sorted(linked), np.uint64)
        if self._everybody:
            agreed = np.unique(step.fixes.device)
        self._send("fix", lambda: fix_events(plan.store, levels, step.fixes.take(np.isin(step.fixes.device, agreed))))
        visits = [v for v in step.visits if self._everybody or v.device in linked]
        self._send("visit", lambda: visit_events(plan.store, visits))
        self._send("decision", lambda: decision_events(plan.store, decisions))
        self._send("voucher", lambda: [voucher_event(v, v.issued_at) for v in vouchers])

    def _send(self, kind: EventKind, events: Callable[[], Sequence[CloudEvent]]) -> None:
        if kind in self._kinds:
            for event in events():
                self._subscriber.publish(event.topic, event.payload)
