"""What a scenario may say: which store, how long, which people, phones and radio. Units are in the key names.

Strict: unknown keys are refused. `simulators.scenario_files` reads scenarios from YAML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from simulators.people_config import PeopleConfig, Strict
from simulators.radio_config import RadioConfig
from simulators.wire_config import WireConfig


class PhonesConfig(Strict):
    """What people carry, and what they do with what they get."""

    connected_share: float = Field(0.6, ge=0, le=1)  # the others only probe, or are not heard at all
    probe_interval_s: float | None = Field(None, ge=1)  # of phones not connected, on average; None: Wi-Fi switched off
    scan_interval_min_s: float = Field(1.0, ge=0.1, le=60)
    scan_interval_max_s: float = Field(4.0, ge=0.1, le=120)
    offset_sigma_db: float = Field(5.0, ge=0, le=20)  # phones differ; one draw per phone
    height_m: float = Field(1.1, ge=0, le=2.5)
    ssid: str = Field("Guest", min_length=1, max_length=32)
    locale: Literal["fr", "en"] = "fr"
    sign_in_share: float = Field(0.8, ge=0, le=1)  # of connected phones: open the sign-in page and press the button
    consent_share: float = Field(0.7, ge=0, le=1)  # of those: tick the box for offers; the others leave every box empty
    redeem_share: float = Field(0.5, ge=0, le=1)  # of vouchers received: shown at the till
    redeem_when: Literal["till", "soon"] = "till"  # soon: within seconds, for demonstrations
    haste: float = Field(1.0, gt=0, le=100)  # people answer their phones so many times faster than usual
    share_share: float = Field(0.3, ge=0, le=1)  # of vouchers received: the deal is shared
    friend_open_share: float = Field(0.8, ge=0, le=1)  # of shared links: a friend opens it
    preview_bot_share: float = Field(0.5, ge=0, le=1)  # of shared links: a messenger's preview bot fetches it first

    @model_validator(mode="after")
    def _intervals_in_order(self) -> PhonesConfig:
        if self.scan_interval_min_s > self.scan_interval_max_s:
            raise ValueError("scan_interval_min_s is above scan_interval_max_s")
        return self


class TruthConfig(Strict):
    """What the truth tables call near."""

    near_radius_m: float = Field(2.0, gt=0, le=20)  # of a product's place, with nothing in between


class ScriptedShopper(Strict):
    """A shopper to order: walks from the entrance to a product and stands there. For tests with a real browser."""

    name: str = Field(min_length=1, max_length=40)
    sku: str
    mac: str | None = Field(None, pattern=r"^[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}$")  # None: a seeded one
    arrive_s: float = Field(0.0, ge=0)
    stand_s: float = Field(60.0, gt=0)
    start_inside: bool = False  # stands at the product from arrive_s on, without the walk there
    phone: Literal["none", "http"] = "none"  # none: somebody else plays the phone's HTTP side


class Scenario(Strict):
    """One store, one stretch of time. `Scenario(store=...)` is the default day."""

    name: str = "unnamed"
    about: str = ""
    store: str  # a shipped floor plan's name, or a folder (beside the scenario file, or from here)
    seed: int = Field(1, ge=0, lt=2**63)
    starts_at: AwareDatetime = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)  # offline only; live runs start now
    duration_s: float = Field(1800.0, gt=0, le=366 * 86_400)
    people: PeopleConfig = PeopleConfig()
    phones: PhonesConfig = PhonesConfig()
    radio: RadioConfig = RadioConfig()
    wire: WireConfig = WireConfig()
    truth: TruthConfig = TruthConfig()
    scripted: tuple[ScriptedShopper, ...] = ()
    folder: Path = Path()  # set by the loader: what relative paths start from
