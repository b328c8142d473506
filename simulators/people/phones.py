"""The phones people carry: who is connected, under which MAC, how strong, and when access points hear them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from engine.records import F64, I32, Bools
from engine.vocabulary import SessionChange
from simulators.people.crowd import Crowd
from simulators.people.people import Shopper
from simulators.scenario.phones import PhonesConfig, PhoneSystem

BURST_S = 0.2
"""Access points do not hear a scan at one instant but within this time, channel after channel."""


Silences = tuple[tuple[float, float], ...]
"""From when until when nothing is heard of a phone: its drop-outs, by time, apart from each other."""


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

    def replace_scans(self, shopper: int, from_s: float, t_s: F64) -> ScanTimes:
        """With other scans of one shopper's phone from a time on."""
        kept = (self.device != shopper) | (self.t_s < from_s)
        who = np.full(len(t_s), shopper, np.int32)
        return merge_scan_times(
            ScanTimes(self.t_s[kept], self.shopper[kept], self.device[kept]), ScanTimes(t_s, who, who)
        )

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


def scan_times(
    crowd: Crowd, phones: Phones, config: PhonesConfig, rng: np.random.Generator
) -> tuple[ScanTimes, dict[int, Silences]]:
    """Scans of all connected phones from coming in to leaving, at jittered intervals, and the drop-outs in between."""
    times, who = [np.empty(0)], [np.empty(0, np.int32)]
    silences: dict[int, Silences] = {}
    for i in np.flatnonzero(phones.connected).tolist():
        start_s, end_s = float(crowd.start_s[i]), float(crowd.end_s[i])
        t, silences[i] = one_phones_scans(config, int(phones.system[i]), start_s, end_s, rng)
        times.append(t)
        who.append(np.full(len(t), i, np.int32))
    shopper = np.concatenate(who)
    return _by_time(np.concatenate(times), shopper, shopper), silences


def one_phones_scans(
    config: PhonesConfig,
    system: int,
    from_s: float,
    to_s: float,
    rng: np.random.Generator,
    screen_on: bool | None = None,
) -> tuple[F64, Silences]:
    """When one connected phone is heard between two times, and its drop-outs. `screen_on` at first; None: drawn."""
    stay_s = to_s - from_s
    if config.systems:
        t = _by_screen(config.systems[system], stay_s, rng, screen_on)
    else:
        t = _evenly(config.scan_interval_min_s, config.scan_interval_max_s, stay_s, rng)
    out_from_s, out_until_s = np.empty(0), np.empty(0)
    if config.dropouts_per_hour:
        n = int(rng.poisson(config.dropouts_per_hour * stay_s / 3600))
        out_from_s = rng.uniform(0.0, stay_s, n)
        out_until_s = out_from_s + rng.exponential(config.dropout_s, n)
        t = t[~((out_from_s[:, None] <= t) & (t < out_until_s[:, None])).any(axis=0)]
    return from_s + t, _in_one(from_s + out_from_s, np.minimum(from_s + out_until_s, to_s))


def _in_one(from_s: F64, until_s: F64) -> Silences:
    """Drop-outs by time, those that overlap as one."""
    out: list[tuple[float, float]] = []
    for a, b in sorted(zip(from_s.tolist(), until_s.tolist(), strict=True)):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], b))
        else:
            out.append((a, b))
    return tuple(out)


def session_times(start_s: float, end_s: float, silences: Silences, idle_s: float) -> list[tuple[float, SessionChange]]:
    """When a controller says that a phone joined or left the network, by time.

    A phone that falls silent is given up `idle_s` later, and joins again when it is back; one that is back sooner, or
    has left the store by then, is not told of twice. Access points that a phone roams between are one network: roaming
    is not told of at all.
    """
    out = [(start_s, SessionChange.CONNECT)]
    for from_s, until_s in silences:
        if from_s + idle_s < until_s:
            out.append((from_s + idle_s, SessionChange.DISCONNECT))
            if until_s < end_s:
                out.append((until_s, SessionChange.CONNECT))
    if out[-1][1] is SessionChange.CONNECT:
        out.append((end_s, SessionChange.DISCONNECT))
    return out


def _evenly(low_s: float, high_s: float, stay_s: float, rng: np.random.Generator) -> F64:
    """Times in [0, stay) with steps between the limits; the first comes before a whole step."""
    steps = rng.uniform(low_s, high_s, int(stay_s / low_s) + 2)
    steps[0] *= rng.random()
    t = np.cumsum(steps)
    return t[t < stay_s]


def _by_screen(system: PhoneSystem, stay_s: float, rng: np.random.Generator, screen_on: bool | None) -> F64:
    """Times in [0, stay) through spells with the screen on and off."""
    parts, from_s, on = [np.empty(0)], 0.0, screen_on
    if on is None:
        on = bool(rng.random() < system.screen_on_s / (system.screen_on_s + system.screen_off_s))
    while from_s < stay_s:
        spell_s = min(float(rng.exponential(system.screen_on_s if on else system.screen_off_s)), stay_s - from_s)
        limits = (system.on_min_s, system.on_max_s) if on else (system.off_min_s, system.off_max_s)
        parts.append(from_s + _evenly(*limits, spell_s, rng))
        from_s, on = from_s + max(spell_s, 1e-3), not on
    return np.concatenate(parts)


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


def merge_scan_times(a: ScanTimes, b: ScanTimes) -> ScanTimes:
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
