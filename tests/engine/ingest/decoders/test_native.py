"""The native wire: what is used, what is refused and why, and that nothing but DecodeError ever comes out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from engine.errors import DecodeError
from engine.ingest.decoders.native import (
    Frame,
    NativeDecoder,
    NetworkSession,
    decode_native,
    decode_session,
    is_session,
    parse_topic,
)
from engine.plan.model import ApIndex
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import DeviceId
from tests.engine.ingest.made import APS, MAC, TOPIC, frame, reading

T = TypeVar("T")
PSEUDONYM = Pseudonyms(b"a secret of this site only", 1000.0)
PAYLOADS = Path(__file__).parents[3] / "payloads" / "native"
SESSION = "rayon/boutique/sessions/controller-1"


def decode(payload: bytes, topic: str = TOPIC) -> Frame:
    return decode_native(topic, payload, store_aps=APS, pseudonym=PSEUDONYM, received_at=1000.5)


def session(payload: bytes) -> NetworkSession:
    return decode_session(SESSION, payload, pseudonym=PSEUDONYM, received_at=1000.0)


def outcome(decoder: Callable[..., T], *args: Any) -> T | DecodeError:
    """What the decoder returns, or the DecodeError it raises. Any other exception is the test's failure."""
    try:
        return decoder(*args)
    except DecodeError as error:
        return error


def reason(payload: bytes, topic: str = TOPIC) -> str:
    with pytest.raises(DecodeError) as caught:
        decode(payload, topic)
    return caught.value.reason


def test_a_good_frame_becomes_columns() -> None:
    full = reading(mac="02:00:00:00:00:02", ap="AA-BB-CC-00-00-A1", t=999.25, range_m=3.5, range_sigma_m=0.8, band="5")
    decoded = decode(frame(reading(), full, reading(rssi=..., range_m=7)))
    assert (decoded.store, decoded.source, decoded.sent_at, decoded.received_at) == (
        "boutique", "controller-1", 1000.0, 1000.5,
    )  # fmt: skip
    readings = decoded.readings
    assert readings.t.tolist() == [1000.0, 999.25, 1000.0]
    assert readings.device.tolist() == [PSEUDONYM(MAC), PSEUDONYM("02:00:00:00:00:02"), PSEUDONYM(MAC)]
    assert readings.ap.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(readings.rssi_dbm, np.array([-60, -60, np.nan], np.float32))
    np.testing.assert_array_equal(readings.range_m, np.array([np.nan, 3.5, 7], np.float32))
    np.testing.assert_array_equal(readings.range_sigma_m, np.array([np.nan, 0.8, np.nan], np.float32))
    assert [column.dtype for column in (readings.t, readings.device, readings.ap)] == ["f8", "u8", "i4"]
    assert decoded.refused == {}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (5, "bad_reading_shape"),
        (None, "bad_reading_shape"),
        ([], "bad_reading_shape"),
        ({}, "bad_reading_shape"),
        (reading(mac=...), "bad_reading_shape"),
        (reading(mac=12), "bad_reading_shape"),
        (reading(ap=None), "bad_reading_shape"),
        (reading(t=...), "bad_reading_shape"),
        (reading(t="1000"), "bad_reading_shape"),
        (reading(t=True), "bad_reading_shape"),
        (reading(rssi="-60"), "bad_reading_shape"),
        (reading(rssi=[-60]), "bad_reading_shape"),
        (reading(band={}), "bad_reading_shape"),
        (reading(rsi=-60), "bad_reading_shape"),
        (reading(mac="02:00:00:00:00"), "bad_mac"),
        (reading(mac=""), "bad_mac"),
        (reading(mac="no such device"), "bad_mac"),
        (reading(ap="ap-9"), "unknown_ap"),
        (reading(ap=""), "unknown_ap"),
        (reading(t=-1), "bad_time"),
        (reading(t=math.nan), "bad_time"),
        (reading(t=math.inf), "bad_time"),
        (reading(t=1_000_000_000_000), "bad_time"),
        (reading(t=10**400), "bad_time"),
        (reading(t=1005.1), "time_in_future"),
        (reading(rssi=0), "bad_rssi"),
        (reading(rssi=1), "bad_rssi"),
        (reading(rssi=-120.5), "bad_rssi"),
        (reading(rssi=math.nan), "bad_rssi"),
        (reading(rssi=-math.inf), "bad_rssi"),
        (reading(rssi=math.nan, range_m=4), "bad_rssi"),
        (reading(range_m=-0.001), "bad_range"),
        (reading(range_m=1001), "bad_range"),
        (reading(range_m=math.nan), "bad_range"),
        (reading(range_m=3, range_sigma_m=0), "bad_range"),
        (reading(range_m=3, range_sigma_m=-1), "bad_range"),
        (reading(range_m=3, range_sigma_m=1e-300), "bad_range"),
        (reading(range_m=3, range_sigma_m=math.nan), "bad_range"),
        (reading(rssi=...), "no_measurement"),
        (reading(rssi=None), "no_measurement"),
        (reading(rssi=..., range_sigma_m=1), "no_measurement"),
    ],
)
def test_a_bad_reading_is_counted_once_and_leaves_the_good_ones(bad: Any, code: str) -> None:
    decoded = decode(frame(reading(t=998), bad, reading(t=999)))
    assert decoded.refused == {code: 1}
    assert decoded.readings.t.tolist() == [998.0, 999.0]


