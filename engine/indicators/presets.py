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
from engine.presence.expected.levels import JOIN_S, VISIT_S

PASSING_S = 60.0  # whoever is heard for less did not come in
BOUNCE_S = 300.0
ENGAGED_S = 900.0
STOP_S, STOP_M = 5.0, 1.5
AGAIN_DAYS = 2


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


_CAME_IN = {"passing_s": PASSING_S}
_VISIT = {"visit_s": VISIT_S, "join_s": JOIN_S}
_STOP = {"stop_s": STOP_S, "stop_m": STOP_M}
_ALL = (Grouping.STORE, *BY_TIME)
_WIFI, _TILL, _AGREED = FigureSource.WIFI, FigureSource.TILL, FigureSource.CONSENTED
_CONNECTED, _SHORT, _GROUPS = IndicatorBias.CONNECTED, IndicatorBias.SHORT, IndicatorBias.GROUPS
_SHARE = (IndicatorUnit.SHARE, ".1%")

PRESETS: Mapping[Indicator, Preset] = {
    preset.identifier: preset
    for preset in (
        Preset(
            *(Indicator.CAPTURE, 1, "Capture rate", "Share of the devices heard at the store that came in."),
            *("stays of passing_s or longer / devices heard", *_SHARE, _ALL, (_WIFI,)),
            *((_CONNECTED, _GROUPS), formulas.capture, _CAME_IN),
        ),
        Preset(
            *(Indicator.BOUNCE, 1, "Bounce rate", "Share of who came in that left within minutes."),
            *("stays shorter than bounce_s / stays of passing_s or longer", *_SHARE, _ALL, (_WIFI,)),
            *((_CONNECTED,), formulas.bounce, {**_CAME_IN, "bounce_s": BOUNCE_S}),
        ),
        Preset(
            *(Indicator.ENGAGED, 1, "Engaged share", "Share of who came in that stayed for long."),
            *("stays of engaged_s or longer / stays of passing_s or longer", *_SHARE, _ALL, (_WIFI,)),
            *((_CONNECTED,), formulas.engaged, {**_CAME_IN, "engaged_s": ENGAGED_S}),
        ),
        Preset(
            *(Indicator.DWELL, 1, "Mean dwell", "Expected time of a visit to a zone."),
            *("expected seconds of visits / expected visits", IndicatorUnit.SECONDS, ".0f"),
            *((Grouping.ZONE, *_ALL), (_WIFI,), (_CONNECTED, _SHORT), formulas.dwell, _VISIT),
        ),
        Preset(
            *(Indicator.REPEAT, 1, "Repeat rate", "Share of the shoppers who agreed that came on several days."),
            *("shoppers who came on again_days days or more / shoppers", *_SHARE),
            *((Grouping.STORE, Grouping.MONTH), (_AGREED,), (IndicatorBias.AGREED,), formulas.repeat),
            {"again_days": float(AGAIN_DAYS)},
        ),
        Preset(
            *(Indicator.FREQUENCY, 1, "Frequency", "Days on which a shopper who agreed came."),
            *("days with a stay / shoppers", IndicatorUnit.DAYS, ".2f", (Grouping.STORE, Grouping.MONTH)),
            *((_AGREED,), (IndicatorBias.AGREED,), formulas.frequency),
        ),
        Preset(
            *(Indicator.CONVERSION, 1, "Conversion", "Transactions at tills to people who came in."),
            *("transactions / stays of passing_s or longer", IndicatorUnit.RATE, ".3f", _ALL, (_WIFI, _TILL)),
            *((_CONNECTED, _GROUPS), formulas.conversion, _CAME_IN),
        ),
        Preset(
            *(Indicator.STOPS, 1, "Stops", "Expected stops at a product."),
            *("expected times of stop_s or longer within stop_m of it", IndicatorUnit.COUNT, ".1f"),
            *((Grouping.PRODUCT, *BY_TIME), (_WIFI,), (_CONNECTED, _SHORT), formulas.stops, _STOP),
        ),
        Preset(
            *(Indicator.STOP_RATE, 1, "Stop rate", "Stops at a product to visits of its zone."),
            *("expected stops / expected visits of the zone", IndicatorUnit.RATE, ".3f"),
            *((Grouping.PRODUCT, *BY_TIME), (_WIFI,), (_CONNECTED, _SHORT), formulas.stop_rate, {**_STOP, **_VISIT}),
        ),
        Preset(
            *(Indicator.STOP_PURCHASE, 1, "Stop to purchase", "Share of who stopped at a product that bought it."),
            *("shoppers who stopped and bought / shoppers who stopped", *_SHARE, (Grouping.PRODUCT, Grouping.MONTH)),
            *((_AGREED, _TILL), (IndicatorBias.AGREED, IndicatorBias.RECEIPTS), formulas.stop_purchase, _STOP),
        ),
        Preset(
            *(Indicator.FUNNEL, 1, "Funnel", "How far people come: entrance, zone, product, till."),
            *("people who came as far / people who entered", *_SHARE, (Grouping.PRODUCT, Grouping.MONTH)),
            *((_WIFI, _TILL), (_CONNECTED, _SHORT, IndicatorBias.RECEIPTS), formulas.funnel, {**_VISIT, **_STOP}),
        ),
        Preset(
            *(Indicator.QUEUE, 1, "Queue", "People who wait at tills at once."),
            *("expected people at tills", IndicatorUnit.COUNT, ".1f", (Grouping.STORE, Grouping.TILL, Grouping.HOUR)),
            *((_WIFI,), (_CONNECTED, _GROUPS), formulas.queue),
        ),
        Preset(
            *(Indicator.WAITING, 1, "Waiting time", "Mean time at the tills before being served."),
            *("seconds in queues / people served", IndicatorUnit.SECONDS, ".0f"),
            *((Grouping.STORE, Grouping.TILL, Grouping.HOUR, Grouping.DAY), (_WIFI,), (_CONNECTED,), formulas.waiting),
        ),
    )
}
"""Every indicator's preset."""


def connected_share(c: Counts) -> tuple[FigureSource, Figure] | None:
    """The share of people who are in the figures at all, against what was counted at the door, or else at the tills.

    A till counts who bought, of whom there are fewer than came: against it the share is the most it can be, and is cut
    at 1. None where nothing was counted.
    """
    for source, counted in ((FigureSource.DOOR, c.door_count), (FigureSource.TILL, c.transactions)):
        if counted and c.came_in is not None:
            return source, formulas.share(min(c.came_in, counted), counted) or Figure(0.0, 0.0, 1.0)
    return None
