"""What the offline chain found, as tables: decisions, visits, zone hours, fixes; all in an order of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.config import Config
from engine.files import FixTable
from engine.files.outcomes import DecisionLogTable, HourTable, ZoneVisitTable
from engine.offers.campaigns import Campaign
from engine.plan.model import Plan
from engine.runtime.offline import Chain
from engine.vocabulary import VisitChange


def decision_table(chain: Chain, campaigns: Sequence[Campaign]) -> DecisionLogTable:
    """The decisions in the order of the clock, then of device and campaign."""
    places = {c.id: c.place.product or c.place.zone or "store" for c in campaigns}
    rows = sorted(chain.decisions, key=lambda d: (d.at, chain.names[d.trigger.device], d.trigger.campaign_id))
    triggers = [d.trigger for d in rows]
    return DecisionLogTable(
        t=np.array([d.at for d in rows], np.float64),
        device=np.array([chain.names[t.device] for t in triggers], np.str_),
        campaign_id=np.array([t.campaign_id for t in triggers], np.str_),
        outcome=np.array([d.outcome for d in rows], np.str_),
        reason=np.array([d.reason for d in rows], np.str_),
        probability=np.array([t.probability for t in triggers], np.float64),
        since=np.array([t.since for t in triggers], np.float64),
        visit_id=np.array([t.visit_id for t in triggers], np.str_),
        place=np.array([places[t.campaign_id] for t in triggers], np.str_),
        caused_by_t=np.array([t.caused_by_t for t in triggers], np.float64),
    )


def visit_table(chain: Chain) -> ZoneVisitTable:
    """The ended visits to zones, by entry."""
    ended = [e for e in chain.visits if e.kind == VisitChange.LEAVE]
    ended.sort(key=lambda e: (e.started_at, chain.names[e.device], e.zone))
    return ZoneVisitTable(
        device=np.array([chain.names[e.device] for e in ended], np.str_),
        zone=np.array([e.zone for e in ended], np.str_),
        entered_at=np.array([e.started_at for e in ended], np.float64),
        left_at=np.array([e.started_at + e.dwell_s for e in ended], np.float64),
    )


def hour_table(chain: Chain) -> HourTable:
    """Zones by hour."""
    rows = chain.zone_hours
    return HourTable(
        hour_start=np.array([r.hour_start for r in rows], np.float64),
        zone=np.array([r.zone for r in rows], np.str_),
        person_s=np.array([r.person_s for r in rows], np.float64),
        visits=np.array([r.visits for r in rows], np.float64),
        dwell_s=np.array([r.dwell_s_sum for r in rows], np.float64),
        persons_peak=np.array([r.persons_peak for r in rows], np.float64),
    )


def fix_table(chain: Chain, plan: Plan, config: Config) -> FixTable:
    """The fixes behind the decisions."""
    f = chain.fixes
    levels = np.array([lv.id for lv in plan.levels], np.str_)
    names = np.array([chain.names[device] for device in f.device.tolist()], np.str_)
    method = np.full(len(f.t), config.positioning.method)
    return FixTable(
        "fixes.csv", f.t, names, levels[f.level], f.x_m, f.y_m, f.sigma_m, f.n_ap.astype(np.float64), method
    )
