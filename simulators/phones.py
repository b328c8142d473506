"""The phones people carry: who is connected, under which MAC, how strong, and when access points hear them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from engine.records import F64, I32, Bools
from simulators.crowd import Crowd
from simulators.people import Shopper
from simulators.phones_config import PhonesConfig, PhoneSystem

BURST_S = 0.2
"""Access points do not hear a scan at one instant but within this time, channel after channel."""


@dataclass(frozen=True, slots=True)
class Phones:
    """One row per shopper: MAC, whether it is connected, its offset in dB, whether there is one at
    all, and which of the scenario's systems it has."""

    mac: tuple[str, ...]
    connected: Bools
    offset_db: F64
    carried: Bools
    system: I32


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


def draw_phones(
    shoppers: list[Shopper], config: PhonesConfig, rng: np.random.Generator, starts_t: float = 0.0
) -> Phones:
    """A phone for each shopper; scripted shoppers are always connected and keep a MAC that is given.

    Which MAC a phone takes depends on the network's name and, where its system rotates MACs, on when its owner comes
    (scenario time 0 being `starts_t`).
    """
    n = len(shoppers)
    connected = rng.random(n) < config.connected_share
    offset_db = rng.normal(0.0, config.offset_sigma_db, n)
    system = np.zeros(n, np.int32)
    if config.systems:
        weight = np.array([s.share for s in config.systems])
        system = rng.choice(len(weight), n, p=weight / weight.sum()).astype(np.int32)
    macs: list[str] = []
    taken = {colon_mac(s.script.mac) for s in shoppers if s.script and s.script.mac}
    for i, shopper in enumerate(shoppers):
        if shopper.carries != "own":
            connected[i] = shopper.carries == "connected"
        period = 0
        lasts_s = config.systems[system[i]].mac_rotates_after_s if config.systems else None
        if lasts_s is not None:
            period = int((starts_t + shopper.arrive_s) // lasts_s)
        mac = network_mac(rng.bytes(16), config.ssid, period)
        while mac in taken:
            mac = network_mac(rng.bytes(16), config.ssid, period)
        if shopper.script is not None:
            connected[i] = True
            mac = colon_mac(shopper.script.mac) if shopper.script.mac else mac
        taken.add(mac)
        macs.append(mac)
    return Phones(
        tuple(macs), connected, offset_db, np.array([s.carries != "none" for s in shoppers], np.bool_), system
    )


def scan_times(crowd: Crowd, phones: Phones, config: PhonesConfig, rng: np.random.Generator) -> ScanTimes:
    """Scans of all connected phones from coming in to leaving, at jittered intervals, but for drop-outs."""
    times, who = [np.empty(0)], [np.empty(0, np.int32)]
    for i in np.flatnonzero(phones.connected):
        stay_s = float(crowd.end_s[i] - crowd.start_s[i])
        if config.systems:
            t = _by_screen(config.systems[phones.system[i]], stay_s, rng)
        else:
            t = _evenly(config.scan_interval_min_s, config.scan_interval_max_s, stay_s, rng)
        if config.dropouts_per_hour:
            t = _without_dropouts(t, stay_s, config, rng)
        t = crowd.start_s[i] + t
        times.append(t)
        who.append(np.full(len(t), i, np.int32))
    shopper = np.concatenate(who)
    return _by_time(np.concatenate(times), shopper, shopper)


def _evenly(low_s: float, high_s: float, stay_s: float, rng: np.random.Generator) -> F64:
    """Times in [0, stay) with steps between the limits; the first comes before a whole step."""
    steps = rng.uniform(low_s, high_s, int(stay_s / low_s) + 2)
    steps[0] *= rng.random()
    t = np.cumsum(steps)
    return t[t < stay_s]


def _by_screen(system: PhoneSystem, stay_s: float, rng: np.random.Generator) -> F64:
    """Times in [0, stay) through spells with the screen on and off."""
    parts, from_s = [np.empty(0)], 0.0
    on = bool(rng.random() < system.screen_on_s / (system.screen_on_s + system.screen_off_s))
    while from_s < stay_s:
        spell_s = min(float(rng.exponential(system.screen_on_s if on else system.screen_off_s)), stay_s - from_s)
        limits = (system.on_min_s, system.on_max_s) if on else (system.off_min_s, system.off_max_s)
        parts.append(from_s + _evenly(*limits, spell_s, rng))
        from_s, on = from_s + max(spell_s, 1e-3), not on
    return np.concatenate(parts)


def _without_dropouts(t: F64, stay_s: float, config: PhonesConfig, rng: np.random.Generator) -> F64:
    n = int(rng.poisson(config.dropouts_per_hour * stay_s / 3600))
    from_s = rng.uniform(0.0, stay_s, n)
    until_s = from_s + rng.exponential(config.dropout_s, n)
    lost = ((from_s[:, None] <= t) & (t < until_s[:, None])).any(axis=0)
    return np.asarray(t[~lost], np.float64)


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


def network_mac(secret: bytes, ssid: str, period: int) -> str:
    """The locally administered MAC that a phone of this secret takes on a network, the same for a whole period."""
    octets = bytearray(hashlib.sha256(secret + period.to_bytes(8, "big") + ssid.encode()).digest()[:6])
    octets[0] = (octets[0] & 0xFC) | 0x02
    return octets.hex(":")


def colon_mac(text: str) -> str:
    """A MAC in any of the usual spellings as lower-case pairs with colons."""
    bare = text.lower().replace(":", "").replace("-", "")
    return ":".join(bare[i : i + 2] for i in range(0, 12, 2))
