"""The indicators by name: each says what it is, how it is worked out, from what, by what it may be grouped, and what is
wrong with it.

The fields are those that shop analytics agree on (name, identifier, description, formula, unit and format, allowed
groupings, source), with the thresholds that were preset and a statement of bias. A preset never changes under its
version: who stored a figure knows what it meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.indicators import formulas
from engine.indicators.counts import Counts
from engine.presence.expected.figures import Figure
from engine.presence.expected.rows import STAY_STEPS_S

PASSING_S, BOUNCE_S, ENGAGED_S = STAY_STEPS_S  # whoever is heard for less than the first did not come in
AGAIN_DAYS = 2.0


class Indicator(StrEnum):
    """What can be asked of a store."""

    CAPTURE = "capture"
    BOUNCE = "bounce"
    ENGAGED = "engaged"
    DWELL = "dwell"
    REPEAT = "repeat"
    FREQUENCY = "frequency"
    CONVERSION = "conversion"
    STOPS = "stops"
    STOP_RATE = "stop_rate"
    STOP_PURCHASE = "stop_purchase"
    FUNNEL = "funnel"
    QUEUE = "queue"
    WAITING = "waiting"


class IndicatorUnit(StrEnum):
    """What a figure counts."""

    SHARE = "share"
    RATE = "rate"
    COUNT = "count"
    SECONDS = "s"
    DAYS = "days"


class Grouping(StrEnum):
    """By what a figure may be cut."""

    STORE = "store"
    ZONE = "zone"
    PRODUCT = "product"
    TILL = "till"
    HOUR = "hour"
    DAY = "day"
    WEEKDAY = "weekday"
    WEEK = "week"
    MONTH = "month"


class FigureSource(StrEnum):
    """Where it comes from."""

    WIFI = "wifi"
    CONSENTED = "consented_profiles"
    TILL = "till"
    DOOR = "door"


class IndicatorBias(StrEnum):
    """What is wrong with a figure, in whatever store."""

    CONNECTED = "connected"
    """Of phones on the store's Wi-Fi only: who has none, or has it switched off, is in no figure."""
    AGREED = "agreed"
    """Of shoppers who agreed only, who come more often than others."""
    SHORT = "short"
    """Visits shorter than the threshold are none, and those of neighbouring zones are told apart by chance alone."""
    GROUPS = "groups"
    """A family with three phones is three, a till that serves it once counts it once."""
    RECEIPTS = "receipts"
    """Of those whose receipts are known only: who shows the page at the till."""


BY_TIME = (Grouping.HOUR, Grouping.DAY, Grouping.WEEKDAY, Grouping.WEEK, Grouping.MONTH)

Formula = Callable[[Counts], Figure | None] | Callable[[Counts], list[Figure | None]]


@dataclass(frozen=True, slots=True)
class Preset:
    """One indicator. `formula` is what people read, `work_out` what is done; `thresholds` by their names, with units.

    `form` is a Python format of the value in its unit, shares as a part of 1.
    """

    identifier: Indicator
    version: int
    name: str
    description: str
    formula: str
    unit: IndicatorUnit
    form: str
    groupings: tuple[Grouping, ...]
    sources: tuple[FigureSource, ...]
    biases: tuple[IndicatorBias, ...]
    work_out: Formula
    thresholds: Mapping[str, float] = field(default_factory=dict)


def connected_share(c: Counts) -> tuple[FigureSource, Figure] | None:
    """The share of people who are in the figures at all, against what was counted at the door, or else at the tills.

    A till counts who bought, of whom there are fewer than came: against it the share is the most it can be, and is cut
    at 1. None where nothing was counted.
    """
    for source, counted in ((FigureSource.DOOR, c.door_count), (FigureSource.TILL, c.transactions)):
        if counted and c.came_in is not None:
            return source, formulas.share(min(c.came_in, counted), counted) or Figure(0.0, 0.0, 1.0)
    return None
