"""`rayon bench` measures us and every peer in the same run."""

from __future__ import annotations

import numpy as np
import pytest

from api.cli.bench.peers import installed_peers
from api.cli.bench.run import bench_plan, bench_scans, measure


def test_every_figure_is_there_and_positive() -> None:
    figures = measure(0.1)
    assert all(value > 0 for value in figures.values())
    for peer in ("localization", "easy_trilateration", "scipy"):
        assert figures[f"snapshot_times_{peer}"] == pytest.approx(
            figures["snapshot_fixes_per_s"] / figures.get(f"{peer}_per_s", figures["scipy_least_squares_per_s"])
        )
    assert figures["median_error_m"] < figures["scipy_median_error_m"]
    assert figures["tracked_times_filterpy"] > 0
    assert figures["large_store_cells"] == 80_000
    assert figures["large_store_locator_mib"] < 100
    assert figures["large_store_bytes_per_tracked_device"] < 64 * 1024
    assert figures["bytes_per_tracked_device"] < 64 * 1024


@pytest.mark.parametrize("name", ["localization", "easy-trilateration"])
def test_peers_are_called_as_meant_and_find_a_place_from_true_ranges(name: str) -> None:
    _, truth = bench_scans(bench_plan(), np.random.default_rng(1))
    at = np.array([(p.x_m, p.y_m) for p in bench_plan().access_points])
    ranges = np.hypot(*(truth[:8, None] - at).transpose(2, 0, 1))
    assert np.allclose(installed_peers()[name](at, ranges), truth[:8], atol=0.1)
