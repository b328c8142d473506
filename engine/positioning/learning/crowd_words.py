"""What is said of a crowd's map, and of access points that it would bend around."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.plan.model import Plan
from engine.positioning.learning.interchanged import Interchange


def ids_of(plan: Plan, aps: Sequence[int]) -> list[str]:
    """Their names."""
    return [plan.access_points[a].id for a in aps]


def say_gain(gain: float) -> str:
    """What `gain` nats per scan are, in words."""
    times = f"{math.exp(gain):.3g}" if gain < math.log(100) else "more than 100"
    return f"readings that it was not made of are {times} times as likely by it, scan for scan"


def say_elsewhere(plan: Plan, aps: Sequence[int], pair: Interchange | None) -> list[str]:
    """What to tell of access points that were left aside."""
    out = []
    if pair is not None and pair.sure:
        one, other = ids_of(plan, pair.pair)
        why = "readings without places are foreseen better with each at the other's place, by itself, too"
        out.append(f"{one} and {other} seem to be interchanged: {why}: left aside; go and look")
        aps = [a for a in aps if a not in pair.pair]
    if aps:
        ids = ids_of(plan, aps)
        seem = "does not seem to hang" if len(ids) == 1 else "do not seem to hang"
        why = "by what readings without places ask of the floor"
        out.append(f"{', '.join(ids)} {seem} where the plan says, {why}: left aside; go and look")
    return out


def say_bent(plan: Plan, aps: Sequence[int]) -> str:
    """Where no access point can be left aside that makes it right."""
    asks = "readings without places fit the plan only with what no shelf does to radio"
    return f"{', '.join(ids_of(plan, aps))}: {asks}: is each at its place? Go and look"


def say_open(plan: Plan, pair: Sequence[int]) -> str:
    """Where a pair fits better exchanged, and not each of it by itself."""
    one, other = ids_of(plan, pair)
    better = f"readings without places are foreseen better with {one} and {other} interchanged"
    why = "which may be them, or another one that hangs elsewhere"
    return f"{better}, {why}: is each access point at its place? Go and look"
