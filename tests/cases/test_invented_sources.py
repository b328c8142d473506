"""Every name in a topic became a source for good: clocks, habits, metrics and the health page grew with them.

Input: two sources of a store, one of them with a clock 100 s behind, and 20 frames a second under names of their own.
Right: what is kept of sources is bounded per store, the longest silent is forgotten first, and the two go on as they
were: nothing late, the clock corrected; health and metrics show the sources heard last.
"""

from __future__ import annotations

import json
from dataclasses import replace

from engine.ingest.time.clocks import MOST_SHOWN, MOST_SOURCES
from engine.runtime.stored.packing import pack
from tests.engine.runtime.test_intake import T0, frame, intake, readings, total

RUN_S = 240
INVENTED_A_SECOND = 20


def test_invented_sources_are_forgotten_and_the_real_ones_go_on() -> None:
    assert RUN_S * INVENTED_A_SECOND > 4 * MOST_SOURCES
    flooded, quiet = intake(), intake()
    sizes, parts, undisturbed = [], [], []
    for k in range(1, RUN_S + 1):
        right = frame(k, readings([k - 0.6], device=1))
        slow = replace(frame(k, readings([k - 100.4], device=2)), source="slow", sent_at=T0 + k - 100.0)
        names = [f"invented-{k}-{i}-{'x' * 100}" for i in range(INVENTED_A_SECOND)]
        empty = [replace(frame(k, readings([])), source=name) for name in names]
        parts.append(flooded.take([right, slow, *empty], T0 + k))
        undisturbed.append(quiet.take([right, slow], T0 + k))
        if k % 60 == 0:
            sizes.append(len(pack(flooded.state())))
    for made, rest in ((flooded, parts), (quiet, undisturbed)):
        rest.append(made.take([], T0 + RUN_S + 30.0))
    assert total(parts)[:2] == total(undisturbed)[:2]
    assert flooded.late == quiet.late
    shown = flooded.figures()["clock_offsets_s"]
    assert shown["slow"] == 100.0
    assert "c1" in shown
    assert len(shown) == MOST_SHOWN
    assert len(json.dumps(flooded.figures())) < 200 * MOST_SHOWN
    assert len(flooded.state()["clocks"]) == len(flooded.state()["frontiers"]["names"]) == MOST_SOURCES
    assert sizes[-1] < 1.1 * sizes[-2], "nothing grows"
