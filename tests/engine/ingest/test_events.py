"""Events: CloudEvents 1.0 with what it requires, the same id for the same thing, no shopper in any of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from engine.ingest.events import CloudEvent, decision_events, fix_events, rfc3339, visit_events, voucher_event
from engine.records import Decision, DeviceId, Fixes, Grounds, Trigger, VisitEvent, Voucher
from engine.vocabulary import Channel, DecisionOutcome, DecisionReason

DEVICE = DeviceId(0xFEDC_BA98_7654_3210)
TRIGGER = Trigger("t1", "c1", DEVICE, "v1", 90.0, 100.0, 0.91234, 99.5)


def body(event: CloudEvent) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(event.payload)
    assert parsed["specversion"] == "1.0"
    assert parsed["datacontenttype"] == "application/json"
    assert parsed["source"] == "/rayon/boutique"
    kind = event.topic.removeprefix("rayon/boutique/events/")
    assert parsed["type"] == f"rayon.{kind}.v1"
    assert all(isinstance(parsed[key], str) and parsed[key] for key in ("id", "subject", "time"))
    return parsed


def fixes(*t: float) -> Fixes:
    n = len(t)
    return Fixes(
        np.array(t),
        np.full(n, DEVICE, np.uint64),
        np.ones(n, np.int32),
        np.full(n, 1.23456),
        np.full(n, -2.0),
        np.tile(np.eye(2), (n, 1, 1)),
        np.full(n, 5, np.int32),
        np.full((n, 4), 0.25, np.float32),
    )


def test_a_fix() -> None:
    events = fix_events("boutique", ["ground", "upper"], fixes(100.0, 103.0))
    first, second = map(body, events)
    assert first["data"] == {
        "device": "fedcba9876543210", "t": 100.0, "level": "upper",
        "x_m": 1.23, "y_m": -2.0, "sigma_m": 1.41, "n_ap": 5,
    }  # fmt: skip
    assert first["time"] == "1970-01-01T00:01:40.000Z"
    assert first["id"] != second["id"]
    assert events == fix_events("boutique", ["ground", "upper"], fixes(100.0, 103.0))


def test_a_visit() -> None:
    enter = VisitEvent("enter", DEVICE, "wine", 90.0, 94.0, 0.0, 0.8)
    leave = VisitEvent("leave", DEVICE, "wine", 90.0, 130.0, 40.0, 0.1)
    first, second = map(body, visit_events("boutique", [enter, leave]))
    assert first["id"] != second["id"]
    assert second["data"]["event"] == "leave"
    assert second["data"]["dwell_s"] == 40.0
    assert second["time"] == rfc3339(130.0)


def test_a_decision_names_the_device_and_not_the_shopper() -> None:
    grounds = Grounds("boutique", "EUR", Channel.PAGE, 24.0, 200, 50, "an experiment")
    no, why = DecisionOutcome.REFUSE, DecisionReason.CAP_DAY
    decision = Decision("d1", TRIGGER, "shopper-77", no, why, 101.0, grounds)
    (event,) = decision_events("boutique", [decision])
    parsed = body(event)
    assert parsed["id"] == parsed["data"]["decision_id"] == "d1"
    assert (parsed["data"]["outcome"], parsed["data"]["reason"]) == ("refuse", "cap_day")
    assert b"shopper-77" not in event.payload
    assert b"an experiment" not in event.payload


def test_a_voucher_is_one_event_per_state() -> None:
    issued = Voucher("w1", "c1", "shopper-77", "boutique", "v1", "issued", 101.0, 1001.0)
    redeemed = Voucher("w1", "c1", "shopper-77", "boutique", "v1", "redeemed", 101.0, 1001.0)
    first, second = voucher_event(issued, 101.0), voucher_event(redeemed, 200.0)
    assert body(first)["id"] != body(second)["id"]
    assert body(second)["data"]["state"] == "redeemed"
    assert b"shopper-77" not in first.payload


def test_each_event_says_all_that_the_documentation_lists() -> None:
    """Rounded to what can be measured; an id is of what the event is about."""
    digest = hashlib.sha256(b"leave|fedcba9876543210|wine|90.123").hexdigest()[:16]
    (visit,) = map(
        body, visit_events("boutique", [VisitEvent("leave", DEVICE, "wine", 90.1234, 130.0, 40.00049, 0.12346)])
    )
    assert visit["data"] == {
        "device": "fedcba9876543210", "zone": "wine", "event": "leave", "started_at": "1970-01-01T00:01:30.123Z",
        "dwell_s": 40.0, "probability": 0.1235,
    }  # fmt: skip
    assert (visit["id"], visit["subject"]) == (digest, "fedcba9876543210")
    (fix,) = map(body, fix_events("boutique", ["ground", "upper"], fixes(100.00049)))
    assert (fix["id"], fix["data"]["t"], fix["subject"]) == ("fedcba9876543210-100000", 100.0, "fedcba9876543210")
    assert body(fix_events("boutique", ["a", "b"], fixes(100.0006))[0])["id"] == "fedcba9876543210-100001"


def test_a_decision_and_a_voucher_say_all_of_theirs() -> None:
    grounds = Grounds("boutique", "EUR", Channel.PAGE, 24.0, 200, 50, "an experiment")
    decision = Decision("d1", TRIGGER, "shopper-77", DecisionOutcome.REFUSE, DecisionReason.CAP_DAY, 101.0, grounds)
    parsed = body(decision_events("boutique", [decision])[0])
    assert parsed["data"] == {
        "decision_id": "d1", "campaign_id": "c1", "device": "fedcba9876543210", "visit_id": "v1", "outcome": "refuse",
        "reason": "cap_day", "probability": 0.9123, "caused_by": "1970-01-01T00:01:39.500Z",
    }  # fmt: skip
    assert (parsed["time"], parsed["subject"]) == ("1970-01-01T00:01:41.000Z", "fedcba9876543210")
    voucher = body(voucher_event(Voucher("w1", "c1", "s", "boutique", "v1", "issued", 101.0, 1001.25), 102.0))
    assert voucher["data"] == {
        "voucher_id": "w1", "campaign_id": "c1", "visit_id": "v1", "state": "issued",
        "issued_at": "1970-01-01T00:01:41.000Z", "expires_at": "1970-01-01T00:16:41.250Z",
    }  # fmt: skip
    assert (voucher["id"], voucher["subject"], voucher["time"]) == ("w1-issued", "w1", "1970-01-01T00:01:42.000Z")
