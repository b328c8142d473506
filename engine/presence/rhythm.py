"""How often a device is heard, and so how long a silence of it may be before it means that it had left.

Phones scan by their own rhythm, from several times a second to once in some minutes, and the same silence means another
thing of each. A device's rhythm is the second longest of its recent gaps, each fading by half in `HALF_LIFE_S`: a gap
that came once was an absence, one that came again is how it scans. Up to `PATIENCE` times that is bridged, and never
more than `presence.gap_max_s`: whose rhythm is slower cannot be followed.
"""

from __future__ import annotations

import numpy as np

from engine.devices import CLOCK_SLACK_S, DeviceTable, StateColumn
from engine.records import F64, I64, Bools

PATIENCE = 4.0
HALF_LIFE_S = 600.0
GAP_MAX_S = 180.0
"""The default of `presence.gap_max_s`."""

RHYTHM = {"longest": StateColumn(np.float64, np.nan), "second": StateColumn(np.float64, np.nan)}
"""Columns that a table with a column of last times needs besides, for what follows."""


def gap_allowed_s(table: DeviceTable, row: I64, least_s: float, most_s: float, *, unknown_s: float) -> F64:
    """How long a gap of these rows is bridged (n,), s: their own, between `least_s` and `most_s`.

    `unknown_s` is for devices heard only once, whose rhythm nobody knows. A `most_s` below `least_s` is no bound.
    """
    second = table["second"][row]
    rhythm = np.where(np.isnan(second), table["longest"][row], second)
    allowed = np.minimum(np.maximum(PATIENCE * rhythm, least_s), max(least_s, most_s))
    return np.where(np.isnan(rhythm), unknown_s, allowed) + CLOCK_SLACK_S


def learn_gaps(table: DeviceTable, row: I64, gap_s: F64, stayed: Bools) -> None:
    """Takes in the gaps (n,) with which these rows, each once, were heard again. Who had not `stayed` begins anew, as
    one who was forgotten meanwhile; a gap of 0 or less, or NaN, is none."""
    later = gap_s > 0
    anew, again = row[later & ~stayed], later & stayed
    table["longest"][anew] = table["second"][anew] = np.nan
    row, gap_s = row[again], gap_s[again]
    fade = 0.5 ** (gap_s / HALF_LIFE_S)
    longest, second = table["longest"][row] * fade, table["second"][row] * fade
    table["second"][row] = np.fmax(np.minimum(longest, gap_s), second)
    table["longest"][row] = np.fmax(longest, gap_s)
