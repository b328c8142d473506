"""What must happen because time passes: unshown vouchers expire, held points are released."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from engine.delivery.patience import growing_pauses

log = logging.getLogger("rayon.delivery")

INTERVAL_S = 2.0  # a slot and a budget come back at most this long after a voucher's time to live
BACK_OFF_MAX_S = 60.0

Job = Callable[[float], int]
"""(now) -> how many rows it moved."""
Turn = Callable[[], bool]
"""Whether it is this process's turn, of all that could do it."""


async def keep_house(
    jobs: Mapping[str, Job],
    *,
    interval_s: float = INTERVAL_S,
    after_s: float = 0.0,
    turn: Turn | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Runs all jobs, first in `after_s` and then every `interval_s` until cancelled, where it is our `turn`. A database
    that is away is tried again with growing pauses."""

    async def once() -> None:
        if turn is not None and not await asyncio.to_thread(turn):
            return
        for name, job in jobs.items():
            moved = await asyncio.to_thread(job, clock())
            if moved:
                log.info("%s: %d", name, moved)

    patiently = growing_pauses("housekeeping", 2 * interval_s, BACK_OFF_MAX_S, sleep=sleep)
    if after_s:
        await sleep(after_s)
    while True:
        await patiently(once)
        await sleep(interval_s)
