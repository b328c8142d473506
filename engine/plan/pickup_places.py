"""Where an order is fetched: at a counter, at the car, or from a box."""

from __future__ import annotations

from engine.plan.model import Opening, Plan

KINDS = ("pickup", "drive", "locker", "checkout")
"""Openings where an order may be fetched. Where it is not said at which, it is at the first of the first kind."""


def pickup_place(plan: Plan, name: str = "") -> Opening | None:
    """The opening of this name; the store's usual one for a name that the plan does not have, or none. None where the
    plan has no such place."""
    known = [opening for opening in plan.openings if opening.category in KINDS]
    named = next((opening for opening in known if opening.id == name), None)
    return named or min(known, key=lambda opening: KINDS.index(opening.category), default=None)
