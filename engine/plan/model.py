"""The nouns of a floor plan. Metres in the store's own frame, x to the right, y up; `level` is always a level's id."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shapely.geometry import LineString, Point, Polygon

_MAC = re.compile(r"^[0-9a-f]{12}$")


def ap_key(text: str) -> str:
    """An access point's id in one spelling: MACs as 12 lower-case hex digits, other ids unchanged.

    `AA-BB-CC-00-00-01`, `aa:bb:cc:00:00:01` and `aabb.cc00.0001` are the same access point.
    """
    bare = text.strip().lower().replace(":", "").replace("-", "").replace(".", "")
    return bare if _MAC.match(bare) else text.strip()


def is_no_receiver(text: str) -> bool:
    """Whether an access point's id is a MAC that no receiver has: all zeros, or everybody's."""
    return ap_key(text) in ("0" * 12, "f" * 12)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the store's frame lies on Earth: its origin's longitude and latitude, and the bearing of its y axis."""

    lon: float
    lat: float
    bearing_deg: float


@dataclass(frozen=True, slots=True)
class Level:
    """A storey. `floor_z_m` is derived: the sum of the heights of the levels below, ordinal 0 at 0 m."""

    id: str
    ordinal: int
    name: str
    height_m: float
    floor_z_m: float
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Wall:
    """A wall that radio crosses with a loss and people do not cross."""

    level: str
    line: LineString
    material: str
    attenuation_db: float


@dataclass(frozen=True, slots=True)
class Fixture:
    """A gondola, counter, rack: radio crosses it with a loss; people walk through it only if `walkable`."""

    id: str
    level: str
    name: str
    category: str
    attenuation_db: float
    walkable: bool
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of a level. Zones may overlap and nest."""

    id: str
    level: str
    name: str
    category: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Opening:
    """An entrance, exit, checkout or pickup."""

    id: str
    level: str
    category: str
    geometry: Point | LineString


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """A receiver at a known place. `z_m` is above its level's floor; `p0_dbm` (RSSI at 1 m), `exponent` where known.

    `macs` are its radios' and BSSIDs' addresses, as the plan spells them: sources may call it by any of them.
    """

    id: str
    level: str
    x_m: float
    y_m: float
    z_m: float
    name: str
    p0_dbm: float | None
    exponent: float | None
    macs: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every name it goes by, its id first, as `ap_key` spells them; none twice."""
        return tuple(dict.fromkeys(ap_key(name) for name in (self.id, *self.macs)))


BLOCK_DIGITS = 11
"""The BSSIDs of one radio differ in the last hex digit: what comes before it is the radio's own."""


class ApIndex(dict[str, int]):
    """Key of each access point (`ap_key` of its id and `macs`) to its index in the plan.

    Its items are what the plan says, no more. Asked for an address that the plan does not hold, it answers with the
    radio that it belongs to: a plan seldom lists the BSSID of every network name, and a radio's BSSIDs differ in the
    last hex digit. Where two access points of the plan share the other eleven (small senders are numbered one by one),
    only the addresses of the plan are theirs.
    """

    def __init__(self, keys: Iterable[tuple[str, int]], longest_range_m: float = math.inf) -> None:
        super().__init__(keys)
        self.longest_range_m = longest_range_m
        """As of `Plan.longest_range_m`: decoders know of a plan what it calls its access points, and this."""
        owners: dict[str, set[int]] = {}
        for key, index in self.items():
            if _MAC.match(key):
                owners.setdefault(key[:BLOCK_DIGITS], set()).add(index)
        self._radios = {block: min(found) for block, found in owners.items() if len(found) == 1}

    def __missing__(self, key: str) -> int:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return int(found)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """The index of the access point that `key` (as `ap_key` spells it) names; `default` where it names none, or
        may be one of several."""
        found = super().get(key)
        if found is not None:
            return found
        if len(key) == BLOCK_DIGITS + 1 and key[:BLOCK_DIGITS] in self._radios and _MAC.match(key):
            return self._radios[key[:BLOCK_DIGITS]]
        return default


LATE_RANGE_M = 20.0
"""By how much a range may come out longer than any way in the store: answers come late by walls, reflections and chips
that nobody calibrated. Of 600,000 ranges at seven measured sites 1 in 1,000 is longer, by up to 28 km."""

LEGAL_CLASSES = ("food", "pet_food", "everyday", "alcohol", "infant_formula", "tobacco", "book", "other")
"""What the law tells apart in promotions: `everyday` are the goods of D.441-1 C. com., `tobacco` is vaping too."""

FOODS = frozenset({"food", "pet_food", "alcohol", "infant_formula"})
"""Classes by which a shop is one that sells food."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product and where a shopper stands to face it."""

    sku: str
    name: str
    category: str
    price_minor: int
    level: str
    x_m: float
    y_m: float
    legal_class: str  # one of LEGAL_CLASSES, or "" where nobody has said


@dataclass(frozen=True)
class Plan:
    """A store: all that other rooms know of its geometry. Orders are the file's; indices elsewhere refer to them."""

    store: str
    name: str
    timezone: str
    currency: str
    anchor: Anchor | None
    levels: tuple[Level, ...]
    walls: tuple[Wall, ...] = ()
    fixtures: tuple[Fixture, ...] = ()
    zones: tuple[Zone, ...] = ()  # never empty after loading: one per level is implied when the file has none
    openings: tuple[Opening, ...] = ()
    access_points: tuple[AccessPoint, ...] = ()
    products: tuple[Product, ...] = field(default=())

    @cached_property
    def level_index(self) -> dict[str, int]:
        """Level id to its index in `levels`."""
        return {lv.id: i for i, lv in enumerate(self.levels)}

    @cached_property
    def ap_index(self) -> ApIndex:
        """Every name of each access point, as `ap_key` spells it, to its index in `access_points`."""
        keys = ((key, i) for i, ap in enumerate(self.access_points) for key in ap.keys)
        return ApIndex(keys, self.longest_range_m)

    @cached_property
    def access_point_ids(self) -> frozenset[str]:
        """What the plan itself calls its access points."""
        return frozenset(ap.id for ap in self.access_points)

    @cached_property
    def longest_range_m(self) -> float:
        """No range of somebody in this store is longer (m): the diagonal over all levels, their heights and its access
        points, and LATE_RANGE_M."""
        bounds = [lv.polygon.bounds for lv in self.levels]
        places = [(ap.x_m, ap.y_m) for ap in self.access_points]
        x = [x for x, _ in places] + [b[i] for b in bounds for i in (0, 2)]
        y = [y for _, y in places] + [b[i] for b in bounds for i in (1, 3)]
        z = [z for lv in self.levels for z in (lv.floor_z_m, lv.floor_z_m + lv.height_m)]
        return math.hypot(*(max(v, default=0.0) - min(v, default=0.0) for v in (x, y, z))) + LATE_RANGE_M

    @cached_property
    def zone_index(self) -> dict[str, int]:
        """Zone id to its index in `zones`."""
        return {z.id: i for i, z in enumerate(self.zones)}

    @cached_property
    def product_by_sku(self) -> dict[str, Product]:
        """SKU to product."""
        return {p.sku: p for p in self.products}
