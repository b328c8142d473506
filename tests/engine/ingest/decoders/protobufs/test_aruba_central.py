"""Aruba Central's streams: beside what the recorded messages show, their odd frames."""

from __future__ import annotations

import math

import pytest

from simulators.wires.vendors.protobuf import chunk, float_32, integer
from tests.engine.ingest.decoders.saying import absent, decoded, levels, refusal, refused

MAC = chunk(1, bytes.fromhex("060000000001"))
CLIENT = chunk(1, "06:00:00:00:00:01") + chunk(3, "00:00:5e:00:53:01") + chunk(4, "02:00:5e:00:53:01") + integer(5, -70)
READ = {("06:00:00:00:00:01", "00:00:5e:00:53:01"): -70.0}


def location(*fields: bytes) -> bytes:
    return chunk(2, "location") + chunk(3, b"".join(fields)) + integer(4, 1795860000)


def geofence(*fields: bytes) -> bytes:
    return chunk(2, "geofence") + chunk(3, b"".join(fields)) + integer(4, 1795860000)


HERE = float_32(1, 2.5) + float_32(2, 4.0) + chunk(15, MAC)


def test_a_place_in_metres_has_a_radius_where_the_source_gives_one() -> None:
    place = decoded("aruba-central", location(HERE, integer(3, 4), chunk(18, "RdC"))).positions[0]
    assert (place.x_m, place.y_m, place.error_m, place.error_kind, place.level) == (2.5, 4.0, 4.0, "r95", "RdC")
    without = decoded("aruba-central", location(HERE)).positions[0]
    assert absent(without.error_m)
    assert without.error_kind == ""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (float_32(1, 2.5) + chunk(15, MAC), "no_position"),
        (float_32(1, math.nan) + float_32(2, 4.0) + chunk(15, MAC), "no_position"),
        (float_32(1, 1e30) + float_32(2, 4.0) + chunk(15, MAC), "no_position"),
        (HERE + integer(14, 2), "no_position"),  # pixels
        (HERE + integer(19, 3), "not_a_phone"),  # a rogue access point
        (HERE + integer(19, 2), "not_a_phone"),  # a tag
        (float_32(1, 2.5) + float_32(2, 4.0), "no_mac"),
        (float_32(1, 2.5) + float_32(2, 4.0) + chunk(15, chunk(1, b"\0" * 6)), "bad_mac"),
    ],
)
def test_a_place_that_is_none_is_refused(fields: bytes, reason: str) -> None:
    found = decoded("aruba-central", location(fields))
    assert (found.positions, refused(found)) == ([], {reason: 1})


def test_an_absent_event_is_an_entry() -> None:
    inside = chunk(3, "Fournil") + chunk(4, MAC)
    events = [
        str(decoded("aruba-central", geofence(e, inside)).sessions[0].event)
        for e in (b"", integer(1, 0), integer(1, 1))
    ]
    assert events == ["enter", "enter", "exit"]


def test_a_scrambled_phone_is_nobodys() -> None:
    hashed = geofence(integer(1, 1), chunk(3, "Fournil"), chunk(7, "5E" * 20))
    assert refused(decoded("aruba-central", hashed)) == {"hashed_mac": 1}
    assert refused(decoded("aruba-central", geofence(chunk(3, "Fournil")))) == {"no_mac": 1}


def test_rssi_in_a_cloud_event_is_found_whatever_its_number() -> None:
    kind = chunk(4, "com.hpe.greenlake.network-services.v1alpha1.rssi.raw-rssi")
    for number in (2, 3, 9):
        event = integer(1, 3) + chunk(number, CLIENT)
        binary, any_ = chunk(6, event), chunk(8, chunk(1, "type.googleapis.com/RssiEvent") + chunk(2, event))
        for body in (
            chunk(1, "id-1") + chunk(2, "central") + chunk(3, "1.0") + kind + inside for inside in (binary, any_)
        ):
            assert levels(decoded("aruba-central", body)) == READ


def test_a_cloud_event_without_a_client_is_refused() -> None:
    kind = chunk(4, "com.hpe.greenlake.network-services.v1alpha1.rssi.raw-rssi")
    assert refusal("aruba-central", chunk(1, "id-1") + kind + chunk(6, chunk(2, "nothing"))) == "bad_shape"
    located = chunk(4, "com.hpe.greenlake.network-services.v1alpha1.location.sta-location")
    assert refusal("aruba-central", chunk(1, "id-1") + located + chunk(6, chunk(1, "?"))) == "bad_shape"


def test_a_positive_level_is_no_level() -> None:
    positive = chunk(1, "06:00:00:00:00:01") + chunk(3, "00:00:5e:00:53:01") + integer(5, 33)
    assert refused(decoded("aruba-central", positive)) == {"bad_rssi": 1}


def test_subjects_that_are_not_of_phones_are_ignored_and_presence_is_refused() -> None:
    assert decoded("aruba-central", chunk(2, "monitoring") + chunk(3, integer(1, 1))).ignored == 1
    assert refusal("aruba-central", chunk(2, "presence") + chunk(3, integer(1, 1))) == "bad_shape"


@pytest.mark.parametrize("body", [b"", b"{}", integer(1, 1), chunk(2, "location")])
def test_what_is_no_frame_is_refused(body: bytes) -> None:
    assert refusal("aruba-central", body) == "not_protobuf"
