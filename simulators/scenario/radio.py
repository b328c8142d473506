"""What a scenario may say of the air: its physics, and what goes wrong with access points."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulators.scenario.people import ScenarioModel


class Outage(ScenarioModel):
    """An access point that neither hears nor sends for a while."""

    ap: str
    from_s: float = Field(0.0, ge=0)
    until_s: float | None = Field(None, gt=0)  # None: for good

    @model_validator(mode="after")
    def _in_order(self) -> Outage:
        if self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError("until_s is not after from_s")
        return self


class Misplaced(ScenarioModel):
    """An access point that hangs elsewhere than the plan says."""

    ap: str
    by_x_m: float = 0.0
    by_y_m: float = 0.0


class Interference(ScenarioModel):
    """Bursts that raise the noise around them: access points near by then hear strong signals only."""

    bursts_per_hour: float = Field(0.0, ge=0, le=100_000)  # anywhere in the store
    mean_s: float = Field(5.0, gt=0)  # of a burst, exponential
    rise_db: float = Field(12.0, ge=0, le=60)
    reach_m: float = Field(15.0, gt=0)


class RttConfig(ScenarioModel):
    """Ranges that phones measure by round-trip time (802.11mc): long by a bias, and now and then by a detour."""

    phones_share: float = Field(0.5, ge=0, le=1)  # of phones: can measure ranges
    aps: tuple[str, ...] = ()  # which answer; empty: all
    sigma_m: float = Field(0.6, gt=0, le=20)
    ap_bias_sigma_m: float = Field(0.5, ge=0, le=20)  # one draw per access point
    bias_m_per_db: float = Field(0.05, ge=0, le=2)  # what is in the way slows the wave down, or makes it go round
    multipath_share: float = Field(0.1, ge=0, le=1)  # of ranges: a reflection was taken for the direct wave
    multipath_mean_m: float = Field(4.0, gt=0, le=100)  # its detour, exponential
    fail_share: float = Field(0.1, ge=0, lt=1)


class RadioConfig(ScenarioModel):
    """The physics of the simulated air. The engine knows none of these figures."""

    model: Literal["multiwall", "images"] = "multiwall"  # images: free space, plus one reflection off each wall
    p0_dbm: float = Field(-38.0, ge=-80, le=0)  # RSSI at 1 m, where the plan gives none
    exponent: float = Field(2.3, ge=1, le=6)  # of multiwall; images has that of free space, 2
    reflection_loss_db: float = Field(6.0, ge=0, le=40)  # of images: what a wall takes from a wave that it throws back
    ap_bias_sigma_db: float = Field(2.0, ge=0, le=15)
    shadowing_sigma_db: float = Field(3.0, ge=0, le=15)
    shadowing_length_m: float = Field(3.0, gt=0, le=50)  # distance at which shadowing's correlation falls to 1/e
    loss_cap_db: float = Field(28.0, gt=0)  # obstacles add up, but less and less: waves go round and over
    floor_loss_db: float = Field(18.0, ge=0)  # per storey between phone and access point
    rician_k_db: float = Field(6.0, ge=-20, le=40)  # direct against scattered power
    fading_frames: int = Field(3, ge=1, le=64)  # frames averaged into one reading
    body_loss_db: float = Field(5.0, ge=0, le=25)  # at most, when the shopper's body is in between
    sensitivity_dbm: float = Field(-88.0, ge=-120, le=-40)  # heard half the time at this level
    sensitivity_slope_db: float = Field(2.0, gt=0)
    miss_share: float = Field(0.05, ge=0, lt=1)  # of scans missed by an access point that hears well
    ap_scan_s: float = Field(10.0, ge=1)  # how often access points report one another

    outages: tuple[Outage, ...] = ()
    misplaced: tuple[Misplaced, ...] = ()
    interference: Interference = Interference()
    rtt: RttConfig | None = None  # None: nobody measures ranges

    def named_access_points(self) -> list[tuple[str, str]]:
        """(key, access point) of everything here that names one."""
        out = [(f"radio.outages.{i}.ap", o.ap) for i, o in enumerate(self.outages)]
        out += [(f"radio.misplaced.{i}.ap", m.ap) for i, m in enumerate(self.misplaced)]
        return out + [(f"radio.rtt.aps.{i}", ap) for i, ap in enumerate(self.rtt.aps if self.rtt else ())]
