"""A checkpoint held a time of next year, and after a restart every reading of the present was late.

Input: a shop's engine runs for half a minute with its machine's clock a year ahead, is saved, and is restored on a
machine whose clock is right. Right: at least 0.95 of the fixes of a fresh start, at present times, and visits too.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.runtime.stored.packing import pack, unpack
from tests.cases import shop
from tests.cases.shop import NOW

YEAR_S = 365 * 86_400.0


@pytest.mark.parametrize("ahead_s", [YEAR_S, 4 * 3600.0, 60.0, 10.0])
def test_the_present_is_not_late_after_it(ahead_s: float) -> None:
    wrong = shop.engine()
    for at, frame in shop.live(30.0):
        moved = replace(
            frame,
            sent_at=frame.sent_at + ahead_s,
            received_at=frame.received_at + ahead_s,
            readings=replace(frame.readings, t=frame.readings.t + ahead_s),
        )
        wrong.step([moved], NOW + at + ahead_s)
    restored = shop.engine()
    restored.restore(unpack(pack(wrong.state())))
    restored.listen_from(NOW)
    done = shop.steps(restored, shop.live())
    fixes = shop.fixes_of(done)
    present = fixes.take(fixes.t < NOW + ahead_s / 2) if ahead_s > 120 else fixes
    assert len(present) >= 0.95 * shop.undisturbed()
    assert done[-1].clock < NOW + shop.SECONDS + 60.0
    assert sum(len(step.visits) for step in done) > 0
