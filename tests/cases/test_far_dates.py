"""A frame dated 9.9e10 ended the whole process (ValueError: year -1054 is out of range), and one dated next year
silenced its store for good.

Input: before and among the frames of a living shop, frames with absurd dates. Right: each is refused, late, or put at
its receipt; nothing moves the store's clock past ours, everything that formats a time can, and the others' fixes stay.
"""

from __future__ import annotations

import json

import pytest

from engine.errors import DecodeError
from engine.ingest.decoders.native import decode_native
from engine.ingest.events import fix_events
from tests.cases import shop
from tests.cases.shop import NOW

FAR = [9.9e10, NOW + 365 * 86_400.0, NOW + 3600.0, 1.0, 0.0]


@pytest.mark.parametrize(("date", "times", "source"), [*((date, 1, "c1") for date in FAR), (9.9e10, 20, "stranger")])
def test_no_date_moves_the_store_or_cannot_be_formatted(date: float, times: int, source: str) -> None:
    forged = [(0.5 * k, shop.frame(source, date + 0.5 * k, NOW + 0.5 * k, [shop.one_reading()])) for k in range(times)]
    chain = shop.engine()
    coming = sorted([*forged, *shop.live()], key=lambda item: item[0])
    done = shop.steps(chain, coming)
    for (at, _), step in zip(coming, done, strict=False):
        assert step.clock <= NOW + at + 2.0
    fixes = shop.fixes_of(done)
    assert len(fixes) >= 0.9 * shop.undisturbed()
    events = fix_events("boutique", [level.id for level in shop.PLAN.levels], fixes)
    assert all(json.loads(event.payload)["time"].startswith("2027-01-15") for event in events)


@pytest.mark.parametrize("date", ["NaN", "Infinity", "-1", "1e300", "-9.9e10"])
def test_what_is_no_date_is_refused(date: str) -> None:
    reading = f'{{"mac": "02:00:00:00:09:09", "ap": "{shop.PLAN.access_points[0].id}", "t": %s, "rssi": -50}}'
    aps = shop.PLAN.ap_index
    bad = b'{"sent_at": 1800000000, "readings": [' + (reading % date).encode() + b"]}"
    frame = decode_native("rayon/s/readings/c1", bad, store_aps=aps, pseudonym=int_of, received_at=NOW)
    assert (len(frame.readings), frame.refused) == (0, {"bad_time": 1})
    body = f'{{"sent_at": {date}, "readings": []}}'.encode()
    with pytest.raises(DecodeError, match="sent_at"):
        decode_native("rayon/s/readings/c1", body, store_aps=aps, pseudonym=int_of, received_at=NOW)


def int_of(mac: str) -> int:
    return int(mac.replace(":", ""), 16)
