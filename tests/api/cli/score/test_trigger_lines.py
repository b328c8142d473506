"""Triggers as text: a line a campaign, and those that no truth speaks of."""

from __future__ import annotations

from api.cli.score.triggers import trigger_lines


def test_a_line_a_campaign_and_the_unscored_by_name() -> None:
    tea = {"due": 12, "fired": 10, "precision": 0.9, "recall": 0.75, "delay_median_s": 3.4}
    jam = {"due": 0, "fired": 0, "precision": None, "recall": None, "delay_median_s": None}
    lines = trigger_lines({"by_campaign": {"jam": jam, "tea": tea}, "unscored_campaigns": {"own": 21}}, 5)
    assert lines == [
        "jam    0 due, 0 fired, precision -, recall -, delay -",
        "tea    12 due, 10 fired, precision 90%, recall 75%, delay +3.4 s",
        "own    unscored: the truth does not know this campaign (21 decisions)",
    ]
