"""Connections that die young are told from those that are lost now and then."""

from __future__ import annotations

from engine.ingest.mqtt.steadiness import Steadiness, goodbye
from tests.clocks import HeldClock


def test_two_in_a_row_that_did_not_last_are_said_until_one_does() -> None:
    clock = HeldClock(0.0)
    steadiness = Steadiness("shop", 30.0, clock.time)

    def live(seconds: float) -> bool:
        steadiness.open()
        clock.now += seconds
        return steadiness.end("of the weather")

    assert [live(40.0), live(0.5)] == [True, False]
    assert steadiness.complaint == ""
    assert not live(29.0)
    assert steadiness.complaint == (
        "the connection to the broker does not last: 2 in a row ended within 30 s, the last because of the weather"
        "; another client with the client id shop would do that"
    )
    steadiness.open()
    clock.now += 29.0
    assert steadiness.complaint
    clock.now += 1.0
    assert steadiness.complaint == ""
    assert steadiness.end("", given=True)
    assert steadiness.short_lived == 0


def test_an_attempt_that_made_no_connection_changes_nothing() -> None:
    steadiness = Steadiness("shop", 30.0)
    for _ in range(5):
        assert not steadiness.end("refused")
    assert (steadiness.short_lived, steadiness.complaint) == (0, "")


def test_what_a_broker_says_is_put_in_words() -> None:
    assert goodbye("Session taken over").startswith("another client connected under our client id")
    assert goodbye("Server shutting down") == "the broker ended it: Server shutting down"
