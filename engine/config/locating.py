"""How readings become fixes, and fixes visits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.config.section import ConfigSection


class PositioningConfig(ConfigSection):
    """How scans become fixes."""

    method: Literal["bayes", "trilateration"] = "bayes"
    # 1 m where floors are large and aisles 2 m wide: as accurate with APs 15 m apart, nearly three times as fast.
    cell_m: float = Field(0.5, ge=0.1, le=5)
    # Readings of one device in one window make one scan. 1 s is as accurate as 3 s, and a coupon comes a second sooner.
    window_s: float = Field(1.0, gt=0, le=60)
    # A device that may be in this share of the walkable area and more gets no fix; 1 lets every fix through.
    vague_share: float = Field(0.85, gt=0, le=1)
    # Of a core, over time, that all stores of an engine together may use to learn radio maps.
    learning_share: float = Field(0.1, gt=0, le=1)


class PresenceConfig(ConfigSection):
    """How fixes become visits."""

    enter_probability: float = Field(0.35, gt=0, lt=1)
    leave_probability: float = Field(0.2, gt=0, lt=1)
    confirm_s: float = Field(3.0, ge=0)  # this long above enter_probability before a visit counts
    grace_s: float = Field(10.0, ge=0)  # this long below leave_probability before it ends
    silent_s: float = Field(120.0, gt=0)  # no reading for so long: visits are closed at the last fix
    # Phones that scan seldom get as long as their own rhythm needs, up to this: those slower are not followed.
    gap_max_s: float = Field(180.0, gt=0, le=1800)
    heat_cell_m: float = Field(1.0, ge=0.25, le=10)
    staff_after_s: float = Field(10_800.0, ge=600)  # whoever is there for longer in a day is staff, and in no figure
    queue_people: float = Field(6.0, ge=1, le=1_000)  # more at a till, on average over an hour: managers are told

    @model_validator(mode="after")
    def _leaves_below_where_it_enters(self) -> PresenceConfig:
        """Without a gap between the two, a device at the edge of a zone comes and goes with every fix."""
        if self.leave_probability >= self.enter_probability:
            raise ValueError("leave_probability must be below enter_probability")
        return self
