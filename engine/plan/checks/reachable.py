"""Warnings that need the walkable cells: parts nobody reaches, zones nobody can be in, stores nobody enters."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import Cells, walkable_cells, zone_membership
from engine.plan.findings import Findings
from engine.plan.model import Plan

CHECK_CELL_M = 0.5  # the default of positioning.cell_m


def check_reachable(plan: Plan, findings: Findings) -> None:
    """Adds the warnings of a plan without errors."""
    cells = walkable_cells(plan, CHECK_CELL_M)
    _warn_of_islands(plan, cells, findings)
    in_zone = zone_membership(plan, cells).sum(axis=0)
    for zone, n in zip(plan.zones, in_zone, strict=True):
        if n == 0:
            reason = "holds no walkable cell: no visit can be counted in it"
            findings.odd(f"section {zone.id}", reason, f"draw it over the aisle, {CHECK_CELL_M:g} m wide at least")
    if not any(o.category == "entrance" for o in plan.openings):
        findings.odd(
            "features", "there is no entrance", "add an opening of category entrance (the simulator needs one)"
        )


def _warn_of_islands(plan: Plan, cells: Cells, findings: Findings) -> None:
    label = cells.component
    sizes = np.bincount(label)
    for island in np.argsort(-sizes, kind="stable")[1:]:
        cell = int(np.flatnonzero(label == island)[0])
        level = plan.levels[int(cells.level[cell])]
        area_m2 = float(sizes[island]) * cells.cell_m**2
        where = f"x {cells.x_m[cell]:.1f}, y {cells.y_m[cell]:.1f}"
        reason = f"{area_m2:.1f} m² of walkable area around {where} cannot be reached from the rest"
        findings.odd(
            f"level {level.id}", reason, "leave a gap in the walls; join levels by sections of category stairs"
        )
