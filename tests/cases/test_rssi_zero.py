"""0 dBm meant "not reported", and was taken for the loudest of all access points (npcap #64, wifi-heatmapper #32).

In: a hall of 30 x 20 m, six access points, five phones of 20 scans each; one access point always says 0 dBm. It gave a
median of 13.9 m, and 1 % within one sigma. Right: counted as `bad_rssi` and never used, as if that one were silent.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.files.joined import readings_for_plan
from engine.files.read import read_readings
from engine.ingest.decoders.native import decode_native
from engine.plan.cells import walkable_cells
from engine.positioning.locator import Locator
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import F64
from tests.engine.positioning.stores import Walk, hall, hear, locate_readings

PLACES = ((1.0, 1.0), (15.0, 1.0), (29.0, 1.0), (1.0, 19.0), (15.0, 19.0), (29.0, 19.0))
PLAN = hall(30.0, 20.0, PLACES)
PHONES = ((5.0, 5.0), (12.0, 14.0), (20.0, 6.0), (25.0, 15.0), (8.0, 10.0))


def recording(folder: Path, last: str | None) -> Path:
    """Readings as a table; `last` is what the sixth access point says, nothing where None."""
    rng, rows = np.random.default_rng(4), ["t,device,ap,rssi_dbm"]
    for d, (x, y) in enumerate(PHONES):
        t = 1_800_000_000.0 + np.arange(20.0)
        heard = hear(PLAN, Walk(t, np.full(20, x), np.full(20, y)), rng, d)
        for i in range(len(heard)):
            a = int(heard.ap[i])
            if a != 5:
                rows.append(f"{heard.t[i]},phone{d},ap{a},{heard.rssi_dbm[i]:.0f}")
        rows += [f"{at},phone{d},ap5,{last}" for at in t] if last is not None else []
    path = folder / "readings.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def errors(folder: Path, last: str | None) -> tuple[F64, dict[str, int]]:
    """Metres off, (n,), and what was not used."""
    joined = readings_for_plan(read_readings(recording(folder, last)), PLAN)
    cells = walkable_cells(PLAN, 0.5)
    found = locate_readings(Locator(PLAN, cells, None, "bayes"), joined.readings, 6, 3.0).fixes
    true = np.array(PHONES)[[int(joined.device_names[int(d)][-1]) for d in found.device]]
    return np.hypot(found.x_m - true[:, 0], found.y_m - true[:, 1]), joined.warnings


def test_one_that_says_0_dbm_is_as_if_it_were_silent(tmp_path: Path) -> None:
    off_m, unused = errors(tmp_path, "0")
    silent_m, _ = errors(tmp_path, None)
    assert unused == {"bad_rssi": 100}
    assert np.array_equal(off_m, silent_m)
    assert np.median(off_m) < 2.0


@pytest.mark.parametrize(
    ("reading", "reason"), [({"rssi": 0}, "bad_rssi"), ({"rssi": 5}, "bad_rssi"), ({"range_m": -0.5}, "bad_range")]
)
def test_live_it_is_counted_and_the_others_are_used(reading: dict[str, float], reason: str) -> None:
    good = {"mac": "02:00:00:00:00:07", "ap": "ap0", "t": 1000.0, "rssi": -60}
    bad = {"mac": good["mac"], "ap": "ap5", "t": 1000.0} | reading
    payload = json.dumps({"sent_at": 1000.0, "readings": [good, bad]}).encode()
    topic, pseudonym = "rayon/hall/readings/c1", Pseudonyms(b"a key of thirty-two bytes or more")
    frame = decode_native(topic, payload, store_aps=PLAN.ap_index, pseudonym=pseudonym, received_at=1000.0)
    assert (frame.readings.ap.tolist(), frame.refused) == ([0], {reason: 1})


def test_in_a_table_the_other_value_of_a_row_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("t,device,ap,rssi_dbm,range_m\n5,p,ap0,0,4.5\n5,p,ap1,-60,-0.2\n5,p,ap2,0,-1\n5,p,ap3,-70,6\n")
    joined = readings_for_plan(read_readings(path), PLAN)
    assert joined.warnings == {"bad_rssi": 2, "bad_range": 2}
    assert joined.readings.ap.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(joined.readings.rssi_dbm, np.float32([np.nan, -60, -70]))
    np.testing.assert_array_equal(joined.readings.range_m, np.float32([4.5, np.nan, 6]))
