"""What places look like that were told in another frame, and what to look for, for people."""

from __future__ import annotations

import numpy as np

from engine.radio.frames.frame import (
    ASKEW,
    NOWHERE,
    SHIFTED,
    STRETCHED,
    SWAPPED,
    SWAPPED_TURNED,
    TURNED,
    OtherFrame,
)

ASK = {
    SWAPPED: "do its columns stand the wrong way round?",
    TURNED: "did the drawing lie sideways where it was taken?",
    SWAPPED_TURNED: "do its columns stand the wrong way round, counted from the far corner?",
    ASKEW: "was the sheet laid askew where they were noted?",
    STRETCHED: "was it taken in another unit, or on a plan of another scale?",
    SHIFTED: "was it taken from another origin?",
}
"""What to look for; of a mirror, MIRRORED."""
MIRRORED = "was it taken from another corner, with an axis the other way?"


def say_frame(frame: OtherFrame) -> str:
    """What the places of a survey look like, and what to look for."""
    if frame.kind == NOWHERE:
        what = "what was heard there has nothing to do with how far its places lie from the plan's access points"
        return f"{what}: is it of this store and this plan? Or do access points have each other's ids or places?"
    by = "as the plan's access points were heard there"
    return f"{_looks(frame)}, {by}: {ASK.get(frame.kind, MIRRORED)} Or are the access points drawn so?"


def _looks(frame: OtherFrame) -> str:
    if frame.kind == SHIFTED:
        x, y = (-frame.shift_m).tolist()
        return f"its places lie {frame.off_m:.1f} m off, {x:+.1f} in x and {y:+.1f} in y"
    if frame.kind == STRETCHED:
        return f"its places lie {1.0 / frame.turn[0, 0]:.1f} times as far apart as they are"
    if frame.kind == ASKEW:
        degrees = -float(np.degrees(np.arctan2(frame.turn[1, 0], frame.turn[0, 0])))
        return f"it is turned by some {abs(degrees):.0f} degrees {'counter' * (degrees > 0)}clockwise"
    swapped = {SWAPPED: "its x and y are swapped", SWAPPED_TURNED: "its x and y are swapped, and it is turned by half"}
    return swapped.get(frame.kind, f"it is {frame.kind}")
