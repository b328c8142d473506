"""Runs the search within a budget of minutes, and says how good the locator is with constants that no site chose for
itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.accuracy.left_out.constants import CONSTANTS, Constant
from tests.accuracy.left_out.search import MOST_ROUNDS, Search, search
from tests.accuracy.left_out.units import STORES, Units, in_families
from tests.accuracy.recorded.recordings import refuse_without_baselines

MEMORY = Path("build/accuracy/left-out.jsonl")
TELL_S = 60.0


def leave_one_site_out(folder: Path, minutes: float, rounds: int = MOST_ROUNDS) -> int:
    """Prints progress and the report; asked again, it goes on where it was. One of the `rounds` tries each value alone
    and then together: a whole nested choice. Later ones try again from there, and cost ten times as much. Raises
    OperatorError where no plain method is known of a site."""
    units, start = Units(folder, MEMORY), time.monotonic()
    refuse_without_baselines(folder, units.sites)
    told = start - TELL_S

    def tell(sentence: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= TELL_S:
            told = now
            sys.stderr.write(f"{(now - start) / 60:.0f} of {minutes:.0f} min: {sentence}\n")

    def in_time() -> bool:
        return time.monotonic() - start < 60 * minutes

    found = search(units.sites, [STORES], CONSTANTS, units.rows, in_time, tell, rounds)
    sys.stdout.write("\n".join(report(units, found, CONSTANTS)) + "\n")
    return 0


def report(units: Units, found: Search, constants: tuple[Constant, ...]) -> Iterator[str]:
    """Families, sites, and how far choices move; of a search that came to no whole round, that it chose nothing. Folds
    are then at different settings for want of time alone, which would look like choices that agree."""
    if found.rounds == 0:
        yield "0 rounds: time was up before each value was tried once in every fold, so nothing was chosen"
        yield "ask again, with more --minutes: it goes on where it was, as every score that was made is kept"
        return
    whole = found.fold(None).setting
    as_is = in_families(lambda unit: units.exact_rows(unit, {}), [*units.sites, STORES])
    chosen = in_families(lambda unit: units.exact_rows(unit, whole), [*units.sites, STORES])
    nested = in_families(lambda unit: units.exact_rows(unit, found.fold(unit).setting), units.sites)
    state = "settled" if found.settled else "not settled: asked for more, it goes on"
    yield f"{found.rounds} rounds, {state}"
    yield f"{'family':18s} {'as it is':>9s} {'chosen on all':>14s} {'left out':>9s}"
    for family in as_is:
        out = f"{nested[family]:9.3f}" if family in nested else f"{'-':>9s}"
        yield f"{family:18s} {as_is[family]:9.3f} {chosen[family]:14.3f} {out}"
    for unit in units.sites:
        left = in_families(lambda u: units.exact_rows(u, found.fold(u).setting), [unit])
        now = in_families(lambda u: units.exact_rows(u, {}), [unit])
        yield f"  {unit:24s} " + "   ".join(f"{f} {now[f]:.2f} -> {left[f]:.2f}" for f in left)
    for c in constants:
        choices = sorted({f.setting.get(c.name, c.value) for f in found.folds if f.left_out})
        moves = f"{choices[0]:g} to {choices[-1]:g}" if len(choices) > 1 else f"{choices[0]:g} in every fold"
        yield f"  {c.name:40s} now {c.value:g}, on all {whole.get(c.name, c.value):g}, without one {moves}"
