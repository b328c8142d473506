"""A recording with labels: the map that both make, for those who calibrate a store at a desk.

Both go in by their time, as they would have come: labels are looked at once the scans around them are there, so that
the rows of a table may stand in any order, and none waits for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.learning import LabelLearning
from engine.positioning.labels.places import LAG_S
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio.radiomap import RadioMap
from engine.records import Labels, Readings

WINDOW_S = 3.0
MOST_SCANS = 2000  # located at once
MOST_LABELS = 250  # looked at at once: fewer than may wait of one device


def learn_from_recording(
    plan: Plan,
    cells: Cells,
    radio_map: RadioMap,
    readings: Readings,
    told: Mapping[str, Labels],
    on_share: Callable[[float], None] = lambda share: None,
) -> LabelLearning:
    """What labels of the readings' devices say of this map; all devices count as willing. `told` are labels by their
    source, as what they are named. `on_share` hears which share of the recording is read."""
    labels, sources = Labels.concat(list(told.values())), list(told)
    of = np.repeat(np.arange(len(sources)), [len(own) for own in told.values()])
    scans = ScanWindows(len(plan.access_points), WINDOW_S).push(readings, np.inf)
    scans = scans.take(np.argsort(scans.t, kind="stable"))
    learning, locator = LabelLearning(plan, cells), Locator(plan, cells, radio_map)
    learning.set_willing(np.unique(labels.device))
    order = np.lexsort((of, labels.y_m, labels.x_m, labels.product, labels.kind, labels.device, labels.t))
    waiting, of = labels.take(order), of[order]
    for first in range(0, len(scans), MOST_SCANS):
        part = scans.take(slice(first, first + MOST_SCANS))
        learning.see(part, locator.locate(part))
        due = int(np.searchsorted(waiting.t, part.t[-1] - LAG_S, side="right"))
        for number, source in enumerate(sources):
            _look(learning, waiting.take(np.flatnonzero(of[:due] == number)), source, radio_map)
        waiting, of = waiting.take(slice(due, None)), of[due:]
        on_share(min(1.0, (first + MOST_SCANS) / len(scans)))
    for number, source in enumerate(sources):
        _look(learning, waiting.take(np.flatnonzero(of == number)), source, radio_map)
    learning.learn(radio_map)
    return learning


def _look(learning: LabelLearning, labels: Labels, source: str, radio_map: RadioMap) -> None:
    """At labels whose scans are there."""
    for first in range(0, len(labels), MOST_LABELS):
        learning.take(labels.take(slice(first, first + MOST_LABELS)), source)
        learning.advance(np.inf, radio_map)
