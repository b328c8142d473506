"""What an engine hears: its stores, its broker, and systems of other makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from engine.config.section import ConfigSection
from engine.vocabulary import EventKind

_MAC = r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}"


class StoresConfig(ConfigSection):
    """Where floor plans are, and which stores this engine serves."""

    floorplans_dir: Path = Path("floorplans")
    stores: tuple[str, ...] = ()  # empty: every folder of floorplans_dir that holds a plan.geojson


class MqttConfig(ConfigSection):
    """The broker and how to hold on to it. User name and password: RAYON_MQTT_USERNAME, RAYON_MQTT_PASSWORD."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    protocol: Literal["5", "3.1.1"] = "5"
    # None: rayon-engine-<a name kept in data_dir>, one for each engine. One that is set is used by whoever runs stores.
    client_id: str | None = Field(None, min_length=1, max_length=128)
    tls: bool = False
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    keepalive_s: int = Field(3, ge=2, le=3600)  # so soon is a broker that hangs noticed, twice that at most
    session_expiry_s: int = Field(86_400, ge=60)  # how long the broker keeps readings for an engine that is away
    reconnect_min_s: float = Field(0.5, gt=0)
    reconnect_max_s: float = Field(30.0, gt=0)
    queue_frames: int = Field(512, ge=1, le=65_535)  # frames not yet acknowledged, at most: the broker waits beyond
    publish_events: tuple[EventKind, ...] = ("visit", "decision", "voucher")  # of people who agreed to offers


class IngestConfig(ConfigSection):
    """Order, duplicates and clocks."""

    reorder_s: float = Field(5.0, ge=0, le=60)  # readings up to this late are sorted, later ones counted and dropped
    dedup_s: float = Field(60.0, ge=1, le=3600)  # memory for duplicates by (device, ap, t)
    clock_tolerance_s: float = Field(2.0, ge=0)  # a source's clock this close to ours is left alone
    samples_per_reason: int = Field(5, ge=0, le=100)  # refused frames kept per reason, MACs masked
    devices_per_store: int = Field(1_000, ge=10)  # located at once, at most; linked phones always are
    terminals: tuple[str, ...] = Field((), max_length=1_000)  # of the store's own: their labels need nobody's consent

    @field_validator("terminals")
    @classmethod
    def _macs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for mac in value:
            if not re.fullmatch(_MAC, mac):
                raise ValueError(f"{mac!r} is no MAC address")
        return value


class PointPair(ConfigSection):
    """One place in two frames: the source's, and the store's in metres."""

    theirs: tuple[float, float]
    ours: tuple[float, float]


class MapConfig(ConfigSection):
    """Where a source's map lies in the store. With two points, unit, turn and origin follow from them."""

    map: str = Field("*", min_length=1, max_length=256)  # the source's id or name of it; * for any
    level: str = Field(min_length=1, max_length=128)
    store: str | None = None  # which of the source's stores; None where it has one
    y_down: bool = False  # the source counts from the top left corner
    height_m: float = Field(0.0, ge=0, le=10_000)  # of the source's map: where y is down and no points are given
    points: tuple[PointPair, ...] = Field((), max_length=2)

    @model_validator(mode="after")
    def _two_points_or_none(self) -> MapConfig:
        if len(self.points) == 1:
            raise ValueError("one point says where, not how it is turned: give two points, or none")
        if self.points and self.points[0].theirs == self.points[1].theirs:
            raise ValueError("two points at the same place say nothing of turn and unit")
        if self.y_down and not self.points and not self.height_m:
            raise ValueError("y_down needs height_m or two points")
        return self


class SourceConfig(ConfigSection):
    """A system of another make that publishes readings, positions or sessions."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    kind: str = Field(min_length=1, max_length=64)  # as `rayon decode` names it
    stores: tuple[str, ...] = Field(min_length=1)
    topic: str | None = Field(None, min_length=1, max_length=512)  # MQTT pattern with + and #
    receiver: bool = False  # POST /in/NAME
    url: str | None = Field(None, pattern=r"^(https?|wss?)://")  # polled, or listened to
    every_s: float = Field(15.0, ge=1, le=3600)  # between two polls
    secret_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")  # the variable that holds its secret
    use: Literal["readings", "positions"] = "readings"  # where a source gives both
    delay_s: float | None = Field(None, ge=0, le=600)  # how old its readings are when they come; None: as its kind
    options: dict[str, str] = Field({})
    maps: tuple[MapConfig, ...] = ()

    @model_validator(mode="after")
    def _comes_one_way(self) -> SourceConfig:
        ways = [self.topic is not None, self.receiver, self.url is not None]
        if sum(ways) != 1:
            raise ValueError("say one way in which it comes: topic, receiver or url")
        return self
