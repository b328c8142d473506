"""Vendors' words under a store's names: which store, which access point, which pseudonym, what time."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.decoders.heard import (
    Decoded,
    VendorIdentity,
    VendorMessage,
    VendorPosition,
    VendorReading,
    VendorSession,
)
from engine.ingest.sources.declared import Source
from engine.ingest.sources.naming import Naming, StoresTold
from engine.masks import MASK
from engine.plan.model import Plan
from engine.vocabulary import ReadingRefusal, RecordRefusal, SessionChange, SourceSession
from tests.engine.ingest.sources.made import APS, NOW, OTHER, PHONE, names, source, store

FAR = ("00:00:5e:00:53:c0",)


def named(decoded: Decoded, of: Source, *plans: Plan) -> StoresTold:
    naming = Naming({p.store: p for p in plans}, {p.store: names() for p in plans})
    return naming.name(of, VendorMessage(b"", NOW), decoded)


def reading(ap: str = APS[0], mac: str = PHONE, **keys: float) -> VendorReading:
    return VendorReading(mac, ap, **({"rssi_dbm": -60.0} | keys))  # type: ignore[arg-type]


def test_readings_get_pseudonyms_and_indices() -> None:
    plan = store()
    (frame,) = named(Decoded([reading(), reading(APS[1], t=NOW - 3)]), source([plan]), plan).frames
    assert frame.readings.ap.tolist() == [0, 1]
    assert frame.readings.t.tolist() == [NOW, NOW - 3], "no time is the time of receipt"
    assert set(frame.readings.device.tolist()) == {int(names()(PHONE))}
    assert frame.sent_at == NOW


def test_what_was_heard_before_is_older() -> None:
    plan = store()
    (frame,) = named(Decoded([reading(t=NOW - 1, age_s=4.0)]), source([plan]), plan).frames
    assert frame.readings.t.tolist() == [NOW - 5]


def test_a_range_just_below_nothing_is_nothing() -> None:
    plan = store()
    (frame,) = named(Decoded([reading(range_m=-0.27, range_sigma_m=0.4)]), source([plan], "android-rtt"), plan).frames
    assert (frame.readings.range_m.tolist(), frame.refused) == ([0.0], {})


def test_the_time_of_a_live_source_is_its_clock_and_that_of_a_cloud_is_not() -> None:
    plan = store()
    old = Decoded([reading(t=NOW - 40)])
    assert named(old, source([plan]), plan).frames[0].sent_at == NOW - 40
    assert named(old, source([plan], "meraki-scanning-v3"), plan).frames[0].sent_at == NOW


def test_each_store_gets_the_readings_of_its_access_points() -> None:
    here, there = store("here"), store("there", FAR)
    decoded = Decoded([reading(), reading(FAR[0], OTHER), reading("00:00:5e:00:53:ff")])
    decoded.refuse(RecordRefusal.WIRED, 2)
    said = named(decoded, source([here, there]), here, there)
    assert {f.store: len(f.readings) for f in said.frames} == {"here": 1, "there": 1}
    assert said.frames[0].refused == {RecordRefusal.WIRED: 2, ReadingRefusal.UNKNOWN_AP: 1}
    assert said.frames[1].refused == {}
    assert {store: heard.points for store, heard in said.unknown_aps.items()} == {"here": ["00:00:5e:00:53:ff"]}


def test_names_can_be_written_and_are_no_phone_s() -> None:
    plan = store()
    swapped = [reading("x\ud800"), reading("da-a1-19-00-53-fe"), reading("00:00:5e:00:53:ff"), reading("AP-3-deadbeef")]
    joined = VendorSession(PHONE, SourceSession.CONNECT, NOW, APS[0], "caf\udce9")
    said = named(Decoded(swapped, sessions=[joined]), source([plan]), plan)
    assert said.unknown_aps["shop"].points == ["00:00:5e:00:53:ff", "AP-3-deadbeef", MASK, "x\ufffd"]
    assert said.sessions[0].ssid == "caf\ufffd"


def test_positions_are_taken_where_there_is_nothing_better_or_where_they_are_wanted() -> None:
    plan = store()
    both = Decoded([reading()], [VendorPosition(PHONE, NOW, 3.0, 4.0, error_m=2.0)])
    (readings,) = named(both, source([plan]), plan).frames
    (positions,) = named(both, source([plan], use="positions"), plan).frames
    assert (len(readings.readings), len(readings.positions)) == (1, 0)
    assert (len(positions.readings), len(positions.positions)) == (0, 1)
    (alone,) = named(Decoded(positions=both.positions), source([plan]), plan).frames
    assert np.allclose([alone.positions.x_m[0], alone.positions.y_m[0], alone.positions.sigma_m[0]], [3.0, 4.0, 2.0])


def test_positions_of_no_floor_are_counted() -> None:
    plan = store()
    lost = Decoded(positions=[VendorPosition(PHONE, NOW, 900.0, 4.0)])
    (frame,) = named(lost, source([plan]), plan).frames
    assert frame.refused == {RecordRefusal.OFF_PLAN: 1}


@pytest.mark.parametrize(
    ("event", "change"),
    [
        (SourceSession.CONNECT, SessionChange.CONNECT),
        (SourceSession.PRESENT, SessionChange.CONNECT),
        (SourceSession.DISCONNECT, SessionChange.DISCONNECT),
    ],
)
def test_sessions_come_with_their_address_and_without_a_name(event: SourceSession, change: SessionChange) -> None:
    plan = store()
    decoded = Decoded(sessions=[VendorSession(PHONE, event)])
    decoded.identities.append(VendorIdentity(PHONE, "alice@shop.example", "10.0.0.9"))
    (session,) = named(decoded, source([plan]), plan).sessions
    assert (session.event, session.ip, session.user, session.t) == (change, "10.0.0.9", None, NOW)
    assert session.device == names().stable(PHONE)


def test_zones_of_a_vendor_are_no_sessions() -> None:
    plan = store()
    said = [VendorSession(PHONE, SourceSession.ENTER, zone="Tills"), VendorSession("*", SourceSession.CONNECT)]
    assert named(Decoded(sessions=said), source([plan]), plan).sessions == []


def test_a_controller_that_starts_anew_ends_sessions_in_all_its_stores() -> None:
    here, there = store("here"), store("there", FAR)
    for ap, stores in (("10.0.0.1", ["here", "there"]), (FAR[0], ["there"])):
        decoded = Decoded(sessions=[VendorSession("*", SourceSession.DISCONNECT, NOW, ap)])
        sessions = named(decoded, source([here, there]), here, there).sessions
        assert [(s.store, s.source, s.device, s.event) for s in sessions] == [
            (name, "it", None, SessionChange.DISCONNECT) for name in stores
        ]
