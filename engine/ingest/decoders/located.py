"""Places as vendors give them, in one record: on a plan, on the globe, or both."""

from __future__ import annotations

from typing import Literal

from engine.ingest.decoders.heard import ABSENT, VendorPosition
from engine.ingest.decoders.values import RecordUnusable
from engine.vocabulary import RecordRefusal

ErrorKind = Literal["variance", "unc", "r95"]


def make_position(
    mac: str,
    t: float,
    xy: tuple[float, float],
    lonlat: tuple[float, float],
    error: tuple[float, ErrorKind],
    level: str = "",
    on_map: str = "",
    origin: str = "",
) -> VendorPosition:
    """A position. Of `xy` (metres) and `lonlat` (degrees) either may be NaN; an `error` that is NaN has no kind.

    Without metres there is no map and no origin. Raises RecordUnusable `no_position` where there are no degrees
    either."""
    x_m, y_m = xy
    lon, lat = lonlat
    error_m, kind = error
    said: Literal["", "variance", "unc", "r95"] = kind if error_m == error_m else ""
    if x_m == x_m and y_m == y_m:
        whole = (mac, t, x_m, y_m, lon, lat, level, on_map, origin, error_m, said, ())
        return tuple.__new__(VendorPosition, whole)  # by far the quickest way, and most positions are such
    if lon == lon and lat == lat:
        return VendorPosition(mac, t, ABSENT, ABSENT, lon, lat, level, "", "", error_m, said)
    raise RecordUnusable(RecordRefusal.NO_POSITION)
