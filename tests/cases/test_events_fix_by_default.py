"""`events/fix` told every subscriber of the broker where everybody was, with the shipped configuration.

Input: two phones of which one agreed to offers by location; the shipped configuration, one that names `fix`, and a
demo of simulated shoppers. Right: no fix by default; where fixes are asked for, of the phone that agreed only; events
of visits and fixes of everybody only where shoppers are simulated.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from engine.config import Config, MqttConfig
from engine.ingest.mqtt.receiver import Subscriber
from engine.records import DeviceId, VisitEvent, device_hex
from engine.runtime.publishing import Publishing
from engine.runtime.store_engine import Step
from engine.vocabulary import EventKind, VisitChange
from tests.engine.presence.test_release import PLAN, T0, at_cells

AGREED, PASSER_BY = 0xA1A1A1A1A1A1A1A1, 0xB2B2B2B2B2B2B2B2


class Broker(Subscriber):
    """Keeps what is published instead of sending it."""

    def __init__(self) -> None:
        super().__init__(MqttConfig(), [PLAN.store])
        self.told: dict[str, set[str]] = defaultdict(set)

    def publish(self, topic: str, payload: bytes) -> None:
        event: dict[str, Any] = json.loads(payload)
        self.told[topic.rsplit("/", 1)[1]].add(event["data"]["device"])


def told(kinds: tuple[EventKind, ...], *, everybody: bool) -> dict[str, set[str]]:
    """Kind of event to the devices in it."""
    fixes = at_cells([AGREED, PASSER_BY], [0, 5], T0)
    visits = [VisitEvent(VisitChange.ENTER, DeviceId(d), "tea", T0, T0, 0.0, 0.9) for d in (AGREED, PASSER_BY)]
    broker = Broker()
    step = Step(T0, fixes, visits, [], [])
    Publishing(broker, kinds, everybody=everybody).step(PLAN, step, [AGREED], [], [])
    return dict(broker.told)


@pytest.mark.parametrize(
    ("config", "right"),
    [
        ({}, {"visit": {AGREED}}),
        ({"mqtt": {"publish_events": ["fix", "visit"]}}, {"fix": {AGREED}, "visit": {AGREED}}),
        ({"mqtt": {"publish_events": ["fix"]}, "privacy": {"demo": True}}, {"fix": {AGREED, PASSER_BY}}),
    ],
)
def test_only_who_agreed_is_followed_in_events(config: dict[str, Any], right: dict[str, set[int]]) -> None:
    made = Config.model_validate(config)
    found = told(made.mqtt.publish_events, everybody=made.privacy.demo)
    assert found == {kind: {device_hex(d) for d in devices} for kind, devices in right.items()}


def test_a_broker_that_is_asked_for_nothing_tells_nothing() -> None:
    assert told((), everybody=True) == {}
    assert np.isin("fix", Config().mqtt.publish_events).item() is False
