"""What the indices in a store's state and journal refer to, by name."""

from __future__ import annotations

from hashlib import sha256

from engine.config import Config
from engine.plan.cells import Cells
from engine.plan.model import Plan

_NAMED = 6  # with another one nothing that was kept before is read: a state's own version stands beside the name


def layout_of(plan: Plan, config: Config, cells: Cells) -> str:
    """A name for all that indices in state and journal refer to: another plan or grid has another."""
    parts = (
        _NAMED,
        config.positioning.cell_m,
        config.presence.heat_cell_m,
        [level.id for level in plan.levels],
        [zone.id for zone in plan.zones],
        [ap.id for ap in plan.access_points],
    )
    grid = cells.x_m.tobytes() + cells.y_m.tobytes() + cells.level.tobytes()
    return sha256(repr(parts).encode() + grid).hexdigest()[:16]
