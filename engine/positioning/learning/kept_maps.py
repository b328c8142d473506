"""A map of which a survey made a part: the rest is the store's own, as it is without a survey.

A few places on a large floor say little of it, and get a small share of the map (`Reach.of_map`); the rest of that map
is the plan's. A store that calibrates itself knows better than its plan, and goes on knowing it:

    mean = s mean_survey + (1 - s) mean_self = mean_kept + (1 - s) (mean_self - mean_plan)

and variances alike, as those of `mixed_spread` are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.radio.radiomap import RadioMap
from engine.records import F32

LEAST_SIGMA_DB = 0.1  # of what rounding leaves of differences of variances


def with_own_rest(kept: RadioMap, plan_map: RadioMap, own: RadioMap) -> RadioMap:
    """`kept` with what the store has learnt by itself (`own`) in the place of its plan (`plan_map`), as far as that is
    what it was made of. Ranges stay."""
    rest = 1.0 - kept.kept
    if rest <= 0.0:
        return kept
    offset = np.array([m.offset_sigma_db for m in (kept, plan_map, own)], np.float32)
    return replace(
        kept,
        mean_dbm=kept.mean_dbm + np.float32(rest) * (own.mean_dbm - plan_map.mean_dbm),
        sigma_db=_spread(kept.sigma_db, plan_map.sigma_db, own.sigma_db, rest),
        offset_mean_db=kept.offset_mean_db + rest * (own.offset_mean_db - plan_map.offset_mean_db),
        offset_sigma_db=float(_spread(offset[:1], offset[1:2], offset[2:], rest)[0]),
        measured=float(np.clip(kept.measured + rest * (own.measured - plan_map.measured), 0.0, 1.0)),
    )


def with_own_rests(
    kept: RadioMap, plan_map: RadioMap, own: Sequence[tuple[float, RadioMap]]
) -> list[tuple[float, RadioMap]]:
    """The same of each map of a recording, with the time from which on it is used."""
    return [(t, with_own_rest(kept, plan_map, learnt)) for t, learnt in own]


def _spread(kept: F32, plan: F32, own: F32, rest: float) -> F32:
    variance = np.square(kept) + np.float32(rest) * (np.square(own) - np.square(plan))
    return np.asarray(np.sqrt(np.maximum(variance, np.float32(LEAST_SIGMA_DB**2))), dtype=np.float32)
