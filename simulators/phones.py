"""The phones people carry: who is connected, under which MAC, how strong, and when access points hear them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.records import F64, I32, Bools
from simulators.crowd import Crowd
from simulators.people import Shopper
from simulators.scenario import PhonesConfig

BURST_S = 0.2
"""Access points do not hear a scan at one instant but within this time, channel after channel."""


@dataclass(frozen=True, slots=True)
class Phones:
    """One row per shopper: MAC, whether it is connected, its offset in dB, and whether there is one at all."""

    mac: tuple[str, ...]
    connected: Bools
    offset_db: F64
    carried: Bools


@dataclass(frozen=True, slots=True)
class ScanTimes:
    """When which shopper's phone is heard, and as which device, sorted by time; each (n,)."""

    t_s: F64
    shopper: I32
    device: I32

    def between(self, from_s: float, to_s: float) -> slice:
        """The rows with from_s <= t < to_s."""
        low, high = np.searchsorted(self.t_s, [from_s, to_s])
        return slice(int(low), int(high))


def draw_phones(shoppers: list[Shopper], config: PhonesConfig, rng: np.random.Generator) -> Phones:
    """A phone for each shopper; scripted shoppers are always connected and keep a MAC that is given."""
    n = len(shoppers)
    connected = rng.random(n) < config.connected_share
    offset_db = rng.normal(0.0, config.offset_sigma_db, n)
    macs, taken = [], {s.script.mac for s in shoppers if s.script}
    for i, shopper in enumerate(shoppers):
        if shopper.carries != "own":
            connected[i] = shopper.carries == "connected"
        mac = local_mac(rng)
        while mac in taken:
            mac = local_mac(rng)
        if shopper.script is not None:
            connected[i] = True
            mac = colon_mac(shopper.script.mac) if shopper.script.mac else mac
        taken.add(mac)
        macs.append(mac)
    return Phones(tuple(macs), connected, offset_db, np.array([s.carries != "none" for s in shoppers], np.bool_))


def scan_times(crowd: Crowd, phones: Phones, config: PhonesConfig, rng: np.random.Generator) -> ScanTimes:
    """Scans of all connected phones from coming in to leaving, at uniformly jittered intervals."""
    times, who = [np.empty(0)], [np.empty(0, np.int32)]
    low, high = config.scan_interval_min_s, config.scan_interval_max_s
    for i in np.flatnonzero(phones.connected):
        stay_s = crowd.end_s[i] - crowd.start_s[i]
        steps = rng.uniform(low, high, int(stay_s / low) + 2)
        steps[0] *= rng.random()
        t = crowd.start_s[i] + np.cumsum(steps)
        t = t[t < crowd.end_s[i]]
        times.append(t)
        who.append(np.full(len(t), i, np.int32))
    shopper = np.concatenate(who)
    return _by_time(np.concatenate(times), shopper, shopper)


def probe_times(
    crowd: Crowd, phones: Phones, config: PhonesConfig, first_device: int, rng: np.random.Generator
) -> tuple[ScanTimes, tuple[str, ...]]:
    """Probes of phones that are not connected, at random times, and the MACs they use: another one for each probe.

    Probes are devices of their own, numbered from `first_device` in order of time.
    """
    if config.probe_interval_s is None:
        return ScanTimes(np.empty(0), np.empty(0, np.int32), np.empty(0, np.int32)), ()
    away = np.flatnonzero(~phones.connected & phones.carried)
    counts = rng.poisson((crowd.end_s[away] - crowd.start_s[away]) / config.probe_interval_s)
    shopper = np.repeat(away, counts).astype(np.int32)
    t_s = rng.uniform(crowd.start_s[shopper], crowd.end_s[shopper])
    probes = _by_time(t_s, shopper, shopper)
    device = first_device + np.arange(len(t_s), dtype=np.int32)
    macs = tuple(local_mac(rng) for _ in range(len(t_s)))
    return ScanTimes(probes.t_s, probes.shopper, device), macs


def merged(a: ScanTimes, b: ScanTimes) -> ScanTimes:
    """Both in order of time."""
    t_s, shopper = np.concatenate([a.t_s, b.t_s]), np.concatenate([a.shopper, b.shopper])
    return _by_time(t_s, shopper, np.concatenate([a.device, b.device]))


def _by_time(t_s: F64, shopper: I32, device: I32) -> ScanTimes:
    order = np.argsort(t_s, kind="stable")
    return ScanTimes(t_s[order], shopper[order], device[order])


def local_mac(rng: np.random.Generator) -> str:
    """A locally administered unicast MAC, as phones take for each network."""
    octets = rng.integers(0, 256, 6)
    octets[0] = (octets[0] & 0xFC) | 0x02
    return ":".join(f"{o:02x}" for o in octets)


def colon_mac(text: str) -> str:
    """A MAC in any of the usual spellings as lower-case pairs with colons."""
    bare = text.lower().replace(":", "").replace("-", "")
    return ":".join(bare[i : i + 2] for i in range(0, 12, 2))
