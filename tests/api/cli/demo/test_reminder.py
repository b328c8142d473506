"""When the demo's links are shown again."""

from __future__ import annotations

import logging

from api.cli.demo.reminder import EVERY_S, QUIET_S, Reminder


def test_every_minute() -> None:
    reminder = Reminder(100.0)
    assert not reminder.due(100.0 + EVERY_S - 0.1)
    assert reminder.due(100.0 + EVERY_S)
    assert not reminder.due(100.0 + EVERY_S + 0.2)
    assert reminder.due(100.0 + 2 * EVERY_S)


def test_at_the_end_of_a_burst_of_log_lines() -> None:
    reminder = Reminder(0.0)
    logger = logging.Logger("burst")
    logger.addHandler(reminder)
    assert not reminder.due(1.0)
    logger.warning("one")
    assert not reminder.due(4.0)
    logger.warning("two")
    assert not reminder.due(4.0 + QUIET_S - 0.1)
    assert reminder.due(4.0 + QUIET_S)
    assert not reminder.due(4.0 + QUIET_S + 1)
