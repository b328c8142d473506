"""A recording with labels: the map that both make, for those who calibrate a store at a desk."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.learning import LabelLearning
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio.radiomap import RadioMap
from engine.records import Labels, Readings

WINDOW_S = 3.0
MOST_SCANS = 2000  # located at once


def learn_from_recording(
    plan: Plan, cells: Cells, radio_map: RadioMap, readings: Readings, labels: Labels
) -> LabelLearning:
    """What labels of the readings' devices say of this map; all devices count as willing."""
    scans = ScanWindows(len(plan.access_points), WINDOW_S).push(readings, np.inf)
    scans = scans.take(np.argsort(scans.t, kind="stable"))
    learning, locator = LabelLearning(plan, cells), Locator(plan, cells, radio_map)
    learning.set_willing(np.unique(labels.device))
    for first in range(0, len(scans), MOST_SCANS):
        part = scans.take(slice(first, first + MOST_SCANS))
        learning.see(part, locator.locate(part))
    learning.take(labels, "labels")
    learning.advance(np.inf, radio_map)
    learning.learn(radio_map)
    return learning
