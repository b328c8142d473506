"""A small store, and sources that tell of it."""

from __future__ import annotations

from typing import Any

from shapely.geometry import box

from engine.config import SourceConfig
from engine.ingest.sources.declared import Source, declare
from engine.plan.model import AccessPoint, Anchor, Level, Plan
from engine.privacy.pseudonyms import Pseudonyms

SITE_KEY = b"0123456789abcdef0123456789abcdef"
APS = ("00:00:5e:00:53:a0", "00:00:5e:00:53:b0")
PHONE, OTHER = "02:00:5e:00:53:01", "02:00:5e:00:53:02"
NOW = 1_795_860_000.0


def store(name: str = "shop", aps: tuple[str, ...] = APS, levels: tuple[str, ...] = ("0",)) -> Plan:
    """20 by 10 metres a level, access points in a row on the first."""
    return Plan(
        name,
        name,
        "Europe/Paris",
        "EUR",
        Anchor(2.35, 48.85, 30.0),
        tuple(Level(level, i, level, 3.0, 3.0 * i, box(0, 0, 20, 10)) for i, level in enumerate(levels)),
        access_points=tuple(
            AccessPoint(ap, levels[0], 5.0 + 5.0 * i, 5.0, 2.5, ap, None, None) for i, ap in enumerate(aps)
        ),
    )


def source(plans: list[Plan], kind: str = "meraki-mqtt", **keys: Any) -> Source:
    """One declared source of these stores."""
    said = {"name": "it", "kind": kind, "stores": [p.store for p in plans], "topic": "vendor/#"} | keys
    (made,) = declare([SourceConfig.model_validate(said)], {p.store: p for p in plans}, {})
    return made


def names() -> Pseudonyms:
    """What names devices."""
    return Pseudonyms(SITE_KEY, NOW)
