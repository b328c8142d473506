"""Which access points contradict the others: one that is blocked, moved, or stuck at a value is found by what the rest
say, scan after scan.

Of one scan, z_a is foreseen by the other access points alone, the place c anywhere and the device's offset unknown:

    p(z_a | others) = sum_c p(others | c) p(z_a | others, c) / sum_c p(others | c)

Evidence that `a` is bad is log of how likely z_a would be then (anything that radios say, equally) over that. It adds
up over scans to log odds of a two-state chain (good, bad) that changes rarely. Others count as far as they are believed
themselves, so that the worst one is found first and the rest recover. Weights are to include what the map errs by:
without that, a store whose walls no plan knows would drop the access points that are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import floats
from engine.positioning.measurement.expectation import Expectation
from engine.records import F32, F64

CELLS = 128  # that are looked at: a place to 3 or 4 m tells whether an access point contradicts
RSSI_SPAN_DB = 60.0  # what a bad one may say: -95 to -35 dBm
RANGE_SPAN_M = 50.0  # 0 to 50 m
TINY = np.float32(1e-9)


@dataclass(frozen=True, slots=True)
class Voices:
    """One kind of measurement of N scans of A access points, at T cells: `mean`, `weight` (A, T) what is expected,
    1/sigma²; `z` values (N, A), 0 where unheard; `full` weights (N, A) of each by itself, `v` as it is believed;
    `offset_var` (N,); `log_any` density of what a bad one says."""

    mean: F32
    weight: F32
    z: F32
    full: F32
    v: F32
    offset_var: F32
    log_any: float

    @staticmethod
    def of(expected: Expectation, z: F32, full: F32, believed: F32, offset_var: F32, span: float) -> Voices:
        """At CELLS of the cells of what is expected."""
        step = slice(None, None, max(1, expected.mean.shape[1] // CELLS))
        mean, weight = expected.mean[:, step], expected.weight[:, step]
        return Voices(mean, weight, z, full, full * believed, offset_var, -float(np.log(span)))


def contradictions(kinds: list[Voices]) -> list[F32]:
    """Evidence (N, A) of each kind, in nats, that an access point is bad; 0 where unheard. An access point's other
    kind is left out with it."""
    fast = kernels()
    if fast is not None:
        return _run_compiled(fast, kinds)
    sums = [_sums(k) for k in kinds]
    out = [np.zeros_like(k.z) for k in kinds]
    any_heard = np.any([(k.full > 0).any(axis=0) for k in kinds], axis=0)
    for a in np.flatnonzero(any_heard).tolist():
        rows = np.flatnonzero(np.any([k.full[:, a] > 0 for k in kinds], axis=0))
        left = [_without(k, s, a, rows) for k, s in zip(kinds, sums, strict=True)]
        without = [_log(k, terms, rows) for k, terms in zip(kinds, left, strict=True)]
        others = np.sum(without, axis=0)
        base = _log_sum(others)
        for i, (k, terms) in enumerate(zip(kinds, left, strict=True)):
            own = k.full[rows, a] > 0
            if own.any():
                joined = _log(k, _with(k, terms, a, rows), rows) + _density(k, a, rows)
                foreseen = _log_sum(others - without[i] + joined) - base
                out[i][rows, a] = np.where(own, k.log_any - foreseen, 0.0)
    return out


def _run_compiled(fast: ModuleType, kinds: list[Voices]) -> list[F32]:
    """The same by a kernel."""
    columns = zip(*((k.mean, k.weight, k.z, k.full, k.v, k.offset_var) for k in kinds), strict=True)
    stacked = [floats(c[0][None] if len(c) == 1 else np.stack(c)) for c in columns]
    out = np.zeros((len(kinds), *kinds[0].z.shape), np.float32)
    fast.contradictions(*stacked, np.array([k.log_any for k in kinds], np.float32), out)
    return list(out)


Terms = tuple[F32, F32, F32]
"""S, L and Q of `likelihood` at T cells, (n, T) each."""


def _sums(k: Voices) -> Terms:
    vz = k.v * k.z
    wm = k.weight * k.mean
    first, square = vz @ k.weight - k.v @ wm, (vz * k.z) @ k.weight + k.v @ (wm * k.mean)
    square -= np.float32(2.0) * (vz @ wm)
    return np.asarray(k.v @ k.weight), np.asarray(first), np.asarray(square)


def _add(k: Voices, terms: Terms, a: int, rows: np.ndarray, v: F32) -> Terms:
    w = v[:, None] * k.weight[a]
    d = k.z[rows, a, None] - k.mean[a]
    first = w * d
    return terms[0] + w, terms[1] + first, terms[2] + first * d


def _without(k: Voices, sums: Terms, a: int, rows: np.ndarray) -> Terms:
    s, first, square = _add(k, (sums[0][rows], sums[1][rows], sums[2][rows]), a, rows, -k.v[rows, a])
    return np.maximum(s, 0.0), first, np.maximum(square, 0.0)


def _with(k: Voices, left: Terms, a: int, rows: np.ndarray) -> Terms:
    return _add(k, left, a, rows, k.full[rows, a])


def _log(k: Voices, terms: Terms, rows: np.ndarray) -> F32:
    """Log likelihood (n, T) of those measurements, up to what is the same with and without one of them."""
    s, first, square = terms
    prior = k.offset_var[rows, None]
    out: F32 = -0.5 * (square - first * first / (s + 1.0 / prior)) - 0.5 * np.log1p(prior * s)
    return out


def _density(k: Voices, a: int, rows: np.ndarray) -> F32:
    w = np.maximum(k.full[rows, a, None], TINY) * k.weight[a]
    out: F32 = 0.5 * np.log(w / np.float32(2 * np.pi))
    return out


def _log_sum(log: F32) -> F32:
    top = log.max(axis=1)
    out: F32 = top + np.log(np.exp(log - top[:, None]).mean(axis=1))
    return out


def after_time(bad: F32, dt: F64, share: float, lasts_s: float) -> F32:
    """P(bad) (N, ...) `dt` (N,) later: it returns to `share` of all, in about `lasts_s`."""
    keep = np.exp(-dt / lasts_s).astype(np.float32).reshape(-1, *[1] * (bad.ndim - 1))
    return np.asarray(share + (bad - np.float32(share)) * keep, dtype=np.float32)


def after_evidence(bad: F32, nats: F32) -> F32:
    """P(bad) after evidence of the same shape, by Bayes' rule."""
    odds = np.log(bad / (1.0 - bad)) + np.clip(nats, -20.0, 20.0)
    return np.asarray(np.clip(1.0 / (1.0 + np.exp(-odds)), 1e-6, 1.0 - 1e-6), dtype=np.float32)


def repeats(run: F32, value: F32, last: F32) -> F32:
    """Evidence that a value is stuck, (N, A) nats, after `value` came, NaN where unheard, and `last` before it, 0
    where never heard.

    Each time that it repeats while others change, log of one over how likely that was: the share of the others that
    repeat too, by Laplace's rule. Any other value ends it.
    """
    again, both = np.abs(value - last) < 1e-3, np.isfinite(value) & (last != 0)
    others = both.sum(axis=1, keepdims=True) - both
    alike = (again & both).sum(axis=1, keepdims=True) - (again & both)
    chance = (alike + 1.0) / (others + 2.0)
    gained = np.where(chance < 0.5, -np.log(chance), 0.0)
    kept: F32 = np.where(both, np.where(again, run + gained, 0.0), np.where(np.isfinite(value), 0.0, run))
    return kept.astype(np.float32)
