"""A live run's time: scenario seconds against the wall clock, and the word to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_AGAIN_S = 1.0
"""Real seconds after which a time that may change is asked for again."""


@dataclass
class LiveClock:
    """Scenario time runs `speed` times as fast as the wall clock, from the moment of construction.

    Readings bear wall-clock times at speed 1. Played faster, they begin in the past and catch up with the present at
    the end of `run_s`, so that no reading ever comes from the future.
    """

    run_s: float
    speed: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    started: float = field(default_factory=time.monotonic)
    started_t: float = field(default_factory=time.time)

    @property
    def is_live(self) -> bool:
        """Whether readings bear the times of the wall clock."""
        return self.speed == 1.0

    @property
    def start_t(self) -> float:
        """The epoch time that readings of scenario time 0 bear."""
        return self.started_t - max(self.run_s - self.run_s / self.speed, 0.0)

    @property
    def now_s(self) -> float:
        """Scenario time now."""
        return (time.monotonic() - self.started) * self.speed

    async def until(self, t_s: float) -> bool:
        """Waits for a scenario time. False when the run was stopped first; True at once where it is past."""
        return await self.pause((t_s - self.now_s) / self.speed)

    async def until_told(self, when_s: Callable[[], float]) -> bool:
        """As `until`, for a time that may be put off or brought forward while it is waited for."""
        while (left_s := when_s() - self.now_s) > 0:
            if not await self.pause(min(left_s / self.speed, LOOK_AGAIN_S)):
                return False
        return not self.stop.is_set()

    async def pause(self, seconds: float) -> bool:
        """Waits so many real seconds. False when the run was stopped first."""
        if self.stop.is_set():
            return False
        if seconds <= 0:
            await asyncio.sleep(0)
            return True
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return True
        return False
