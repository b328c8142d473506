"""Small inputs for the presence tests: fixes from plain lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.records import F32, Fixes


def fixes_of(device: Sequence[int], t: Sequence[float], posterior: F32 | None = None) -> Fixes:
    """Fixes whose place does not matter, or is given as a posterior (n, C)."""
    n = len(device)
    return Fixes(
        t=np.array(t, np.float64),
        device=np.array(device, np.uint64),
        level=np.zeros(n, np.int32),
        x_m=np.zeros(n),
        y_m=np.zeros(n),
        cov_m2=np.tile(np.eye(2), (n, 1, 1)),
        n_ap=np.full(n, 4, np.int32),
        posterior=np.ones((n, 1), np.float32) if posterior is None else posterior.astype(np.float32),
    )


def part_of(fixes: Fixes, index: Sequence[int] | slice) -> Fixes:
    """Some rows of fixes."""
    return Fixes(
        fixes.t[index], fixes.device[index], fixes.level[index], fixes.x_m[index], fixes.y_m[index],
        fixes.cov_m2[index], fixes.n_ap[index], fixes.posterior[index],
    )  # fmt: skip
