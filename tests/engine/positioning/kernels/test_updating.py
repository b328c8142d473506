"""A whole update against the integral that it stands for, summed over a fine grid of offsets."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.sums import CHUNK
from engine.positioning.kernels.updating import update

F = np.float32
N_AP, STEP = 3, 0.01
OFFSETS = np.arange(-60.0, 60.0, STEP)


def given(n_cells: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(12)
    sigma = rng.uniform(3.0, 7.0, (N_AP, n_cells))
    return {
        "mean": rng.normal(0, 6, (N_AP, n_cells)),
        "weight": 1 / sigma**2,
        "log_sigma": np.log(sigma),
        "z": np.array([[3.0, -2.0, 5.0], [-4.0, 0.0, 1.0]]),
        "v": np.array([[1.0, 0.5, 0.8], [0.7, 0.0, 0.0]]),
        "offset_var": np.array([9.0, 25.0]),
        "silent": np.array([[0.0, 0.0], [1.0, 0.5]]),
        "not_heard_log": -rng.uniform(0, 3, (2, n_cells)),
        "prior": rng.dirichlet(np.ones(n_cells), 2),
    }


def run(values: dict[str, np.ndarray], partial: float) -> tuple[np.ndarray, np.ndarray]:
    n, n_cells = len(values["z"]), values["mean"].shape[1]
    posterior, out = np.empty((n, n_cells), F), np.empty((n, 5), F)
    own = {name: np.ascontiguousarray(value, F) for name, value in values.items()}
    prior = own.pop("prior")
    update(*own.values(), F(partial), prior, posterior, out)
    return posterior, out


def by_integral(values: dict[str, np.ndarray], n: int, partial: float) -> tuple[np.ndarray, list[float]]:
    """Posterior, log of how well foreseen, mean and mean square of the offset, how many times better even mass does.

    Each reading is N(offset + m, s²) to the power of its share v; silence is a mixture of the whole of it with none.
    """
    var, n_cells = values["offset_var"][n], values["mean"].shape[1]
    by = np.exp(-(OFFSETS**2) / (2 * var)) / np.sqrt(2 * np.pi * var) * STEP
    joint = np.tile(by, (n_cells, 1))
    for a in range(N_AP):
        v, off = values["v"][n, a], values["z"][n, a] - values["mean"][a][:, None] - OFFSETS
        if v > 0:
            joint *= np.exp(-0.5 * v * values["weight"][a][:, None] * off**2 - values["log_sigma"][a][:, None])
    quiet = np.exp(values["silent"][n] @ values["not_heard_log"])
    mixture = partial + (1 - partial) * quiet if values["silent"][n].any() else np.ones(n_cells)
    joint *= mixture[:, None]
    alone, prior = joint.sum(axis=1), values["prior"][min(n, len(values["prior"]) - 1)]
    joint *= prior[:, None]
    total = joint.sum()
    of_offset = joint.sum(axis=0) / total
    mean, square = float(of_offset @ OFFSETS), float(of_offset @ OFFSETS**2)
    return joint.sum(axis=1) / total, [float(np.log(total)), mean, square, float(alone.mean() / total)]


@pytest.mark.parametrize("n_cells", [1, 7, CHUNK, CHUNK + 1, 2 * CHUNK + 9])
def test_updates_are_the_integral_over_offsets(n_cells: int) -> None:
    values = given(n_cells)
    posterior, out = run(values, 0.1)
    for n in range(2):
        wanted, (foreseen, mean, square, even) = by_integral(values, n, 0.1)
        np.testing.assert_allclose(posterior[n], wanted, rtol=2e-4, atol=1e-7)
        assert out[n, 0] == pytest.approx(foreseen, abs=1e-4)
        assert out[n, 1] == pytest.approx(mean, rel=1e-4, abs=1e-4)
        assert out[n, 2] + out[n, 3] == pytest.approx(
            square, rel=1e-4
        )  # of the mean's squares, and what is left around
        assert out[n, 4] == pytest.approx(even, rel=1e-4)
        assert posterior[n].sum() == pytest.approx(1.0, abs=1e-5)


def test_one_prediction_serves_all_scans() -> None:
    values = given(9)
    values["prior"] = values["prior"][:1]
    posterior, _ = run(values, 0.1)
    for n in range(2):
        np.testing.assert_allclose(posterior[n], by_integral(values, n, 0.1)[0], rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize(("partial", "ratio"), [(1.0, 1.0), (0.0, np.exp(-2.0)), (0.5, 0.5 + 0.5 * np.exp(-2.0))])
def test_silence_is_believed_as_far_as_it_is_whole(partial: float, ratio: float) -> None:
    """Two cells that differ by nothing else than that the silence of the second is foreseen worse, by 2 nats."""
    values = {
        "mean": np.zeros((1, 2)), "weight": np.full((1, 2), 0.04), "log_sigma": np.zeros((1, 2)),
        "z": np.array([[1.0]]), "v": np.array([[1.0]]), "offset_var": np.array([4.0]),
        "silent": np.array([[2.0]]), "not_heard_log": np.array([[0.0, -1.0]]), "prior": np.full((1, 2), 0.5),
    }  # fmt: skip
    posterior, _ = run(values, partial)
    assert posterior[0, 1] / posterior[0, 0] == pytest.approx(ratio, rel=1e-5)


def test_what_is_far_beyond_belief_leaves_a_posterior_all_the_same() -> None:
    """Cells that are worse than the best by more than 80 nats are held for 80 worse, however many more it is."""
    values = given(3)
    values |= {"v": np.ones((2, N_AP)), "z": np.full((2, N_AP), 0.0), "offset_var": np.array([1e-4, 1e-4])}
    values |= {"mean": np.array([[0.0, 200.0, 900.0]] * N_AP), "log_sigma": np.zeros((N_AP, 3))}
    values |= {"silent": np.zeros((2, 2)), "prior": np.full((2, 3), 1 / 3), "weight": np.ones((N_AP, 3))}
    posterior, out = run(values, 0.1)
    assert posterior[:, 0].tolist() == [1.0, 1.0]
    assert (posterior[:, 1:] > 0).all()
    assert posterior[0, 1] / posterior[0, 0] == pytest.approx(np.exp(-80.0), rel=1e-4)
    assert posterior[0, 1] == posterior[0, 2]
    assert np.isfinite(out).all()
