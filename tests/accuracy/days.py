"""`python -m tests.accuracy.days`: zones and triggers of whole days, in the shipped stores and in drawn ones.

What the engine says of a simulated day against the truth: person-seconds and visits by zone, and triggers, each stay
once, of consenting shoppers, with intervals by device.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from api.cli.decide_tables import decision_table, fix_table, hour_table, visit_table
from engine.config import Config
from engine.files.joined import PlanReadings
from engine.files.outcomes import CouponTable, HourTable, SessionEvent, ZoneVisitTable
from engine.offers.campaigns import Campaign, load_campaigns
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.presence.flows import leaf_zones
from engine.presence.frames import heat_frames
from engine.presence.heat import HeatRow
from engine.records import Hearings, Readings
from engine.referee.triggers import TriggerReport, score_triggers
from engine.referee.visits import score_visits
from engine.runtime.offline import Chain, run_chain
from simulators.scenario.files import load_scenario
from simulators.truth.coupons import coupons
from simulators.truth.hours import zone_hours
from simulators.truth.truth import TRUTH_STEP_S, Positions, consents, positions, session_events, zone_visits
from simulators.world import Heard, World
from tests.accuracy.drawn import KINDS, drawn_campaigns, drawn_day, drawn_plan

FLOORPLANS = Path(__file__).parents[2] / "floorplans"
SHIPPED = {"boutique": ("demo-boutique", 1200.0), "supermarket": ("demo-supermarket", 1200.0)}
SECONDS = 3600.0
STATED = (0.8, 0.9)

Figures = dict[str, float]


@dataclass(frozen=True)
class Day:
    """A simulated day as the engine gets it, and what truly happened."""

    plan: Plan
    campaigns: list[Campaign]
    readings: PlanReadings
    sessions: list[SessionEvent]
    hours: HourTable
    visits: ZoneVisitTable
    due: CouponTable
    consenting: set[str]
    heat: list[HeatRow]


def drawn(kind: str, seed: int = 1, seconds: float = SECONDS) -> Day:
    """A day of a drawn store."""
    return day_of(*drawn_world(kind, seed, seconds))


def shipped(store: str, seed: int = 1, seconds: float | None = None) -> Day:
    """A day of a shipped store, as the demonstration has it."""
    return day_of(*shipped_world(store, seed, seconds or SHIPPED[store][1]))


def drawn_world(kind: str, seed: int, seconds: float) -> tuple[World, list[Campaign]]:
    """So much of a drawn store's day, and its campaigns."""
    plan = drawn_plan(kind, seed)
    return World(drawn_day(kind, seed, seconds), plan), drawn_campaigns(plan)


def shipped_world(store: str, seed: int, seconds: float) -> tuple[World, list[Campaign]]:
    """So much of a shipped store's day, and its campaigns."""
    plan = load_plan(FLOORPLANS / store)
    chosen = load_scenario(SHIPPED[store][0]).model_copy(update={"seed": 100 + seed, "scripted": ()})
    return World(chosen, plan, seconds), load_campaigns(FLOORPLANS / store / "campaigns.yaml", plan)


def day_of(world: World, campaigns: list[Campaign]) -> Day:
    """A simulated world as the engine gets it, and its truth."""
    start_t, names, at = world.scenario.starts_at.timestamp(), world.device_names(), positions(world)
    visits = zone_visits(world, at)
    heard = [v for v in visits if world.phones.connected[v.shopper]]
    agrees = consents(world)
    return Day(
        world.plan,
        campaigns,
        _readings(world, start_t),
        [SessionEvent(start_t + t, names[i], event, bool(agrees[i])) for t, i, event in session_events(world)],
        zone_hours(world, at, visits, world.phones.connected),
        ZoneVisitTable(
            np.array([names[v.shopper] for v in heard], np.str_),
            np.array([v.place for v in heard], np.str_),
            np.array([start_t + v.since_s for v in heard]),
            np.array([start_t + v.until_s for v in heard]),
        ),
        coupons(world, at, campaigns),
        {names[i] for i in np.flatnonzero(agrees).tolist()},
        _heat(world, at),
    )


