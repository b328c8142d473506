"""`make mutants`: small wrong changes to the pure rooms, one at a time, and which of them the rooms' own tests notice.

    python -m tests.mutants                                 300 changes of rule rooms, then 300 of numeric ones
    python -m tests.mutants offers plan --sample 50         of these two rooms
    python -m tests.mutants radio --sample 0 --minutes 30   every change of a room, as far as half an hour reaches

Nothing in the work tree is touched: a change lives in a fork of this process. Ends with 1 where a share is below its
bar.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTED = ("numpy", "scipy.ndimage", "scipy.optimize", "scipy.sparse.csgraph", "scipy.special", "scipy.stats",
            "shapely", "pydantic", "hypothesis", "yaml", "msgspec")  # fmt: skip


def main() -> int:
    """Prints a line a minute, then shares by room and what survived."""
    options = _options()
    os.environ |= {"RAYON_EXAMPLES": "unshrunk", "OMP_NUM_THREADS": "1"}
    os.chdir(ROOT)
    for name in IMPORTED:
        importlib.import_module(name)
    from tests.mutants.forks import trials
    from tests.mutants.report import Report
    from tests.mutants.rooms import KINDS, draw

    report = Report(quiet=options.json)
    until = time.time() + 60 * options.minutes
    plan = []
    for rooms, bar in KINDS.values():
        wanted = tuple(r for r in rooms if not options.rooms or r.name in options.rooms)
        for room, chosen in draw(ROOT, wanted, options.sample, options.seed).items():
            plan.append((room, chosen, bar))
    report.planned(sum(len(chosen) for _, chosen, _ in plan))
    left = sum(len(chosen) for _, chosen, _ in plan)
    with suppress(KeyboardInterrupt):  # what is known by then is told
        for room, chosen, bar in plan:
            share = (until - time.time()) * len(chosen) / max(left, 1)
            left -= len(chosen)
            report.begins(room.name, len(chosen), bar)
            for row in trials(ROOT, room, chosen, options.jobs, time.time() + share):
                report.takes(room.name, row)
    return report.ends()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.split("\n")[0])
    parser.add_argument("rooms", nargs="*", help="offers, plan, ingest/time, radio...; all where none is named")
    parser.add_argument("--sample", type=int, default=300, help="changes of each kind of room; 0: every one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="what is not tried by then is not counted")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="prints JSON alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