def test_a_range_longer_than_the_store_is_counted_and_its_level_used() -> None:
    """Of ranges with and without a level, longer than the plan says, just as long, and shorter."""
    aps = ApIndex(APS.items(), longest_range_m=45.5)
    rows = [reading(range_m=45.51, range_sigma_m=1), reading(rssi=None, range_m=900), reading(range_m=45.5)]
    decoded = decode_native(TOPIC, frame(*rows), store_aps=aps, pseudonym=PSEUDONYM, received_at=1000.5)
    assert decoded.refused == {"bad_range": 2}
    np.testing.assert_array_equal(decoded.readings.range_m, [np.inf, np.inf, 45.5])
    assert np.isnan(decoded.readings.range_sigma_m).tolist() == [True, True, True]
    assert np.isfinite(decoded.readings.rssi_dbm).tolist() == [True, False, True]


def test_a_number_of_ten_thousand_digits_leaves_the_good_ones_too() -> None:
    """Too long for an integer of Python's."""
    written = frame(reading(t=998), reading(t=123_454_321), reading(t=999)).replace(b"123454321", b"1" + b"0" * 9999)
    assert b"0" * 9999 in written
    decoded = decode(written)
    assert decoded.refused == {"bad_time": 1}
    assert decoded.readings.t.tolist() == [998.0, 999.0]


@pytest.mark.parametrize(
    "edge", [{"rssi": -0.1}, {"rssi": -120}, {"t": 1005}, {"t": 0}, {"range_m": 0}, {"band": None}]
)
def test_values_at_the_edge_are_good(edge: dict[str, Any]) -> None:
    assert decode(frame(reading(**edge))).refused == {}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b'{"sent_at": 1, "readings": [', "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 100_000, "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"7", "not_an_object"),
        (frame(), "ok"),
        (b"{}", "missing_sent_at"),
        (b'{"readings": []}', "missing_sent_at"),
        (frame(sent_at=None), "missing_sent_at"),
        (frame(sent_at="1000"), "missing_sent_at"),
        (frame(sent_at=True), "missing_sent_at"),
        (frame(sent_at=-1), "bad_time"),
        (frame(sent_at=math.nan), "bad_time"),
        (frame(sent_at=10**400), "bad_time"),
        (frame(sent_at=1_700_000_000_000), "bad_time"),
        (b'{"sent_at": 1}', "missing_readings"),
        (frame(readings={}), "missing_readings"),
        (frame(extra=1), "unknown_key"),
        (frame(*[1] * 5001), "too_many_readings"),
        (frame(*[reading()] * 5001), "too_many_readings"),
        (b" " * (5 * 1024 * 1024), "too_many_readings"),
    ],
)
def test_a_frame_that_cannot_be_used_says_why(payload: bytes, code: str) -> None:
    if code == "ok":
        assert len(decode(payload).readings) == 0
    else:
        assert reason(payload) == code


