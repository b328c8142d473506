"""An example of every event, made by the code that publishes them."""

from __future__ import annotations

import numpy as np

from engine.ingest.events import CloudEvent, decision_events, fix_events, visit_events, voucher_event
from engine.offers.decide import decision_id
from engine.offers.triggers import trigger_id
from engine.presence.stays import visit_id_of
from engine.records import Decision, DeviceId, Fixes, Grounds, Trigger, VisitEvent, Voucher
from engine.vocabulary import Channel, DecisionOutcome, DecisionReason, VisitChange, VoucherState

_T = 1_774_000_000.25  # a moment for examples
_STORE = "supermarket"
_DEVICE = DeviceId(0x9F86D081884C7D65)


def example_events() -> list[CloudEvent]:
    """One event of each kind, all of one shopper at the cheese."""
    visit = visit_id_of(_DEVICE, _T - 600.0)
    name = trigger_id("comte", _DEVICE, visit, _T - 5.0)
    trigger = Trigger(name, "comte", _DEVICE, visit, _T - 5.0, _T, 0.62, _T - 1.5)
    grounds = Grounds(_STORE, "EUR", Channel.PAGE, 22.5, 100, 60)
    decision = Decision(
        decision_id(trigger), trigger, None, DecisionOutcome.ISSUE, DecisionReason.OK, _T, grounds
    )  # fmt: skip
    voucher = Voucher(
        "9c1e5a7d20b84f63e1d7a0c2", "comte", "", _STORE, visit, VoucherState.ISSUED, _T, _T + 7200
    )  # fmt: skip
    return [
        *fix_events(_STORE, ["rdc"], _fixes()),
        *visit_events(_STORE, [VisitEvent(VisitChange.LEAVE, _DEVICE, "cremerie", _T - 95.0, _T, 84.5, 0.11)]),
        *decision_events(_STORE, [decision]),
        voucher_event(voucher, _T),
    ]


def _fixes() -> Fixes:
    return Fixes(
        np.array([_T]), np.array([_DEVICE], np.uint64), np.array([0], np.int32), np.array([12.34]), np.array([7.81]),
        np.diag((1.1, 1.4))[None], np.array([6], np.int32), np.ones((1, 1), np.float32),
    )  # fmt: skip
