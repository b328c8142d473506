"""`python -m tests.accuracy.expected [STORE…] [--seed N]` prints what is expected of zones against the truth; `--write`
replaces the baseline of the short form that every test run compares with."""

from __future__ import annotations

import argparse
import sys

from tests.accuracy.days import drawn, run, shipped
from tests.accuracy.drawn import KINDS
from tests.accuracy.expected.short import write
from tests.accuracy.expected.stores import figures_of

STORES = ("boutique", "supermarket", *KINDS)
SHIPPED_S = 1200.0


def main(arguments: list[str]) -> int:
    """Prints a row a store."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy.expected")
    parser.add_argument("stores", nargs="*", default=list(STORES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="replace the short form's baseline instead")
    asked = parser.parse_args(arguments)
    if asked.write:
        write()
        return 0
    for store in asked.stores:
        day = drawn(store, asked.seed) if store in KINDS else shipped(store, asked.seed, SHIPPED_S)
        said = figures_of(day, run(day)[0])
        sys.stdout.write(f"{store:12} {'  '.join(f'{k} {v:.3f}' for k, v in said.items())}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
