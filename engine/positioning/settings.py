"""The figures of the locator, each with its unit, its range and its reason. One set serves every store."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.positioning.motion.walk import MotionModel


@dataclass(frozen=True, slots=True)
class LocatorSettings:
    """How much readings are believed."""

    tail_dof: float = 4.0  # Student-t degrees of freedom: 3-5 fits bodies and bursts; 30 would be Gaussian
    range_tail_dof: float = 3.0
    range_positive_excess: float = 2.0  # squared residuals of ranges that came out long count so much more
    age_doubles_variance_s: float = 4.0  # a walker changes RSSI by one sigma in about this time (5 dB at 8 m)
    memory_s: float = 2.25  # errors of scans nearer in time than this repeat each other (same body, same shadow)
    # the same by a map that only the plan tells, whose errors last as long as one is there. On nine measured sites 3.2
    # costs nothing and widens sigma where it lied (71 -> 74 % within one); 4.5 costs 1 to 2 %
    plan_memory_s: float = 3.2
    # the same for ranges: what lengthens them (shelves, bodies) stays longer. So it is at nine measured sites; a store
    # whose errors of ranges last shorter says so itself (`StoreRanges`)
    range_memory_s: float = 6.0
    # What maps err by, in sigmas of a scan, where readings are held against other evidence. With 0 positions by ranges
    # and RSSI are 11 % worse, and a site with three blocked access points of eight drops the ones that are right
    map_error: float = 1.4
    range_map_error: float = 1.0
    offset_floor_db: float = 0.7  # a device's offset is never known better: pockets, hands, turns
    offset_drift_db2_per_s: float = 0.02  # a phone goes into a pocket and changes by 3 dB within minutes
    range_floor_m: float = 0.3
    range_drift_m2_per_s: float = 0.002
    partial_share: float = 0.03  # of scans: cut by a window's end, or lost in part: what they do not hold says nothing
    mates_share: float = 0.7  # correlation of the errors of access points that hang in one place: they share a vote
    missing_share: float = 0.15  # of scans that lose a near access point: 8-20 % measured
    # No fix where nothing can be said: the posterior spreads over this share of the walkable area and more (measured
    # walks and scans stay below 0.76; one access point at -60 dBm leaves 0.86 to 0.97), unless sigma is small anyway.
    vague_share: float = 0.85
    vague_sigma_m: float = 5.0
    # Tracks that go wrong: once in five minutes. At 0.0005 nine measured sites are the same to 0.1 %, but a track put
    # 18 m off is back after 4 to 9 s at the median, not 3 to 6
    lost_per_s: float = 0.003
    sensitivity_dbm: float = -88.0
    sensitivity_slope_db: float = 4.0
    motion: MotionModel = field(default_factory=MotionModel)


DEFAULT_SETTINGS = LocatorSettings()
