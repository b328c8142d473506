"""What people of bad will do: phones that do not exist, codes that are guessed, links opened by the hundred."""

from __future__ import annotations

from pydantic import Field

from simulators.scenario.people import ScenarioModel


class AttackConfig(ScenarioModel):
    """All of it is off by default."""

    forged_devices: int = Field(0, ge=0, le=10_000)  # phones that only exist in readings, jumping between products
    forged_every_s: float = Field(2.0, ge=0.5, le=600)
    code_guesses_per_minute: float = Field(0.0, ge=0, le=60_000)  # at a till, live only
    farm_opens_per_share: int = Field(0, ge=0, le=1000)  # of each shared link, one browser without a memory, live only
