"""What must happen because time passes: unshown vouchers expire, held points are released."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from engine.errors import StorageUnavailable

log = logging.getLogger("rayon.delivery")

INTERVAL_S = 2.0  # a slot and a budget come back at most this long after a voucher's time to live
BACK_OFF_MAX_S = 60.0

Job = Callable[[float], int]
"""(now) -> how many rows it moved."""


async def keep_house(
    jobs: Mapping[str, Job], *, interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.time
) -> None:
    """Runs all jobs every `interval_s` until cancelled. A database that is away is tried again with growing pauses."""
    pause_s = interval_s
    while True:
        try:
            for name, job in jobs.items():
                moved = await asyncio.to_thread(job, clock())
                if moved:
                    log.info("%s: %d", name, moved)
            pause_s = interval_s
        except StorageUnavailable as error:
            pause_s = min(pause_s * 2, BACK_OFF_MAX_S)
            log.warning("database away, housekeeping tries again in %.0f s: %s", pause_s, error)
        await asyncio.sleep(pause_s)
