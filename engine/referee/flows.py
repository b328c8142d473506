"""Scores transitions between zones against the truth: how much of them is common, and which pairs are most wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.presence.flows import OUTSIDE, FlowRow
from engine.referee.zones import round_figure

WORST = 10


@dataclass(frozen=True, slots=True)
class PairFlow:
    """Transitions of one pair of zones over the whole run."""

    from_zone: str
    to_zone: str
    true: int
    found: int

    @property
    def error(self) -> int:
        """Found less true."""
        return self.found - self.true


@dataclass(frozen=True, slots=True)
class FlowReport:
    """Every pair of zones with a transition, true or found, those with the most true ones first."""

    pairs: list[PairFlow]

    def figures(self) -> dict[str, Any]:
        """The common part as a share, the error per pair, and the pairs that are most wrong.

        `common_share` is sum(min) / sum(max) over pairs (Ruzicka's similarity); `cpc` is 2 sum(min) / (true + found),
        the common part of commuters of mobility research (Lenormand et al. 2012). Both are 1 where all is right.
        """
        true, found = sum(p.true for p in self.pairs), sum(p.found for p in self.pairs)
        common = sum(min(p.true, p.found) for p in self.pairs)
        either = sum(max(p.true, p.found) for p in self.pairs)
        return {
            "true_transitions": true,
            "found_transitions": found,
            "common_share": round_figure(common / either) if either else None,
            "cpc": round_figure(2 * common / (true + found)) if true + found else None,
            "between_zones": self._between_zones(),
            "pairs": len(self.pairs),
            "mean_abs_per_pair": round_figure(sum(abs(p.error) for p in self.pairs) / len(self.pairs))
            if self.pairs
            else None,
            "worst": {f"{p.from_zone or '(outside)'} > {p.to_zone or '(outside)'}": _figures(p) for p in self.worst()},
        }

    def _between_zones(self) -> float | None:
        """The common share without coming in and leaving, which are easier to see."""
        inner = [p for p in self.pairs if OUTSIDE not in (p.from_zone, p.to_zone)]
        either = sum(max(p.true, p.found) for p in inner)
        return round_figure(sum(min(p.true, p.found) for p in inner) / either) if either else None

    def worst(self) -> list[PairFlow]:
        """The pairs with the largest errors, in either direction."""
        wrong = [p for p in self.pairs if p.error]
        return sorted(wrong, key=lambda p: (-abs(p.error), p.from_zone, p.to_zone))[:WORST]


def score_flows(truth: Iterable[FlowRow], found: Iterable[FlowRow]) -> FlowReport:
    """Compares transitions pair by pair, summed over hours: one counted a minute late in the next hour is right."""
    sums = [Counter[tuple[str, str]](), Counter[tuple[str, str]]()]
    for total, rows in zip(sums, (truth, found), strict=True):
        for row in rows:
            total[row.from_zone, row.to_zone] += row.count
    pairs = [PairFlow(*key, sums[0][key], sums[1][key]) for key in sums[0].keys() | sums[1].keys()]
    return FlowReport(sorted(pairs, key=lambda p: (-p.true, -p.found, p.from_zone, p.to_zone)))


def _figures(pair: PairFlow) -> dict[str, int]:
    return {"true": pair.true, "found": pair.found}
