"""Everything a table is made of: what was asked, and what was counted in each period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.managers.console.figures.asked import AskedPage
from api.managers.console.figures.counts import SpanCounts
from api.managers.spans.days import Comparison


@dataclass(frozen=True)
class LookedPeriods:
    """Everything a table is made of: what was asked, this period's counts, and with how many days back those of the
    periods that it is compared with, of which only those with any figure are here."""

    asked: AskedPage
    now: SpanCounts
    before: Sequence[tuple[int, SpanCounts]] = ()
    first_t: float = 0.0  # when the store's first hour with figures begins

    @property
    def is_compared(self) -> bool:
        """Whether there is a column for what was before."""
        return self.asked.compare is not Comparison.NONE

    @property
    def k(self) -> int:
        """How many people stand behind each figure."""
        return self.now.k

    def past(self, values: Callable[[SpanCounts], float | None]) -> list[float | None] | None:
        """One value of each period before; None where nothing is compared."""
        return [values(counts) for _, counts in self.before] if self.is_compared else None
