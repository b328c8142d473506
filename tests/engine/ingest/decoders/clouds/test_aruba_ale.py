"""Aruba ALE, beyond the recorded messages."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageRefused
from tests.engine.ingest.decoders.vendors import AP, NOW, PHONE, decode, events, heard, places, refused


def ale(**changes: Any) -> dict[str, Any]:
    msg = {"sta_eth_mac": {"addr": PHONE.upper()}, "sta_location_x": 10, "sta_location_y": "20", "error_level": 5,
           "floor_id": "A" * 32, "unit": "METERS"}  # fmt: skip
    return {"Location_result": [{"msg": msg | changes, "ts": NOW}]}


@pytest.mark.parametrize(
    ("unit", "metres"), [("METERS", 1.0), ("meters", 1.0), ("", 1.0), ("FEET", 0.3048)]
)  # fmt: skip
def test_places_are_in_the_unit_that_is_written(unit: str, metres: float) -> None:
    (place,) = places(decode("aruba-ale", ale(unit=unit)))
    assert place == {
        "x_m": pytest.approx(10 * metres), "y_m": pytest.approx(20 * metres), "level": "A" * 32,
        "error_m": pytest.approx(5 * metres), "error_kind": "r95",
    }  # fmt: skip


def test_pixels_are_no_place_without_degrees() -> None:
    assert refused(decode("aruba-ale", ale(unit="PIXELS"))) == {"no_position": 1}
    (place,) = places(decode("aruba-ale", ale(unit="PIXELS", longitude=2.35, latitude=48.85)))
    assert (place["lon"], place["lat"], "x_m" in place) == (2.35, 48.85, False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sta_eth_mac": {}, "hashed_sta_eth_mac": "D" * 40}, "hashed_mac"),
        ({"sta_eth_mac": {"addr": ""}, "hashed_sta_eth_mac": "D" * 40}, "hashed_mac"),
        ({"sta_eth_mac": "D" * 40}, "hashed_mac"),
        ({"sta_eth_mac": None}, "no_mac"),
        ({"sta_eth_mac": {"addr": 7}}, "bad_mac"),
        ({"sta_location_x": "NaN"}, "no_position"),
        ({"target_type": "TARGET_TYPE_TAG"}, "not_a_phone"),
        ({"target_type": 3}, "not_a_phone"),
    ],
)
def test_what_gives_nothing_says_why(changes: Any, reason: str) -> None:
    assert refused(decode("aruba-ale", ale(**changes))) == {reason: 1}


def test_other_results_are_readings_and_sessions() -> None:
    phone = {"sta_eth_mac": {"addr": PHONE}}
    body = {
        "Proximity_result": [{"msg": phone | {"radio_mac": {"addr": AP}, "rssi_val": -60}, "ts": NOW}],
        "Geofence_result": [{"msg": phone | {"geofence_event": "ZONE_OUT", "geofence_name": "Till"}, "ts": NOW}],
        "Presence_result": [{"msg": phone | {"associated": True}, "ts": NOW}, {"msg": {"ap_name": "x"}}],
        "more": 7,
    }
    decoded = decode("aruba-ale", body)
    assert heard(decoded) == [(PHONE, AP, NOW, -60.0)]
    assert events(decoded) == [("exit", "Till", NOW), ("present", "", NOW)]
    assert (decoded.ignored, refused(decoded)) == (1, {})


def test_one_message_alone_is_read_and_others_are_ignored() -> None:
    (one,) = ale()["Location_result"]
    assert len(decode("aruba-ale", one).positions) == 1
    assert decode("aruba-ale", {"version": 1}).ignored == 1
    with pytest.raises(MessageRefused, match="bad_shape"):
        decode("aruba-ale", [])
