"""Triggers as text: a line a campaign under the figures of all, and the decisions that no truth speaks of, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def trigger_lines(figures: Mapping[str, Any], width: int) -> list[str]:
    """How many of each campaign's triggers were due and fired, how many of them were right and came, and how late."""
    lines = [f"{name:{width}s}  {_line(said)}" for name, said in figures["by_campaign"].items()]
    lines += [
        f"{name:{width}s}  unscored: the truth does not know this campaign ({n} decisions)"
        for name, n in figures["unscored_campaigns"].items()
    ]
    return lines


def _line(said: Mapping[str, Any]) -> str:
    delay = "-" if said["delay_median_s"] is None else f"{said['delay_median_s']:+.1f} s"
    shares = f"precision {_share(said['precision'])}, recall {_share(said['recall'])}"
    return f"{said['due']} due, {said['fired']} fired, {shares}, delay {delay}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
