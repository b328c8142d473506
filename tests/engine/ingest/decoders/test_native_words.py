"""Our own wire in the words of all decoders, and what a topic of it says, at every bound."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import DecodeError
from engine.ingest.decoders.native import (
    decode_columns,
    decode_native,
    decode_session,
    is_native,
    parse_topic,
    store_of,
)
from tests.engine.ingest.decoders.saying import AP, NOW, PHONE, changes, decoded, refusal, refused
from tests.engine.ingest.made import APS, frame, reading

READ = "rayon/s/readings/a"


def heard(*readings: dict[str, Any], sent_at: float = NOW) -> Any:
    return decoded("native", {"sent_at": sent_at, "readings": list(readings)}, topic=READ)


def one(**changed: Any) -> dict[str, Any]:
    said = {"mac": PHONE, "ap": AP, "t": NOW, "rssi": -60} | changed
    return {key: value for key, value in said.items() if value is not None}


def test_a_reading_is_told_as_it_came() -> None:
    found = heard(one(range_m=3.5, range_sigma_m=0.5), one(rssi=None, range_m=0), one(ap=" till "))
    assert found.readings[0][:6] == (PHONE, AP, NOW, -60.0, 3.5, 0.5)
    assert math.isnan(found.readings[1].rssi_dbm)
    assert (found.readings[1].range_m, found.readings[2].ap) == (0.0, "till")
    assert refused(found) == {}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"range_m": -0.1}, "bad_range"), ({"range_m": 1000.1}, "bad_range"),
        ({"range_m": 1, "range_sigma_m": 0}, "bad_range"),
        ({"range_m": 1, "range_sigma_m": 1000.1}, "bad_range"), ({"rssi": 0}, "bad_rssi"), ({"rssi": None}, "no_rssi"),
        ({"rssi": None, "range_sigma_m": 1.0}, "no_rssi"), ({"rssi": 5, "range_m": 1}, "bad_rssi"),
        ({"t": NOW + 5.1}, "bad_time"), ({"t": 5.0}, "bad_time"), ({"t": NOW * 1000}, "bad_time"),
        ({"ap": ""}, "no_ap"), ({"ap": "00:00:00:00:00:00"}, "no_ap"), ({"mac": "ap-1"}, "bad_mac"),
        ({"t": "now"}, "bad_shape"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_reading(bad: dict[str, Any], reason: str) -> None:
    found = heard(one(**bad), one())
    assert (refused(found), len(found.readings)) == ({reason: 1}, 1)


@pytest.mark.parametrize(
    "good", [{"range_m": 0}, {"range_m": 1000}, {"range_m": 1, "range_sigma_m": 1000}, {"t": NOW + 5.0}, {"rssi": -120}]
)
def test_what_is_just_right(good: dict[str, Any]) -> None:
    assert refused(heard(one(**good))) == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not_json"), ([], "bad_shape"), ({"sent_at": NOW}, "bad_shape"),
        ({"sent_at": NOW, "readings": [1] * 5001}, "too_large"),
        ({"readings": []}, "bad_shape"), ({"sent_at": NOW, "readings": [], "x": 1}, "bad_shape"),
    ],
)  # fmt: skip
def test_why_a_frame_is_refused_as_a_whole(body: Any, reason: str) -> None:
    assert refusal("native", body) == reason


def test_a_session_is_told_by_its_topic_or_its_event() -> None:
    said = {"mac": PHONE, "event": "connect", "t": NOW, "ssid": "Shop", "user": "ana", "ip": "10.0.0.7"}
    for topic in ("rayon/s/sessions/a", ""):
        found = decoded("native", said, topic=topic)
        assert changes(found) == [(PHONE, "connect", "")]
        assert (found.sessions[0].t, found.sessions[0].ssid) == (NOW, "Shop")
        assert found.identities == [(PHONE, "ana", "10.0.0.7")]
    assert decoded("native", said | {"user": ""}, topic="").identities == []
    assert refused(decoded("native", said | {"event": "roam"}, topic="")) == {"bad_shape": 1}
    assert refused(decoded("native", said | {"mac": "x"}, topic="")) == {"bad_mac": 1}
    assert refusal("native", said, topic=READ) == "bad_shape", "on a topic of readings it is none"


@pytest.mark.parametrize(
    ("topic", "native", "store"),
    [
        (READ, True, "s"), ("rayon/s/replay/a", True, "s"), ("rayon/s/sessions/a", False, "s"),
        ("other/s/readings/a", False, ""), ("rayon/s/readings", False, ""), ("rayon/s/readings/a/b", True, ""),
        ("rayon//readings/a", True, ""), (f"rayon/{'s' * 128}/readings/a", True, "s" * 128),
        (f"rayon/{'s' * 129}/readings/a", True, ""), ("s/readings/a", False, ""),
    ],
)  # fmt: skip
def test_what_a_topic_says(topic: str, native: bool, store: str) -> None:
    assert (is_native(topic), store_of(topic)) == (native, store)


def test_a_topic_that_is_none_is_said_shortly_and_without_addresses() -> None:
    with pytest.raises(DecodeError) as refused_:
        parse_topic("x" * 500)
    assert str(refused_.value.detail) == f"{'x' * 200!r} is not rayon/store/kind/source"


@pytest.mark.parametrize(("size", "told"), [(4 * 1024 * 1024, "not_json"), (4 * 1024 * 1024 + 1, "too_many_readings")])
def test_a_payload_has_four_mebibytes_at_most(size: int, told: str) -> None:
    for read in (decode_columns, lambda p: decode_session("rayon/s/sessions/a", p, pseudonym=hash, received_at=0.0)):
        with pytest.raises(DecodeError) as refused_:
            read(b" " * size)
        assert refused_.value.reason == told


def test_a_recording_is_one_and_a_frame_keeps_its_times() -> None:
    for kind, replay in (("readings", False), ("replay", True)):
        found = decode_native(
            f"rayon/s/{kind}/a", frame(reading(), sent_at=0), store_aps=APS, pseudonym=len, received_at=7.0
        )
        assert (found.replay, found.sent_at, found.received_at) == (replay, 0.0, 7.0)
    with pytest.raises(DecodeError, match="sent_at is 1e\\+11, not seconds UTC"):
        decode_native(READ, frame(sent_at=10**11), store_aps=APS, pseudonym=len, received_at=7.0)


@pytest.mark.parametrize(("t", "told"), [(0, 77.0), (5, 5.0), (99_999_999_999, 99_999_999_999.0)])
def test_a_session_without_a_clock_is_of_the_time_of_receipt(t: float, told: float) -> None:
    payload = f'{{"mac": "{PHONE}", "event": "disconnect", "t": {t}}}'.encode()
    found = decode_session("rayon/s/sessions/a", payload, pseudonym=len, received_at=77.0)
    assert (found.t, found.ssid, found.user, found.ip, found.event) == (told, "", None, None, "disconnect")
    late = payload.replace(str(t).encode(), b"100000000000")
    with pytest.raises(DecodeError, match="t is 1e\\+11, not seconds UTC"):
        decode_session("rayon/s/sessions/a", late, pseudonym=len, received_at=77.0)
    with pytest.raises(DecodeError, match="kind is 'readings', not 'sessions'"):
        decode_session(READ, payload, pseudonym=len, received_at=77.0)
