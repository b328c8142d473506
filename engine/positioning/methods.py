"""The positioning methods by name. A method is a function of fixed signature: site, scans, belief, settings ->
estimate."""

from __future__ import annotations

from collections.abc import Callable

from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief, Estimate
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.positioning.trilateration import trilateration
from engine.records import Scans

Method = Callable[[Site, Scans, Belief, LocatorSettings], Estimate]

METHODS: dict[str, Method] = {"bayes": bayes, "trilateration": trilateration}
TRACKED = frozenset({"bayes"})  # methods whose estimate builds on the device's track; the others look at one scan only
