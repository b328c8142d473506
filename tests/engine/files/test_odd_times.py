"""Times that are no seconds: what they look like, and that honest ones look like nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from api.cli.locate import warn_of_odd
from engine.files import ReadingTable, readings_for_plan
from engine.files.odd.values import Oddities
from engine.records import F64
from tests.engine.positioning.stores import hall

HOUR = np.repeat(np.arange(0.0, 3600.0, 3.0), 5)  # of each scan five readings, by five access points
EPOCH_S = 1_774_339_200.0


def odd_of(t: F64, devices: int = 2) -> tuple[str, ...]:
    n = len(t)
    ap = np.array([f"ap{i % 5}" for i in range(n)])
    device = np.array([f"d{i // 5 % devices}" for i in range(n)])
    none = np.full(n, np.nan)
    rssi = -60.0 - np.arange(n) % 7
    return readings_for_plan(ReadingTable("r.csv", t, device, ap, rssi, none, none, np.full(n, "")), hall()).odd.units


@pytest.mark.parametrize(
    ("told", "looks"),
    [
        (lambda s: s, ()),
        (lambda s: EPOCH_S + s, ()),
        (lambda s: 45992.0 + s, ()),  # seconds of a day
        (lambda s: EPOCH_S + 400.0 * s, ()),  # heard rarely, for days
        (lambda s: 45992.6 + s / 86400, ("times_in_days",)),
        (lambda s: np.round(45992.6 + s / 86400, 2), ("times_in_days",)),
        (lambda s: 45992.6 + s / 8640, ("times_in_days",)),  # for ten hours
        (lambda s: 11.0 + s / 3600, ("times_too_close",)),
        (lambda s: np.full(len(s), EPOCH_S), ("times_alike",)),
        (lambda s: 1000.0 * s, ("times_in_ms",)),
        (lambda s: 1000.0 * s + np.arange(len(s)) % 5, ("times_in_ms",)),
        (lambda s: 1000.0 * s + 0.5, ()),  # nobody counts half milliseconds
    ],
)
def test_what_times_look_like(told: Callable[[F64], F64], looks: tuple[str, ...]) -> None:
    assert odd_of(told(HOUR)) == looks


def test_of_a_few_readings_nothing_is_said() -> None:
    assert odd_of(np.zeros(5 * 2 * 9)) == ()
    assert odd_of(np.zeros(5 * 2 * 10)) == ("times_alike",)
    assert odd_of(np.zeros(600), devices=120) == (), "fingerprints, a device each"
    assert odd_of(np.empty(0)) == ()


def test_times_are_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_odd("r.csv", Oddities(units=("times_in_days", "times_in_ms", "times_alike", "times_too_close")))
    days, ms, alike, close = capsys.readouterr().err.splitlines()
    assert days.startswith("r.csv: warning: times look like a spreadsheet's days: t is seconds since 1970, UTC; write")
    assert ms.endswith("divide t by 1000")
    assert alike.startswith("r.csv: warning: all readings are of one instant")
    assert close.endswith("are these hours, or days?")
