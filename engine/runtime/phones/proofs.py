"""Proofs that the engine sees: which phone has which address, and which phone stands beside a code of the store.

Everything is held in this process's memory, bounded and for hours: no table says who is connected. After a restart a
claim waits for the next connection.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.ingest.decoders.native import NetworkSession
from engine.plan.model import Plan
from engine.privacy.proofs import address_digest
from engine.records import DeviceId, Fixes
from engine.storage.people.bindings import OpenClaim
from engine.vocabulary import Proof, SessionChange

NEWS_S = 60.0
"""A session message older than this at its receipt is history: it says nothing about who has an address now."""

JUST_AFTER_S = 5.0
"""A phone that connects so soon after its owner's request made that request: clocks and wires take their time."""

REMEMBERED_S = 12 * 3600.0
MOST_PHONES = 20_000
NEAR_M = 8.0
"""A phone is at a code when its fix is within this of it, and as sure as this (radial standard deviation)."""

CODE_BEFORE_S, CODE_AFTER_S = 15.0, 90.0
"""A fix counts from so long before the code was entered to so long after."""


class Proved(NamedTuple):
    """A claim, the phone it is about, and what proved it."""

    claim: OpenClaim
    device: DeviceId
    proof: Proof


@dataclass(slots=True)
class _Connection:
    """A phone that has an address, as `source` said, from `since` until it left (s UTC)."""

    address: str
    source: str
    since: float
    until: float


class _Place(NamedTuple):
    level: int
    x_m: float
    y_m: float


class _LastFix(NamedTuple):
    t: float
    place: _Place
    sigma_m: float


class PhoneProofs:
    """One store's. `key` keys the digests of addresses, as it does for whoever files claims. No clock of its own."""

    def __init__(self, plan: Plan, key: bytes) -> None:
        self._key = key
        self._connections: OrderedDict[int, _Connection] = OrderedDict()
        self._fixes: dict[int, _LastFix] = {}
        levels = {level.id: i for i, level in enumerate(plan.levels)}
        middles = {o.id: (levels[o.level], o.geometry.centroid) for o in plan.openings}
        self._places = {name: _Place(level, point.x, point.y) for name, (level, point) in middles.items()}

    def hear(self, session: NetworkSession, received_at: float) -> None:
        """A phone, under its stable pseudonym, came or went. Old news, or an arrival without an address, is nothing."""
        t = min(session.t, received_at)
        if received_at - t > NEWS_S:
            return
        if session.device is None:
            self.end_all(session.source, t)
            return
        device = int(session.device)
        known = self._connections.get(device)
        if session.event is SessionChange.DISCONNECT:
            if known is not None:
                known.until = min(known.until, t)
                self._connections.move_to_end(device)
        elif session.ip is not None:
            address = address_digest(self._key, session.ip)
            self._connections[device] = _Connection(address, session.source, t, math.inf)
            self._connections.move_to_end(device)
        elif known is not None and known.source == session.source:  # others may know no addresses at all
            del self._connections[device]
        while len(self._connections) > MOST_PHONES:
            self._connections.popitem(last=False)

    def end_all(self, source: str, t: float) -> None:
        """The source's controller starts anew: whoever it gave an address has it no longer, from `t` (s UTC) on."""
        for has in self._connections.values():
            if has.source == source:
                has.until = min(has.until, max(t, has.since))

    def see(self, fixes: Fixes, asked: Sequence[int]) -> None:
        """Keeps the last fix of the phones `asked` for, under whatever pseudonym they go, and of no other."""
        self._fixes = {device: fix for device, fix in self._fixes.items() if device in asked}
        if not asked:
            return
        for i in np.flatnonzero(np.isin(fixes.device, np.array(asked, np.uint64))).tolist():
            place = _Place(int(fixes.level[i]), float(fixes.x_m[i]), float(fixes.y_m[i]))
            self._fixes[int(fixes.device[i])] = _LastFix(float(fixes.t[i]), place, float(fixes.sigma_m[i]))

    def settle(self, claims: Sequence[OpenClaim], goes_as: Mapping[DeviceId, int], now: float) -> list[Proved]:
        """The claims that are proved by now. `goes_as`: under which pseudonym a claimed phone's readings come."""
        self._forget(now)
        found = []
        for claim in claims:
            device = self._by_address(claim)
            if device is not None:
                found.append(Proved(claim, device, Proof.SESSION))
            elif claim.device is not None and self._is_at_code(claim, goes_as.get(claim.device)):
                found.append(Proved(claim, claim.device, Proof.CODE))
        return found

    def _by_address(self, claim: OpenClaim) -> DeviceId | None:
        """The one phone that had the claimant's address when it asked; nobody where two had it, as behind a NAT."""
        if not claim.address:
            return None
        then = [
            device
            for device, has in self._connections.items()
            if has.address == claim.address
            and has.since <= claim.claimed_at + JUST_AFTER_S
            and has.until >= claim.claimed_at
        ]
        if len(then) != 1 or claim.device not in (None, DeviceId(then[0])):
            return None
        return DeviceId(then[0])

    def _is_at_code(self, claim: OpenClaim, goes_as: int | None) -> bool:
        place, fix = self._places.get(claim.code_place), self._fixes.get(goes_as or 0)
        if place is None or fix is None or fix.place.level != place.level or fix.sigma_m > NEAR_M:
            return False
        away_m = math.hypot(fix.place.x_m - place.x_m, fix.place.y_m - place.y_m)
        return away_m <= NEAR_M and -CODE_BEFORE_S <= fix.t - claim.code_at <= CODE_AFTER_S

    def _forget(self, now: float) -> None:
        while self._connections:
            device, oldest = next(iter(self._connections.items()))
            if now - oldest.since <= REMEMBERED_S:
                return
            del self._connections[device]
