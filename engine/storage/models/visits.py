"""What was seen in a store: counts without persons, and the stays of shoppers who consented."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Double, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId

IN_ITS_KEY: dict[str, Any] = {"sqlite_with_rowid": False}
"""Rows that are little more than their key: SQLite keeps them in its index alone, where it would keep the key twice."""


class FiguresStampTable(SQLModel, table=True):
    """How often a store's figures have changed: whoever has those of a number need not ask again while it holds."""

    __tablename__: ClassVar[str] = "figures_stamp"
    store: str = Field(primary_key=True)
    changes: int = Field(sa_type=BigInteger)


class HeatTable(SQLModel, table=True):
    """Person-seconds per hour of the store's clock (by when it began, UTC) and heat square: counts, never persons.
    `squares` holds all of a level (`engine.storage.figures.squares`)."""

    __tablename__: ClassVar[str] = "heat"
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    level: str = Field(primary_key=True)
    squares: bytes = Field(sa_type=LargeBinary)


class ZoneHourTable(SQLModel, table=True):
    """What a zone saw in an hour of the store's clock: counts, never persons."""

    __tablename__: ClassVar[str] = "zone_hour"
    __table_args__ = IN_ITS_KEY
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    zone: str = Field(primary_key=True)
    person_s: float = Field(sa_type=Double)
    visits: int = Field(sa_type=BigInteger)
    dwell_s_sum: float = Field(sa_type=Double)
    persons_peak: float = Field(sa_type=Double)


class ZoneExpectedTable(SQLModel, table=True):
    """What was expected of a zone in an hour, with what is known of its errors: counts, never persons."""

    __tablename__: ClassVar[str] = "zone_expected"
    __table_args__ = IN_ITS_KEY
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    zone: str = Field(primary_key=True)
    person_s: float = Field(sa_type=Double)
    visits: float = Field(sa_type=Double)
    dwell_s: float = Field(sa_type=Double)
    ambiguous_s: float = Field(sa_type=Double)
    visits_var: float = Field(sa_type=Double)
    dwell_var: float = Field(sa_type=Double)
    cross_var: float = Field(sa_type=Double)
    visits_sq: float = Field(sa_type=Double)
    dwell_sq: float = Field(sa_type=Double)
    cross_sq: float = Field(sa_type=Double)


class PlanVersionTable(SQLModel, table=True):
    """From when on a store's figures are of which zones: a row each time that the plan's zones or levels were found
    changed. `zones` is a JSON list of their ids."""

    __tablename__: ClassVar[str] = "plan_version"
    store: str = Field(primary_key=True)
    since: float = Field(primary_key=True, sa_type=Double)
    digest: str
    zones: str = Field(sa_type=Text)


class FlowTable(SQLModel, table=True):
    """Transitions from zone to zone in an hour, `""` being outside: counts, never persons."""

    __tablename__: ClassVar[str] = "zone_flow"
    __table_args__ = IN_ITS_KEY
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    from_zone: str = Field(primary_key=True)
    to_zone: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


class FiguresDayTable(SQLModel, table=True):
    """The days of a store's calendar of which `heat_day`, `zone_day`, `zone_expected_day` and `zone_flow_day` hold the
    sums of all hours that begin in [day_start, day_end), s UTC (`engine.storage.figures.days`)."""

    __tablename__: ClassVar[str] = "figures_day"
    store: str = Field(primary_key=True)
    day_start: float = Field(primary_key=True, sa_type=Double)
    day_end: float = Field(sa_type=Double)


class HeatDayTable(SQLModel, table=True):
    """`heat` by the day."""

    __tablename__: ClassVar[str] = "heat_day"
    store: str = Field(primary_key=True)
    day_start: float = Field(primary_key=True, sa_type=Double)
    level: str = Field(primary_key=True)
    squares: bytes = Field(sa_type=LargeBinary)


class ZoneDayTable(SQLModel, table=True):
    """`zone_hour` by the day; `persons_peak` is that of its busiest hour."""

    __tablename__: ClassVar[str] = "zone_day"
    __table_args__ = IN_ITS_KEY
    store: str = Field(primary_key=True)
    day_start: float = Field(primary_key=True, sa_type=Double)
    zone: str = Field(primary_key=True)
    person_s: float = Field(sa_type=Double)
    visits: int = Field(sa_type=BigInteger)
    dwell_s_sum: float = Field(sa_type=Double)
    persons_peak: float = Field(sa_type=Double)


class ZoneExpectedDayTable(SQLModel, table=True):
    """`zone_expected` by the day."""

    __tablename__: ClassVar[str] = "zone_expected_day"
    __table_args__ = IN_ITS_KEY
    store: str = Field(primary_key=True)
    day_start: float = Field(primary_key=True, sa_type=Double)
    zone: str = Field(primary_key=True)
    person_s: float = Field(sa_type=Double)
    visits: float = Field(sa_type=Double)
    dwell_s: float = Field(sa_type=Double)
    ambiguous_s: float = Field(sa_type=Double)
    visits_var: float = Field(sa_type=Double)
    dwell_var: float = Field(sa_type=Double)
    cross_var: float = Field(sa_type=Double)
    visits_sq: float = Field(sa_type=Double)
    dwell_sq: float = Field(sa_type=Double)
    cross_sq: float = Field(sa_type=Double)


