"""What scans say of places, reading by reading in plain Python, on both sides of each condition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels import evidence as kernels
from engine.positioning.kernels.sums import CHUNK

F = np.float32
NAN = float("nan")


def rows(*values: list[float]) -> np.ndarray:
    return np.array(values, F)


def measured(values: list[float], ranges: list[float], age: list[float], mates: np.ndarray) -> tuple[Any, ...]:
    """One scan of three access points, trusted by 0.8 and believed by 1, 0.5 and 0.25; a phone 4 dB up."""
    z, v, heard = np.full((1, 3), 9.0, F), np.full((1, 3), 9.0, F), np.ones((1, 3), np.bool_)
    many = kernels.measure(
        *(rows(values), rows(age), rows(ranges), np.array([4.0], F), np.array([0.8], F), rows([1.0, 0.5, 0.25])),
        *(mates, F(0.5), F(2.0), F(0.5), z, v, heard),
    )
    return many, z[0].tolist(), v[0].tolist(), heard[0].tolist()


NO_MATES = np.zeros((0, 0), F)


def test_what_was_not_heard_says_nothing() -> None:
    many, z, v, heard = measured([-60.0, NAN, -80.0], [NAN] * 3, [NAN, NAN, NAN], NO_MATES)
    assert (many, heard) == (2, [True, False, True])
    assert z == [-64.0, 0.0, -84.0]
    assert v == pytest.approx([0.8, 0.0, 0.2])


@pytest.mark.parametrize(("age", "left"), [(0.0, 1.0), (2.0, 0.5), (-2.0, 0.5), (4.0, 0.2), (NAN, 1.0)])
def test_late_readings_count_less_by_the_square_of_their_age(age: float, left: float) -> None:
    """1 / (1 + (age / 2)²): half at the age that doubles the variance."""
    assert measured([-60.0, NAN, NAN], [NAN] * 3, [age, NAN, NAN], NO_MATES)[2][0] == pytest.approx(0.8 * left)


@pytest.mark.parametrize(("ranged", "left"), [(NAN, 1.0), (5.0, 0.5), (float("inf"), 1.0)])
def test_levels_beside_ranges_count_half(ranged: float, left: float) -> None:
    """A range too long for the store is infinite, and is none."""
    assert measured([-60.0, NAN, NAN], [NAN, NAN, ranged], [0.0] * 3, NO_MATES)[2][0] == pytest.approx(0.8 * left)


def test_those_that_hang_in_one_place_share_what_they_say() -> None:
    """The first and the third are mates; each counts 1 / (1 + 0.5) where the other was heard, all where it was not."""
    mates = rows([0, 0, 1], [0, 0, 0], [1, 0, 0])
    both = measured([-60.0, -61.0, -62.0], [NAN] * 3, [0.0] * 3, mates)[2]
    assert both == pytest.approx([0.8 / 1.5, 0.4, 0.2 / 1.5])
    alone = measured([-60.0, -61.0, NAN], [NAN] * 3, [0.0] * 3, mates)[2]
    assert alone == pytest.approx([0.8, 0.4, 0.0])


@pytest.mark.parametrize(
    ("z", "dof", "excess", "weight"),
    [
        (0.0, 4.0, 1.0, 1.0),  # as expected: (4 + 1) / 4, but never more than 1
        (2.0, 4.0, 1.0, 1.0),  # one sigma: 5 / 5
        (6.0, 4.0, 1.0, 5.0 / 13.0),  # three: 5 / (4 + 9)
        (-6.0, 4.0, 2.0, 5.0 / 13.0),  # too short counts once
        (6.0, 4.0, 2.0, 5.0 / 22.0),  # too long counts twice: 5 / (4 + 2 * 9)
        (6.0, 3.0, 1.0, 4.0 / 12.0),
    ],
)
def test_tails_are_those_of_student(z: float, dof: float, excess: float, weight: float) -> None:
    """Expected is 0 within a sigma of 2 at one place; the device's offset of 1 is taken off first."""
    v = np.array([[0.5, 0.5]], F)
    both, heard = rows([0.0, 0.0, 0.0, 0.0]), np.array([[True, False]])
    kernels.weigh_tails(
        both, rows([0.25, 0.25]), rows([z + 1.0, z + 1.0]), heard, np.array([1.0], F), F(dof), F(excess), v
    )
    assert v[0].tolist() == pytest.approx([0.5 * weight, 0.5])


