"""Times of a recording that nobody's are: days of a spreadsheet, one instant for all, relative milliseconds.

Seconds show by the pace of readings: one access point hears one device some times a second at most, and hardly any
recording in which it does so only every few minutes counts its seconds from nought.
"""

from __future__ import annotations

import numpy as np

from engine.records import F64, I32, I64

LEAST_READINGS = 10  # of one device by one access point, to say at which pace they come
FASTEST_HZ = 50.0  # measured ones come to 10 a second; of days, some 10,000
SLOWEST_S = 200.0  # between readings: one in 0.2 s, taken for milliseconds
SHEET_DAYS = (20_000.0, 80_000.0)  # 1954 to 2119: a spreadsheet counts days from 1900
RELATIVE_S = 1e8  # seconds since 1970 are more: the year 1973
TIMES_IN_DAYS, TIMES_IN_MS = "times_in_days", "times_in_ms"
TIMES_ALIKE, TIMES_TOO_CLOSE = "times_alike", "times_too_close"


def find_odd_times(t: F64, device: I64, ap: I32) -> tuple[str, ...]:
    """What times (n,) of readings of a `device` by an `ap` look like; nothing where they may be seconds."""
    pair, count = np.unique(np.stack([device, ap], axis=1), axis=0, return_inverse=True, return_counts=True)[1:]
    often = count >= LEAST_READINGS
    if not often.any():
        return ()
    first, last = float(t.min()), float(t.max())
    many = float(np.median(count[often]))
    if last <= first:
        return (TIMES_ALIKE,)
    if many / (last - first) > FASTEST_HZ:
        return (TIMES_IN_DAYS if SHEET_DAYS[0] <= first and last <= SHEET_DAYS[1] else TIMES_TOO_CLOSE,)
    if last >= RELATIVE_S or not (t == np.floor(t)).all():
        return ()
    order = np.lexsort((t, pair.ravel()))
    own, gap = pair.ravel()[order], np.diff(t[order])
    gaps = gap[(own[1:] == own[:-1]) & often[own[1:]]]
    return (TIMES_IN_MS,) if np.median(gaps) >= SLOWEST_S else ()
