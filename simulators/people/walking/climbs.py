"""Changes of level: how long stairs, escalators and lifts take for a difference in height.

| by | seconds | source |
|---|---|---|
| stairs | run / 0.61 m/s up, run / 0.69 m/s down; run = rise / tan 30° | Weidmann 1993: means of the horizontal part |
| escalator | slope / 0.5 m/s; slope = rise / sin 30° | EN 115-1: 30° and 0.5 m/s are the usual; people stand |
| elevator | 25 s for the wait and the doors, rise / 1 m/s | 1 m/s is a usual rated speed; the wait is our assumption |
"""

from __future__ import annotations

import math
from dataclasses import dataclass

STAIRS_SLOPE_DEG = 30.0
STAIRS_UP_M_S = 0.61
STAIRS_DOWN_M_S = 0.69
"""Horizontal parts of the mean speeds of people on stairs (Weidmann 1993)."""

ESCALATOR_M_S = 0.5
"""Along the slope."""

LIFT_M_S = 1.0
LIFT_STOP_S = 25.0
"""Until a lift is there and its doors have opened and closed at both ends; once a ride, however many storeys."""


@dataclass(frozen=True, slots=True)
class Climb:
    """One change of level: `by` stairs, escalator or elevator; `rise_m` is negative downwards."""

    by: str
    rise_m: float

    @property
    def back(self) -> Climb:
        """The same way the other way round."""
        return Climb(self.by, -self.rise_m)

    def seconds(self, speed_m_s: float, *, goes_on: bool = False) -> float:
        """How long it takes somebody of this free speed, who climbs no faster than (s)he walks.

        `goes_on`: the storey before was taken by the same means, so that nobody waits for a lift they stand in.
        """
        high_m = abs(self.rise_m)
        if self.by == "elevator":
            return high_m / LIFT_M_S + (0.0 if goes_on else LIFT_STOP_S)
        slope = math.radians(STAIRS_SLOPE_DEG)
        if self.by == "escalator":
            return high_m / math.sin(slope) / ESCALATOR_M_S
        usual_m_s = STAIRS_UP_M_S if self.rise_m > 0 else STAIRS_DOWN_M_S
        return high_m / math.tan(slope) / min(speed_m_s, usual_m_s)
