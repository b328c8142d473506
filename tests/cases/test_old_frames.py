"""A retained or queued message, days old, reached a new subscriber as news (mosquitto #2248, daikin-mqtt #6).

Input: a source's first frame is two days old, then it is live. Right: the live frames' times within 2 s of ours, and
the shop goes on as if the old frame had not been: no live reading late, at least 0.9 of the fixes.
"""

from __future__ import annotations

import pytest

from engine.ingest.time.clocks import SourceClocks
from tests.cases import shop
from tests.cases.shop import NOW

TWO_DAYS_S = 172_800.0


def test_one_old_frame_teaches_a_clock_nothing() -> None:
    clocks = SourceClocks(2.0)
    assert clocks.offset_s("c1", NOW - TWO_DAYS_S, NOW) == 0.0  # old news stay old
    for i in range(1, 16):
        sent_at = NOW + i - 0.05
        assert sent_at + clocks.offset_s("c1", sent_at, NOW + i) == pytest.approx(NOW + i, abs=2.0)


@pytest.mark.parametrize("source", ["c1", "c2", "elsewhere"])
def test_the_shop_goes_on_as_if_it_had_not_been(source: str) -> None:
    old = shop.frame(source, NOW - TWO_DAYS_S, NOW, [shop.one_reading()])
    chain = shop.engine()
    fixes = shop.fixes_of(shop.steps(chain, [(0.0, old), *shop.live()]))
    assert len(fixes) >= 0.9 * shop.undisturbed()
    assert chain.figures()["late"] == 1  # the old one


def test_an_hour_old_backlog_of_a_dead_source_does_not_hold_the_living_up() -> None:
    backlog = [
        (0.01 * k, shop.frame("dead", NOW - 3600.0 + k, NOW + 0.01 * k, [shop.one_reading()])) for k in range(40)
    ]
    chain = shop.engine()
    fixes = shop.fixes_of(shop.steps(chain, [*backlog, *shop.live()]))
    assert (fixes.t > NOW - 60.0).sum() >= 0.9 * shop.undisturbed()
