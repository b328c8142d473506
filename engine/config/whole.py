"""All sections together, and how the file is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from engine.config.cluster import ClusterConfig
from engine.config.hearing import IngestConfig, MqttConfig, SourceConfig, StoresConfig
from engine.config.locating import PositioningConfig, PresenceConfig
from engine.config.loyalty import LoyaltyConfig
from engine.config.section import ConfigSection
from engine.config.segments import SegmentConfig, one_name_each
from engine.config.sending import CrmConfig, DeliveryConfig, MailConfig
from engine.config.serving import ApiConfig, PortalConfig, StorageConfig
from engine.config.shoppers import ControllerConfig, OffersConfig, PrivacyConfig, RetentionConfig
from engine.errors import OperatorError, Problem
from engine.wording import validation_problems
from engine.yaml_files import read_yaml


class Config(ConfigSection):
    """All of `config.yaml`; `Config()` is the embedded default."""

    stores: StoresConfig = StoresConfig()
    mqtt: MqttConfig = MqttConfig()
    ingest: IngestConfig = IngestConfig()
    sources: tuple[SourceConfig, ...] = ()
    positioning: PositioningConfig = PositioningConfig()
    presence: PresenceConfig = PresenceConfig()
    offers: OffersConfig = OffersConfig()
    loyalty: LoyaltyConfig = LoyaltyConfig()
    segments: tuple[SegmentConfig, ...] = Field((), max_length=50)
    privacy: PrivacyConfig = PrivacyConfig()
    controller: ControllerConfig = ControllerConfig()
    retention: RetentionConfig = RetentionConfig()
    storage: StorageConfig = StorageConfig()
    api: ApiConfig = ApiConfig()
    mail: MailConfig = MailConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    crm: CrmConfig = CrmConfig()
    portals: tuple[PortalConfig, ...] = ()
    cluster: ClusterConfig | None = None

    @property
    def in_production(self) -> bool:
        """Whether real people are served: over HTTPS, as whoever sets either key says."""
        return self.api.secure_cookies or (self.api.public_url or "").lower().startswith("https://")

    _one_segment_of_a_name = field_validator("segments")(one_name_each)

    @model_validator(mode="after")
    def _one_portal_of_a_system(self) -> Config:
        named = [(portal.store, portal.system) for portal in self.portals]
        twice = sorted({f"{store}, {system}" for store, system in named if named.count((store, system)) > 1})
        if twice:
            raise ValueError(f"portals: declared twice: {'; '.join(twice)}")
        return self


def check_controller(config: Config, file: str) -> None:
    """A site that serves real people says who is responsible. Raises OperatorError with every key that is missing."""
    if not config.in_production or config.privacy.demo:
        return
    why = "not filled in, and this site is in production: api.public_url is https, or api.secure_cookies is true"
    fix = "every sign-in page has to say it (GDPR article 13): fill it in"
    problems = [Problem(file, f"controller.{key}", why, fix) for key in config.controller.missing]
    if problems:
        raise OperatorError(problems)


def parse_config(raw: Any, file: str) -> Config:
    """The config from already-read YAML. Raises OperatorError with every problem."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise OperatorError(
            [Problem(file, "(whole file)", "not a mapping of keys", "see config.yaml of the repository")]
        )
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise OperatorError(validation_problems(error, file, brackets=True, model=Config)) from error


def load_config(path: Path | None) -> Config:
    """Reads `config.yaml`; without a path, the embedded defaults. Raises OperatorError with every problem."""
    if path is None:
        return Config()
    return parse_config(read_yaml(path), str(path))
