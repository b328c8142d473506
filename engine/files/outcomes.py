"""The tables that the whole chain writes and that the simulator's truth has too: sessions in; decisions, visits, zone
hours and expected coupons to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.columns import Columns
from engine.errors import OperatorError, Problem
from engine.files.columns import Column, Texts
from engine.files.read import read_columns
from engine.files.write import write_columns
from engine.records import F64
from engine.spreadsheets import quote_cell
from engine.vocabulary import SessionChange

SESSIONS = (
    Column("t", number=True),
    Column("device", number=False),
    Column("event", number=False),
    Column("ssid", number=False, required=False, blank=True),
    Column("user", number=False, required=False, blank=True),
    Column("consent", number=False, required=False, blank=True),
)
DECISIONS = (
    Column("t", number=True),
    Column("device", number=False),
    Column("campaign_id", number=False),
    Column("outcome", number=False),
    Column("reason", number=False),
    Column("probability", number=True),
    Column("since", number=True),
    Column("visit_id", number=False),
    Column("place", number=False),
    Column("caused_by_t", number=True),
)
VISITS = (
    Column("device", number=False),
    Column("zone", number=False),
    Column("entered_at", number=True),
    Column("left_at", number=True),
)
HOURS = (
    Column("hour_start", number=True),
    Column("zone", number=False),
    Column("person_s", number=True),
    Column("visits", number=True),
    Column("dwell_s", number=True),
    Column("persons_peak", number=True),
)
COUPONS = (
    Column("device", number=False),
    Column("campaign_id", number=False),
    Column("place", number=False),
    Column("since", number=True),
    Column("until", number=True),
    Column("due_at", number=True),
    Column("outcome", number=False),
    Column("reason", number=False),
)
YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": None}


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """A device joined or left the network. `consent` to offers: asked and answered, or None where it was not."""

    t: float
    device: str
    event: SessionChange
    consent: bool | None = None


@dataclass(frozen=True, slots=True)
class DecisionLogTable(Columns):
    """Every decision with its reason, each (n,): `t` the clock at which it was taken, `caused_by_t` the newest reading
    behind it, `since` when P(place) was reached, `place` a sku, a zone or `store`."""

    t: F64
    device: Texts
    campaign_id: Texts
    outcome: Texts
    reason: Texts
    probability: F64
    since: F64
    visit_id: Texts
    place: Texts
    caused_by_t: F64


@dataclass(frozen=True, slots=True)
class ZoneVisitTable(Columns):
    """Stays in zones, each (n,)."""

    device: Texts
    zone: Texts
    entered_at: F64
    left_at: F64


@dataclass(frozen=True, slots=True)
class HourTable(Columns):
    """Zones by hour UTC, each (n,): `dwell_s` is the sum over the `visits` that began in the hour."""

    hour_start: F64
    zone: Texts
    person_s: F64
    visits: F64
    dwell_s: F64
    persons_peak: F64


@dataclass(frozen=True, slots=True)
class CouponTable(Columns):
    """Times at a campaign's place, each (n,): `due_at` is when the least dwell was reached, which is when the trigger
    should come; `outcome` and `reason` are what a decision that knew everything would have said."""

    device: Texts
    campaign_id: Texts
    place: Texts
    since: F64
    until: F64
    due_at: F64
    outcome: Texts
    reason: Texts


def read_sessions(path: Path) -> list[SessionEvent]:
    """Who came and went. Raises OperatorError with every problem: unknown events, a consent that is no yes or no."""
    cols, lines = read_columns(path, SESSIONS)
    n = len(cols["t"])
    consents = cols["consent"].tolist() if "consent" in cols else [""] * n
    events = cols["event"].tolist()
    problems = [
        Problem(
            str(path),
            f"line {lines(i)}, column event",
            f"{quote_cell(e)} is not an event",
            f"one of {', '.join(SessionChange)}",
        )
        for i, e in enumerate(events)
        if e not in frozenset(SessionChange)
    ]
    problems += [
        Problem(
            str(path), f"line {lines(i)}, column consent", f"{quote_cell(c)} is neither yes nor no", "1, 0, or empty"
        )
        for i, c in enumerate(consents)
        if c.lower() not in YES_NO
    ]
    if problems:
        raise OperatorError(problems)
    rows = zip(cols["t"].tolist(), cols["device"].tolist(), events, consents, strict=True)
    return [SessionEvent(t, device, SessionChange(event), YES_NO[c.lower()]) for t, device, event, c in rows]


def consenting(sessions: Sequence[SessionEvent]) -> set[str]:
    """The devices whose last word on consent was not a no."""
    last: dict[str, bool] = {}
    for said in sorted(sessions, key=lambda s: s.t):
        last[said.device] = last.get(said.device, True) if said.consent is None else said.consent
    return {device for device, yes in last.items() if yes}


def read_decisions(path: Path) -> DecisionLogTable:
    """Decisions as `rayon decide` writes them. Raises OperatorError with every problem."""
    return DecisionLogTable(**read_columns(path, DECISIONS)[0])


def read_visits(path: Path) -> ZoneVisitTable:
    """Visits, true or found. Raises OperatorError with every problem, a visit that ends before it begins among them."""
    cols, lines = read_columns(path, VISITS)
    backwards = np.flatnonzero(cols["left_at"] < cols["entered_at"]).tolist()
    if backwards:
        raise OperatorError([Problem(str(path), f"line {lines(i)}", "left_at is before entered_at") for i in backwards])
    return ZoneVisitTable(**cols)


def read_hours(path: Path) -> HourTable:
    """Zones by hour, true or found. Raises OperatorError with every problem."""
    return HourTable(**read_columns(path, HOURS)[0])


def read_coupons(path: Path) -> CouponTable:
    """Coupons that should fire. Raises OperatorError with every problem."""
    return CouponTable(**read_columns(path, COUPONS)[0])


def write_decisions(path: Path, table: DecisionLogTable) -> None:
    """Decisions; times to the millisecond, probabilities to four decimals."""
    _write(path, table, DECISIONS)


def write_visits(path: Path, table: ZoneVisitTable) -> None:
    """Visits."""
    _write(path, table, VISITS)


def write_hours(path: Path, table: HourTable) -> None:
    """Zones by hour."""
    _write(path, table, HOURS)


def write_coupons(path: Path, table: CouponTable) -> None:
    """Coupons that should fire."""
    _write(path, table, COUPONS)


_DECIMALS = {"probability": 4, "visits": 0}


def _write(path: Path, table: object, schema: Sequence[Column]) -> None:
    columns = {c.name: (getattr(table, c.name), _DECIMALS.get(c.name, 3) if c.number else None) for c in schema}
    write_columns(path, columns)
