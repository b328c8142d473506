"""Levels that never vary: access points that say the same wherever they are heard, or all of them say one level of
everybody. They tell no place, and nothing can be learnt of them."""

from __future__ import annotations

import numpy as np

from engine.records import F64, I32, I64, Bools

LEAST_ALIKE = 40  # values that are all the same: by chance, of three that are likely, once in 10^19
SAME = 1e-3  # dB or m
LEAST_LEVELS = 200  # of phones, to say something of how they are all measured
NEARLY_ALL = 0.95  # of them. Those who round to 10 dB have no half in one step, those who cut at a faintest level have
# many there, and what is left of those tells places
LEAST_POINTS, LEAST_TOGETHER = 3, 10  # access points, and with them devices. One phone at rest may be heard alike by
# some, or some phones on one table; in one step of 10 dB is by chance a third of access points and half of phones
LEAST_PHONES = 8  # at one access point: bodies and make set them 4 dB apart, wherever they are


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
