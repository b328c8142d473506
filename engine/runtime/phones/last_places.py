"""Which fixes of linked shoppers are worth a row: not each of them, as they come every second or two. Those of a store
are written together, as each commit costs the disk two blocks more than what changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from engine.offers.audience import LinkedShopper
from engine.plan.model import Plan
from engine.records import Fixes
from engine.storage.last_places import KEPT_S, LastPlace

EVERY_S = 5.0  # a way on foot is as good five seconds later
MOVED_M = 1.0
STILL_S = 60.0  # who stands still is there all the same


class LastPlaces:
    """What was written of each shopper last. Used by one thread."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str], LastPlace] = {}
        self._newest: dict[str, dict[str, LastPlace]] = {}
        self._given_at: dict[str, float] = {}

    def worth_noting(
        self,
        plan: Plan,
        fixes: Fixes,
        links: Mapping[int, LinkedShopper],
        now: float,
        zones_of: Callable[[int], Sequence[tuple[str, float]]] = lambda device: (),
    ) -> list[LastPlace]:
        """The newest places of linked shoppers, in these fixes and those before, that moved, came into another zone, or
        were not told of for a minute; every EVERY_S of each store. `zones_of` a device: where it is on a visit, and
        since when (s UTC)."""
        newest = self._newest.setdefault(plan.store, {})
        sigma_m = fixes.sigma_m
        for i, device in enumerate(fixes.device.tolist()):
            if device in links and now - fixes.t[i] < KEPT_S:
                who = links[device].shopper_id
                level = plan.levels[int(fixes.level[i])].id
                x_m, y_m, at = float(fixes.x_m[i]), float(fixes.y_m[i]), float(fixes.t[i])
                if who not in newest or newest[who].at < at:
                    zones = tuple(zones_of(device))
                    newest[who] = LastPlace(plan.store, who, level, x_m, y_m, float(sigma_m[i]), at, zones)
        if 0 <= now - self._given_at.get(plan.store, -math.inf) < EVERY_S:
            return []
        found = [place for place in newest.values() if self._is_news(place)]
        newest.clear()
        if found:
            self._given_at[plan.store] = now
            self._note(found, len(links), now)
        return found

    def _note(self, found: Sequence[LastPlace], links: int, now: float) -> None:
        self._written.update({(place.store, place.shopper_id): place for place in found})
        if len(self._written) > 4 * links + 100:
            self._written = {key: place for key, place in self._written.items() if now - place.at < KEPT_S}

    def _is_news(self, place: LastPlace) -> bool:
        before = self._written.get((place.store, place.shopper_id))
        if before is None:
            return True
        waited_s = place.at - before.at
        far = math.hypot(before.x_m - place.x_m, before.y_m - place.y_m) >= MOVED_M
        moved = far or before.level != place.level or before.zones != place.zones
        return waited_s >= STILL_S or (moved and waited_s >= EVERY_S)
