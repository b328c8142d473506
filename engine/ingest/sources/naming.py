"""What a vendor's message says, under the names of a store: pseudonyms for MACs, indices for access points.

After this nothing holds a MAC. A message may tell of several stores: readings go to the store that has the access
point, positions to the one that has the map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.ingest.decoders.columns import ReadingColumns, usable
from engine.ingest.decoders.heard import EVERYBODY, Decoded, VendorMessage, VendorReading, VendorSession, printable
from engine.ingest.decoders.native import Frame, NetworkSession
from engine.ingest.samples import HeardUnknown
from engine.ingest.sources.declared import Source
from engine.ingest.sources.placing import Placed, place
from engine.masks import mask_local_macs
from engine.plan.model import Plan, ap_key
from engine.privacy.pseudonyms import NOT_A_MAC, OPTED_OUT, Pseudonyms
from engine.records import F64, ToldPositions
from engine.vocabulary import LabelRefusal, ReadingRefusal, RecordRefusal, SessionChange, SourceSession

_Refused = dict[ReadingRefusal | RecordRefusal | LabelRefusal, int]
_HERE = frozenset((SourceSession.CONNECT, SourceSession.UPDATE, SourceSession.PRESENT, SourceSession.AUTHORIZE))


@dataclass(frozen=True, slots=True)
class StoresTold:
    """What a message said of the stores that we run: a frame each, and who joined or left the network; access points
    that it names and no plan has, and what they hear, by the store that they are counted in."""

    frames: list[Frame]
    sessions: list[NetworkSession]
    unknown_aps: dict[str, HeardUnknown] = field(default_factory=dict)


@dataclass(slots=True)
class _Share:
    """What of a message belongs to one store."""

    readings: list[VendorReading] = field(default_factory=list)
    positions: list[tuple[str, float, Placed]] = field(default_factory=list)


class Naming:
    """The names of all stores: their access points, their plans, and what names their devices."""

    def __init__(self, plans: Mapping[str, Plan], pseudonyms: Mapping[str, Pseudonyms]) -> None:
        self._plans, self._pseudonyms = plans, pseudonyms
        self._aps = {store: plan.ap_index for store, plan in plans.items()}

    def name(self, source: Source, message: VendorMessage, decoded: Decoded) -> StoresTold:
        """Frames and sessions of the source's stores. Records that cannot be used are counted in the frames, those of
        no store in the first store's."""
        refused: _Refused = dict(decoded.refused.items())
        shares = {store: _Share() for store in source.stores}
        if source.config.use == "readings" or not decoded.positions:
            self._share_readings(decoded.readings, shares)
        if source.config.use == "positions" or not decoded.readings:
            self._share_positions(source, message, decoded, shares, refused)
        frames = []
        for store, share in shares.items():
            if share.readings or share.positions or (refused and store == source.stores[0]):
                own = refused if store == source.stores[0] else {}
                frames.append(self._frame(source, store, share, message.received_at, own))
        return StoresTold(frames, self._sessions(source, message, decoded), self._unknown(shares, frames))

    def _unknown(self, shares: Mapping[str, _Share], frames: Sequence[Frame]) -> dict[str, HeardUnknown]:
        lost = [frame.store for frame in frames if ReadingRefusal.UNKNOWN_AP in frame.refused]
        told = {s: [r for r in shares[s].readings if self._store_of(r.ap, (s,)) is None] for s in lost}
        return {store: self._heard_unknown(store, readings) for store, readings in told.items()}

    def _heard_unknown(self, store: str, readings: Sequence[VendorReading]) -> HeardUnknown:
        names = [mask_local_macs(printable(reading.ap)) for reading in readings]
        rssi = np.array([reading.rssi_dbm for reading in readings], np.float64)
        return HeardUnknown(names, self._pseudonyms[store].many([reading.mac for reading in readings]), rssi)

    def _share_readings(self, readings: Sequence[VendorReading], shares: Mapping[str, _Share]) -> None:
        first = next(iter(shares))
        if len(shares) == 1:
            shares[first].readings.extend(readings)
            return
        of_ap: dict[str, str] = {}
        for reading in readings:
            store = of_ap.get(reading.ap)
            if store is None:
                store = of_ap[reading.ap] = self._store_of(reading.ap, tuple(shares)) or first
            shares[store].readings.append(reading)

    def _store_of(self, ap: str, stores: Sequence[str]) -> str | None:
        key = ap_key(ap)
        return next((s for s in stores if ap in self._aps[s] or key in self._aps[s]), None)

    def _share_positions(
        self,
        source: Source,
        message: VendorMessage,
        decoded: Decoded,
        shares: Mapping[str, _Share],
        refused: _Refused,
    ) -> None:
        plans = {store: self._plans[store] for store in source.stores}
        for position in decoded.positions:
            placed = place(position, source.maps, plans)
            if isinstance(placed, RecordRefusal):
                refused[placed] = refused.get(placed, 0) + 1
                continue
            t = position.t if np.isfinite(position.t) else message.received_at
            shares[placed.store].positions.append((position.mac, t, placed))

    def _frame(
        self,
        source: Source,
        store: str,
        share: _Share,
        received_at: float,
        refused: _Refused,
    ) -> Frame:
        numbers = _numbers(share.readings, received_at)
        newest = float(max(numbers[0].max(initial=-np.inf), max((t for _, t, _ in share.positions), default=-np.inf)))
        # One that speaks at once has a clock of its own; how old the words of others are says nothing of their clock.
        told = np.isfinite(newest) and (source.delay_s == 0.0 or newest > received_at)
        sent_at = newest if told else received_at
        macs, aps = [r.mac for r in share.readings], [r.ap for r in share.readings]
        columns = ReadingColumns(macs, aps, numbers, None)
        readings, ap_readings = usable(columns, sent_at, self._aps[store], self._pseudonyms[store], refused)
        positions = self._positions(store, share, refused)
        return Frame(store, source.name, sent_at, received_at, readings, ap_readings, refused, positions=positions)

    def _positions(self, store: str, share: _Share, refused: _Refused) -> ToldPositions:
        if not share.positions:
            return ToldPositions.empty()
        macs, times, placed = zip(*share.positions, strict=True)
        device = self._pseudonyms[store].many(macs)
        told = ToldPositions(
            np.array(times, np.float64),
            device,
            np.array([p.level for p in placed], np.int32),
            np.array([p.x_m for p in placed], np.float64),
            np.array([p.y_m for p in placed], np.float64),
            np.array([p.sigma_m for p in placed], np.float64),
        )
        bad = device == NOT_A_MAC
        if bad.any():
            refused[ReadingRefusal.BAD_MAC] = refused.get(ReadingRefusal.BAD_MAC, 0) + int(bad.sum())
        return told.take(~bad & (device != OPTED_OUT))

    def _sessions(self, source: Source, message: VendorMessage, decoded: Decoded) -> list[NetworkSession]:
        address = {identity.mac: identity.ip for identity in decoded.identities if identity.ip}
        out = []
        for session in decoded.sessions:
            change, ip = _change(session), address.get(session.mac)
            if change is None:
                continue
            out += [self._session(source, s, session, change, message, ip) for s in self._stores_of(session, source)]
        return out

    def _stores_of(self, session: VendorSession, source: Source) -> Sequence[str]:
        """The store of its access point; a controller that starts anew, and is none, has phones in all of them."""
        if len(source.stores) == 1:
            return source.stores
        store = self._store_of(session.ap, source.stores)
        if store is not None:
            return (store,)
        return source.stores if session.mac == EVERYBODY else ()

    def _session(
        self,
        source: Source,
        store: str,
        session: VendorSession,
        change: SessionChange,
        message: VendorMessage,
        ip: str | None,
    ) -> NetworkSession:
        t = session.t if np.isfinite(session.t) else message.received_at
        device = None if session.mac == EVERYBODY else self._pseudonyms[store].stable(session.mac)
        return NetworkSession(store, source.name, device, change, t, printable(session.ssid), None, ip)


def _change(session: VendorSession) -> SessionChange | None:
    """Joined or left; None for zones of the vendor's, and for all phones at once unless they left."""
    if session.mac == EVERYBODY and session.event is not SourceSession.DISCONNECT:
        return None
    if session.event in _HERE:
        return SessionChange.CONNECT
    return SessionChange.DISCONNECT if session.event is SourceSession.DISCONNECT else None


def _numbers(readings: Sequence[VendorReading], received_at: float) -> F64:
    """(4, n): time, RSSI, range and its sigma; times that are not told are those of receipt, no range is below 0."""
    if not readings:
        return np.empty((4, 0))
    rows = np.array([(r.t, r.rssi_dbm, r.range_m, r.range_sigma_m, r.age_s) for r in readings], np.float64).T
    t = np.where(np.isnan(rows[0]), received_at, rows[0]) - np.nan_to_num(rows[4], nan=0.0)
    # Close to the antenna a range is measured a little below 0 (`android_rtt`): it says "here", and is not to be lost.
    return np.vstack([t, rows[1], np.maximum(rows[2], 0.0), rows[3]])
