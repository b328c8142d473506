"""What a scenario may say: which store, how long, which people, phones and radio. Units are in the key names.

Strict: unknown keys are refused. `simulators.scenario.files` reads scenarios from YAML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field

from simulators.scenario.attack import AttackConfig
from simulators.scenario.channels import ChannelsConfig
from simulators.scenario.limits import LONGEST_S, SEEDS
from simulators.scenario.people import PeopleConfig, ScenarioModel
from simulators.scenario.phones import PhonesConfig
from simulators.scenario.radio import RadioConfig
from simulators.scenario.wire import WireConfig
from simulators.scenario.year import YearConfig


class TruthConfig(ScenarioModel):
    """What the truth tables call near."""

    near_radius_m: float = Field(2.0, gt=0, le=20)  # of a product's place, with nothing in between


class LabelsConfig(ScenarioModel):
    """What the shop tells of where people were; only of those who agreed."""

    shelf_scans: int = Field(300, ge=0, le=100_000)  # by shoppers' phones, of stays at products by lot
    receipts: int = Field(200, ge=0, le=100_000)
    wrong_share: float = Field(0.05, ge=0, le=1)  # of the planogram's products stand elsewhere


class ScriptedShopper(ScenarioModel):
    """A shopper to order: walks from the entrance to a product and stands there. For tests with a real browser."""

    name: str = Field(min_length=1, max_length=40)
    sku: str
    mac: str | None = Field(None, pattern=r"^[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}$")  # None: a seeded one
    arrive_s: float = Field(0.0, ge=0)
    stand_s: float = Field(60.0, gt=0)
    start_inside: bool = False  # stands at the product from arrive_s on, without the walk there
    phone: Literal["none", "http"] = "none"  # none: somebody else plays the phone's HTTP side


class Scenario(ScenarioModel):
    """One store, one stretch of time. `Scenario(store=...)` is the default day."""

    name: str = "unnamed"
    about: str = ""
    store: str  # a shipped floor plan's name, or a folder (beside the scenario file, or from here)
    seed: int = Field(1, ge=0, lt=SEEDS)
    starts_at: AwareDatetime = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)  # offline only; live runs start now
    duration_s: float = Field(1800.0, gt=0, le=LONGEST_S)
    people: PeopleConfig = PeopleConfig()
    phones: PhonesConfig = PhonesConfig()
    radio: RadioConfig = RadioConfig()
    wire: WireConfig = WireConfig()
    truth: TruthConfig = TruthConfig()
    labels: LabelsConfig = LabelsConfig()
    attack: AttackConfig = AttackConfig()
    scripted: tuple[ScriptedShopper, ...] = ()
    year: YearConfig | None = None  # given: tables of a whole year, without radio, instead of a stretch of time
    channels: ChannelsConfig | None = None  # given: the same people have an e-shop too, and its events are written
    folder: Path = Path()  # set by the loader: what relative paths start from
