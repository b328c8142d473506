"""How far people came who were followed through one stay: to a zone, to a product in it, and to a till after that.

Each step is a chance of the stay as a whole. Zone and product are at one threshold (`engine.presence.expected.levels`):
whoever was at the product was in its zone. A till is another place, where the error is another one: the chances of both
are multiplied, and a till counts where it was reached after the zone. Only stays of `STAY_STEPS_S[0]` and longer are
followed: who passes by has entered nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.presence.expected.levels import LEVELS, Runs
from engine.presence.expected.rows import PRODUCT, TILL, ExpectedRow, StayLength
from engine.records import F64

WAY = ":way "
"""Before the names of all these rows."""
WAY_TILL = ":way till"
WAY_ZONE, WAY_ZONE_TILL = ":way zone ", ":way zone-till "
WAY_PRODUCT, WAY_PRODUCT_TILL = ":way product ", ":way product-till "
"""Before a zone's id or a product's SKU."""
CAME = (StayLength.SHORT.value, StayLength.MIDDLE.value, StayLength.LONG.value)
"""The rows of stays that came in."""
LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Reached:
    """One place of a stay: at which of the thresholds it was reached (LEVELS,), when first, and when last, s."""

    levels: F64
    first_at: float
    last_at: float

    @property
    def chance(self) -> float:
        """That it was reached at all."""
        return float(self.levels.mean())


def find_reached(runs: Runs, names: Sequence[str]) -> dict[str, Reached]:
    """The places of a stay that have a visit at any threshold."""
    out: dict[str, Reached] = {}
    for zone in np.unique(runs.zone).tolist():
        mine = runs.zone == zone
        levels = np.zeros(LEVELS)
        levels[runs.level[mine]] = 1.0
        started = runs.started_at[mine]
        out[names[zone]] = Reached(levels, float(started.min()), float(started.max()))
    return out


def way_rows(found: Mapping[str, Reached], within: Mapping[str, str], hour_start: float) -> list[ExpectedRow]:
    """What one stay that came in adds; `within` is the zone of each product, by SKU."""
    tills = [place for name, place in found.items() if name.startswith(TILL)]
    out = [_row(WAY_TILL, _till_after(tills, -np.inf), hour_start)]
    for name, place in found.items():
        if name.startswith(TILL):
            continue
        levels, (way, to_till, of) = place.levels, (WAY_ZONE, WAY_ZONE_TILL, name)
        if name.startswith(PRODUCT):
            of = name.removeprefix(PRODUCT)
            zone = found.get(within.get(of, ""))
            if zone is None:
                continue
            levels, way, to_till = levels * zone.levels, WAY_PRODUCT, WAY_PRODUCT_TILL
        chance = float(levels.mean())
        out.append(_row(way + of, chance, hour_start))
        out.append(_row(to_till + of, chance * _till_after(tills, place.first_at), hour_start))
    return [row for row in out if row.visits >= LEAST]


def _till_after(tills: Iterable[Reached], t: float) -> float:
    """The chance that any till was reached after `t`: tills stand apart, and one of them may be taken for another, so
    that their chances add up."""
    return min(1.0, sum(till.chance for till in tills if till.last_at > t))


def _row(name: str, chance: float, hour_start: float) -> ExpectedRow:
    """A way counts as a second, so that what is not sure of it is a share of something."""
    known = chance * (1.0 - chance)
    return ExpectedRow(hour_start, name, 0.0, chance, chance, known, known, 0.0, 0.0, chance**2, 0.0, 0.0)


def wholes_of(zones: Iterable[str], within: Mapping[str, str], products: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Of which rows each step is a part: whoever is in those and not in it must hide as well."""
    out: dict[str, tuple[str, ...]] = {WAY_TILL: CAME}
    for zone in zones:
        out[WAY_ZONE + zone] = CAME
        out[WAY_ZONE_TILL + zone] = (WAY_ZONE + zone,)
    for sku in products:
        zone = within.get(sku, "")
        out[PRODUCT + sku] = (zone,) if zone else ()
        if zone:
            out[WAY_PRODUCT + sku] = (WAY_ZONE + zone,)
            out[WAY_PRODUCT_TILL + sku] = (WAY_PRODUCT + sku,)
    return out