def test_five_thousand_readings_are_not_too_many() -> None:
    assert len(decode(frame(*[reading(t=i / 10) for i in range(5000)])).readings) == 5000


@pytest.mark.parametrize(
    "topic", ["", "rayon", "rayon/a/readings", "other/a/readings/x", "rayon//readings/x", "rayon/a/readings/x/y",
              "rayon/a/sessions/x", "rayon/a/Readings/x", f"rayon/{'a' * 200}/readings/x"]
)  # fmt: skip
def test_a_topic_of_another_shape_is_refused(topic: str) -> None:
    assert reason(frame(reading()), topic) == "topic_shape"


def test_a_topic_is_taken_apart() -> None:
    assert parse_topic(TOPIC) == ("boutique", "readings", "controller-1")


@pytest.mark.parametrize("spelling", ["aa:bb:cc:00:00:a1", "AA-BB-CC-00-00-A1", "aabbcc0000a1"])
def test_access_points_that_hear_each_other_are_kept_apart(spelling: str) -> None:
    decoded = decode(frame(reading(), reading(mac=spelling, ap="ap-1"), reading(mac="ap-3", ap=spelling)))
    assert decoded.readings.device.tolist() == [PSEUDONYM(MAC)]
    assert decoded.ap_readings.device.tolist() == [1, 2]
    assert decoded.ap_readings.ap.tolist() == [0, 1]
    assert decoded.refused == {}


def test_bad_readings_between_access_points_are_refused_too() -> None:
    decoded = decode(frame(reading(mac="ap-3", ap="ap-9"), reading(mac="ap-3", rssi=5)))
    assert decoded.refused == {"unknown_ap": 1, "bad_rssi": 1}
    assert len(decoded.ap_readings) == 0


def test_every_spelling_of_a_mac_is_one_device() -> None:
    spellings = ["02:AB:00:00:00:01", "02-ab-00-00-00-01", "02ab.0000.0001", "02ab00000001"]
    decoded = decode(frame(*[reading(mac=mac, t=i) for i, mac in enumerate(spellings)]))
    assert len(set(decoded.readings.device.tolist())) == 1


def test_a_plain_function_will_do_for_a_pseudonym() -> None:
    def pseudonym(mac: str) -> DeviceId:
        if mac == "bad":
            raise ValueError("not a MAC address")
        return DeviceId(len(mac))

    payload = frame(reading(mac="12345"), reading(mac="bad"))
    decoded = decode_native(TOPIC, payload, store_aps={"ap-1": 0}, pseudonym=pseudonym, received_at=0.0)
    assert decoded.readings.device.tolist() == [5]
    assert decoded.refused == {"bad_mac": 1}


def test_no_detail_holds_a_mac() -> None:
    mac = "de:ad:be:ef:00:01"
    for topic, payload in [
        (f"rayon/{mac}/x", b""),
        (f"rayon/a/{mac}/x", b""),
        (TOPIC, frame(**{mac: 1})),
        (TOPIC, f'{{"{mac}": '.encode()),
        (SESSION, json.dumps({mac: 1, "mac": mac, "event": "connect", "t": 1}).encode()),
    ]:
        error = outcome(decode, payload, topic) if topic != SESSION else outcome(session, payload)
        assert isinstance(error, DecodeError)
        assert "de:ad" not in str(error)