class ZoneFlowDayTable(SQLModel, table=True):
    """`zone_flow` by the day."""

    __tablename__: ClassVar[str] = "zone_flow_day"
    __table_args__ = IN_ITS_KEY
    store: str = Field(primary_key=True)
    day_start: float = Field(primary_key=True, sa_type=Double)
    from_zone: str = Field(primary_key=True)
    to_zone: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


class CouponHourTable(SQLModel, table=True):
    """What was told of coupons in an hour: a figure by its name, counts in whole ks, never persons."""

    __tablename__: ClassVar[str] = "coupon_hour"
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    figure: str = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger)


class CouponWaitTable(SQLModel, table=True):
    """What waits of a figure: everything `since`, and `n` events worth `amount` of before; `counted` rows were there
    before `since`, worth `counted_amount` (None: an earlier version did not keep it). The row of no figure (`""`) says
    until when all of them were looked at."""

    __tablename__: ClassVar[str] = "coupon_wait"
    store: str = Field(primary_key=True)
    figure: str = Field(primary_key=True)
    since: float = Field(sa_type=Double)
    n: int = Field(sa_type=BigInteger)
    amount: int = Field(sa_type=BigInteger)
    counted: int = Field(sa_type=BigInteger)
    counted_amount: int | None = Field(default=None, sa_type=BigInteger)


class VisitTable(SQLModel, table=True):
    """A consenting shopper's stay in a zone."""

    __tablename__: ClassVar[str] = "visit"
    __table_args__ = (
        UniqueConstraint("store", "shopper_id", "store_visit_id", "zone", "started_at", name="uq_visit_stay"),
        Index("ix_visit_shopper", "shopper_id", "started_at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    store: str
    shopper_id: str
    zone: str
    store_visit_id: str
    started_at: float = Field(sa_type=Double)
    ended_at: float = Field(sa_type=Double)
    dwell_s: float = Field(sa_type=Double)


class ErasedSpotTable(SQLModel, table=True):
    """A shopper erased one of their own hot spots: visits that had begun by then say nothing of that zone any more."""

    __tablename__: ClassVar[str] = "erased_spot"
    __table_args__ = (Index("ix_erased_spot_shopper", "shopper_id", "store"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    shopper_id: str
    store: str
    zone: str
    at: float = Field(sa_type=Double)


class ProductStopTable(SQLModel, table=True):
    """That a shopper stopped at a product, as likely as `chance`: of who agreed that visits and shopping online are put
    together, and of nobody else."""

    __tablename__: ClassVar[str] = "product_stop"
    __table_args__ = (
        Index("ix_product_stop_shopper", "shopper_id", "at"),
        Index("ix_product_stop_at", "store", "at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    store: str
    shopper_id: str
    sku: str
    at: float = Field(sa_type=Double)
    chance: float = Field(sa_type=Double)


class RopoDayTable(SQLModel, table=True):
    """What was told of receipts, of who bought after a stop, and of ways between web and store, of a day that began at
    `day_start` (UTC) by the store's clock: a figure of a product (`""`: of all) or campaign, people in whole ks, never
    persons. `ambiguous` is how much of it is expected rather than known (`engine.presence.ropo.blocks`)."""

    __tablename__: ClassVar[str] = "ropo_day"
    store: str = Field(primary_key=True)
    day_start: float = Field(primary_key=True, sa_type=Double)
    of: str = Field(primary_key=True)
    figure: str = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger)
    ambiguous: float = Field(sa_type=Double)


class RopoWaitTable(SQLModel, table=True):
    """What waits of such a figure: everything `since`, and `n` people expected of before. `before` is how many events
    there were in the days before `since`, so that what comes late is found. The row of no figure says until when all
    were looked at."""

    __tablename__: ClassVar[str] = "ropo_wait"
    store: str = Field(primary_key=True)
    of: str = Field(primary_key=True)
    figure: str = Field(primary_key=True)
    since: float = Field(sa_type=Double)
    n: float = Field(sa_type=Double)
    ambiguous: float = Field(sa_type=Double)
    before: int = Field(sa_type=BigInteger)


class LastPlaceTable(SQLModel, table=True):
    """The newest fix of a linked shopper in a store, for their own page only. One row each, gone within minutes."""

    __tablename__: ClassVar[str] = "last_place"
    __table_args__ = (Index("ix_last_place_at", "at"), Index("ix_last_place_shopper", "shopper_id"))
    store: str = Field(primary_key=True)
    shopper_id: str = Field(primary_key=True)
    level: str
    x_m: float = Field(sa_type=Double)
    y_m: float = Field(sa_type=Double)
    sigma_m: float = Field(sa_type=Double)
    at: float = Field(sa_type=Double)
    zones: str = Field("[]", sa_type=Text)  # JSON: zone and since when (s UTC), of the visits under way
