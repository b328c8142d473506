"""Ways from zone to zone on a page: in bands (Sankey) and as a matrix, each with its interval, as the table says it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.managers.console.drawn.charts import FlowBand, bands_svg
from api.managers.console.figures.asked import AskedPage, View
from api.managers.console.figures.report import Report
from api.managers.console.figures.views import OUTSIDE_KEY
from api.managers.console.saying import figure_text, with_interval, zone_name
from api.managers.told import tell_flow
from api.texts.catalogue import words
from api.texts.language import Language
from engine.presence.expected.figures import sum_spreads

SHADES = 8
MOST_FLOWS = 11  # zones to either side of the bands; the others are taken together
OTHERS = "others"
Pair = tuple[str, str]
Merged = dict[Pair, list[Pair]]
"""The pairs of zones that a band between two nodes stands for."""


@dataclass(frozen=True)
class ShownFlows:
    """A report of flows for its page; `href` is the page's address with changes."""

    report: Report
    lang: Language
    href: Callable[..., str]

    @property
    def asked(self) -> AskedPage:
        """What was asked for."""
        return self.report.asked

    def bands(self) -> str | None:
        """From where to where as bands; of one zone what comes before it and after it."""
        moves = self.report.counts.moves
        zone = self.asked.zone
        if zone is not None:
            return self._around(zone, moves)
        if not moves:
            return None
        first, then = _most(moves, 0), _most(moves, 1)
        merged: Merged = defaultdict(list)
        for a, b in moves:
            merged["from:" + (a if a in first else OTHERS), "to:" + (b if b in then else OTHERS)].append((a, b))
        columns = [[f"from:{z}" for z in (*first, OTHERS)], [f"to:{z}" for z in (*then, OTHERS)]]
        return self._bands(columns, merged)

    def _around(self, zone: str, moves: Counter[tuple[str, str]]) -> str | None:
        into = Counter({a: n for (a, b), n in moves.items() if b == zone})
        out = Counter({b: n for (a, b), n in moves.items() if a == zone})
        if not into and not out:
            return None
        merged: Merged = defaultdict(list)
        kept_in, kept_out = [z for z, _ in into.most_common(MOST_FLOWS)], [z for z, _ in out.most_common(MOST_FLOWS)]
        for a in into:
            merged["from:" + (a if a in kept_in else OTHERS), f"at:{zone}"].append((a, zone))
        for b in out:
            merged[f"at:{zone}", "to:" + (b if b in kept_out else OTHERS)].append((zone, b))
        columns = [[f"from:{z}" for z in (*kept_in, OTHERS)], [f"at:{zone}"], [f"to:{z}" for z in (*kept_out, OTHERS)]]
        return self._bands(columns, merged)

    def _bands(self, columns: list[list[str]], merged: Merged) -> str:
        t = words(self.lang)
        used = {node for pair in merged for node in pair}
        columns = [[node for node in column if node in used] for column in columns]
        names = {node: self._node_name(node) for column in columns for node in column}
        bands = []
        for (a, b), pairs in merged.items():
            said = f"{names[a]} → {names[b]}: {self._flow(pairs)}"
            n = sum(self.report.counts.moves[pair] for pair in pairs)
            inside = next((z for z in (b, a) if z.partition(":")[2] in self.report.plan.zone_index), None)
            href = self.href(zone=inside.partition(":")[2], level=None) if inside else self.href(zone=None)
            bands.append(FlowBand(a, b, float(n), said, href))
        return bands_svg(columns, bands, names, t.views[View.FLOWS])

    def _flow(self, pairs: Sequence[tuple[str, str]]) -> str:
        """How many went these ways together, with the interval; as the table says it of one."""
        counts, k = self.report.counts, self.report.k
        known = [counts.move_spreads[pair] for pair in pairs if pair in counts.move_spreads]
        n = sum(counts.moves[pair] for pair in pairs)
        return with_interval(
            tell_flow(n, sum_spreads(known) if len(known) == len(pairs) else None, k), "count", self.lang
        )

    def _node_name(self, node: str) -> str:
        zone = node.partition(":")[2]
        if zone == OTHERS:
            t = words(self.lang)
            return t.console.others
        return zone_name(self.report.plan, zone or OUTSIDE_KEY, self.lang)

    def matrix(self) -> dict[str, Any] | None:
        """From (rows) to (columns): shares of those who leave, darker for more."""
        moves = self.report.counts.moves
        zones = [z for z in ("", *self.report.plan.zone_index) if any(z in pair for pair in moves)]
        if not zones or self.asked.zone is not None:
            return None
        leaving: Counter[str] = Counter()
        for (a, _), n in moves.items():
            leaving[a] += n
        names = {z: zone_name(self.report.plan, z or OUTSIDE_KEY, self.lang) for z in zones}
        rows = []
        for a in zones:
            cells = []
            for b in zones:
                n = moves.get((a, b), 0)
                share = n / leaving[a] if leaving[a] else 0.0
                cells.append(
                    {
                        "text": figure_text(share, "share", self.lang) if n else "",
                        "shade": 0 if not n else 1 + min(SHADES - 2, int((SHADES - 1) * share)),
                        "said": f"{names[a]} → {names[b]}: {self._flow([(a, b)])}",
                    }
                )
            href = self.href(zone=a, level=None) if a else None
            rows.append({"name": names[a], "href": href, "cells": cells})
        return {"heads": [names[z] for z in zones], "rows": rows}


def _most(moves: Mapping[tuple[str, str], int], end: int) -> list[str]:
    """The zones that most go from (0) or to (1), in that order."""
    sums: Counter[str] = Counter()
    for pair, n in moves.items():
        sums[pair[end]] += n
    return [zone for zone, _ in sums.most_common(MOST_FLOWS)]
