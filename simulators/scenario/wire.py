"""What a scenario may say of how controllers send what their access points hear, and how badly."""

from __future__ import annotations

from pydantic import Field

from simulators.scenario.people import ScenarioModel
from simulators.scenario.wire_formats import WireFormat


class WireConfig(ScenarioModel):
    """The wire. Shares are of messages, each for itself; what is malformed carries nothing."""

    format: WireFormat = "native"  # whose words the controllers speak
    batch_s: float = Field(0.5, ge=0.1, le=60)
    controllers: int = Field(1, ge=1, le=64)  # access points are dealt among them in turn
    network_id: str = Field("N_1", min_length=1, max_length=64)  # of meraki and meraki-scanning-v3: in what they send
    late_share: float = Field(0.0, ge=0, le=1)
    late_by_s: float = Field(4.0, gt=0)  # on average, exponential
    duplicate_share: float = Field(0.0, ge=0, le=1)  # sent once more a little later
    reorder_share: float = Field(0.0, ge=0, le=1)  # overtaken by the next batch
    malformed_share: float = Field(0.0, ge=0, le=1)
    clock_offset_s: float = Field(0.0, ge=0)  # standard deviation over controllers
    clock_drift_ppm: float = Field(0.0, ge=0)  # likewise; 20 is a usual crystal