@pytest.mark.parametrize(("many", "freedom"), [(0, 0.0), (1, 0.0), (2, 0.0), (3, 1 / 3), (4, 0.5)])
def test_two_coordinates_are_taken_off_the_freedom_of_a_misfit(many: int, freedom: float) -> None:
    """Each reading is one sigma off, half new: squares add up to its share, freedom to 1 - 2 / n of the shares."""
    mean, weight, out = np.full((4, 3), -60.0, F), np.full((4, 3), 0.25, F), np.full((1, 2), 9.0, F)
    mean[:, 1] = -50.0
    heard = np.arange(4)[None] < many
    z, v = np.full((1, 4), -50.0 + 2.0 + 1.0, F), np.full((1, 4), 0.4, F)
    kernels.misfits(
        *(mean, weight, np.array([1]), z, v, heard, np.array([1.0], F), np.array([0.8], F), F(4.0), F(1.0), out)
    )
    assert out[0].tolist() == pytest.approx([0.5 * many, freedom * 0.5 * many])


def remembered(
    value: list[float], last: list[float], run: list[float], stuck_log: float = -5.0
) -> tuple[list[float], list[float], list[float], list[float]]:
    n = len(value)
    faded, going, latest, believed = (np.zeros((1, k), F) for k in (2 * n, n, n, 2 * n))
    bad = np.full((1, 2 * n), 0.3, F)
    keeps = np.array([0.5], F)
    kernels.remember(
        bad, rows(run), rows(last), rows(value), keeps, F(0.1), F(stuck_log), faded, going, latest, believed
    )
    return faded[0].tolist(), going[0].tolist(), latest[0].tolist(), believed[0].tolist()


def test_what_was_bad_fades_to_the_usual_share() -> None:
    faded, _, _, believed = remembered([NAN], [-60.0], [0.0], stuck_log=-80.0)
    assert faded == pytest.approx([0.2, 0.2])  # half of what 0.3 is above 0.1
    assert believed == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize(
    ("value", "going", "latest"),
    [
        (NAN, 2.0, -60.0),  # nothing came: as it was
        (-60.0, 2.0 + np.log(4.0), -60.0),  # again, and of two others none repeats: 1 of 4
        (-60.0009, 2.0 + np.log(4.0), -60.0009),
        (-60.0011, 0.0, -60.0011),
        (-61.0, 0.0, -61.0),
    ],
)
def test_a_value_that_repeats_while_others_change_is_stuck(value: float, going: float, latest: float) -> None:
    told = remembered([value, -70.0, -80.0], [-60.0, -71.0, -81.0], [2.0, 0.0, 0.0])
    assert told[1][0] == pytest.approx(going, abs=1e-5)
    assert told[2][0] == pytest.approx(latest, rel=1e-7)


def test_where_most_repeat_nobody_is_stuck() -> None:
    """One of two others repeats too: (1 + 1) / (2 + 2) is no less than a half."""
    assert remembered([-60.0, -70.0, -80.0], [-60.0, -70.0, -81.0], [2.0, 0.0, 0.0])[1][0] == 2.0
    first = remembered([-60.0, -70.0, -80.0], [0.0, -71.0, -81.0], [0.0, 0.0, 0.0])[1][0]
    assert first == 0.0  # nothing came before


@pytest.mark.parametrize(("run", "stuck"), [(0.0, 1 / (1 + np.exp(5.0))), (5.0, 0.5), (9.0, 1 / (1 + np.exp(-4.0)))])
def test_what_is_stuck_is_believed_less_as_what_it_is(run: float, stuck: float) -> None:
    """A level up to 0 dBm, else a range: the second half of the columns."""
    _, _, _, level = remembered([NAN], [-60.0], [run])
    assert level == pytest.approx([0.8 * (1 - stuck), 0.8], rel=1e-5)
    _, _, _, ranged = remembered([NAN], [4.0], [run])
    assert ranged == pytest.approx([0.8, 0.8 * (1 - stuck)], rel=1e-5)


