"""Default losses of what radio crosses, in dB per crossing at 2.4 to 5 GHz.

Ranges: COST 231 final report, chapter 4 (multi-wall model: light wall 3.4 dB, heavy wall 6.9 dB); NISTIR 6055
(construction materials, 0.5 to 8 GHz). They are starting points: calibration replaces them by what the store shows.
"""

from __future__ import annotations

WALL_DB: dict[str, float] = {
    "unspecified": 5.0,  # between COST 231's light and heavy wall
    "glass": 2.0,  # 1-3; coated glazing is far worse: give attenuation_db
    "drywall": 3.0,  # 2-4, two boards on studs
    "plasterboard": 3.0,
    "plaster": 4.0,
    "partition": 3.4,  # COST 231 light wall
    "wood": 4.0,  # 3-6
    "door": 3.5,
    "brick": 7.0,  # 5-9; COST 231 heavy wall 6.9
    "block": 9.0,  # hollow concrete blocks, 7-12
    "stone": 10.0,
    "concrete": 13.0,  # 10-18; reinforced and thick: 20 and more
    "reinforced_concrete": 20.0,
    "metal": 20.0,  # cold-room walls, shutters: 15-30, what goes around is what arrives
    "exterior": 12.0,
}

FIXTURE_DB = 2.0  # a gondola a metre deep, half full: 1-4, less above the shelves where the path clears them
FIXTURE_DB_BY_CATEGORY: dict[str, float] = {
    "gondola": 2.5,
    "rack": 2.0,
    "fridge": 5.0,  # metal back and sides
    "freezer": 4.0,
    "counter": 1.5,
    "checkout": 1.0,
    "table": 0.5,
    "pillar": 8.0,
    "column": 8.0,
}


def wall_attenuation_db(material: str) -> float | None:
    """The default loss of a wall of `material`, or None when the material is not known."""
    return WALL_DB.get(material.strip().lower().replace(" ", "_").replace("-", "_"))


def fixture_attenuation_db(category: str) -> float:
    """The default loss of a fixture."""
    return FIXTURE_DB_BY_CATEGORY.get(category.strip().lower(), FIXTURE_DB)
