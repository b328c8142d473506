"""Levels that never vary, or hardly: access points that say the same wherever they are heard, or all of them say one
level of everybody. They tell no place, and nothing can be learnt of them."""

from __future__ import annotations

import numpy as np

from engine.records import F64, I32, I64, Bools

LEVELS = 128  # 0 to -127 dBm
LEAST_ALIKE = 40  # values that are all the same: by chance, of three that are likely, once in 10^19
SAME = 1e-3  # dB or m
LEAST_LEVELS = 200  # of phones, to say something of how they are all measured
NEARLY_ALL = 0.95  # of them. Those who round to 10 dB have no half in one step, those who cut at a faintest level have
# many there, and what is left of those tells places
LEAST_POINTS, LEAST_TOGETHER = 3, 10  # access points, and with them devices. One phone at rest may be heard alike by
# some, or some phones on one table; in one step of 10 dB is by chance a third of access points and half of phones
LEAST_PHONES = 8  # at one access point: bodies and make set them 4 dB apart, wherever they are


NARROW = 0.25  # of the others' levels in effect. In 41 recordings of 11 places the fewest were 0.58 of them
LEAST_OTHERS = 12.0  # levels in effect of the others: of a phone at rest, with a noise of 2 dB, there are eight
FAINT_DB = 10.0  # above the faintest of all: who is heard no louder has few levels, as the rest is cut off


def hardly_varying(ap: I32, rssi: F64, n_ap: int) -> I64:
    """Access points that say few levels (n,), dBm, where the others say many: -40 or -41 of whatever they hear, or -45
    or -75; and those of `never_varying`."""
    ok = np.isfinite(rssi) & (ap >= 0)
    if not ok.any():
        return np.empty(0, np.int64)
    level = np.clip(np.rint(-rssi[ok]), 0, LEVELS - 1).astype(np.int64)
    counts: I64 = np.zeros((n_ap, LEVELS), np.int64)
    np.add.at(counts, (ap[ok], level), 1)
    return np.union1d(never_varying(ap, rssi, n_ap), who_hardly_varies(counts))


def who_hardly_varies(counts: I64) -> I64:
    """Those of access points (A,) that said each level, -0, -1, ... dBm, so often (A, LEVELS), whose levels in effect,
    exp of their entropy, are a NARROW part of the others'."""
    n = counts.sum(axis=1)
    known = n >= LEAST_ALIKE
    if known.sum() < 2:
        return np.empty(0, np.int64)
    p = counts / np.maximum(n, 1)[:, None]
    levels = np.exp(-(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1))
    everybody = np.arange(len(n))
    others = np.array([np.median(levels[known & (everybody != a)]) for a in everybody.tolist()])
    faintest = np.flatnonzero(counts.any(axis=0)).max()
    loud = faintest - (np.cumsum(counts, axis=1) >= 0.5 * n[:, None]).argmax(axis=1) > FAINT_DB  # by the median
    few = known & (levels <= NARROW * others) & (others >= LEAST_OTHERS) & loud
    return np.flatnonzero(few) if 2 * few.sum() < known.sum() else np.empty(0, np.int64)


def never_varying(ap: I32, values: F64, n_ap: int) -> I64:
    """Access points of which LEAST_ALIKE finite values (n,) and more are all the same, while most of the others' are
    not: where all are, nobody moved and nobody measured."""
    ok = np.isfinite(values) & (ap >= 0)
    count = np.bincount(ap[ok], minlength=n_ap)
    low, high = np.full(n_ap, np.inf), np.full(n_ap, -np.inf)
    np.minimum.at(low, ap[ok], values[ok])
    np.maximum.at(high, ap[ok], values[ok])
    many = count >= LEAST_ALIKE
    alike = many & (high - low < SAME)
    return np.flatnonzero(alike) if 2 * alike.sum() < many.sum() else np.empty(0, np.int64)


def of_one_level(device: I64, ap: I32, rssi: F64) -> Bools:
    """Rows (n,) whose level is no measurement, as nearly all of many, of many access points and devices, are that one;
    or as most access points say the same of whoever it is. `device` numbers phones, `ap` access points, -1 of others;
    where few are stuck, the others tell that (`never_varying`)."""
    ok = np.isfinite(rssi) & (ap >= 0) & (device >= 0)
    if ok.sum() < LEAST_LEVELS:
        return np.zeros_like(ok)
    values, counts = np.unique(np.round(rssi[ok] / SAME), return_counts=True)
    same: Bools = ok & (np.abs(rssi / SAME - values[counts.argmax()]) < 1.0)
    points, devices = len(np.unique(ap[same])), len(np.unique(device[same]))
    if same.sum() >= NEARLY_ALL * ok.sum() and points >= LEAST_POINTS and points + devices >= LEAST_TOGETHER:
        return same
    return ok & np.isin(ap, _of_most(device[ok], ap[ok], rssi[ok]))


def _of_most(device: I64, ap: I32, rssi: F64) -> I64:
    """Access points of which LEAST_ALIKE levels (n,) and more, of LEAST_PHONES, are all the same, if most are so."""
    n_ap = int(ap.max()) + 1
    low, high = np.full(n_ap, np.inf), np.full(n_ap, -np.inf)
    np.minimum.at(low, ap, rssi)
    np.maximum.at(high, ap, rssi)
    phones = np.bincount(np.unique(np.stack([ap.astype(np.int64), device]), axis=1)[0], minlength=n_ap)
    many = np.bincount(ap, minlength=n_ap) >= LEAST_ALIKE
    alike = many & (high - low < SAME) & (phones >= LEAST_PHONES)
    return (
        np.flatnonzero(alike)
        if 2 * alike.sum() >= many.sum() and alike.sum() >= LEAST_POINTS
        else np.empty(0, np.int64)
    )
