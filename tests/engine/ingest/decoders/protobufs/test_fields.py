"""Fields of Aruba's messages at their edges: each number that is read, and what is refused with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageRefused
from engine.ingest.decoders.protobufs import wire
from simulators.wires.vendors.protobuf import chunk, float_32, float_64, integer, varint, zigzag
from tests.engine.ingest.decoders.saying import AP, NOW, PHONE, decoded, only_place, only_reading, refusal, refused


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


@pytest.mark.parametrize(
    ("value", "int32", "sint32"),
    [(0, 0, 0), (1, 1, -1), (2, 2, 1), (2**31 - 1, 2**31 - 1, -(2**30)), (2**31, -(2**31), 2**30),
    (2**32 - 1, -1, -(2**31)),
     (2**64 - 60, -60, 2**31 - 30)],
)  # fmt: skip
def test_numbers_with_a_sign(value: int, int32: int, sint32: int) -> None:
    fields = wire.parse(b"\x08" + varint(value))
    assert (wire.int32(fields, 1), wire.sint32(fields, 1)) == (int32, sint32)


def test_a_number_has_ten_bytes_at_most_and_a_field_a_number_below_2_to_the_29() -> None:
    assert wire.parse(b"\x08" + b"\x80" * 9 + b"\x01") == {1: [2**63]}
    for body, problem in (
        (b"\x08" + b"\x80" * 10 + b"\x01", "a number of more than ten bytes"), (b"\x08\x80", "cut off"),
        (b"\x0a\x02x", "cut off"), (b"\x0d\0\0\0", "cut off"), (b"\x0b", "a field of kind 3"),
        (b"\x00\x01", "a field without a number"),
        (varint(2**29 << 3) + b"\x01", "a field without a number"),
    ):  # fmt: skip
        with pytest.raises(MessageRefused, match=problem):
            wire.parse(body)
    assert wire.parse(varint((2**29 - 1) << 3) + b"\x01") == {2**29 - 1: [1]}
    assert wire.parse(b"\x0a\x01x\x0d\1\2\3\4\x11\1\2\3\4\5\6\7\x08") == {
        1: [b"x", b"\1\2\3\4"],
        2: [b"\1\2\3\4\5\6\7\x08"],
    }


def test_a_message_has_two_hundred_thousand_fields_at_most() -> None:
    assert len(wire.parse(b"\x08\x01" * 200_000)[1]) == 200_000
    with pytest.raises(MessageRefused, match="more fields than any message has"):
        wire.parse(b"\x08\x01" * 200_001)


def test_lengths_other_than_of_a_float_are_none() -> None:
    fields = wire.parse(float_32(1, 1.5) + chunk(1, "abc") + float_64(2, 2.5) + chunk(3, "\0 x\n") + chunk(4, "abc"))
    assert [wire.real(fields, number) for number in (1, 2, 4)] == [1.5, 2.5, None]
    assert wire.string(fields, 3) == "x"
    assert [len(m) for m in wire.messages(wire.parse(chunk(5, integer(1, 7)) + chunk(5, b"")), 5)] == [1, 0]


# Aruba Central


def central(subject: str, data: bytes, t_ms: int = int(NOW * 1000)) -> bytes:
    return chunk(2, subject) + chunk(3, data) + integer(4, t_ms)


def located(*more: bytes, x: float = 10.0, y: float = 20.0) -> bytes:
    return float_32(1, x) + float_32(2, y) + chunk(15, chunk(1, mac(PHONE))) + b"".join(more)


def test_a_place_of_aruba_central() -> None:
    found = decoded("aruba-central", central("Location", located(integer(14, 1), integer(3, 10), chunk(18, "F"))))
    assert only_place(found) == {"mac": PHONE, "t": NOW, "x_m": 3.048, "y_m": 6.096, "level": "F", "origin": "top-left",
                                 "error_m": 3.048, "error_kind": "r95"}  # fmt: skip
    metres = only_place(decoded("aruba-central", central("location", located())))
    assert (metres["x_m"], metres["y_m"], "error_kind" in metres) == (10.0, 20.0, False)
    for more, reason in (
        ((integer(14, 2),), "no_position"),
        ((integer(19, 2),), "not_a_phone"),
        ((integer(19, 3),), "not_a_phone"),
    ):
        assert refused(decoded("aruba-central", central("location", located(*more)))) == {reason: 1}
    assert refused(decoded("aruba-central", central("location", located(x=2e6)))) == {"no_position": 1}
    assert refused(decoded("aruba-central", central("location", located(y=2e6)))) == {"no_position": 1}
    assert len(decoded("aruba-central", central("location", located(integer(19, 1)))).positions) == 1
    assert "t" not in only_place(decoded("aruba-central", central("location", located(), t_ms=0)))


def test_a_geofence_of_aruba_central() -> None:
    def fence(*parts: bytes) -> Any:
        return decoded("aruba-central", central("geofence", b"".join(parts)))

    phone = chunk(4, chunk(1, mac(PHONE)))
    for parts, event in (((phone,), "enter"), ((phone, integer(1, 0)), "enter"), ((phone, integer(1, 1)), "exit")):
        [session] = fence(*parts, chunk(3, "Tea"), chunk(2, b"\1\2")).sessions
        assert (session.mac, session.event, session.zone, session.t) == (PHONE, event, "Tea", NOW)
    assert fence(phone, chunk(2, b"\1\2")).sessions[0].zone == "0102"
    assert refused(fence(phone, integer(1, 2))) == {"bad_shape": 1}
    assert refused(fence(chunk(7, b"hash"))) == {"hashed_mac": 1}
    assert refused(fence()) == {"no_mac": 1}
    assert refused(fence(chunk(4, chunk(1, bytes(6))))) == {"bad_mac": 1}


def client(*, rssi: int = -60, phone: str = PHONE, ap: str = AP, at: int = 3) -> bytes:
    return chunk(1, phone) + chunk(at, ap) + integer(5, rssi)


def test_levels_of_aruba_central() -> None:
    for at, ap in ((3, AP), (4, "till")):
        assert only_reading(decoded("aruba-central", client(at=at, ap=ap)))[:4] == (PHONE, ap, None, -60.0)
    event = chunk(4, "com.hpe.rssi-events")
    both = chunk(7, client()) + chunk(9, client(rssi=-70)) + chunk(9, b"\xff") + integer(3, 1)
    for inside in (chunk(6, both), chunk(8, chunk(2, both))):
        found = decoded("aruba-central", event + inside)
        assert [r.rssi_dbm for r in found.readings] == [-60.0, -70.0]
    assert len(decoded("aruba-central", event + chunk(6, client())).readings) == 1
    assert refused(decoded("aruba-central", event + chunk(6, chunk(7, client(rssi=5))))) == {"bad_rssi": 1}
    assert refusal("aruba-central", chunk(4, "com.hpe.audit") + chunk(6, both)) == "bad_shape"
    assert refusal("aruba-central", event + chunk(6, chunk(7, "x"))) == "bad_shape"


def test_other_subjects_of_aruba_central() -> None:
    assert decoded("aruba-central", central("monitoring", integer(1, 1))).ignored == 1
    assert refusal("aruba-central", central("presence", integer(1, 1))) == "bad_shape"
    assert refusal("aruba-central", integer(1, 1)) == refusal("aruba-central", chunk(2, "location")) == "not_protobuf"


# Aruba's IoT transport


def telemetry(*stations: bytes, token: str = "t", reporter: bytes | None = None, more: bytes = b"") -> bytes:
    head = chunk(1, integer(1, 1) + chunk(2, token))
    by = chunk(2, mac(AP)) + integer(8, int(NOW)) if reporter is None else reporter
    return head + chunk(2, by) + b"".join(chunk(7, s) for s in stations) + more


def station(*more: bytes, address: bytes = mac(PHONE), rssi: int = -60) -> bytes:
    return chunk(1, address) + zigzag(3, rssi) + b"".join(more)


def test_phones_that_an_access_point_of_aruba_s_hears() -> None:
    assert only_reading(decoded("aruba-iot", telemetry(station())))[:4] == (PHONE, AP, NOW, -60.0)
    named = telemetry(station(), reporter=chunk(1, "till") + integer(8, 5))
    assert only_reading(decoded("aruba-iot", named))[:4] == (PHONE, "till", None, -60.0)
    for classes in ((16,), (17,), (16, 3)):
        assert len(decoded("aruba-iot", telemetry(station(*(integer(2, c) for c in classes)))).readings) == 1
    for classes in ((15,), (15, 16), (3,)):
        assert refused(decoded("aruba-iot", telemetry(station(*(integer(2, c) for c in classes))))) == {
            "not_a_phone": 1
        }
    for address, reason in ((b"", "no_mac"), (bytes(6), "bad_mac"), (b"abc", "bad_mac")):
        assert refused(decoded("aruba-iot", telemetry(station(address=address)))) == {reason: 1}
    assert refused(decoded("aruba-iot", telemetry(station(), reporter=b""))) == {"no_ap": 1}
    assert refused(decoded("aruba-iot", telemetry(station(rssi=0)))) == {"bad_rssi": 1}


def test_what_is_no_wi_fi_in_telemetry_is_counted_and_counts_are_noted() -> None:
    others = chunk(3, b"") + chunk(6, b"") + chunk(6, b"") + chunk(10, b"")
    found = decoded("aruba-iot", telemetry(station(), more=others + chunk(8, integer(17, 5))))
    assert (refused(found), found.ignored, len(found.readings)) == ({"not_wifi": 4}, 0, 1)
    assert found.notes["counts"] == {"associated": 5, "unassociated": 0}
    only_counts = decoded("aruba-iot", telemetry(more=chunk(8, integer(18, 7))))
    assert (only_counts.ignored, only_counts.notes["counts"]) == (1, {"associated": 0, "unassociated": 7})
    assert decoded("aruba-iot", telemetry(more=others)).ignored == 0


def test_frames_of_aruba_s_that_are_none_or_have_another_token() -> None:
    assert decoded("aruba-iot", telemetry(), secret="t").ignored == 1
    assert refusal("aruba-iot", telemetry(), secret="other") == "bad_secret"
    for body in (b"", chunk(2, b""), telemetry(more=integer(13, 1))):
        assert refusal("aruba-iot", body) == "not_protobuf"
    assert refusal("aruba-iot", telemetry(more=integer(12, 1))) == ""


def test_the_inventory_of_access_points_of_aos_10() -> None:
    place = (
        float_64(1, 48.85)
        + float_64(3, 2.35)
        + float_64(5, 2.0)
        + float_64(6, 10.0)
        + float_64(7, 20.0)
        + chunk(8, "F")
    )
    points = chunk(2, chunk(1, mac(AP)) + chunk(10, place)) + chunk(2, chunk(1, b"x")) + chunk(2, chunk(1, mac(PHONE)))
    head = chunk(1, integer(2, 1))
    found = decoded("aruba-iot", head + chunk(2, chunk(4, points)))
    assert found.notes["access_points"] == [
        {"ap": AP, "lat": 48.85, "lon": 2.35, "x_m": 5.0, "y_m": 10.0, "level": "F"}, {"ap": PHONE},
    ]  # fmt: skip
    assert (found.ignored, refused(found)) == (1, {})
    for scale in (0.0, -1.0):
        unscaled = float_64(5, scale) + float_64(6, 10.0) + float_64(7, 20.0)
        bare = decoded("aruba-iot", head + chunk(2, chunk(4, chunk(2, chunk(1, mac(AP)) + chunk(10, unscaled)))))
        assert bare.notes["access_points"] == [{"ap": AP}]
    bluetooth = chunk(1, b"") + chunk(2, b"") + chunk(5, chunk(1, b""))
    assert refused(decoded("aruba-iot", head + chunk(2, bluetooth))) == {"not_wifi": 3}
