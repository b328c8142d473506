"""`python -m tests.accuracy.labelled`: what an ordinary day's labels are worth to those who come after.

Labels are of shoppers who come in the first half of a day; positions and triggers are scored on those who come in the
second, whom no label names. One day takes a run of the whole chain for each amount of labels: minutes of a core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from api.cli.decide_tables import decision_table
from engine.config import Config
from engine.offers.campaigns import Campaign
from engine.positioning.labels.learning import labels_of
from engine.positioning.labels.places import KINDS as KIND_NUMBERS
from engine.records import Labels
from engine.referee.triggers import score_triggers
from engine.runtime.offline import Chain, device_number, run_chain
from engine.vocabulary import LabelKind
from simulators.truth.labels import misplaced, receipts, shelf_scans
from simulators.truth.truth import positions
from simulators.world import World
from tests.accuracy.days import SHIPPED, Day, Figures, day_of, shipped_world, trigger_figures
from tests.accuracy.drawn import KINDS, drawn_campaigns, drawn_day, drawn_plan

SECONDS = 7200.0
STATED = (0.8, 0.9)
LABELS = ("none", "receipts", "all")
LOT = 0x1B  # which labels are left where not all are


@dataclass(frozen=True)
class Labelled:
    """A day, the labels of those who came in its first half, and who came in the second. `day` has every campaign once
    for each precision `stated`, so that one run of the chain tells them all."""

    world: World
    day: Day
    labels: Labels
    late: set[str]
    stated: Sequence[float]


def labelled(kind: str, seed: int = 1, seconds: float = SECONDS, stated: Sequence[float] = STATED) -> Labelled:
    """Of a drawn or a shipped store, as many labels as its scenario says; its campaigns state each precision."""
    world, campaigns = world_of(kind, seed, seconds)
    names = world.device_names()
    late = {names[i] for i, j in enumerate(world.journeys) if j.start_s > seconds / 2}
    start_t = world.scenario.starts_at.timestamp()
    rows = [(start_t + t, device_number(n), k, sku, False) for t, n, k, sku in shelf_scans(world) if n not in late]
    rows += [
        (start_t + t, device_number(n), LabelKind.RECEIPT, sku, False) for t, n, sku in receipts(world) if n not in late
    ]
    each = [c.model_copy(update={"id": _id(c.id, p), "precision": p}) for p in stated for c in campaigns]
    return Labelled(world, day_of(world, each), labels_of(world.plan, rows), late, stated)


def _id(campaign: str, precision: float) -> str:
    return f"{campaign}-{1000 * precision:.0f}"


def world_of(kind: str, seed: int, seconds: float) -> tuple[World, list[Campaign]]:
    """A day of a store, and its campaigns."""
    if kind in SHIPPED:
        return shipped_world(kind, seed, seconds)
    plan = drawn_plan(kind, seed)
    return World(drawn_day(kind, seed, seconds), plan), drawn_campaigns(plan)


def labels_in(labels: Labels, amount: str) -> Labels | None:
    """`none`, `receipts`, `all`, or a number: so many of all, by lot."""
    if amount == "receipts":
        return labels.take(labels.kind == KIND_NUMBERS.index(LabelKind.RECEIPT))
    if amount in ("none", "all"):
        return labels if amount == "all" else None
    left = np.random.default_rng(LOT).permutation(len(labels))[: int(amount)]
    return labels.take(np.sort(left)) if len(left) else None


def run(given: Labelled, labels: Labels | None) -> Chain:
    """The whole chain, with these labels."""
    day = given.day
    return run_chain(day.plan, Config(), day.campaigns, day.readings, day.sessions, labels=labels)


def map_figures(given: Labelled, chain: Chain) -> Figures:
    """Errors of fixes in metres, of those who came late; and products found misplaced."""
    error = errors_m(given, chain)
    wrong = {said for sku, said in misplaced(given.world).items() if sku != said}
    found = [m["sku"] in wrong for m in chain.labels.get("moved_products", [])]
    return {
        "median_m": float(np.median(error)),
        "p90_m": float(np.quantile(error, 0.9)),
        "labels": float(chain.labels.get("used", 0)),
        "moved_found": float(len(found)),
        "moved_right": float(sum(found)),
    }


def promise_figures(given: Labelled, chain: Chain, stated: float) -> Figures:
    """Triggers of those who came late, of campaigns that state this precision; and what campaigns told beforehand, in
    the end: precision as the mean over what was sent, recall over what was due."""
    names = [n for n in given.day.readings.device_names if n in given.late]
    own = {c.id for c in given.day.campaigns if c.precision == stated}
    due, table = given.day.due, decision_table(chain, given.day.campaigns)
    due = due.take(np.isin(due.campaign_id, sorted(own)))
    table = table.take(np.isin(table.campaign_id, sorted(own)))
    report = score_triggers(due, table, names, given.day.consenting & given.late)
    told = [(chain.promises[name], counts) for name, counts in report.by_campaign.items()]
    sent, wanted = sum(c[2] for _, c in told), sum(c[0] for _, c in told)
    out = trigger_figures(report) | {"sent": float(sent)}
    out["silent"] = float(sum(not chain.promises[name].kept for name in own))
    if sent:
        out["told_precision"] = sum(p.precision * c[2] for p, c in told) / sent
    if wanted:
        out["told_recall"] = sum((p.recall if p.kept else 0.0) * c[0] for p, c in told) / wanted
    return out


def errors_m(given: Labelled, chain: Chain) -> np.ndarray:
    """(n,) of the fixes of those who came late."""
    at, f = positions(given.world), chain.fixes
    start_t = given.world.scenario.starts_at.timestamp()
    out = [np.empty(0)]
    for i, name in enumerate(given.world.device_names()):
        own, true = np.flatnonzero(f.device == np.uint64(device_number(name))), np.flatnonzero(at.shopper == i)
        if name in given.late and len(own) and len(true):
            t = f.t[own] - start_t
            x, y = (np.interp(t, at.t_s[true], v[true]) for v in (at.x_m, at.y_m))
            out.append(np.hypot(f.x_m[own] - x, f.y_m[own] - y))
    return np.concatenate(out)


def main(arguments: Sequence[str]) -> int:
    """Prints the figures by amount of labels, store by store and seed by seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy.labelled")
    parser.add_argument(
        "kinds", nargs="*", metavar="STORE", help=f"of {', '.join([*KINDS, *SHIPPED])}; drawn ones where none is named"
    )
    parser.add_argument("--stated", type=float, nargs="+", default=STATED, help="precisions that campaigns state")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="which stores of a kind")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a day")
    parser.add_argument("--labels", nargs="+", default=LABELS, help="none, receipts, all, or how many")
    asked = parser.parse_args(arguments)
    for kind in asked.kinds or list(KINDS):
        for seed in asked.seeds:
            given = labelled(kind, seed, asked.seconds, asked.stated)
            for amount in asked.labels:
                chain = run(given, labels_in(given.labels, amount))
                _say(f"{kind} {seed}, {amount} labels:", map_figures(given, chain))
                for stated in asked.stated:
                    _say(f"  {stated:g} stated:", promise_figures(given, chain, stated))
    return 0


def _say(what: str, figures: Figures) -> None:
    sys.stdout.write(f"{what} {'  '.join(f'{k} {v:.3f}' for k, v in figures.items())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
