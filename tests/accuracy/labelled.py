"""`python -m tests.accuracy.labelled`: what an ordinary day's labels are worth to those who come after.

Labels are of shoppers who come in the first half of a day; positions and triggers are scored on those who come in the
second, whom no label names. One day takes two runs of the whole chain: minutes of a core.
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
from tests.accuracy.days import SHIPPED, Day, Figures, day_of, shipped_world, stating, trigger_figures
from tests.accuracy.drawn import KINDS, drawn_campaigns, drawn_day, drawn_plan

SECONDS = 7200.0
STATED = 0.8


@dataclass(frozen=True)
class Labelled:
    """A day, the labels of those who came in its first half, and who came in the second."""

    world: World
    day: Day
    labels: Labels
    late: set[str]


def labelled(kind: str, seed: int = 1, seconds: float = SECONDS, stated: float = STATED) -> Labelled:
    """Of a drawn or a shipped store, as many labels as its scenario says; its campaigns state a precision."""
    world, campaigns = world_of(kind, seed, seconds)
    names = world.device_names()
    late = {names[i] for i, j in enumerate(world.journeys) if j.start_s > seconds / 2}
    start_t = world.scenario.starts_at.timestamp()
    rows = [(start_t + t, device_number(n), k, sku, False) for t, n, k, sku in shelf_scans(world) if n not in late]
    rows += [
        (start_t + t, device_number(n), LabelKind.RECEIPT, sku, False) for t, n, sku in receipts(world) if n not in late
    ]
    day = stating(day_of(world, campaigns), stated)
    return Labelled(world, day, labels_of(world.plan, rows), late)


def world_of(kind: str, seed: int, seconds: float) -> tuple[World, list[Campaign]]:
    """A day of a store, and its campaigns."""
    if kind in SHIPPED:
        return shipped_world(kind, seed, seconds)
    plan = drawn_plan(kind, seed)
    return World(drawn_day(kind, seed, seconds), plan), drawn_campaigns(plan)


def run(given: Labelled, labels: Labels | None) -> Chain:
    """The whole chain, with these labels."""
    day = given.day
    return run_chain(day.plan, Config(), day.campaigns, day.readings, day.sessions, labels=labels)


def figures(given: Labelled, chain: Chain) -> Figures:
    """Errors of fixes in metres, and triggers, of those who came late; and products found misplaced."""
    names = [n for n in given.day.readings.device_names if n in given.late]
    table = decision_table(chain, given.day.campaigns)
    triggers = score_triggers(given.day.due, table, names, given.day.consenting & given.late)
    error = errors_m(given, chain)
    wrong = {said for sku, said in misplaced(given.world).items() if sku != said}
    found = [m["sku"] in wrong for m in chain.labels.get("moved_products", [])]
    return {
        "median_m": float(np.median(error)),
        "p90_m": float(np.quantile(error, 0.9)),
        "labels": float(chain.labels.get("used", 0)),
        "moved_found": float(len(found)),
        "moved_right": float(sum(found)),
        **trigger_figures(triggers),
    }


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
    """Prints the figures without labels, with receipts alone, and with all labels, store by store and seed by seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy.labelled")
    parser.add_argument(
        "kinds", nargs="*", metavar="STORE", help=f"of {', '.join([*KINDS, *SHIPPED])}; drawn ones where none is named"
    )
    parser.add_argument("--stated", type=float, default=STATED, help="precision that campaigns state")
    parser.add_argument("--seeds", type=int, default=1, help="how many stores of a kind")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a day")
    asked = parser.parse_args(arguments)
    for kind in asked.kinds or list(KINDS):
        for seed in range(1, asked.seeds + 1):
            given = labelled(kind, seed, asked.seconds, asked.stated)
            for what, labels in (("without", None), ("receipts", receipts_of(given.labels)), ("all", given.labels)):
                said = figures(given, run(given, labels))
                figure = "  ".join(f"{k} {v:.3f}" for k, v in said.items())
                sys.stdout.write(f"{kind} {seed}, {asked.stated:g} stated, {what:8} {figure}\n")
                sys.stdout.flush()
    return 0


def receipts_of(labels: Labels) -> Labels:
    """Those that only say what was bought."""
    return labels.take(labels.kind == KIND_NUMBERS.index(LabelKind.RECEIPT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