def by_hand(mean: np.ndarray, sigma: np.ndarray, z: np.ndarray, v: np.ndarray, var: float) -> tuple[np.ndarray, ...]:
    """Of one scan, in each cell: log likelihood with the offset integrated out, its mean and variance then; the
    reading's own constant, log sqrt(2 pi), left out."""
    steps = np.arange(-80.0, 80.0, 0.01)
    log, at, left = (np.empty(mean.shape[1]) for _ in range(3))
    for c in range(mean.shape[1]):
        joint = -(steps**2) / (2 * var) - 0.5 * np.log(2 * np.pi * var)
        for a in np.flatnonzero(v > 0):
            joint += -v[a] * (z[a] - mean[a, c] - steps) ** 2 / (2 * sigma[a, c] ** 2) - np.log(sigma[a, c])
        p = np.exp(joint - joint.max())
        log[c] = joint.max() + np.log(p.sum() * 0.01)
        at[c] = (p @ steps) / p.sum()
        left[c] = (p @ steps**2) / p.sum() - at[c] ** 2
    return log, at, left


Z, V = np.array([[3.0, -8.0, 1.0], [0.0, 5.0, 0.0]]), np.array([[1.0, 0.5, 0.0], [0.0, 0.3, 0.0]])


@pytest.mark.parametrize("n_cells", [1, CHUNK, CHUNK + 2])
@pytest.mark.parametrize("uniform", [True, False])
def test_likelihoods_are_the_integral_over_offsets(n_cells: int, uniform: bool) -> None:
    rng = np.random.default_rng(4)
    mean = rng.normal(0, 8, (3, n_cells))
    sigma = rng.uniform(3, 8, (3, 1)) * np.ones(n_cells) if uniform else rng.uniform(3, 8, (3, n_cells))
    log, at, left = np.empty((2, n_cells), F), np.empty((2, n_cells), F), np.empty((2, 1 if uniform else n_cells), F)
    own = sigma[:, 0] if uniform else sigma
    given = [np.ascontiguousarray(x, F) for x in (mean, 1 / own**2, np.log(own), Z, V, np.array([9.0, 25.0]))]
    (kernels.likelihood_uniform if uniform else kernels.likelihood)(*given, log, at, left)
    for n, var in enumerate((9.0, 25.0)):
        wanted = by_hand(mean, sigma, Z[n], V[n], var)
        np.testing.assert_allclose(log[n], wanted[0], rtol=1e-4, atol=2e-3)
        np.testing.assert_allclose(at[n], wanted[1], rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(left[n] * np.ones(n_cells), wanted[2], rtol=1e-3)


@pytest.mark.parametrize(("partial", "log"), [(1.0, 0.0), (0.0, -3.0), (0.5, np.log(0.5 + 0.5 * np.exp(-3.0)))])
def test_silence_is_a_mixture_with_none(partial: float, log: float) -> None:
    out = np.zeros((1, CHUNK + 1), F)
    logs = np.tile(rows([-2.0], [-2.0]), (1, CHUNK + 1))
    kernels.silence(rows([1.0, 0.5]), logs, F(partial), out)
    np.testing.assert_allclose(out[0], log, atol=1e-6)


def test_silence_is_never_held_for_less_likely_than_80_nats() -> None:
    out = np.zeros((1, 2), F)
    kernels.silence(rows([1.0]), rows([-79.0, -500.0]), F(0.0), out)
    np.testing.assert_allclose(out[0], [-79.0, -80.0], rtol=1e-6)


@pytest.mark.parametrize("extra", [[1.0, 1.0, 1.0], [1.0]])
def test_posteriors_sum_to_one_and_say_how_well_all_was_foreseen(extra: list[float]) -> None:
    log, foreseen = rows([0.0, np.log(3.0), -200.0], [5.0, 5.0, 5.0]), np.zeros(2, F)
    kernels.posterior(rows([0.5, 0.25, 0.25]), rows(extra, extra), log, foreseen)
    # 0.5 and 0.75, times e; the third is held for 80 nats worse than the second
    np.testing.assert_allclose(log[0, :2], [0.4, 0.6], rtol=1e-6)
    assert log[0, 2] == pytest.approx(0.25 * 3 * np.exp(-80.0) / 1.25, rel=1e-4)
    assert foreseen.tolist() == pytest.approx([1.0 + np.log(1.25), 6.0], rel=1e-6)
    np.testing.assert_allclose(log[1], [0.5, 0.25, 0.25], rtol=1e-6)


@pytest.mark.parametrize(("var", "within"), [([4.0], 4.0), ([4.0, 8.0], 7.0)])
def test_moments_of_an_offset_over_cells(var: list[float], within: float) -> None:
    out = np.zeros((1, 3), F)
    kernels.offset_moments(rows([0.25, 0.75]), rows([2.0, -4.0]), rows(var), out)
    assert out[0].tolist() == [0.5 - 3.0, 1.0 + 12.0, within]


@pytest.mark.parametrize(
    ("mass", "kept"),
    [
        (1.0, 1.0),
        (0.75, 2.0 ** (-7 / 16)),  # log2 0.75 is -6.64 sixteenths
        (0.5, 0.5),
        (2.0**-10, 2.0**-10),
        (0.99 * 2.0**-10, 0.0),
        (0.0, 0.0),
        (3.0, 2.0 ** (25 / 16)),  # 25.36 sixteenths
    ],
)
def test_masses_are_kept_to_a_sixteenth_of_an_octave(mass: float, kept: float) -> None:
    out = np.full((2, 2), 7.0, F)
    kernels.settle(rows([9.0, 9.0], [mass, 1.0]), np.array([1, 0]), F(2.0**-10), out)
    assert out[0].tolist() == pytest.approx([kept, 1.0], rel=1e-6)


def contradicting(z: list[float], full: list[float]) -> list[float]:
    """Three access points over two cells: the first two expect 0 in the first cell and 10 in the second, the third the
    other way round, each within 1; the offset is known to a thousandth."""
    mean = np.array([[[0.0, 10.0], [0.0, 10.0], [10.0, 0.0]]], F)
    out, own = np.zeros((1, 1, 3), F), np.array([[full]], F)
    kernels.contradictions(
        *(mean, np.ones((1, 3, 2), F), np.array([[z]], F), own, own.copy(), np.array([[1e-6]], F)),
        *(np.array([-np.log(30.0)], F), out),
    )
    return out[0, 0].tolist()


def test_who_says_what_no_place_of_the_others_says_contradicts() -> None:
    """Two say the first cell. The third hears 0, as in the second: against a level out of 30 at random that is
    log(1/30) less the log density of N(0; 10, 1), which is -50.9 nats."""
    of_two_pi = 0.5 * np.log(2 * np.pi)
    agrees = contradicting([0.0, 0.0, 10.0], [1.0, 1.0, 1.0])
    assert agrees[2] == pytest.approx(-np.log(30.0) + of_two_pi, abs=1e-3)
    lies = contradicting([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    assert lies[2] == pytest.approx(-np.log(30.0) + of_two_pi + 50.0, rel=1e-3)
    assert contradicting([0.0, 0.0, 0.0], [1.0, 1.0, 0.0])[2] == 0.0  # not heard


@pytest.mark.parametrize("alone", [0, 1, 2])
def test_one_that_is_alone_is_held_against_all_places(alone: int) -> None:
    """Of both cells one expects what it says: half of the density of that one."""
    full = [float(a == alone) for a in range(3)]
    told = contradicting([0.0, 0.0, 0.0], full)
    assert told[alone] == pytest.approx(-np.log(30.0) + 0.5 * np.log(2 * np.pi) + np.log(2.0), abs=1e-3)
