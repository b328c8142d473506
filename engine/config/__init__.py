"""The strict model of `config.yaml`: unknown keys refused, units in the names, secrets left to the environment."""

from __future__ import annotations

from engine.config.cluster import ClusterConfig
from engine.config.hearing import IngestConfig, MapConfig, MqttConfig, PointPair, SourceConfig, StoresConfig
from engine.config.locating import PositioningConfig, PresenceConfig
from engine.config.loyalty import LoyaltyConfig, WorthConfig, check_worth
from engine.config.segments import SegmentConfig
from engine.config.sending import CrmConfig, CrmReceiverConfig, DeliveryConfig, MailConfig
from engine.config.serving import CALLED, ApiConfig, OidcConfig, PortalConfig, StorageConfig
from engine.config.shoppers import LEAST_K, AskedConsent, ControllerConfig, OffersConfig, PrivacyConfig, RetentionConfig
from engine.config.whole import Config, check_controller, load_config, parse_config

__all__ = [
    "CALLED",
    "LEAST_K",
    "ApiConfig",
    "AskedConsent",
    "ClusterConfig",
    "Config",
    "ControllerConfig",
    "CrmConfig",
    "CrmReceiverConfig",
    "DeliveryConfig",
    "IngestConfig",
    "LoyaltyConfig",
    "MailConfig",
    "MapConfig",
    "MqttConfig",
    "OffersConfig",
    "OidcConfig",
    "PointPair",
    "PortalConfig",
    "PositioningConfig",
    "PresenceConfig",
    "PrivacyConfig",
    "RetentionConfig",
    "SegmentConfig",
    "SourceConfig",
    "StorageConfig",
    "StoresConfig",
    "WorthConfig",
    "check_controller",
    "check_worth",
    "load_config",
    "parse_config",
]