def test_the_decoder_of_an_engine_knows_its_stores_and_what_names_their_devices() -> None:
    here, there = (Pseudonyms(b"a secret of this site only", now) for now in (1000.0, 1e9))
    decoder = NativeDecoder({"boutique": APS, "other": APS}, {"boutique": here, "other": there})
    assert decoder.decode(TOPIC, frame(reading()), 1000.0).readings.device[0] == here(MAC)
    elsewhere = decoder.decode(TOPIC.replace("boutique", "other"), frame(reading()), 1000.0)
    assert elsewhere.readings.device[0] == there(MAC)
    joined = json.dumps({"mac": MAC, "event": "connect", "t": 1}).encode()
    assert decoder.decode_session("rayon/other/sessions/x", joined, 1000.0).device == there.stable(MAC)
    with pytest.raises(DecodeError) as caught:
        decoder.decode("rayon/elsewhere/readings/x", frame(reading()), 1000.0)
    assert caught.value.reason == "unknown_store"
    with pytest.raises(DecodeError) as caught:
        decoder.decode_session("rayon/elsewhere/sessions/x", b"{}", 1000.0)
    assert caught.value.reason == "unknown_store"


def test_a_session_is_decoded() -> None:
    payload = json.dumps({"mac": MAC, "event": "connect", "t": 990.5, "ssid": "Shop", "user": "u1"}).encode()
    joined = session(payload)
    assert (joined.store, joined.source, joined.event, joined.t) == ("boutique", "controller-1", "connect", 990.5)
    assert (joined.device, joined.ssid, joined.user) == (PSEUDONYM(MAC), "Shop", "u1")


def test_a_session_s_address_is_one_and_its_device_stable() -> None:
    """Whoever consented to nothing goes under the stable pseudonym here too: it is compared, in memory only."""
    said = {"mac": "02:00:00:00:00:01", "event": "connect", "t": 9.0}
    assert session(json.dumps(said | {"ip": "2001:DB8::1"}).encode()).ip == "2001:db8::1"
    assert session(json.dumps(said | {"ip": ""}).encode()).ip is None
    daily = Pseudonyms(b"0123456789abcdef", 1000.0)
    heard = NativeDecoder({"boutique": {}}, daily).decode_session(SESSION, json.dumps(said).encode(), 1000.0)
    assert heard.device == daily.stable("02:00:00:00:00:01") != daily("02:00:00:00:00:01")


@pytest.mark.parametrize(
    ("topic", "so"),
    [
        (SESSION, True),
        ("rayon/boutique/readings/c1", False),
        ("rayon/sessions/readings/c1", False),
        ("rayon/sessions", False),
    ],
)
def test_which_topic_tells_of_sessions(topic: str, so: bool) -> None:
    assert is_session(topic) == so


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event": "roam"}, "bad_session_shape"),
        ({"t": "1"}, "bad_session_shape"),
        ({"more": 1}, "bad_session_shape"),
        ({"ip": "10.20.0"}, "bad_session_shape"),
        ({"ip": 7}, "bad_session_shape"),
        ({"t": -1}, "bad_time"),
        ({"mac": "x"}, "bad_mac"),
    ],
)
def test_a_bad_session_says_why(changes: dict[str, Any], code: str) -> None:
    payload = json.dumps({"mac": MAC, "event": "connect", "t": 990.5} | changes).encode()
    with pytest.raises(DecodeError) as caught:
        session(payload)
    assert caught.value.reason == code


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_recorded_frames_decode_as_they_did(path: Path) -> None:
    recorded = json.loads(path.read_text())
    payload = (
        recorded["payload"].encode()
        if isinstance(recorded["payload"], str)
        else json.dumps(recorded["payload"]).encode()
    )
    aps = {name: i for i, name in enumerate(recorded["aps"])}
    decoded = outcome(
        lambda: decode_native(recorded["topic"], payload, store_aps=aps, pseudonym=PSEUDONYM, received_at=0.0)
    )
    if isinstance(decoded, DecodeError):
        assert recorded["expected"] == {"frame_refused": decoded.reason}
        return
    found = {"readings": len(decoded.readings), "ap_readings": len(decoded.ap_readings), "refused": decoded.refused}
    assert found == recorded["expected"]
