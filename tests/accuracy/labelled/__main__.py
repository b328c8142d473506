"""`python -m tests.accuracy.labelled`: what an ordinary day's labels are worth to those who come after.

Each store, seed and amount of labels is a run of the whole chain: minutes of a core, in a process of its own, and kept.
Seeds of a store make one row, with intervals by device.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.accuracy.days import SHIPPED, Figures
from tests.accuracy.drawn import KINDS
from tests.accuracy.labelled.counts import located_figures, sent_figures
from tests.accuracy.labelled.days import SECONDS, STATED
from tests.accuracy.labelled.runs import Asked, Came, measured

LABELS = ("none", "all")
Row = tuple[str, str]  # a store, and how many of its labels


def main(arguments: Sequence[str]) -> int:
    """Prints the figures of each day as it is done, then those of each store and amount of labels over its seeds."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy.labelled")
    parser.add_argument(
        "kinds", nargs="*", metavar="STORE", help=f"of {', '.join([*KINDS, *SHIPPED])}; drawn ones where none is named"
    )
    parser.add_argument("--stated", type=float, nargs="+", default=STATED, help="precisions that campaigns state")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="which stores of a kind")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a day")
    parser.add_argument("--labels", nargs="+", default=LABELS, help="none, receipts, all, or how many")
    parser.add_argument("--whole", action="store_true", help="score everybody, not only who came in the second half")
    parser.add_argument("--processes", type=int, default=1, help="at once")
    parser.add_argument(
        "--kept", type=Path, default=Path(tempfile.gettempdir()) / "rayon-labelled", help="where runs are"
    )
    asked = parser.parse_args(arguments)
    every = [
        Asked(kind, amount, seed, asked.seconds, tuple(asked.stated), asked.whole)
        for seed in asked.seeds for kind in asked.kinds or KINDS for amount in asked.labels
    ]  # fmt: skip
    rows: dict[Row, list[Came]] = defaultdict(list)
    for day, came in measured(every, asked.kept, asked.processes):
        rows[day.kind, day.amount].append(came)
        _say(f"{day.kind} {day.seed}, {day.amount} labels", [came], asked.stated)
    if len(asked.seeds) > 1:
        for (kind, amount), days in rows.items():
            _say(f"{kind}, {len(days)} days, {amount} labels", days, asked.stated)
    return 0


def _say(what: str, days: Sequence[Came], stated: Sequence[float]) -> None:
    _line(what, located_figures([day.located for day in days]))
    for k, precision in enumerate(stated):
        _line(f"  {precision:g} stated", sent_figures([day.sent[k] for day in days]))


def _line(what: str, figures: Figures) -> None:
    sys.stdout.write(f"{what}: {'  '.join(f'{k} {v:.3f}' for k, v in figures.items())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
