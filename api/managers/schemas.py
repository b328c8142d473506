"""What the managers' endpoints answer. Times are RFC 3339 UTC; shares and probabilities are between 0 and 1."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.managers.told import VisitKind
from engine.presence.hotzones import HotReason, HotState
from engine.vocabulary import DecisionOutcome, DecisionReason, MessageKind, MessageOutcome, MessageReason


class LevelOut(BaseModel):
    """A storey of a store."""

    id: str
    name: str
    ordinal: int


class StoreOut(BaseModel):
    """A store of this site."""

    store: str
    name: str
    timezone: str
    currency: str
    levels: list[LevelOut]
    zones: int
    access_points: int
    products: int
    k: int = Field(description="Distinct people behind every figure of the store's reports, at least.")
    demo: bool = Field(description="Shoppers are simulated, and k may be below 10.")


class StoresOut(BaseModel):
    """All stores; never more than one page."""

    items: list[StoreOut]
    next: str | None = None


class SquareOut(BaseModel):
    """Heat of one square. `hot`: significantly above the level's average (q below 0.05), on enough evidence."""

    col: int
    row: int
    person_s: float
    fixes: float
    z: float
    q: float
    hot: bool


class HeatLevelOut(BaseModel):
    """A level's heat grid: square (row, col) begins at `x0_m + col * heat_cell_m`, `y0_m + row * heat_cell_m`."""

    level: str
    name: str
    x0_m: float
    y0_m: float
    heat_cell_m: float
    rows: int
    cols: int
    person_hours: float
    items: list[SquareOut] = Field(description="Squares with any presence; the others of the walkable floor saw none.")


class HeatOut(BaseModel):
    """Person-seconds per square over a period."""

    model_config = {"json_schema_extra": {"title": "Heat"}}
    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    levels: list[HeatLevelOut]


class HotOut(BaseModel):
    """Whether a zone is statistically above its store, and why that is said."""

    state: HotState
    reason: HotReason = Field(description="What it has of hot squares, or the evidence that is short.")
    share_hot: float = Field(description="Share of the zone's walkable floor that is significantly hot.")
    z: float | None = Field(description="Getis-Ord Gi* of its hottest square.")
    q: float | None = Field(description="False discovery rate at which that square is found hot (Benjamini-Hochberg).")


class ZoneOut(BaseModel):
    """One zone over a period. `rank` 1 has the most person-hours; null where they are withheld."""

    rank: int | None
    zone: str
    name: str
    level: str
    category: str
    person_hours: float | None
    visits: float | None = Field(description="Expected ones, or counted ones, as `kind` says.")
    mean_dwell_s: float | None = Field(description="Of visits that began in the period and have ended; null when none.")
    persons_peak: float | None
    hot: HotOut
    kind: VisitKind = Field(description="Expected of all that was seen, or counted at the likeliest place.")
    person_hours_interval: tuple[float, float] | None = Field(description="Where it lies, nine times in ten.")
    visits_interval: tuple[float, float] | None
    mean_dwell_s_interval: tuple[float, float] | None
    reason: str | None = Field(description="`fewer_than_k`: what is null is nought, or fewer than k people are behind.")


class ZonesOut(BaseModel):
    """Zones ranked by dwell."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    items: list[ZoneOut]


class ZoneHourOut(BaseModel):
    """One zone in one hour."""

    hour_start: str
    zone: str
    person_hours: float | None
    visits: float | None
    mean_dwell_s: float | None
    persons_peak: float | None
    kind: VisitKind
    reason: str | None = Field(description="`fewer_than_k`: what is null is nought, or fewer than k people are behind.")


class HoursOut(BaseModel):
    """Zones by hour, in the order of hours and the plan's zones; hours in which a zone saw nobody are left out."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    items: list[ZoneHourOut]
    next: str | None = Field(None, description="The cursor of the next page; none on the last.")


class FlowOut(BaseModel):
    """Transitions from one zone to the next on the same stay; null is outside: coming in, or leaving."""

    from_zone: str | None
    from_name: str | None
    to_zone: str | None
    to_name: str | None
    transitions: int
    transitions_interval: tuple[float, float] | None = Field(
        description="With 90 % it lies between these; null where nothing is known of the errors of its zones."
    )
    share: float = Field(description="Of all transitions out of `from_zone`: where people go next from there.")


class FlowsOut(BaseModel):
    """Where people go next, most frequent pairs first. Zones that hold other zones have no flows: their parts do."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    items: list[FlowOut]


class HotZoneOut(HotOut):
    """The verdict on one zone."""

    zone: str
    name: str
    level: str
    person_hours: float | None


class HotZonesOut(BaseModel):
    """The verdict on each zone, in the plan's order."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    items: list[HotZoneOut]


class ReasonOut(BaseModel):
    """How many decisions came out this way."""

    outcome: DecisionOutcome
    reason: DecisionReason
    count: int


class DecisionOut(BaseModel):
    """Yes or no to a presence event, with its reason and the inputs it was taken on."""

    decision_id: str
    campaign_id: str
    outcome: DecisionOutcome
    reason: DecisionReason
    at: str
    probability: float
    inputs: dict[str, float | int | str | bool | None]


class MessageCountOut(BaseModel):
    """How often shoppers were told something that is no coupon, or not, and why."""

    kind: MessageKind
    outcome: MessageOutcome
    reason: MessageReason
    channel: str = Field(description="Empty where nothing was said.")
    said: str = Field(description="All of it as a sentence, in the language asked for.")
    count: int = Field(description="Shoppers, in whole ks a day.")


class MessageOut(BaseModel):
    """One of the decisions; whose it is stands nowhere."""

    at: str
    kind: MessageKind
    outcome: MessageOutcome
    reason: MessageReason
    channel: str


class MessagesOut(BaseModel):
    """Counts over the period by whole days, and the latest decisions, newest first."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    counts: list[MessageCountOut]
    latest: list[MessageOut]


class DecisionsOut(BaseModel):
    """Counts over the period, and the latest decisions, newest first."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    counts: list[ReasonOut]
    items: list[DecisionOut]
    next: str | None = None
