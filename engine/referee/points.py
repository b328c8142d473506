"""Scores a ledger against the truth: does every shopper have the points that the rules give for what happened?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class PointsTold(Protocol):
    """One shopper's points, as they should be and as the site said; None where it gave no answer."""

    @property
    def device(self) -> str: ...
    @property
    def expected_pending(self) -> int: ...
    @property
    def expected_available(self) -> int: ...
    @property
    def said_pending(self) -> int | None: ...
    @property
    def said_available(self) -> int | None: ...
    @property
    def settling(self) -> int: ...
    @property
    def uncertain(self) -> int: ...
    @property
    def outcomes(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class PointsDifference:
    """A shopper who was told something else than the rules give."""

    device: str
    expected_pending: int
    expected_available: int
    said_pending: int
    said_available: int

    @property
    def points(self) -> int:
        """Said less expected."""
        return self.said_pending + self.said_available - self.expected_pending - self.expected_available


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """All shoppers of a run: how many were told what the rules give, and the others by name."""

    shoppers: int
    unanswered: int
    equal: int
    differ: list[PointsDifference]
    expected_points: int
    said_points: int
    uncertain_points: int
    openings: dict[str, int]

    @property
    def equals_truth(self) -> bool:
        """Whether everybody was told, and told what the rules give."""
        return not self.differ and not self.unanswered

    def figures(self) -> dict[str, Any]:
        """Plain values; points are sums of pending and available over who got an answer."""
        differ = [{name: getattr(d, name) for name in (*PointsDifference.__slots__, "points")} for d in self.differ]
        return {
            "equals_truth": self.equals_truth,
            "shoppers": self.shoppers,
            "equal": self.equal,
            "unanswered": self.unanswered,
            "expected_points": self.expected_points,
            "said_points": self.said_points,
            "uncertain_points": self.uncertain_points,
            "openings": self.openings,
            "differ": differ,
        }


def score_ledger(rows: Iterable[PointsTold]) -> LedgerReport:
    """Compares shopper by shopper; who asked and got no answer is `unanswered` and not compared."""
    given = list(rows)
    told = [(r, r.said_pending, r.said_available) for r in given]
    answered = [(r, p, a) for r, p, a in told if p is not None and a is not None]
    differ = [
        PointsDifference(r.device, r.expected_pending, r.expected_available, p, a)
        for r, p, a in answered
        if not _right(r, p, a)
    ]
    openings = Counter[str]()
    for row in given:
        openings.update(row.outcomes)
    return LedgerReport(
        shoppers=len(given),
        unanswered=len(given) - len(answered),
        equal=len(answered) - len(differ),
        differ=sorted(differ, key=lambda d: (-abs(d.points), d.device)),
        expected_points=sum(r.expected_pending + r.expected_available for r, _, _ in answered),
        said_points=sum(p + a for _, p, a in answered),
        uncertain_points=sum(r.uncertain for r in given),
        openings=dict(sorted(openings.items())),
    )


def _right(row: PointsTold, pending: int, available: int) -> bool:
    """In sum to the point, but for what is uncertain; on the right side of the hold, but for what settles just then."""
    more = pending + available - row.expected_pending - row.expected_available
    moved = abs(available - row.expected_available)
    return 0 <= more <= row.uncertain and moved <= row.settling + row.uncertain