def _heat(world: World, at: Positions) -> list[HeatRow]:
    """Where the time of connected people truly went."""
    frames = heat_frames(world.plan, Config().presence.heat_cell_m)
    heard, counted = world.phones.connected[at.shopper], Counter[tuple[str, int, int]]()
    for i, frame in enumerate(frames):
        here = heard & (at.level == i)
        col = ((at.x_m[here] - frame.x0_m) // frame.heat_cell_m).astype(int).clip(0, frame.cols - 1)
        row = ((at.y_m[here] - frame.y0_m) // frame.heat_cell_m).astype(int).clip(0, frame.rows - 1)
        counted.update((frame.level, *pair) for pair in zip(col.tolist(), row.tolist(), strict=True))
    return [HeatRow(0.0, level, col, row, n * TRUTH_STEP_S, float(n)) for (level, col, row), n in counted.items()]


def _readings(world: World, start_t: float) -> PlanReadings:
    """As `readings_for_plan` gives them, without the way through a file."""
    heard = Heard.concat([world.tick(k) for k in range(world.ticks)])
    people, points = len(world.shoppers), len(world.plan.access_points)
    own, t = heard.device < people, start_t + heard.t_s
    rssi, ranges, sigma = (v.astype(np.float32) for v in (heard.rssi_dbm, heard.range_m, heard.range_sigma_m))
    readings = Readings(t[own], heard.device[own].astype(np.uint64), heard.ap[own], rssi[own], ranges[own], sigma[own])
    speaker = heard.device - people
    between = (speaker >= 0) & (speaker < points) & (speaker != heard.ap)
    hearings = Hearings(t[between], speaker[between], heard.ap[between], rssi[between], ranges[between])
    return PlanReadings(readings, world.device_names()[:people], hearings, {})


def stating(campaigns: Sequence[Campaign], stated: Sequence[float]) -> list[Campaign]:
    """Each campaign once for every precision, so that one run of the chain tells them all."""
    ids = ((c, p, f"{c.id}-{1000 * p:.0f}") for p in stated for c in campaigns)
    return [c.model_copy(update={"id": name, "precision": p}) for c, p, name in ids]


def run(day: Day, config: Config | None = None) -> tuple[Chain, Config]:
    """The whole chain over a day."""
    settings = config or Config()
    return run_chain(day.plan, settings, day.campaigns, day.readings, day.sessions), settings


def zone_figures(day: Day, hours: HourTable, visits: ZoneVisitTable) -> Figures:
    """Of zones that hold no other: person-seconds and visits found over true ones, the mean absolute error of a zone's
    person-seconds over the mean zone's, and the share of time in the wrong zone."""
    leaves = leaf_zones(day.plan)

    def seconds(table: HourTable) -> np.ndarray:
        return np.array([table.person_s[table.zone == zone].sum() for zone in leaves])

    true, own = seconds(day.hours), seconds(hours)
    devices = np.unique(day.visits.device).tolist()
    report = score_visits(_leaves(day.visits, leaves), _leaves(visits, leaves), devices)
    said = float(hours.visits[np.isin(hours.zone, leaves)].sum())
    seen = report.figures()
    return {
        "person_s": float(own.sum() / true.sum()),
        "zone_error": float(np.abs(own - true).sum() / true.sum()),
        "misplaced": float(np.abs(own - true).sum() / 2 / true.sum()),
        "visits": said / max(len(report.wanted), 1),
        "visits_precision": float(seen["precision"] or 0.0),
        "visits_recall": float(seen["recall"] or 0.0),
    }


def _leaves(table: ZoneVisitTable, leaves: Sequence[str]) -> ZoneVisitTable:
    rows = np.isin(table.zone, leaves)
    return ZoneVisitTable(table.device[rows], table.zone[rows], table.entered_at[rows], table.left_at[rows])


def trigger_report(
    day: Day, chain: Chain, stated: float | None = None, among: Collection[str] | None = None
) -> TriggerReport:
    """Triggers against those due, of the campaigns that state this precision, or none; of everybody, or `among` these
    devices."""
    own = sorted(c.id for c in day.campaigns if c.precision == stated)
    due, fired = day.due, decision_table(chain, day.campaigns)
    due = due.take(np.isin(due.campaign_id, own))
    fired = fired.take(np.isin(fired.campaign_id, own))
    names = [n for n in day.readings.device_names if among is None or n in among]
    return score_triggers(due, fired, names, day.consenting & set(names), campaigns=own)


def trigger_figures(report: TriggerReport) -> Figures:
    """Precision and recall, with the ends of their intervals."""
    due, _, fired, _ = np.sum([*report.by_campaign.values(), (0, 0, 0, 0)], axis=0).tolist()
    out: Figures = {"due": float(due), "sent": float(fired)}
    for name, share in (("precision", report.precision), ("recall", report.recall)):
        if share is not None:
            out |= {name: share.share, f"{name}_low": share.low, f"{name}_high": share.high}
    delays = [d for own in report.delays_s.values() for d in own]
    return out | ({"delay_s": float(np.median(delays))} if delays else {})


def days() -> dict[str, partial[tuple[World, list[Campaign]]]]:
    """Every day that is measured, by name."""
    out = {f"{store} day": partial(shipped_world, store, 1, seconds) for store, (_, seconds) in SHIPPED.items()}
    return out | {f"{kind} day": partial(drawn_world, kind, 1, SECONDS) for kind in KINDS}


def main(names: Sequence[str]) -> int:
    """Prints the figures of these days, or all: as campaigns are, and where they state a precision."""
    for name, make in days().items():
        if names and name.split()[0] not in names:
            continue
        world, campaigns = make()
        day = day_of(world, [*campaigns, *stating(campaigns, STATED)])
        chain, settings = run(day)
        fixes = float(len(fix_table(chain, day.plan, settings).t))
        zones = zone_figures(day, hour_table(chain), visit_table(chain))
        _print(name, {"fixes": fixes, **zones, **trigger_figures(trigger_report(day, chain))})
        for precision in STATED:
            said = trigger_figures(trigger_report(day, chain, precision))
            silent = [not chain.promises[c.id].kept for c in day.campaigns if c.precision == precision]
            _print(f"{name}, {precision:g} stated", {**said, "silent": float(np.mean(silent))})
    return 0


def _print(name: str, said: Figures) -> None:
    sys.stdout.write(f"{name:28} {'  '.join(f'{k} {v:.3f}' for k, v in said.items())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
