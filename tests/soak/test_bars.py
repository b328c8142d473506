"""What latency and flood are judged by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.soak import flood, latency


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ({"n": 900, "median": 1.1, "p99": 2.2}, 0),
        ({"n": 900, "median": 1.6, "p99": 2.2}, 1),
        ({"n": 900, "median": 1.6, "p99": 2.6}, 2),
        ({"n": 12, "median": 0.1, "p99": 0.1}, 1),
        ({"n": 0, "median": None, "p99": None}, 1),
    ],
)
def test_a_slow_demo_is_found(said: dict[str, Any], faults: int) -> None:
    assert len(latency.faults({"reading_to_page_s": said})) == faults


@pytest.mark.parametrize(
    ("flooded", "faults"),
    [
        ({"memory_mb": 149.0, "database_mb": 12.0, "fixes": 300.0}, 0),
        ({"memory_mb": 151.0, "database_mb": 12.0, "fixes": 300.0}, 1),
        ({"memory_mb": 149.0, "database_mb": 14.0, "fixes": 299.0}, 2),
    ],
)
def test_what_strangers_may_cost(flooded: dict[str, float], faults: int) -> None:
    assert len(flood.faults({"memory_mb": 100.0, "database_mb": 3.0, "fixes": 300.0}, flooded)) == faults
