"""Ways that one stay in the store may have taken, each as likely as the others, out of its history of P(zone).

A way says for each fix in which zone the device was, or that it was in none. It is drawn once for the whole stay, as
the threshold of `engine.presence.expected.levels` is, and for the same reason: errors of a stay go together. Each zone,
and the floor between, gets one Gumbel number g, and the device is where log P(zone) + g is largest: that is each zone
with its own P (Gumbel 1954, "Statistical theory of extreme values", for choices among several: Yellott 1977), and the
zone changes only where the history does. Draws are a function of the stay's times, so that nothing depends on when it
is asked for, nor on what the device is called.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.presence.expected.levels import VISIT_S, runs_of
from engine.presence.flows import ZoneStay
from engine.records import F64

WAYS = 10
_LEAST_P = 1e-9


def likely_ways(t: F64, seconds: F64, p: F64, zones: Sequence[str]) -> list[list[ZoneStay]]:
    """`WAYS` ways: visits to `zones` in the order in which they began. `p` (n, Z + 1) at ascending times `t` (n,), each
    standing for `seconds`, is of the zones and at last of the floor between them."""
    rng = np.random.default_rng([int(t[0] * 100), int(t[-1] * 100), len(t)])
    lot = rng.gumbel(size=(WAYS, p.shape[1]))
    at = (np.log(np.maximum(p, _LEAST_P))[:, None, :] + lot).argmax(axis=2)  # (n, WAYS)
    runs = runs_of(t, seconds, np.arange(len(zones))[:, None, None] == at.T, VISIT_S)
    ways: list[list[ZoneStay]] = [[] for _ in range(WAYS)]
    columns = (runs.zone.tolist(), runs.level.tolist(), runs.started_at.tolist(), runs.dwell_s.tolist())
    for zone, way, started_at, dwell_s in sorted(zip(*columns, strict=True), key=lambda run: run[2]):
        ways[way].append(ZoneStay(zones[zone], started_at, started_at + dwell_s))
    return ways
