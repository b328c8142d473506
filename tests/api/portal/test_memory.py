"""What is held in memory of phones is bounded, and over when its time is."""

from __future__ import annotations

import base64
import time

import pytest

from api.portal import freed, waiting
from api.portal.counts import WRITE_S, DoorCounts
from api.portal.freed import FreedAddresses
from api.portal.waiting import WAIT_S, WaitingLists
from engine.vocabulary import LetOut

NOW = 1_800_000_000.0


def asked(lists: WaitingLists, action: str = "view", payload: str = "bm9uZQ==", at: float = NOW) -> str:
    return lists.answer("corner", "gate", action, payload, at)


def test_a_waiting_phone_is_given_out_until_it_is_acknowledged_or_its_time_is_over() -> None:
    lists = WaitingLists()
    lists.add("corner", "gate", "r1", 60, NOW)
    lists.add("corner", "gate", "r2", 60, NOW + 1)
    assert asked(lists) == asked(lists) == "* r1%2060%200%200%200%200%20rayon r2%2060%200%200%200%200%20rayon"
    assert asked(lists, payload=base64.b64encode(b"* r1").decode()) == "ack"
    assert asked(lists, at=NOW + WAIT_S) == "* r2%2060%200%200%200%200%20rayon"
    assert asked(lists, at=NOW + WAIT_S + 1) == "*"
    assert lists.answer("other", "gate", "view", "", NOW) == "*"


def test_a_list_is_given_until_it_is_acknowledged_and_a_start_clears_it() -> None:
    lists = WaitingLists()
    lists.add("corner", "gate", "r1", 60, NOW)
    assert asked(lists, "list") == asked(lists, "list") == asked(lists)
    assert asked(lists).startswith("* r1")
    assert asked(lists, "clear") == ""
    assert asked(lists) == "*"
    assert asked(lists, "deauthed", "nonsense") == asked(lists, "custom") == "ack"
    assert asked(lists, "view", "not base64!") == "*"


def test_lists_do_not_grow_beyond_their_bounds() -> None:
    lists = WaitingLists()
    for i in range(waiting.MOST + 5):
        lists.add("corner", "gate", f"r{i}", 60, NOW)
    assert len(asked(lists).split()) == waiting.MOST + 1
    for i in range(waiting.MOST_GATEWAYS):
        lists.add("corner", f"gate{i}", "r", 60, NOW)
    assert asked(lists) == "*"  # the oldest gateway went


def test_an_address_is_out_until_its_time_is_over() -> None:
    known = FreedAddresses()
    known.free("corner", "a", NOW + 60.0)
    assert known.seconds_left("corner", "a", NOW) == 60
    assert known.seconds_left("corner", "a", NOW + 60.0) is None
    assert known.seconds_left("other", "a", NOW) is None
    known.send_on("corner", "b", NOW + 60.0)
    assert known.seconds_left("corner", "b", NOW) is None
    known.come_back("corner", "b")
    known.come_back("corner", "stranger")
    assert known.seconds_left("corner", "b", NOW) == 60
    assert known.seconds_left("corner", "stranger", NOW) is None
    for i in range(freed.MOST):
        known.free("corner", f"n{i}", NOW + 60.0)
    assert known.seconds_left("corner", "a", NOW) is None


def test_failures_are_written_at_once_and_successes_now_and_then() -> None:
    counts = DoorCounts()
    assert counts.add("corner", LetOut.OPENED)
    assert not counts.add("corner", LetOut.SENT_ON)
    assert counts.add("corner", LetOut.CONTROLLER_AWAY)
    assert not counts.add("corner", LetOut.CONTROLLER_AWAY)
    assert counts.add("corner", LetOut.OPENED)
    assert counts.values("corner")["let_out"] == {"opened": 2, "sent_on": 1, "controller_away": 2}
    assert counts.values("other") == {"let_out": {}, "failing": 0, "last_failure": ""}
    assert WRITE_S < 8.0  # the health page takes what is older for silence


def test_the_last_ones_are_written_though_nobody_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    counts = DoorCounts()
    assert counts.add("corner", LetOut.OPENED)
    assert counts.late() == []
    assert not counts.add("corner", LetOut.OPENED)
    assert counts.late() == []
    now[0] += WRITE_S
    assert counts.late() == ["corner"]
    assert counts.late() == []
