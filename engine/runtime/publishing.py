"""What leaves the engine as events on MQTT, after its commit: fixes, visits, decisions, vouchers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from engine.ingest.events import CloudEvent, decision_events, fix_events, visit_events, voucher_event
from engine.ingest.mqtt.receiver import Subscriber
from engine.plan.model import Plan
from engine.records import Decision, Voucher
from engine.runtime.store_engine import Step
from engine.vocabulary import EventKind


class Publishing:
    """Publishes the chosen kinds. Never waits: what the broker cannot take now is dropped, and counted."""

    def __init__(self, subscriber: Subscriber, kinds: Collection[EventKind]) -> None:
        self._subscriber = subscriber
        self._kinds = frozenset(kinds)

    def step(self, plan: Plan, step: Step, decisions: Sequence[Decision], vouchers: Sequence[Voucher]) -> None:
        """Everything one step brought."""
        self._send("fix", lambda: fix_events(plan.store, [level.id for level in plan.levels], step.fixes))
        self._send("visit", lambda: visit_events(plan.store, step.visits))
        self._send("decision", lambda: decision_events(plan.store, decisions))
        self._send("voucher", lambda: [voucher_event(v, v.issued_at) for v in vouchers])

    def _send(self, kind: EventKind, events: Callable[[], Sequence[CloudEvent]]) -> None:
        if kind in self._kinds:
            for event in events():
                self._subscriber.publish(event.topic, event.payload)
