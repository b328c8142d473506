"""Visitors doubled after midnight (analytics that change their visitor hash at 00:00 UTC count who is there twice).

Input: a phone stands still for 20 min across 00:00 UTC, which is the afternoon in Pacific/Auckland; and one across the
turn of the salt, in the store's own night. Right: one visit of 1,199 s, and never more than 0.9 people.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from engine.config import Config, PresenceConfig
from engine.ingest.decoders.native import NativeDecoder
from engine.presence.visits import VisitTracker
from engine.presence.zonehours import ZoneHours
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import Fixes
from engine.runtime.store_engine import StoreEngine
from engine.vocabulary import VisitChange
from tests.engine.runtime.made import Stand, boutique, frames, payload

MAC = "02:00:00:00:00:01"
HALF_S = 600


def fix(device: int, t: float) -> Fixes:
    one = np.ones(1)
    return Fixes(
        np.full(1, t), np.full(1, device, np.uint64), np.zeros(1, np.int32), one, one, np.eye(2)[None],
        np.full(1, 3, np.int32), np.ones((1, 1), np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("timezone", ["Pacific/Auckland", "America/New_York", "Asia/Kathmandu"])
def test_midnight_in_greenwich_is_an_hour_like_any_other(timezone: str) -> None:
    midnight = dt.datetime(2026, 11, 28, tzinfo=dt.UTC).timestamp()
    start = midnight - HALF_S
    pseudonyms = Pseudonyms(b"0123456789abcdef", start, nights=Nights(timezone, Config().privacy.salt_turns_at))
    visits, hours = VisitTracker(["all"], PresenceConfig()), ZoneHours(["all"])
    events, p = [], np.full((1, 1), 0.9, np.float32)
    for t in np.arange(start, midnight + HALF_S):
        pseudonyms.start_day(t)
        seen = fix(pseudonyms(MAC), float(t))
        events += visits.update(seen, p)
        hours.add(seen, p)
    events += visits.close_silent(midnight + HALF_S + 300.0)
    ended = [e for e in events if e.kind is VisitChange.LEAVE]
    assert [e.dwell_s for e in ended] == [2 * HALF_S - 1.0]
    assert max(row.persons_peak for row in hours.drain()) == pytest.approx(0.9)


def test_a_phone_that_is_there_when_the_salt_turns_keeps_its_visit() -> None:
    plan = boutique()
    turn = dt.datetime.fromisoformat("2026-11-28T04:00+01:00").timestamp()
    start = turn - 60.0
    names = Pseudonyms(b"0123456789abcdef", start, nights=Nights(plan.timezone, Config().privacy.salt_turns_at))
    decoder, chain = NativeDecoder({"boutique": plan.ap_index}, names), StoreEngine(plan, Config())
    before, stays = names(MAC), []
    for at, rows in frames(plan, [Stand(MAC, plan.products[0].sku, 0.0, 120.0)], 120.0):
        now = start + at + 0.05
        renamed = names.start_day(now)
        if renamed:
            chain.rename(renamed, now)
        stays += chain.step([decoder.decode("rayon/boutique/readings/c1", payload(at, rows, start), now)], now).ended
    stays += chain.step([], now + 300.0).ended
    assert names(MAC) != before
    assert [int(stay.device) for stay in stays] == [names(MAC)]
    assert stays[0].last_seen_at - stays[0].started_at == pytest.approx(118.0, abs=2.0)
