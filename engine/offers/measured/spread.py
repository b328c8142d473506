"""How far the triggers of single places lie from what those of all the store's places together are worth.

Each place's log-odds are those of all, moved by a number of its own; these numbers are normal around zero, with a
spread that the labels at the places themselves tell, as far as they do (a random intercept: Gelman and Hill 2007, "Data
analysis using regression and multilevel/hierarchical models", chapter 14). A place with labels of its own is drawn to
what they say, one without may lie anywhere that the spread allows.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from engine.records import F64, I64, Bools

SPREADS: F64 = np.linspace(0.0, 3.0, 31)
"""Of places' log-odds, as many are tried; before labels say anything, a normal law's half with PRIOR_SPREAD."""
PRIOR_SPREAD = 1.0
MOVES: F64 = np.linspace(-9.0, 9.0, 181)
"""Of one place, at each spread."""


def draw_moves(
    place: I64, weight: F64, right: Bools, share: F64, own: int, wrong: float, draws: int, rng: np.random.Generator
) -> F64:
    """(draws,) by how much the log-odds of place `own` lie from those of all, as likely as labels say. Triggers at
    labels are of a `place` (n,), count as a `weight` (n,), were `right` (n,), of which all places' `share` (n,) is; of
    labels a share `wrong` are wrong themselves."""
    before = np.stack([_normal(spread) for spread in SPREADS])  # (SPREADS, MOVES)
    chance = -0.5 * (SPREADS / PRIOR_SPREAD) ** 2
    of_own = np.zeros(len(MOVES))
    for one in np.unique(place).tolist():
        its = place == one
        log = _log_likelihood(weight[its], right[its], share[its], wrong)
        chance = chance + np.log(before @ np.exp(log - log.max()))
        of_own = log if one == own else of_own
    spread = np.exp(chance - chance.max())
    after = before * np.exp(of_own - of_own.max())
    # of the place's own labels each spread has had its due already
    after = (spread / after.sum(axis=1)) @ after
    return np.asarray(rng.choice(MOVES, size=draws, p=after / after.sum()), np.float64)


def _normal(spread: float) -> F64:
    """(MOVES,) how likely each is of a place."""
    if spread == 0.0:
        return np.asarray(np.abs(MOVES) < 1e-9, np.float64)
    out = np.exp(-0.5 * (MOVES / spread) ** 2)
    return np.asarray(out / out.sum(), np.float64)


def _log_likelihood(weight: F64, right: Bools, share: F64, wrong: float) -> F64:
    """(MOVES,) of one place's triggers at labels."""
    at = np.clip(share, 1e-6, 1.0 - 1e-6)
    moved = (1.0 - wrong) * special.expit(special.logit(at)[:, None] + MOVES)
    return np.asarray((weight[:, None] * np.where(right[:, None], np.log(moved), np.log1p(-moved))).sum(axis=0))
