"""Frames of many stores that are all the boutique under other names: seeded, with phones of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from engine.config import Config
from engine.offers.campaigns import load_campaigns
from engine.plan.model import Plan
from engine.privacy.consent import ConsentChoice
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.secrets import Secrets
from engine.storage.database import Database
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, sign_in
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.vocabulary import Channel, Purpose
from tests.engine.runtime.made import FLOORPLANS, boutique, frames, payload, stands

SECRETS = Secrets(b"0123456789abcdef0123456789abcdef", "manager", "till")
ENDS_AFTER_S = 400.0  # of silence every visit is over
TTL_S = 180.0  # the most there is: a slow machine makes no decision too late
SECTIONS: dict[str, dict[str, Any]] = {
    "presence": {"silent_s": 20.0},
    "positioning": {"cell_m": 2.0},
    "privacy": {"k": 1, "demo": True, "block_s": 60.0},
}


@cache
def _boutique() -> Plan:
    return boutique()


def store_name(number: int) -> str:
    """Of the store with this number."""
    return f"s{number:04d}"


def plan_of(store: str) -> Plan:
    """The boutique under this name."""
    return replace(_boutique(), store=store)


def config_of(data_dir: Any, mqtt_port: int = 1883, **more: dict[str, Any]) -> Config:
    """Coarse grids, and every figure let out."""
    storage = {"data_dir": data_dir, "checkpoint_s": 0.5, "lease_s": 10.0}
    changed = {"storage": storage, "mqtt": {"port": mqtt_port}, **SECTIONS}
    for section, values in more.items():
        changed[section] = {**changed.get(section, {}), **values}
    return Config.model_validate(changed)


@dataclass(frozen=True, slots=True)
class Recording:
    """Stores, how many phones each has, and for how long; `origin` is when it begins, s UTC, `first` the number of the
    first store."""

    stores: int
    phones: int
    duration_s: float
    origin: float
    every_s: float = 0.5
    first: int = 0

    @property
    def numbers(self) -> range:
        """Of all stores."""
        return range(self.first, self.first + self.stores)

    def parts(self, most: int) -> Iterator[Recording]:
        """The same, so many stores at a time: what one does comes of its own messages alone."""
        for first in self.numbers[::most]:
            yield replace(self, first=first, stores=min(most, self.numbers.stop - first))

    @property
    def names(self) -> list[str]:
        """Of all stores."""
        return [store_name(i) for i in self.numbers]

    def macs(self, number: int) -> list[str]:
        """The phones of a store."""
        return [f"02:00:{number >> 8:02x}:{number & 255:02x}:01:{i:02x}" for i in range(self.phones)]

    def messages(self) -> Iterator[tuple[float, str, bytes]]:
        """(when it is sent, s UTC, topic, payload), in the order of time; then each store's last word, long after."""
        plan = _boutique()
        by_store = []
        for number in self.numbers:
            macs = [mac for mac in self.macs(number) for _ in range(2)]  # each stands at two products
            standing = stands(plan, self.phones, self.duration_s, seed=number)
            standing = [replace(one, mac=mac) for one, mac in zip(standing, macs, strict=True)]
            by_store.append(frames(plan, standing, self.duration_s, self.every_s, seed=1000 + number))
        for at_once in zip(*by_store, strict=True):
            for number, (sent, readings) in zip(self.numbers, at_once, strict=True):
                yield self.origin + sent, topic_of(store_name(number)), payload(sent, readings, self.origin)
        last = self.duration_s + ENDS_AFTER_S
        ghost: dict[str, object] = {"mac": "02:00:00:00:ff:ff", "ap": plan.access_points[0].id, "t": last, "rssi": -80}
        for number in self.numbers:
            yield self.origin + last, topic_of(store_name(number)), payload(last, [ghost], self.origin)

    def sign_in(self, db: Database) -> dict[str, str]:
        """Campaigns and consenting shoppers in every store; MACs by shopper's id."""
        stable = Pseudonyms(SECRETS.site_key).stable
        consents = [ConsentChoice(Purpose.LOCATION_OFFERS, Channel.PAGE, granted=True)]
        who, at = {}, self.origin - 60.0
        found = load_campaigns(FLOORPLANS / "boutique" / "campaigns.yaml", _boutique())
        campaigns = [one.model_copy(update={"ttl_s": TTL_S}) for one in found]
        for number, store in zip(self.numbers, self.names, strict=True):
            seed_campaigns(db, store, campaigns)
            for mac in self.macs(number):
                phone = PhoneClaim(stable(mac), redirect=f"signed for {mac}", redirect_until=at + 3600.0)
                request = SignIn(store, phone, None, None, None, "fr", consents, "2026-01", at)
                who[sign_in(db, request).shopper_id] = mac
        return who


def topic_of(store: str) -> str:
    """A recording's, whose time is its own: whenever a message comes, the same comes of it."""
    return f"rayon/{store}/replay/c1"
