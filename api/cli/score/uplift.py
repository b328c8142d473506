"""Experiments beside their truth: a line a campaign as text, and an interval a campaign as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli.score.charts import BAD, FAINT, FOUND, GRID, TRUE, line, svg, text

ROW_PX, LEFT_PX, WIDTH_PX, RIGHT_PX = 30.0, 170.0, 760.0, 24.0


def uplift_lines(figures: Mapping[str, Any], width: int) -> list[str]:
    """Each campaign's uplift with its interval and the truth, in shares of shoppers who reached the moment."""
    return [f"{name:{width}s}  {_line(said)}" for name, said in figures["by_campaign"].items()]


def _line(said: Mapping[str, Any]) -> str:
    groups = f"{said['treated']} treated, {said['ghosts']} ghosts"
    if said["sample_ratio_p"] is not None:
        alarm = ": WRONG GROUP SIZES" if said["sample_ratio_alarm"] else ""
        groups += f", sample ratio p {said['sample_ratio_p']:g}{alarm}"
    if said["purchase"] is None:
        return f"not enough evidence; {groups}"
    found = said["purchase"]
    interval = f"{found['estimate']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"
    verdict = "covered" if said["covered"] else "NOT COVERED"
    return f"{interval}, truth {said['true_uplift']:+.4f} {verdict}; {groups}"


def intervals(by_campaign: Mapping[str, Mapping[str, Any]]) -> str:
    """Each interval as a bar with its estimate, in points of a hundred; the truth as an upright mark beside."""
    told = {name: said for name, said in by_campaign.items() if said["purchase"] is not None}
    if not told:
        return ""
    edges = [v for said in told.values() for v in (*said["purchase"].values(), said["true_uplift"], 0.0)]
    low, high, step = _scale(100 * min(edges), 100 * max(edges))
    bottom = 10 + ROW_PX * len(told)

    def x(points: float) -> float:
        return LEFT_PX + (points - low) / (high - low) * (WIDTH_PX - LEFT_PX - RIGHT_PX)

    body = []
    for k in range(round((high - low) / step) + 1):
        at = low + k * step
        body += [line(x(at), 4, x(at), bottom, GRID), text(x(at), bottom + 16, f"{at:+g}" if at else "0")]
    body.append(line(x(0), 4, x(0), bottom, FAINT, "4 3"))
    for i, (name, said) in enumerate(told.items()):
        y = 10 + ROW_PX * (i + 0.5)
        found, colour = said["purchase"], FOUND if said["covered"] else BAD
        a, b, middle, true = (x(100 * v) for v in (found["low"], found["high"], found["estimate"], said["true_uplift"]))
        body.append(text(LEFT_PX - 10, y + 4, name, "end"))
        place = f'x="{a:.1f}" y="{y - 5:.1f}" width="{b - a:.1f}" height="10" rx="3"'
        body.append(f'<rect {place} fill="{colour}" fill-opacity="0.3"/>')
        body.append(f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')
        body.append(f'<path d="M{true:.1f} {y - 11:.1f}V{y + 11:.1f}" stroke="{TRUE}" stroke-width="2.5"/>')
    body.append(text(x((low + high) / 2), bottom + 34, "uplift of purchases, points of a hundred"))
    return svg(WIDTH_PX, bottom + 42, body, "Uplift with its interval, and the truth")


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """An axis from tick to tick around both, with a handful of ticks."""
    step = next((s for s in (1.0, 2.0, 5.0, 10.0, 20.0) if (high - low) / s <= 7), 50.0)
    return step * (low // step), step * -(-high // step) or step, step
